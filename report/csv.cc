// A comparison as tidy CSV.
#include "report/csv.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/text.h"
#include "report/figures.h"
#include "report/guests.h"
#include "report/pareto.h"
#include "report/shares.h"

namespace jevons {
namespace {

std::string value_text(const std::optional<double>& v) { return v ? text_of(*v) : ""; }

std::string decimal(Int128 v) {
  // fmt 9 prints 128-bit integers.
  return fmt::format("{}", v);
}

std::string results(const Comparison& c) {
  std::string out = "policy,seed,metric,value,unit\n";
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    for (const Figure& f : figures()) {
      out += fmt::format("{},{},{},{},{}\n", csv_field(c.policies[cell.policy]), cell.seed, f.key,
                         value_text(f.value(*cell.run)), f.unit_name);
    }
    const auto add = [&](std::span<const SideFigure> more) {
      for (const SideFigure& f : more) {
        out += fmt::format("{},{},{},{},{}\n", csv_field(c.policies[cell.policy]), cell.seed, f.key,
                           value_text(f.value(cell.run->result)), f.unit);
      }
    };
    if (had_guests(cell.run->result)) add(guest_figures());
    if (had_shares(cell.run->result)) add(share_figures());
  }
  return out;
}

struct PoolMetric {
  std::string_view key, unit;
  std::optional<double> (*value)(const ServingResult&, double seconds);
};

template <class T>
std::optional<double> number(T n) {
  return static_cast<double>(n);
}
std::optional<double> quantile(const Histogram& h, double q) {
  if (h.count() == 0) return std::nullopt;
  return static_cast<double>(h.quantile(q)) / 1e9;
}
std::optional<double> rate(double n, double seconds) {
  if (seconds <= 0) return std::nullopt;
  return n / seconds;
}

constexpr std::array kPoolMetrics{
    PoolMetric{"requests_arrived", "requests", [](const ServingResult& s, double) { return number(s.arrived); }},
    PoolMetric{"requests_completed", "requests", [](const ServingResult& s, double) { return number(s.completed); }},
    PoolMetric{"requests_rejected", "requests", [](const ServingResult& s, double) { return number(s.rejected); }},
    PoolMetric{"requests_unfinished", "requests", [](const ServingResult& s, double) { return number(s.unfinished); }},
    PoolMetric{"requests_degraded", "requests", [](const ServingResult& s, double) { return number(s.degraded); }},
    PoolMetric{"requests_met_slo", "requests", [](const ServingResult& s, double) { return number(s.met_slo); }},
    PoolMetric{"prompt_tokens", "tokens", [](const ServingResult& s, double) { return number(s.prompt.value); }},
    PoolMetric{"output_tokens", "tokens", [](const ServingResult& s, double) { return number(s.output.value); }},
    PoolMetric{"reused_tokens", "tokens", [](const ServingResult& s, double) { return number(s.reused.value); }},
    PoolMetric{"kv_preemptions", "preemptions", [](const ServingResult& s, double) { return number(s.preemptions); }},
    PoolMetric{"ttft_p50", "s", [](const ServingResult& s, double) { return quantile(s.ttft, 0.5); }},
    PoolMetric{"ttft_p99", "s", [](const ServingResult& s, double) { return quantile(s.ttft, 0.99); }},
    PoolMetric{"tpot_p50", "s", [](const ServingResult& s, double) { return quantile(s.tpot, 0.5); }},
    PoolMetric{"tpot_p99", "s", [](const ServingResult& s, double) { return quantile(s.tpot, 0.99); }},
    PoolMetric{"e2e_p50", "s", [](const ServingResult& s, double) { return quantile(s.e2e, 0.5); }},
    PoolMetric{"e2e_p99", "s", [](const ServingResult& s, double) { return quantile(s.e2e, 0.99); }},
    PoolMetric{"queue_p99", "s", [](const ServingResult& s, double) { return quantile(s.queue_time, 0.99); }},
    PoolMetric{"request_goodput", "req/s",
               [](const ServingResult& s, double t) { return rate(static_cast<double>(s.met_slo), t); }},
    PoolMetric{"output_throughput", "tok/s",
               [](const ServingResult& s, double t) { return rate(static_cast<double>(s.output.value), t); }},
    PoolMetric{"revenue_usd", "USD",
               [](const ServingResult& s, double) { return number(static_cast<double>(s.earned.value) / 1e6); }},
};

std::string pools(const Comparison& c) {
  std::string out = "policy,seed,pool,metric,value,unit\n";
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    for (const ServingResult& pool : cell.run->result.pools) {
      for (const PoolMetric& m : kPoolMetrics) {
        out += fmt::format("{},{},{},{},{},{}\n", csv_field(c.policies[cell.policy]), cell.seed, csv_field(pool.pool),
                           m.key, value_text(m.value(pool, cell.run->result.measured().seconds())), m.unit);
      }
    }
  }
  return out;
}

std::string ledger(const Comparison& c) {
  std::string out = "policy,seed,group,purpose,gpu_ns,gpu_hours\n";
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    const RunResult& r = cell.run->result;
    for (std::size_t g = 0; g < r.groups.size(); ++g) {
      for (int p = 0; p < kPurposes; ++p) {
        const GpuTime t = r.ledger_by_group[g].by_purpose[static_cast<std::size_t>(p)];
        out += fmt::format("{},{},{},{},{},{}\n", csv_field(c.policies[cell.policy]), cell.seed, csv_field(r.groups[g]),
                           purpose_name(static_cast<Purpose>(p)), decimal(t.gpu_ns), text_of(t.hours()));
      }
    }
  }
  return out;
}

