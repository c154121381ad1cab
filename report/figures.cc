// The figures every report shows.
#include "report/figures.h"

#include <algorithm>
#include <array>

#include "report/number_text.h"

namespace jevons {
namespace {

using Value = std::optional<double>;

double number(std::uint64_t n) { return static_cast<double>(n); }
double seconds_of(double ns) { return ns / 1e9; }

Value quantile(const Histogram& h, double q) {
  if (h.count() == 0) return std::nullopt;
  return seconds_of(static_cast<double>(h.quantile(q)));
}
Value mean(const Histogram& h) {
  if (h.count() == 0) return std::nullopt;
  return seconds_of(h.mean());
}
Value per_second(double n, const RunReport& r) {
  if (r.result.end.ns <= 0) return std::nullopt;
  return n / r.result.end.seconds();
}
// Of what arrived in the measured window.
Value per_measured_second(double n, const RunReport& r) {
  if (r.result.measured().ns <= 0) return std::nullopt;
  return n / r.result.measured().seconds();
}
Histogram both(const Histogram& ended, const Histogram& ages) {
  Histogram all = ended;
  all.merge(ages);
  return all;
}
Histogram jct_at_least(const RunReport& r) { return both(r.result.training.jct, r.result.training.unfinished_age); }

// Jain's index (1984) of what share of the GPU-time a tenant asked for, from submit to end, its jobs trained: 1 when
// all tenants got the same share, 1/n when one got everything.
Value tenant_fairness(const RunReport& r) {
  double sum = 0, squares = 0, n = 0;
  for (const TenantResult& t : r.result.training.tenants) {
    if (t.jobs.in_system.gpu_ns <= 0) continue;
    const double x = t.jobs.useful.hours() / t.jobs.in_system.hours();
    sum += x;
    squares += x * x;
    ++n;
  }
  if (n < 2 || squares <= 0) return std::nullopt;
  return sum * sum / (n * squares);
}
Value makespan(const RunReport& r) {
  const TrainingResult& t = r.result.training;
  if (t.completed == 0 || t.unfinished > 0 || !r.result.complete) return std::nullopt;
  return t.last_finish.seconds();
}
Value share(double part, double whole) {
  if (whole <= 0) return std::nullopt;
  return part / whole;
}
Value effective_time(const RunReport& r) {
  const TrainingResult& t = r.result.training;
  return effective_training_time({.useful = t.useful, .elapsed = t.elapsed});
}
double hours(const RunReport& r, Purpose p) { return r.result.ledger.by_purpose[static_cast<std::size_t>(p)].hours(); }

constexpr std::array kFigures{
    Figure{"requests_completed", "requests done", "requests", Section::kServing, Unit::kCount, Better::kMore, true,
           [](const RunReport& r) -> Value { return number(r.result.serving.completed); }},
    Figure{"requests_unfinished", "requests unfinished", "requests", Section::kServing, Unit::kCount, Better::kLess,
           false, [](const RunReport& r) -> Value { return number(r.result.serving.unfinished); }},
    Figure{"requests_never_started", "requests not started", "requests", Section::kServing, Unit::kCount, Better::kLess,
           false, [](const RunReport& r) -> Value { return number(r.result.serving.never_started); }},
    Figure{"requests_rejected", "requests refused", "requests", Section::kServing, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.serving.rejected); }},
    Figure{"requests_degraded", "requests cut short", "requests", Section::kServing, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.serving.degraded); }},
    Figure{"ttft_p50", "TTFT p50", "s", Section::kServing, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(r.result.serving.ttft, 0.50); }},
    Figure{"ttft_p99", "TTFT p99", "s", Section::kServing, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(r.result.serving.ttft, 0.99); }},
    Figure{"tpot_p50", "TPOT p50", "s", Section::kServing, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(r.result.serving.tpot, 0.50); }},
    Figure{"tpot_p99", "TPOT p99", "s", Section::kServing, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(r.result.serving.tpot, 0.99); }},
    Figure{"e2e_p99", "E2E p99", "s", Section::kServing, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(r.result.serving.e2e, 0.99); }},
    Figure{
        "slo_attainment", "SLO met", "share", Section::kServing, Unit::kShare, Better::kMore, true,
        [](const RunReport& r) { return share(number(r.result.serving.met_slo), number(r.result.serving.arrived)); }},
    Figure{"request_goodput", "goodput, req/s", "req/s", Section::kServing, Unit::kPerSecond, Better::kMore, true,
           [](const RunReport& r) { return per_measured_second(number(r.result.serving.met_slo), r); }},
    Figure{
        "output_throughput", "output, tok/s", "tok/s", Section::kServing, Unit::kPerSecond, Better::kMore, true,
        [](const RunReport& r) { return per_measured_second(static_cast<double>(r.result.serving.output.value), r); }},
    Figure{"kv_preemptions", "KV preemptions", "preemptions", Section::kServing, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.serving.preemptions); }},
    Figure{"jobs_completed", "jobs done", "jobs", Section::kTraining, Unit::kCount, Better::kMore, true,
           [](const RunReport& r) -> Value { return number(r.result.training.completed); }},
    Figure{"jobs_unfinished", "jobs unfinished", "jobs", Section::kTraining, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.training.unfinished); }},
    Figure{"jobs_never_started", "jobs not started", "jobs", Section::kTraining, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.training.never_started); }},
    Figure{"jobs_rejected", "jobs refused", "jobs", Section::kTraining, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.training.rejected); }},
    Figure{"jobs_refused_by_queue", "of them by queue", "jobs", Section::kTraining, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.training.refused); }},
    Figure{"jct_mean", "JCT mean", "s", Section::kTraining, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return mean(r.result.training.jct); }},
    Figure{"jct_p50", "JCT p50", "s", Section::kTraining, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(r.result.training.jct, 0.50); }},
    Figure{"jct_p95", "JCT p95", "s", Section::kTraining, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(r.result.training.jct, 0.95); }},
    Figure{"jct_p99", "JCT p99", "s", Section::kTraining, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(r.result.training.jct, 0.99); }},
    Figure{"jct_mean_at_least", "JCT mean at least", "s", Section::kTraining, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return mean(jct_at_least(r)); }},
    Figure{"jct_p95_at_least", "JCT p95 at least", "s", Section::kTraining, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return quantile(jct_at_least(r), 0.95); }},
    Figure{"queueing_delay_mean", "queueing delay mean", "s", Section::kTraining, Unit::kSeconds, Better::kLess, true,
           [](const RunReport& r) { return mean(r.result.training.queueing_delay); }},
    Figure{"queueing_delay_mean_at_least", "queueing delay at least", "s", Section::kTraining, Unit::kSeconds,
           Better::kLess, true,
           [](const RunReport& r) {
             return mean(both(r.result.training.queueing_delay, r.result.training.unstarted_age));
           }},
    Figure{"makespan", "makespan", "s", Section::kTraining, Unit::kSeconds, Better::kLess, false, makespan},
    Figure{"useful_gpu_hours", "useful GPU-hours", "GPU-h", Section::kTraining, Unit::kGpuHours, Better::kMore, true,
           [](const RunReport& r) -> Value { return r.result.training.useful.hours(); }},
    Figure{"lost_gpu_hours", "lost GPU-hours", "GPU-h", Section::kTraining, Unit::kGpuHours, Better::kLess, true,
           [](const RunReport& r) -> Value { return r.result.lost().hours(); }},
    Figure{"checkpoint_gpu_hours", "checkpoint GPU-hours", "GPU-h", Section::kTraining, Unit::kGpuHours, Better::kLess,
           false, [](const RunReport& r) -> Value { return hours(r, Purpose::kCheckpoint); }},
    Figure{"job_preemptions", "job preemptions", "preemptions", Section::kTraining, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.training.preemptions); }},
    Figure{"ettr", "ETTR", "share", Section::kTraining, Unit::kShare, Better::kMore, true, effective_time},
    Figure{"job_failures", "job failures", "failures", Section::kTraining, Unit::kCount, Better::kLess, false,
           [](const RunReport& r) -> Value { return number(r.result.training.failures); }},
    Figure{"lost_to_failures_gpu_hours", "lost to failures, GPU-h", "GPU-h", Section::kTraining, Unit::kGpuHours,
           Better::kLess, false,
           [](const RunReport& r) -> Value { return r.result.training.lost_to_failures.hours(); }},
    Figure{"resizes", "resizes", "resizes", Section::kTraining, Unit::kCount, Better::kNeither, false,
           [](const RunReport& r) -> Value { return number(r.result.training.resizes); }},
    Figure{"deadlines_met", "deadlines met", "share", Section::kTraining, Unit::kShare, Better::kMore, true,
           [](const RunReport& r) {
             return share(number(r.result.training.deadlines_met), number(r.result.training.deadlines));
           }},
    Figure{"tenant_fairness", "fairness of tenants", "Jain's index", Section::kTraining, Unit::kShare, Better::kMore,
           false, tenant_fairness},
    Figure{"usd_per_million_output_tokens", "$/M output tokens", "USD/M tokens", Section::kMoney, Unit::kDollars,
           Better::kLess, true,
           [](const RunReport& r) -> Value {
             const auto produced = r.result.serving.produced.value;
             if (produced <= 0) return std::nullopt;
             return serving_cost_usd(r) / (static_cast<double>(produced) / 1e6);
           }},
    Figure{"total_usd", "total cost", "USD", Section::kMoney, Unit::kDollars, Better::kLess, true,
           [](const RunReport& r) -> Value { return total_cost_usd(r); }},
    Figure{"revenue_usd", "revenue", "USD", Section::kMoney, Unit::kDollars, Better::kMore, false,
           [](const RunReport& r) -> Value { return static_cast<double>(r.result.serving.earned.value) / 1e6; }},
    Figure{"gpu_utilisation", "GPU utilisation", "share", Section::kMoney, Unit::kShare, Better::kMore, true,
           [](const RunReport& r) {
             return share(hours(r, Purpose::kServing) + hours(r, Purpose::kTraining), r.result.ledger.total().hours());
           }},
    Figure{"energy_kwh", "energy, kWh", "kWh", Section::kEnergy, Unit::kEnergy, Better::kNeither, true,
           [](const RunReport& r) -> Value { return kwh_of(r.result.energy_joules); }},
    Figure{"facility_energy_kwh", "with PUE, kWh", "kWh", Section::kEnergy, Unit::kEnergy, Better::kNeither, true,
           [](const RunReport& r) -> Value { return kwh_of(r.result.energy_joules) * r.result.pue; }},
    Figure{"mean_kw", "mean power, kW", "kW", Section::kEnergy, Unit::kEnergy, Better::kNeither, true,
           [](const RunReport& r) { return per_second(r.result.energy_joules / 1e3, r); }},
    Figure{"joules_per_output_token", "J/output token", "J/token", Section::kEnergy, Unit::kEnergy, Better::kLess, true,
           [](const RunReport& r) {
             return share(serving_joules(r), static_cast<double>(r.result.serving.produced.value));
           }},
};

