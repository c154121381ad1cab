// Counts, histograms, the GPU ledger, and from it money and energy.
#include "sim/observe/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"

namespace jevons {
namespace {

constexpr Int128 kGpuNsPerGpuHour = 3'600'000'000'000;
constexpr Int128 kPicoPerMicro = 1'000'000;

// Rounded half up, for value >= 0 and unit > 0.
constexpr Int128 divide_rounded(Int128 value, Int128 unit) { return (2 * value + unit) / (2 * unit); }

Duration tpot_of(const RequestRecord& r) {
  const std::int64_t intervals = r.output.value - 1, span = (r.finish - r.first_token).ns;
  return {span / intervals + (span % intervals >= intervals - span % intervals ? 1 : 0)};
}

std::int64_t fixed_point(double value, double per_unit) {
  CHECK(std::isfinite(value) && value >= 0 && value < 1e9);
  return std::llround(value * per_unit);
}

// In micro-dollars.  Whole GPU-hours apart, so that no product leaves 128 bits.
Int128 price_of(GpuTime time, std::int64_t micro_dollars_per_gpu_hour) {
  const Int128 hours = time.gpu_ns / kGpuNsPerGpuHour, rest = time.gpu_ns % kGpuNsPerGpuHour;
  return hours * micro_dollars_per_gpu_hour + divide_rounded(rest * micro_dollars_per_gpu_hour, kGpuNsPerGpuHour);
}

void add(const JobRecord& r, GpuTime elapsed, JobsResult* out) {
  ++out->jobs;
  out->preemptions += static_cast<std::uint64_t>(r.preemptions);
  out->failures += static_cast<std::uint64_t>(r.failures);
  out->resizes += static_cast<std::uint64_t>(r.resizes);
  out->useful += r.useful - r.beside_useful;
  out->in_system += r.gpus * (r.finish - r.submit);
  out->elapsed += elapsed;
  out->lost += r.lost;
  out->lost_to_failures += r.lost_to_failures;
}

// More than 64 bits hold (9e12 USD) is the most they hold.
MicroDollars clamped(Int128 micro_dollars) {
  return {static_cast<std::int64_t>(std::min<Int128>(micro_dollars, std::numeric_limits<std::int64_t>::max()))};
}

// Of a whole stretch; what a replica did during its own is in GpuStretch::phases.
PowerPhase phase_of(Purpose p) {
  switch (p) {
    case Purpose::kIdle:
    case Purpose::kFailed:
      return PowerPhase::kIdle;
    case Purpose::kLoading:
      return PowerPhase::kLoading;
    case Purpose::kTraining:
    case Purpose::kLostWork:
      return PowerPhase::kTraining;
    case Purpose::kCheckpoint:
      return PowerPhase::kCheckpoint;
    case Purpose::kServing:
    case Purpose::kIdleServing:
    case Purpose::kDraining:
    case Purpose::kAwaitingSamples:
      break;
  }
  return PowerPhase::kWaiting;
}

void merge(const ServingResult& from, ServingResult* into) {
  into->arrived += from.arrived;
  into->completed += from.completed;
  into->rejected += from.rejected;
  into->unfinished += from.unfinished;
  into->never_started += from.never_started;
  into->outside += from.outside;
  into->met_slo += from.met_slo;
  into->preemptions += from.preemptions;
  into->degraded += from.degraded;
  into->prompt += from.prompt;
  into->output += from.output;
  into->produced += from.produced;
  into->prefilled += from.prefilled;
  into->reused += from.reused;
  into->recomputed += from.recomputed;
  into->ttft.merge(from.ttft);
  into->tpot.merge(from.tpot);
  into->e2e.merge(from.e2e);
  into->queue_time.merge(from.queue_time);
  into->earned += from.earned;
}

Histogram times(const Histogram& h, std::uint64_t n) {
  std::vector<std::uint64_t> counts = h.counts();
  for (std::uint64_t& c : counts) c *= n;
  return Histogram::restore(std::move(counts), h.sum() * static_cast<Int128>(n),
                            h.sum_squares() * static_cast<double>(n), h.min(), h.max());
}

void multiply(std::int64_t bundle, ServingResult* s) {
  const auto n = static_cast<std::uint64_t>(bundle);
  for (std::uint64_t* count : {&s->arrived, &s->completed, &s->rejected, &s->unfinished, &s->never_started, &s->met_slo,
                               &s->outside, &s->preemptions, &s->degraded}) {
    *count *= n;
  }
  for (Tokens* tokens : {&s->prompt, &s->output, &s->produced, &s->prefilled, &s->reused, &s->recomputed}) {
    tokens->value *= bundle;
  }
  s->earned.value *= bundle;
  for (Histogram* h : {&s->ttft, &s->tpot, &s->e2e, &s->queue_time}) *h = times(*h, n);
}

}  // namespace

RunResult unbundled(RunResult result, std::span<const std::int64_t> bundle) {
  CHECK(bundle.size() == result.pools.size());
  if (std::all_of(bundle.begin(), bundle.end(), [](std::int64_t n) { return n == 1; })) return result;
  result.serving = {};
  result.serving.pool = "all";
  for (std::size_t i = 0; i < bundle.size(); ++i) {
    multiply(bundle[i], &result.pools[i]);
    merge(result.pools[i], &result.serving);
  }
  return result;
}

bool met_slo(const RequestRecord& r, const MetricsSetup::Pool& pool) {
  if (r.reason != FinishReason::kCompleted) return false;
  if (pool.slo_ttft.ns > 0 && r.first_token - r.arrival > pool.slo_ttft) return false;
  if (pool.slo_e2e.ns > 0 && r.finish - r.arrival > pool.slo_e2e) return false;
  return pool.slo_tpot.ns <= 0 || r.output.value < 2 || tpot_of(r) <= pool.slo_tpot;
}

Metrics::Metrics(MetricsSetup setup) : setup_(std::move(setup)) {
  for (const MetricsSetup::Pool& p : setup_.pools) result_.pools.emplace_back().pool = p.name;
  for (const MetricsSetup::Group& g : setup_.groups) result_.groups.push_back(g.name);
  result_.ledger_by_group.resize(setup_.groups.size());
  result_.serving.pool = "all";
  earned_.resize(setup_.pools.size());
  result_.measure_from = setup_.measure_from;
  result_.measure_to = setup_.measure_to;
  for (const std::string& cause : setup_.fault_causes) result_.faults.emplace_back().cause = cause;
}

void Metrics::on_request_arrival(Instant at, RequestId, PoolId pool, Tokens, Tokens) {
  CHECK(pool.index < result_.pools.size());
  ++(measured(at) ? result_.pools[pool.index].arrived : result_.pools[pool.index].outside);
}

void Metrics::on_request_end(Instant, const RequestRecord& r) {
  CHECK(r.pool.index < result_.pools.size());
  ServingResult& p = result_.pools[r.pool.index];
  p.preemptions += static_cast<std::uint64_t>(r.preemptions);
  p.degraded += r.cut > Tokens{0} ? 1 : 0;
  p.produced += r.produced;
  p.prefilled += r.prefilled;
  p.reused += r.reused;
  p.recomputed += r.recomputed;
  if (!measured(r.arrival)) return;
  if (r.scheduled != Instant::never()) p.queue_time.add((r.scheduled - r.arrival).ns);
  if (r.first_token != Instant::never()) p.ttft.add((r.first_token - r.arrival).ns);
  if (r.reason == FinishReason::kRejected) ++p.rejected;
  if (r.reason == FinishReason::kUnfinished) {
    ++p.unfinished;
    p.never_started += r.scheduled == Instant::never() ? 1 : 0;
  }
  if (r.reason != FinishReason::kCompleted) return;
  ++p.completed;
  p.prompt += r.prompt;
  p.output += r.output;
  p.e2e.add((r.finish - r.arrival).ns);
  if (r.output.value >= 2) p.tpot.add(tpot_of(r).ns);
  const MetricsSetup::Pool& setup = setup_.pools[r.pool.index];
  if (!met_slo(r, setup)) return;
  ++p.met_slo;
  if (r.paid) earned_[r.pool.index] += pico_dollars(setup.tariff, r.prompt, r.output);
}

void Metrics::on_job_arrival(Instant at, JobId id, Gpus gpus) {
  job_times_.insert_or_assign(id.index, JobTime{gpus, Gpus{0}, at, {}});
  ++(measured(at) ? result_.training.submitted : result_.training.outside);
}

void Metrics::count_job(Instant at, JobId id, Gpus gpus) {
  JobTime& t = job_times_[id.index];
  t.elapsed += t.counted * (at - t.since);
  t.counted = gpus;
  t.since = at;
}

void Metrics::on_job_start(Instant at, const GangStart& gang) { count_job(at, gang.job, gang.asked); }
void Metrics::on_job_resize(Instant at, const GangStart& gang) { count_job(at, gang.job, gang.asked); }
void Metrics::on_job_stop(Instant at, JobId id, bool) { count_job(at, id, job_times_[id.index].asked); }

void Metrics::on_job_end(Instant at, const JobRecord& r) {
  TrainingResult& t = result_.training;
  count_job(at, r.id, Gpus{0});
  const GpuTime elapsed = job_times_[r.id.index].elapsed;
  job_times_.erase(r.id.index);
  t.preemptions += static_cast<std::uint64_t>(r.preemptions);
  t.checkpoints += static_cast<std::uint64_t>(r.checkpoints);
  t.resizes += static_cast<std::uint64_t>(r.resizes);
  t.failures += static_cast<std::uint64_t>(r.failures);
  t.lost_to_failures += r.lost_to_failures;
  result_.guests.work += r.guest_work;
  if (r.share > MilliGpus{0}) {
    const GpuTime ran = r.useful + r.checkpoint + r.lost + r.restoring;
    share_milli_ns_ += r.share.value * ran.gpu_ns;
    result_.shares.held += ran;  // Less what was beside a holder, at the end.
  }
  t.elapsed += elapsed;
  if (r.deadline != Instant::never()) {
    ++t.deadlines;
    if (r.reason == FinishReason::kCompleted && r.finish <= r.deadline) ++t.deadlines_met;
  }
  if (r.reason == FinishReason::kCompleted) t.last_finish = std::max(t.last_finish, r.finish);
  const Duration age = r.finish - r.submit;
  const bool started = r.first_start != Instant::never();
  if (r.reason != FinishReason::kRejected || started) {
    add(r, elapsed, &tenants_[std::string(r.tenant)]);
    add(r, elapsed, &priorities_[r.priority]);
  }
  if (!measured(r.submit)) return;
  if (started) t.queueing_delay.add((r.first_start - r.submit).ns);
  switch (r.reason) {
    case FinishReason::kRejected:
      ++t.rejected;
      t.refused += r.rejection == JobRejection::kByQueue ? 1 : 0;
      break;
    case FinishReason::kUnfinished:
      ++t.unfinished;
      t.unfinished_age.add(age.ns);
      if (started) break;
      ++t.never_started;
      t.unstarted_age.add(age.ns);
      break;
    case FinishReason::kCompleted:
      ++t.completed;
      t.jct.add(age.ns);
      break;
  }
}

void Metrics::on_guest_seats(Instant at, NodeId node, Gpus seats) {
  const auto it = open_.find(node);
  if (it != open_.end()) {
    result_.guests.open += it->second.first * (at - it->second.second);
    open_.erase(it);
  }
  if (seats > Gpus{0}) open_[node] = {seats, at};
}

void Metrics::on_guest_start(Instant at, const GangStart& gang) {
  ++result_.guests.starts;
  count_job(at, gang.job, Gpus{0});
}

void Metrics::on_guest_stop(Instant at, JobId id, bool preempted) {
  result_.guests.sent_away += preempted ? 1 : 0;
  count_job(at, id, job_times_[id.index].asked);
}

void Metrics::on_guest_time(Instant, const GpuStretch& s) {
  result_.guests.by_purpose[static_cast<std::size_t>(s.purpose)] += s.gpus * (s.to - s.from);
}

void Metrics::on_share_start(Instant at, const ShareStart& s) {
  ++(s.joins ? result_.shares.joined : result_.shares.opened);
  if (s.joins) count_job(at, s.job, Gpus{0});
}
void Metrics::on_share_stop(Instant at, JobId id, bool) { count_job(at, id, job_times_[id.index].asked); }
void Metrics::on_share_time(Instant, const GpuStretch& s) {
  result_.shares.by_purpose[static_cast<std::size_t>(s.purpose)] += s.gpus * (s.to - s.from);
}

void Metrics::on_fault(Instant, std::uint32_t cause, std::int32_t jobs, GpuTime lost) {
  FaultResult& f = result_.faults[cause];
  ++f.count;
  f.jobs_stopped += static_cast<std::uint64_t>(jobs);
  f.lost += lost;
}

// The nodes a pool holds from the start have not moved.
void Metrics::on_node_taken(Instant at, NodeId, PoolId) { result_.node_moves += at.ns > 0 ? 1 : 0; }
void Metrics::on_node_given_back(Instant at, NodeId, PoolId) { result_.node_moves += at.ns > 0 ? 1 : 0; }

void Metrics::on_gpu_time(Instant, const GpuStretch& s) {
  CHECK(s.group.index < result_.ledger_by_group.size());
  Ledger& ledger = result_.ledger_by_group[s.group.index];
  ledger.by_purpose[static_cast<std::size_t>(s.purpose)] += s.gpus * (s.to - s.from);
  if (s.phases == nullptr) {
    ledger.by_phase[index_of(phase_of(s.purpose))] += s.gpus * (s.to - s.from);
    return;
  }
  for (std::size_t p = 0; p < kPowerPhases; ++p) ledger.by_phase[p] += s.gpus * (*s.phases)[p];
}

void Metrics::on_flow_end(Instant, std::uint64_t, Bytes delivered, bool) {
  ++result_.flows;
  result_.flow_bytes += delivered;
}

void Metrics::on_run_end(Instant at) {
  result_.end = at;
  for (std::size_t p = 0; p < earned_.size(); ++p) {
    result_.pools[p].earned = clamped(divide_rounded(earned_[p], kPicoPerMicro));
  }
  for (const ServingResult& p : result_.pools) merge(p, &result_.serving);
  Int128 gpu_cost = 0;
  for (std::size_t g = 0; g < setup_.groups.size(); ++g) {
    const MetricsSetup::Group& group = setup_.groups[g];
    const Ledger& ledger = result_.ledger_by_group[g];
    for (std::size_t p = 0; p < kPurposes; ++p) result_.ledger.by_purpose[p] += ledger.by_purpose[p];
    for (std::size_t p = 0; p < kPowerPhases; ++p) result_.ledger.by_phase[p] += ledger.by_phase[p];
    gpu_cost += price_of(ledger.total(), fixed_point(group.price_usd_per_gpu_hour, 1e6));
  }
  result_.gpu_cost = clamped(gpu_cost);
  result_.training.useful = result_.ledger.by_purpose[static_cast<std::size_t>(Purpose::kTraining)];
  for (const auto& [name, jobs] : tenants_) result_.training.tenants.push_back({name, jobs});
  for (const auto& [priority, jobs] : priorities_) result_.training.priorities.push_back({priority, jobs});
  for (const GpuTime& beside : result_.shares.by_purpose) result_.shares.held -= beside;
  result_.shares.used = GpuTime{share_milli_ns_ / kWholeGpu.value};
  add_energy();
}

// The total is rounded once, so it may differ in its last bit from the sum of the phases.
void Metrics::add_energy() {
  constexpr double kPerJoule = 1e12;  // mW x ns.
  Int128 total = 0;
  for (std::size_t p = 0; p < kPowerPhases; ++p) {
    Int128 milliwatt_ns = 0;
    for (std::size_t g = 0; g < setup_.groups.size(); ++g) {
      milliwatt_ns += result_.ledger_by_group[g].by_phase[p].gpu_ns * fixed_point(setup_.groups[g].power.watts[p], 1e3);
    }
    result_.joules_by_phase[p] = static_cast<double>(milliwatt_ns) / kPerJoule;
    total += milliwatt_ns;
  }
  result_.energy_joules = static_cast<double>(total) / kPerJoule;
  result_.pue = setup_.pue;
  if (setup_.energy_usd_per_kwh > 0) {
    const double micro_dollars = result_.energy_joules * setup_.pue / 3.6e6 * setup_.energy_usd_per_kwh * 1e6;
    result_.energy_cost = MicroDollars{std::llround(std::min(micro_dollars, 9.2e18))};
  }
}

}  // namespace jevons