std::string faults(const Comparison& c) {
  std::string out = "policy,seed,cause,failures,interruptions,lost_gpu_ns,lost_gpu_hours\n";
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    for (const FaultResult& f : cell.run->result.faults) {
      out += fmt::format("{},{},{},{},{},{},{}\n", csv_field(c.policies[cell.policy]), cell.seed, csv_field(f.cause),
                         f.count, f.jobs_stopped, decimal(f.lost.gpu_ns), text_of(f.lost.hours()));
    }
  }
  return out;
}

constexpr std::string_view kJobsColumns =
    "jobs,preemptions,failures,resizes,ettr,useful_gpu_hours,in_system_gpu_hours,elapsed_gpu_hours,lost_gpu_hours,"
    "lost_to_failures_gpu_hours\n";

// One row of what some of a run's jobs had; `key` is their tenant or priority.
std::string jobs_row(const Comparison& c, const Cell& cell, const std::string& key, const JobsResult& j) {
  return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(c.policies[cell.policy]), cell.seed, key,
                     j.jobs, j.preemptions, j.failures, j.resizes, value_text(effective_training_time(j)),
                     text_of(j.useful.hours()), text_of(j.in_system.hours()), text_of(j.elapsed.hours()),
                     text_of(j.lost.hours()), text_of(j.lost_to_failures.hours()));
}

std::string tenants(const Comparison& c) {
  std::string out = "policy,seed,tenant," + std::string(kJobsColumns);
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    for (const TenantResult& t : cell.run->result.training.tenants) {
      out += jobs_row(c, cell, csv_field(t.tenant), t.jobs);
    }
  }
  return out;
}

std::string priorities(const Comparison& c) {
  std::string out = "policy,seed,priority," + std::string(kJobsColumns);
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    for (const PriorityResult& p : cell.run->result.training.priorities) {
      out += jobs_row(c, cell, std::to_string(p.priority), p.jobs);
    }
  }
  return out;
}

std::string energy(const Comparison& c) {
  std::string out = "policy,seed,group,phase,least_batch,gpu_ns,gpu_hours,watts,joules\n";
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    const RunResult& r = cell.run->result;
    for (std::size_t g = 0; g < r.groups.size(); ++g) {
      for (std::size_t p = 0; p < kPowerPhases; ++p) {
        const GpuTime t = r.ledger_by_group[g].by_phase[p];
        const double watts = cell.run->prices[g].power.watts[p];
        const bool decode = kind_of(p) == PowerPhase::kDecode;
        out += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(c.policies[cell.policy]), cell.seed,
                           csv_field(r.groups[g]), power_kind_name(kind_of(p)),
                           decode ? std::to_string(1 << (p - index_of(PowerPhase::kDecode))) : "", decimal(t.gpu_ns),
                           text_of(t.hours()), text_of(watts), text_of(t.hours() * 3600 * watts));
      }
    }
  }
  return out;
}

std::string differences(const Comparison& c) {
  std::string out = "policy,baseline,metric,mean_difference,ci95_low,ci95_high,n,unit\n";
  for (std::size_t p = 1; p < c.policies.size(); ++p) {
    for (const Figure& f : figures()) {
      const auto d = paired_difference(c, p, 0, f);
      if (!d) continue;
      const bool interval = d->has_interval();
      out += fmt::format("{},{},{},{},{},{},{},{}\n", csv_field(c.policies[p]), csv_field(c.policies[0]), f.key,
                         text_of(d->mean), interval ? text_of(d->low()) : "", interval ? text_of(d->high()) : "", d->n,
                         f.unit_name);
    }
  }
  return out;
}

std::string front(const Comparison& c) {
  std::string out = "policy,slo_attainment,useful_gpu_hours,non_dominated,bound\n";
  for (const ParetoPoint& p : pareto(c)) {
    out += fmt::format("{},{},{},{},{}\n", csv_field(c.policies[p.policy]), text_of(p.slo_attainment),
                       text_of(p.useful_gpu_hours), !p.bound && !p.dominated, p.bound);
  }
  return out;
}

std::string runs(const Comparison& c) {
  std::string out = "policy,seed,status,simulated_s,error,scenario,scenario_hash,version,command\n";
  for (const Cell& cell : c.cells) {
    const std::string_view status = !cell.error.empty()         ? "failed"
                                    : !cell.run                 ? "not_run"
                                    : cell.run->result.complete ? "complete"
                                                                : "incomplete";
    out += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(c.policies[cell.policy]), cell.seed, status,
                       cell.run ? text_of(cell.run->result.end.seconds()) : "", csv_field(cell.error),
                       csv_field(c.scenario), c.scenario_hash, csv_field(c.version), csv_field(c.command));
  }
  return out;
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char ch : text) {
    if (ch == '"') out += '"';
    out += ch;
  }
  return out + "\"";
}

std::vector<CsvFile> csv_reports(const Comparison& c) {
  return {{"results.csv", results(c)}, {"pools.csv", pools(c)},
          {"ledger.csv", ledger(c)},   {"faults.csv", faults(c)},
          {"tenants.csv", tenants(c)}, {"priorities.csv", priorities(c)},
          {"energy.csv", energy(c)},   {"differences.csv", differences(c)},
          {"pareto.csv", front(c)},    {"runs.csv", runs(c)}};
}

}  // namespace jevons
