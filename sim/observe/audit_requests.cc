// Requests are followed from arrival to end; totals are kept apart from Metrics and compared at the end.
#include "sim/observe/audit_requests.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace jevons {
namespace {

constexpr std::string_view kEnds = "one end per request";
constexpr std::string_view kTimes = "request times";
constexpr std::string_view kTokens = "tokens";
constexpr std::string_view kLittle = "Little's law";
constexpr std::string_view kResult = "result";
constexpr std::size_t kMaxPools = 1'000'000;  // Far beyond any scenario: a larger index is a broken id.

std::string name_of(RequestId id) { return "request " + std::to_string(id.index); }

bool known(Instant t) { return t != Instant::never(); }

}  // namespace

void RequestAudit::Total::add(const Total& t) {
  arrived += t.arrived;
  completed += t.completed;
  rejected += t.rejected;
  unfinished += t.unfinished;
  preemptions += t.preemptions;
  degraded += t.degraded;
  met += t.met;
  earned += t.earned;
  prompt += t.prompt;
  output += t.output;
  produced += t.produced;
  prefilled += t.prefilled;
  reused += t.reused;
  recomputed += t.recomputed;
  first_tokens += t.first_tokens;
  scheduled += t.scheduled;
  ttft_ns += t.ttft_ns;
  e2e_ns += t.e2e_ns;
  queue_ns += t.queue_ns;
}

void RequestAudit::advance(Instant now) {
  number_ns_ += static_cast<Int128>(in_system_.size()) * (now - last_).ns;
  last_ = now;
}

void RequestAudit::arrive(Instant now, RequestId id, PoolId pool, Tokens prompt, Tokens output) {
  advance(now);
  finding_->expect(!any_ || id > last_id_, now, kEnds, [&] {
    return name_of(id) + " arrives after request " + std::to_string(last_id_.index) +
           " (expected ids in arrival order)";
  });
  finding_->expect(prompt.value >= 1 && output.value >= 1, now, kTokens,
                   [&] { return name_of(id) + " asks for less than one token"; });
  if (pool.index >= kMaxPools) return finding_->add(now, kEnds, name_of(id) + " has no pool");
  any_ = true;
  last_id_ = id;
  if (pool.index >= pools_.size()) pools_.resize(pool.index + 1);
  ++pools_[pool.index].arrived;
  in_system_.insert_or_assign(id.index, Asked{now, pool, prompt, output});
}

void RequestAudit::check_as_asked(Instant now, const RequestRecord& r, const Asked& asked) {
  finding_->expect(
      r.arrival == asked.arrival && r.pool == asked.pool && r.prompt == asked.prompt && r.output == asked.output, now,
      kEnds, [&] { return name_of(r.id) + " ended with another arrival, pool or size than it came with"; });
}

void RequestAudit::check_times(Instant now, const RequestRecord& r) {
  const bool done = r.reason == FinishReason::kCompleted, refused = r.reason == FinishReason::kRejected;
  finding_->expect(r.finish == now, now, kTimes, [&] { return name_of(r.id) + " does not finish when it ends"; });
  finding_->expect(!done || (known(r.scheduled) && known(r.first_token)), now, kTimes,
                   [&] { return name_of(r.id) + " completed without being scheduled or without a first token"; });
  finding_->expect(!refused || (!known(r.scheduled) && !known(r.first_token)), now, kTimes,
                   [&] { return name_of(r.id) + " was refused after it had been scheduled"; });
  finding_->expect(known(r.scheduled) || !known(r.first_token), now, kTimes,
                   [&] { return name_of(r.id) + " has a first token without being scheduled"; });
  Instant before = r.arrival;
  for (const Instant t : {r.scheduled, r.first_token, r.finish}) {
    if (!known(t)) continue;
    finding_->expect(before <= t, now, kTimes,
                     [&] { return name_of(r.id) + " breaks arrival <= scheduled <= first token <= finish"; });
    before = t;
  }
}

