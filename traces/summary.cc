// One pass, integers throughout.
#include "traces/summary.h"

#include <algorithm>
#include <cmath>

namespace jevons {

Tokens PrefixReuse::add(const Request& request) {
  std::size_t found = 0;
  while (found < request.block_hashes.size() && where_.contains(request.block_hashes[found])) ++found;
  for (const std::uint64_t hash : request.block_hashes) {
    const auto [it, fresh] = where_.try_emplace(hash);
    if (capacity_ == kUnlimited) continue;
    if (fresh) {
      recent_.push_front(hash);
      it->second = recent_.begin();
    } else {
      recent_.splice(recent_.begin(), recent_, it->second);
    }
    if (where_.size() > capacity_) {
      where_.erase(recent_.back());
      recent_.pop_back();
    }
  }
  // Checked when read: blocks fit the prompt, so the product is below prompt + block.
  const auto tokens = static_cast<std::int64_t>(found) * request.hash_block.value;
  return Tokens{std::min(tokens, request.prompt.value)};
}

Spread spread_of(const Histogram& h) {
  return {h.mean(), h.standard_deviation(), h.min(), h.quantile(0.5), h.quantile(0.9), h.quantile(0.99), h.max()};
}

Spread spread_of(std::vector<std::int64_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const std::int64_t v : values) sum += static_cast<double>(v);
  for (const std::int64_t v : values)
    squares += (static_cast<double>(v) - sum / n) * (static_cast<double>(v) - sum / n);
  const auto at = [&](double q) { return values[static_cast<std::size_t>(std::max(0.0, std::ceil(q * n) - 1))]; };
  return {sum / n, std::sqrt(squares / n), values.front(), at(0.5), at(0.9), at(0.99), values.back()};
}

double RequestSummary::rate() const {
  const Duration span = last - first;
  return span.ns == 0 ? 0 : static_cast<double>(requests - 1) / span.seconds();
}

double RequestSummary::gap_cv() const { return gaps.mean() == 0 ? 0 : gaps.standard_deviation() / gaps.mean(); }

Result<RequestSummary> summarise(RequestSource* source) {
  constexpr std::int64_t kMinuteNs = 60'000'000'000;
  RequestSummary s;
  PrefixReuse reuse;
  Request request;
  std::int64_t minute = 0;
  std::uint64_t in_minute = 0;
  for (;;) {
    auto more = source->next(&request);
    if (!more) return more.error();
    if (!*more) break;
    if (s.requests == 0) s.first = request.arrival;
    if (s.requests > 0) s.gaps.add((request.arrival - s.last).ns);
    s.last = request.arrival;
    ++s.requests;
    s.prompt.add(request.prompt.value);
    s.output.add(request.output.value);
    if (request.arrival.ns / kMinuteNs != minute) in_minute = 0;
    minute = request.arrival.ns / kMinuteNs;
    s.busiest_minute = std::max(s.busiest_minute, ++in_minute);
    ++s.workloads[request.workload];
    if (request.block_hashes.empty()) continue;
    ++s.with_hashes;
    s.reused += reuse.add(request).value;
  }
  s.counts = source->counts();
  return s;
}

JobSummary summarise(const JobTrace& trace) {
  JobSummary s;
  s.counts = trace.counts;
  s.jobs = trace.jobs.size();
  if (trace.jobs.empty()) return s;
  s.first = trace.jobs.front().submit;
  s.last = s.first;
  std::vector<std::int64_t> gpus, run_times, gaps;
  for (const TrainingJob& job : trace.jobs) {
    gpus.push_back(job.gpus.value);
    run_times.push_back(job.run_time.ns);
    if (&job != &trace.jobs.front()) gaps.push_back((job.submit - s.last).ns);
    s.last = job.submit;
    s.work += job.gpus * job.run_time;
    ++s.tenants[job.tenant];
  }
  s.gpus = spread_of(std::move(gpus));
  s.run_time = spread_of(std::move(run_times));
  s.gaps = spread_of(std::move(gaps));
  return s;
}

}  // namespace jevons