// Phases of GPU-time that serving pays for; loading also where a training job restores its checkpoint.
bool of_serving(PowerPhase kind) {
  switch (kind) {
    case PowerPhase::kLoading:
    case PowerPhase::kWaiting:
    case PowerPhase::kPrefill:
    case PowerPhase::kMixed:
    case PowerPhase::kDecode:
      return true;
    case PowerPhase::kIdle:
    case PowerPhase::kTraining:
    case PowerPhase::kCheckpoint:
      break;
  }
  return false;
}

bool any_run(const Comparison& c, bool (*holds)(const RunReport&)) {
  return std::any_of(c.cells.begin(), c.cells.end(), [&](const Cell& x) { return x.run && holds(*x.run); });
}

bool usable(const Cell& cell, bool complete_only) {
  return cell.run.has_value() && (cell.run->result.complete || !complete_only);
}

}  // namespace

std::optional<double> effective_training_time(const JobsResult& jobs) {
  return share(jobs.useful.hours(), jobs.elapsed.hours());
}

std::span<const Figure> figures() { return kFigures; }

const Figure& figure(std::string_view key) {
  for (const Figure& f : kFigures) {
    if (f.key == key) return f;
  }
  CHECK(false && "no figure of that key");
  return kFigures[0];
}

bool of_survivors(const Comparison& c, const Figure& f) {
  if (f.key == "queueing_delay_mean") {
    return any_run(c, [](const RunReport& r) { return r.result.training.never_started > 0; });
  }
  if (!f.key.starts_with("jct_") || f.key.ends_with("_at_least")) return false;
  return any_run(c, [](const RunReport& r) { return r.result.training.unfinished > 0; });
}

