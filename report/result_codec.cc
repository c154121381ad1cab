// RunReport to and from proto/result.proto.
#include "report/result_codec.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proto/result.pb.h"

namespace jevons {
namespace {

// Buckets a 63-bit value can fall into (base/histogram.h); a record that asks for more is not ours.
constexpr std::size_t kMostBuckets = 64 * 128;

void encode(Int128 v, proto::Int128* out) {
  out->set_high(static_cast<std::int64_t>(v >> 64));
  out->set_low(static_cast<std::uint64_t>(v));
}
Int128 decode(const proto::Int128& v) { return (static_cast<Int128>(v.high()) << 64) | static_cast<Int128>(v.low()); }

void encode(const Histogram& h, proto::HistogramRecord* out) {
  std::uint32_t empty = 0;
  for (const std::uint64_t n : h.counts()) {
    if (n == 0) {
      ++empty;
      continue;
    }
    out->add_skip(empty);
    out->add_count(n);
    empty = 0;
  }
  encode(h.sum(), out->mutable_sum());
  out->set_sum_squares(h.sum_squares());
  out->set_min(h.min());
  out->set_max(h.max());
}

Result<Histogram> decode(const proto::HistogramRecord& record) {
  const Error malformed{"malformed histogram in a result record", ""};
  if (record.skip_size() != record.count_size()) return malformed;
  std::vector<std::uint64_t> counts;
  for (int i = 0; i < record.skip_size(); ++i) {
    if (record.skip(i) > kMostBuckets || counts.size() + record.skip(i) >= kMostBuckets) return malformed;
    counts.resize(counts.size() + record.skip(i));
    counts.push_back(record.count(i));
  }
  return Histogram::restore(std::move(counts), decode(record.sum()), record.sum_squares(), record.min(), record.max());
}

void encode(const ServingResult& s, proto::ServingRecord* out) {
  out->set_pool(s.pool);
  out->set_arrived(s.arrived);
  out->set_completed(s.completed);
  out->set_rejected(s.rejected);
  out->set_unfinished(s.unfinished);
  out->set_never_started(s.never_started);
  out->set_outside(s.outside);
  out->set_met_slo(s.met_slo);
  out->set_preemptions(s.preemptions);
  out->set_degraded(s.degraded);
  out->set_earned(s.earned.value);
  out->set_prompt_tokens(s.prompt.value);
  out->set_output_tokens(s.output.value);
  out->set_produced_tokens(s.produced.value);
  out->set_prefilled_tokens(s.prefilled.value);
  out->set_reused_tokens(s.reused.value);
  out->set_recomputed_tokens(s.recomputed.value);
  encode(s.ttft, out->mutable_ttft());
  encode(s.tpot, out->mutable_tpot());
  encode(s.e2e, out->mutable_e2e());
  encode(s.queue_time, out->mutable_queue_time());
}

Status decode(const proto::HistogramRecord& record, Histogram* out) {
  auto h = decode(record);
  if (!h) return h.error();
  *out = *std::move(h);
  return Ok{};
}

Status decode(const proto::ServingRecord& r, ServingResult* s) {
  s->pool = r.pool();
  s->arrived = r.arrived();
  s->completed = r.completed();
  s->rejected = r.rejected();
  s->unfinished = r.unfinished();
  s->never_started = r.never_started();
  s->outside = r.outside();
  s->met_slo = r.met_slo();
  s->preemptions = r.preemptions();
  s->degraded = r.degraded();
  s->earned = MicroDollars{r.earned()};
  s->prompt = Tokens{r.prompt_tokens()};
  s->output = Tokens{r.output_tokens()};
  s->produced = Tokens{r.produced_tokens()};
  s->prefilled = Tokens{r.prefilled_tokens()};
  s->reused = Tokens{r.reused_tokens()};
  s->recomputed = Tokens{r.recomputed_tokens()};
  if (Status ok = decode(r.ttft(), &s->ttft); !ok) return ok;
  if (Status ok = decode(r.tpot(), &s->tpot); !ok) return ok;
  if (Status ok = decode(r.e2e(), &s->e2e); !ok) return ok;
  return decode(r.queue_time(), &s->queue_time);
}

void encode(const JobsResult& j, proto::JobsRecord* out) {
  out->set_jobs(j.jobs);
  out->set_preemptions(j.preemptions);
  out->set_failures(j.failures);
  out->set_resizes(j.resizes);
  encode(j.useful.gpu_ns, out->mutable_useful());
  encode(j.in_system.gpu_ns, out->mutable_in_system());
  encode(j.elapsed.gpu_ns, out->mutable_elapsed());
  encode(j.lost.gpu_ns, out->mutable_lost());
  encode(j.lost_to_failures.gpu_ns, out->mutable_lost_to_failures());
}

JobsResult decode(const proto::JobsRecord& r) {
  return {.jobs = r.jobs(),
          .preemptions = r.preemptions(),
          .failures = r.failures(),
          .resizes = r.resizes(),
          .useful = GpuTime{decode(r.useful())},
          .in_system = GpuTime{decode(r.in_system())},
          .elapsed = GpuTime{decode(r.elapsed())},
          .lost = GpuTime{decode(r.lost())},
          .lost_to_failures = GpuTime{decode(r.lost_to_failures())}};
}

void encode(const TrainingResult& t, proto::TrainingRecord* out) {
  out->set_submitted(t.submitted);
  out->set_completed(t.completed);
  out->set_rejected(t.rejected);
  out->set_refused(t.refused);
  out->set_unfinished(t.unfinished);
  out->set_preemptions(t.preemptions);
  out->set_checkpoints(t.checkpoints);
  out->set_never_started(t.never_started);
  out->set_outside(t.outside);
  for (const TenantResult& tenant : t.tenants) {
    proto::TenantRecord* record = out->add_tenants();
    record->set_tenant(tenant.tenant);
    encode(tenant.jobs, record->mutable_jobs());
  }
  for (const PriorityResult& priority : t.priorities) {
    proto::PriorityRecord* record = out->add_priorities();
    record->set_priority(priority.priority);
    encode(priority.jobs, record->mutable_jobs());
  }
  encode(t.unfinished_age, out->mutable_unfinished_age());
  encode(t.unstarted_age, out->mutable_unstarted_age());
  encode(t.jct, out->mutable_jct());
  encode(t.queueing_delay, out->mutable_queueing_delay());
  encode(t.useful.gpu_ns, out->mutable_useful());
  out->set_last_finish(t.last_finish.ns);
  out->set_resizes(t.resizes);
  out->set_failures(t.failures);
  encode(t.lost_to_failures.gpu_ns, out->mutable_lost_to_failures());
  out->set_deadlines(t.deadlines);
  out->set_deadlines_met(t.deadlines_met);
  encode(t.elapsed.gpu_ns, out->mutable_elapsed());
}

Status decode(const proto::TrainingRecord& r, TrainingResult* t) {
  t->submitted = r.submitted();
  t->completed = r.completed();
  t->rejected = r.rejected();
  t->refused = r.refused();
  t->unfinished = r.unfinished();
  t->preemptions = r.preemptions();
  t->checkpoints = r.checkpoints();
  t->useful = GpuTime{decode(r.useful())};
  t->last_finish = Instant{r.last_finish()};
  t->never_started = r.never_started();
  t->outside = r.outside();
  for (const proto::TenantRecord& tenant : r.tenants()) {
    t->tenants.push_back({tenant.tenant(), decode(tenant.jobs())});
  }
  for (const proto::PriorityRecord& priority : r.priorities()) {
    t->priorities.push_back({priority.priority(), decode(priority.jobs())});
  }
  if (Status ok = decode(r.unfinished_age(), &t->unfinished_age); !ok) return ok;
  if (Status ok = decode(r.unstarted_age(), &t->unstarted_age); !ok) return ok;
  t->resizes = r.resizes();
  t->failures = r.failures();
  t->lost_to_failures = GpuTime{decode(r.lost_to_failures())};
  t->deadlines = r.deadlines();
  t->deadlines_met = r.deadlines_met();
  t->elapsed = GpuTime{decode(r.elapsed())};
  if (Status ok = decode(r.jct(), &t->jct); !ok) return ok;
  return decode(r.queueing_delay(), &t->queueing_delay);
}

void encode(const GuestResult& g, proto::GuestRecord* out) {
  for (const GpuTime& t : g.by_purpose) encode(t.gpu_ns, out->add_by_purpose());
  encode(g.open.gpu_ns, out->mutable_open());
  encode(g.work.gpu_ns, out->mutable_work());
  out->set_starts(g.starts);
  out->set_sent_away(g.sent_away);
}

Status decode(const proto::GuestRecord& r, GuestResult* g) {
  if (r.by_purpose_size() != kPurposes) return Error{"guests of a result record do not have every purpose", ""};
  for (int p = 0; p < kPurposes; ++p) g->by_purpose[static_cast<std::size_t>(p)] = GpuTime{decode(r.by_purpose(p))};
  g->open = GpuTime{decode(r.open())};
  g->work = GpuTime{decode(r.work())};
  g->starts = r.starts();
  g->sent_away = r.sent_away();
  return Ok{};
}

void encode(const ShareResult& s, proto::ShareRecord* out) {
  for (const GpuTime& t : s.by_purpose) encode(t.gpu_ns, out->add_by_purpose());
  encode(s.held.gpu_ns, out->mutable_held());
  encode(s.used.gpu_ns, out->mutable_used());
  out->set_opened(s.opened);
  out->set_joined(s.joined);
}

Status decode(const proto::ShareRecord& r, ShareResult* s) {
  if (r.by_purpose_size() != kPurposes) return Error{"shares of a result record do not have every purpose", ""};
  for (int p = 0; p < kPurposes; ++p) s->by_purpose[static_cast<std::size_t>(p)] = GpuTime{decode(r.by_purpose(p))};
  s->held = GpuTime{decode(r.held())};
  s->used = GpuTime{decode(r.used())};
  s->opened = r.opened();
  s->joined = r.joined();
  return Ok{};
}

void encode(const Ledger& ledger, proto::LedgerRecord* out) {
  for (const GpuTime& t : ledger.by_phase) encode(t.gpu_ns, out->add_by_phase());
  for (const GpuTime& t : ledger.by_purpose) encode(t.gpu_ns, out->add_by_purpose());
}

Status decode(const proto::LedgerRecord& r, Ledger* ledger) {
  if (r.by_purpose_size() != kPurposes) return Error{"a ledger of a result record does not have every purpose", ""};
  for (int p = 0; p < kPurposes; ++p)
    ledger->by_purpose[static_cast<std::size_t>(p)] = GpuTime{decode(r.by_purpose(p))};
  if (r.by_phase_size() != kPowerPhases) return Error{"a ledger of a result record does not have every phase", ""};
  for (int p = 0; p < kPowerPhases; ++p) {
    ledger->by_phase[static_cast<std::size_t>(p)] = GpuTime{decode(r.by_phase(p))};
  }
  return Ok{};
}

Status decode(const google::protobuf::RepeatedField<double>& r, std::array<double, kPowerPhases>* by_phase) {
  if (r.size() != kPowerPhases) return Error{"a list of a result record does not have every phase", ""};
  std::copy(r.begin(), r.end(), by_phase->begin());
  return Ok{};
}

}  // namespace

void encode_run(const RunReport& run, proto::RunRecord* record) {
  const RunResult& r = run.result;
  CHECK(r.groups.size() == r.ledger_by_group.size() && r.groups.size() == run.prices.size());
  record->set_complete(r.complete);
  record->set_end(r.end.ns);
  record->set_measure_from(r.measure_from.ns);
  record->set_measure_to(r.measure_to.ns);
  for (const ServingResult& pool : r.pools) encode(pool, record->add_pools());
  encode(r.serving, record->mutable_serving());
  encode(r.training, record->mutable_training());
  encode(r.guests, record->mutable_guests());
  encode(r.shares, record->mutable_shares());
  for (const FaultResult& f : r.faults) {
    proto::FaultRecord* fault = record->add_faults();
    fault->set_cause(f.cause);
    fault->set_count(f.count);
    fault->set_jobs_stopped(f.jobs_stopped);
    encode(f.lost.gpu_ns, fault->mutable_lost());
  }
  for (std::size_t g = 0; g < r.groups.size(); ++g) {
    proto::GroupRecord* group = record->add_groups();
    group->set_name(r.groups[g]);
    group->set_gpus(run.prices[g].gpus.value);
    group->set_price_usd_per_gpu_hour(run.prices[g].usd_per_gpu_hour);
    group->set_usd_per_kwh(run.prices[g].usd_per_kwh);
    for (const double w : run.prices[g].power.watts) group->add_watts(w);
    encode(r.ledger_by_group[g], group->mutable_ledger());
  }
  encode(r.ledger, record->mutable_ledger());
  record->set_gpu_cost(r.gpu_cost.value);
  record->set_energy_cost(r.energy_cost.value);
  record->set_energy_joules(r.energy_joules);
  for (const double j : r.joules_by_phase) record->add_joules_by_phase(j);
  record->set_pue(r.pue);
  record->set_node_moves(r.node_moves);
  record->set_flows(r.flows);
  record->set_flow_bytes(r.flow_bytes.value);
  record->set_events(r.events);
  record->set_warnings(r.warnings);
  record->set_horizon(run.horizon.ns);
}

Result<RunReport> decode_run(const proto::RunRecord& record) {
  RunReport run;
  RunResult& r = run.result;
  r.complete = record.complete();
  r.end = Instant{record.end()};
  r.measure_from = Instant{record.measure_from()};
  r.measure_to = Instant{record.measure_to()};
  for (const proto::ServingRecord& pool : record.pools()) {
    if (Status ok = decode(pool, &r.pools.emplace_back()); !ok) return ok.error();
  }
  if (Status ok = decode(record.serving(), &r.serving); !ok) return ok.error();
  if (Status ok = decode(record.training(), &r.training); !ok) return ok.error();
  if (Status ok = decode(record.guests(), &r.guests); !ok) return ok.error();
  if (Status ok = decode(record.shares(), &r.shares); !ok) return ok.error();
  for (const proto::FaultRecord& f : record.faults()) {
    r.faults.push_back({f.cause(), f.count(), f.jobs_stopped(), GpuTime{decode(f.lost())}});
  }
  for (const proto::GroupRecord& group : record.groups()) {
    r.groups.push_back(group.name());
    GroupPrice& price = run.prices.emplace_back();
    price.gpus = Gpus{static_cast<std::int32_t>(group.gpus())};
    price.usd_per_gpu_hour = group.price_usd_per_gpu_hour();
    price.usd_per_kwh = group.usd_per_kwh();
    if (Status ok = decode(group.watts(), &price.power.watts); !ok) return ok.error();
    if (Status ok = decode(group.ledger(), &r.ledger_by_group.emplace_back()); !ok) return ok.error();
  }
  if (Status ok = decode(record.ledger(), &r.ledger); !ok) return ok.error();
  r.gpu_cost = MicroDollars{record.gpu_cost()};
  r.energy_cost = MicroDollars{record.energy_cost()};
  r.energy_joules = record.energy_joules();
  if (Status ok = decode(record.joules_by_phase(), &r.joules_by_phase); !ok) return ok.error();
  r.pue = record.pue();
  r.node_moves = record.node_moves();
  r.flows = record.flows();
  r.flow_bytes = Bytes{record.flow_bytes()};
  r.events = record.events();
  r.warnings = record.warnings();
  run.horizon = Instant{record.horizon()};
  return run;
}

}  // namespace jevons