void RequestAudit::check_tokens(Instant now, const RequestRecord& r) {
  const std::int64_t in = r.prefilled.value + r.reused.value;
  finding_->expect(r.produced.value >= 0 && r.prefilled.value >= 0 && r.reused.value >= 0 && r.recomputed.value >= 0 &&
                       r.preemptions >= 0,
                   now, kTokens, [&] { return name_of(r.id) + " has a negative count"; });
  finding_->expect(r.cut.value >= 0 && (r.cut.value == 0 || r.reason != FinishReason::kRejected), now, kTokens,
                   [&] { return name_of(r.id) + " was refused, yet its output was cut short"; });
  finding_->expect(r.reused.value == 0 || r.reused < r.prompt, now, kTokens, [&] {
    return name_of(r.id) + " took its whole prompt from the cache (one token must be computed)";
  });
  finding_->expect((r.produced.value > 0) == known(r.first_token), now, kTokens,
                   [&] { return name_of(r.id) + " produced tokens without a first token, or the other way round"; });
  if (r.reason == FinishReason::kCompleted) {
    finding_->expect(r.produced == r.output, now, kTokens, [&] {
      return name_of(r.id) + " produced " + std::to_string(r.produced.value) + " of " + std::to_string(r.output.value);
    });
    finding_->expect(in == r.prompt.value, now, kTokens, [&] {
      return name_of(r.id) + " prefilled + reused " + std::to_string(in) + " of a prompt of " +
             std::to_string(r.prompt.value);
    });
  } else {
    finding_->expect(r.produced < r.output && in <= r.prompt.value, now, kTokens,
                     [&] { return name_of(r.id) + " did not complete, yet has all its tokens or more"; });
    finding_->expect(r.reason != FinishReason::kRejected || in == 0, now, kTokens,
                     [&] { return name_of(r.id) + " was refused, yet has tokens"; });
  }
}

void RequestAudit::end(Instant now, const RequestRecord& r) {
  advance(now);
  const auto asked = in_system_.find(r.id.index);
  if (asked == in_system_.end()) {
    return finding_->add(now, kEnds, name_of(r.id) + " ended twice, or never arrived");
  }
  check_as_asked(now, r, asked->second);
  check_times(now, r);
  check_tokens(now, r);
  Total& t = pools_[asked->second.pool.index];
  in_system_.erase(asked);
  sojourn_ns_ += (r.finish - r.arrival).ns;
  t.preemptions += static_cast<std::uint64_t>(r.preemptions);
  t.degraded += r.cut.value > 0 ? 1 : 0;
  t.produced += r.produced.value;
  t.prefilled += r.prefilled.value;
  t.reused += r.reused.value;
  t.recomputed += r.recomputed.value;
  if (known(r.scheduled)) {
    ++t.scheduled;
    t.queue_ns += (r.scheduled - r.arrival).ns;
  }
  if (known(r.first_token)) {
    ++t.first_tokens;
    t.ttft_ns += (r.first_token - r.arrival).ns;
  }
  switch (r.reason) {
    case FinishReason::kRejected:
      ++t.rejected;
      break;
    case FinishReason::kUnfinished:
      ++t.unfinished;
      break;
    case FinishReason::kCompleted:
      ++t.completed;
      add_completed(r, &t);
      break;
  }
}

void RequestAudit::add_completed(const RequestRecord& r, Total* t) const {
  t->prompt += r.prompt.value;
  t->output += r.output.value;
  t->e2e_ns += (r.finish - r.arrival).ns;
  if (!met(r)) return;
  ++t->met;
  t->paid_prompt += r.paid ? r.prompt.value : 0;
  t->paid_output += r.paid ? r.output.value : 0;
}

// TPOT rounded half up to the nanosecond.
bool RequestAudit::met(const RequestRecord& r) const {
  if (r.pool.index >= told_.size()) return false;
  const AuditedPool& limit = told_[r.pool.index];
  const Int128 steps = r.output.value - 1, after_first = (r.finish - r.first_token).ns;
  const bool first = limit.slo_ttft.ns == 0 || (r.first_token - r.arrival).ns <= limit.slo_ttft.ns;
  const bool last = limit.slo_e2e.ns == 0 || (r.finish - r.arrival).ns <= limit.slo_e2e.ns;
  const bool pace =
      limit.slo_tpot.ns == 0 || steps == 0 || (2 * after_first + steps) / (2 * steps) <= limit.slo_tpot.ns;
  return first && last && pace;
}