bool worth_showing(const Comparison& c, const Figure& f) {
  if (f.key == "facility_energy_kwh" && !any_run(c, [](const RunReport& r) { return r.result.pue != 1; })) return false;
  constexpr std::string_view kAtLeast = "_at_least";
  if (f.key.ends_with(kAtLeast)) {
    return of_survivors(c, figure(f.key.substr(0, f.key.size() - kAtLeast.size())));
  }
  if (f.key == "deadlines_met" || f.key == "ettr") {  // 0 is news, no value is not.
    return std::any_of(c.cells.begin(), c.cells.end(), [&](const Cell& x) { return x.run && f.value(*x.run); });
  }
  if (f.always) return true;
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    const auto e = policy_estimate(c, p, f);
    if (e && e->mean != 0) return true;
  }
  return false;
}

std::string figure_text(const Figure& f, double value) {
  switch (f.unit) {
    case Unit::kCount:
      return whole_number(value);
    case Unit::kSeconds:
      return human_seconds(value);
    case Unit::kShare:
      return human_share(value);
    case Unit::kDollars:
      return human_dollars(value);
    case Unit::kPerSecond:
    case Unit::kGpuHours:
    case Unit::kEnergy:
      return three_digits(value);
  }
  CHECK(false && "a unit without text");
  return "";
}