// From the sums of tokens: one price for all of them rather than one for each request.
std::int64_t RequestAudit::earned(std::size_t pool) const {
  if (pool >= told_.size() || pool >= pools_.size()) return 0;
  const Tariff& tariff = told_[pool].tariff;
  const Int128 pico = Int128{std::llround(tariff.usd_per_million_prompt_tokens * 1e6)} * pools_[pool].paid_prompt +
                      Int128{std::llround(tariff.usd_per_million_output_tokens * 1e6)} * pools_[pool].paid_output;
  const Int128 micro = pico / 1'000'000 + (pico % 1'000'000 >= 500'000 ? 1 : 0);
  return static_cast<std::int64_t>(std::min<Int128>(micro, std::numeric_limits<std::int64_t>::max()));
}

void RequestAudit::end_run(Instant now) {
  advance(now);
  finding_->expect(in_system_.empty(), now, kEnds,
                   [&] { return std::to_string(in_system_.size()) + " requests had not ended when the run did"; });
  finding_->expect(number_ns_ == sojourn_ns_, now, kLittle, [&] {
    return "number in system x time is " + text_of(number_ns_) + " ns, the sum of sojourns " + text_of(sojourn_ns_) +
           " ns";
  });
}

void RequestAudit::compare_totals(Instant end, const std::string& pool, const Total& own,
                                  const ServingResult& given) const {
  const auto same = [&](const char* what, Int128 mine, Int128 theirs) {
    finding_->expect(mine == theirs, end, kResult, [&] {
      return "pool '" + pool + "': " + what + " " + text_of(theirs) + ", the events give " + text_of(mine);
    });
  };
  same("arrived", own.arrived, given.arrived);
  same("completed", own.completed, given.completed);
  same("rejected", own.rejected, given.rejected);
  same("unfinished", own.unfinished, given.unfinished);
  same("preemptions", own.preemptions, given.preemptions);
  same("degraded", own.degraded, given.degraded);
  if (!told_.empty()) {
    same("requests within the SLO", own.met, given.met_slo);
    same("micro-dollars earned", own.earned, given.earned.value);
  }
  same("prompt tokens", own.prompt, given.prompt.value);
  same("output tokens", own.output, given.output.value);
  same("produced tokens", own.produced, given.produced.value);
  same("prefilled tokens", own.prefilled, given.prefilled.value);
  same("reused tokens", own.reused, given.reused.value);
  same("recomputed tokens", own.recomputed, given.recomputed.value);
  same("number of TTFTs", own.first_tokens, given.ttft.count());
  same("sum of TTFT", own.ttft_ns, given.ttft.sum());
  same("number of E2E latencies", own.completed, given.e2e.count());
  same("sum of E2E latency", own.e2e_ns, given.e2e.sum());
  same("number of queue times", own.scheduled, given.queue_time.count());
  same("sum of queue times", own.queue_ns, given.queue_time.sum());
  finding_->expect(given.met_slo <= given.completed, end, kResult,
                   [&] { return "pool '" + pool + "': more requests met the SLO than completed"; });
}

void RequestAudit::compare(Instant end, const RunResult& result) const {
  finding_->expect(pools_.size() <= result.pools.size(), end, kResult, [] { return std::string("a pool is missing"); });
  Total all;
  for (std::size_t i = 0; i < result.pools.size(); ++i) {
    Total own = i < pools_.size() ? pools_[i] : Total{};
    own.earned = earned(i);
    compare_totals(end, result.pools[i].pool, own, result.pools[i]);
    all.add(own);
  }
  compare_totals(end, "all", all, result.serving);
}

}  // namespace jevons