double serving_cost_usd(const RunReport& run) {
  double usd = 0;
  for (std::size_t g = 0; g < run.prices.size(); ++g) {
    const GroupPrice& price = run.prices[g];
    for (const Purpose p : {Purpose::kServing, Purpose::kIdleServing, Purpose::kLoading, Purpose::kDraining}) {
      usd += run.result.ledger_by_group[g].by_purpose[static_cast<std::size_t>(p)].hours() * price.usd_per_gpu_hour;
    }
    for (std::size_t p = 0; p < kPowerPhases; ++p) {
      if (!of_serving(kind_of(p))) continue;
      usd += run.result.ledger_by_group[g].by_phase[p].hours() * price.power.watts[p] / 1000 * price.usd_per_kwh;
    }
  }
  return usd;
}

double total_cost_usd(const RunReport& run) {
  return static_cast<double>(run.result.gpu_cost.value + run.result.energy_cost.value) / 1e6;
}

double serving_joules(const RunReport& run) {
  double joules = 0;
  for (std::size_t p = 0; p < kPowerPhases; ++p) joules += of_serving(kind_of(p)) ? run.result.joules_by_phase[p] : 0;
  return joules;
}

double kwh_of(double joules) { return joules / 3.6e6; }

std::optional<Estimate> policy_estimate(const Comparison& c, std::size_t policy, const Figure& f) {
  for (const bool complete_only : {true, false}) {
    std::vector<double> samples;
    for (std::size_t s = 0; s < c.seeds.size(); ++s) {
      const Cell& cell = c.cell(policy, s);
      if (!usable(cell, complete_only)) continue;
      if (const auto v = f.value(*cell.run)) samples.push_back(*v);
    }
    if (!samples.empty()) return estimate(samples);
  }
  return std::nullopt;
}

std::optional<Estimate> paired_difference(const Comparison& c, std::size_t a, std::size_t b, const Figure& f) {
  std::vector<double> samples;
  for (std::size_t s = 0; s < c.seeds.size(); ++s) {
    const Cell &x = c.cell(a, s), &y = c.cell(b, s);
    if (!usable(x, true) || !usable(y, true)) continue;
    const auto va = f.value(*x.run), vb = f.value(*y.run);
    if (va && vb) samples.push_back(*va - *vb);
  }
  if (samples.empty()) return std::nullopt;
  return estimate(samples);
}

}  // namespace jevons
