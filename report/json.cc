// A comparison as JSON.
#include "report/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "report/figures.h"
#include "report/guests.h"
#include "report/pareto.h"
#include "report/shares.h"
#include "report/verdict.h"

namespace jevons {
namespace {

using Json = nlohmann::ordered_json;

std::string decimal(Int128 v) {
  std::string digits;
  const bool negative = v < 0;
  do {
    const int digit = static_cast<int>(v % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    v /= 10;
  } while (v != 0);
  if (negative) digits.push_back('-');
  return {digits.rbegin(), digits.rend()};
}

Json gpu_time(GpuTime t) { return Json{{"gpu_ns", decimal(t.gpu_ns)}, {"gpu_hours", t.hours()}}; }

// "mean_ttft_ms" and its family, null where there is no sample.
void add_latencies(std::string_view name, const Histogram& h, Json* out) {
  const auto key = [&](std::string_view statistic) { return std::string(statistic) + "_" + std::string(name) + "_ms"; };
  const auto put = [&](std::string_view statistic, double ns) {
    (*out)[key(statistic)] = h.count() == 0 ? Json() : Json(ns / 1e6);
  };
  const auto quantile = [&](double q) { return static_cast<double>(h.quantile(q)); };
  put("mean", h.mean());
  put("median", quantile(0.5));
  put("std", h.standard_deviation());
  put("p50", quantile(0.5));
  put("p90", quantile(0.9));
  put("p95", quantile(0.95));
  put("p99", quantile(0.99));
  put("max", static_cast<double>(h.max()));
}

Json serving(const ServingResult& s, double seconds) {
  const auto rate = [&](double n) { return seconds > 0 ? Json(n / seconds) : Json(); };
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  Json out;
  out["duration"] = seconds;
  out["completed"] = s.completed;
  out["total_input_tokens"] = s.prompt.value;
  out["total_output_tokens"] = s.output.value;
  out["request_throughput"] = rate(number(s.completed));
  out["request_goodput"] = rate(number(s.met_slo));
  out["output_throughput"] = rate(static_cast<double>(s.output.value));
  out["total_token_throughput"] = rate(static_cast<double>(s.prompt.value) + static_cast<double>(s.output.value));
  add_latencies("ttft", s.ttft, &out);
  add_latencies("tpot", s.tpot, &out);
  add_latencies("e2el", s.e2e, &out);
  add_latencies("queue", s.queue_time, &out);
  out["arrived"] = s.arrived;
  out["rejected"] = s.rejected;
  out["unfinished"] = s.unfinished;
  out["degraded"] = s.degraded;
  out["never_started"] = s.never_started;
  out["met_slo"] = s.met_slo;
  out["slo_attainment"] = s.arrived > 0 ? Json(number(s.met_slo) / number(s.arrived)) : Json();
  out["kv_preemptions"] = s.preemptions;
  out["produced_tokens"] = s.produced.value;
  out["prefilled_tokens"] = s.prefilled.value;
  out["reused_tokens"] = s.reused.value;
  out["recomputed_tokens"] = s.recomputed.value;
  out["earned_micro_usd"] = s.earned.value;
  return out;
}

Json jobs_json(const JobsResult& j) {
  const auto ettr = effective_training_time(j);
  return Json{{"jobs", j.jobs},
              {"preemptions", j.preemptions},
              {"failures", j.failures},
              {"resizes", j.resizes},
              {"ettr", ettr ? Json(*ettr) : Json()},
              {"useful", gpu_time(j.useful)},
              {"in_system", gpu_time(j.in_system)},
              {"elapsed", gpu_time(j.elapsed)},
              {"lost", gpu_time(j.lost)},
              {"lost_to_failures", gpu_time(j.lost_to_failures)}};
}

Json training(const RunReport& run) {
  const TrainingResult& t = run.result.training;
  Json out;
  out["submitted"] = t.submitted;
  out["completed"] = t.completed;
  out["rejected"] = t.rejected;
  out["refused_by_queue"] = t.refused;
  out["unfinished"] = t.unfinished;
  out["never_started"] = t.never_started;
  out["preemptions"] = t.preemptions;
  out["checkpoints"] = t.checkpoints;
  const auto family = [&](const std::string& name, const Histogram& h) {
    const auto put = [&](const std::string& statistic, double ns) {
      out[statistic + "_" + name + "_s"] = h.count() == 0 ? Json() : Json(ns / 1e9);
    };
    put("mean", h.mean());
    put("median", static_cast<double>(h.quantile(0.5)));
    put("p95", static_cast<double>(h.quantile(0.95)));
    put("p99", static_cast<double>(h.quantile(0.99)));
  };
  family("jct", t.jct);
  family("queueing_delay", t.queueing_delay);
  out["useful"] = gpu_time(t.useful);
  out["makespan_s"] = t.completed > 0 ? Json(t.last_finish.seconds()) : Json();
  out["elapsed"] = gpu_time(t.elapsed);
  const auto ettr = figure("ettr").value(run);
  out["ettr"] = ettr ? Json(*ettr) : Json();
  out["resizes"] = t.resizes;
  out["deadlines"] = t.deadlines;
  out["deadlines_met"] = t.deadlines_met;
  out["failures"] = t.failures;
  out["lost_to_failures"] = gpu_time(t.lost_to_failures);
  out["by_tenant"] = Json::array();
  for (const TenantResult& tenant : t.tenants) {
    out["by_tenant"].push_back(Json{{"tenant", tenant.tenant}});
    out["by_tenant"].back().update(jobs_json(tenant.jobs));
  }
  out["by_priority"] = Json::array();
  for (const PriorityResult& priority : t.priorities) {
    out["by_priority"].push_back(Json{{"priority", priority.priority}});
    out["by_priority"].back().update(jobs_json(priority.jobs));
  }
  return out;
}

Json faults(const RunResult& r) {
  Json out = Json::array();
  for (const FaultResult& f : r.faults) {
    out.push_back(
        Json{{"cause", f.cause}, {"failures", f.count}, {"interruptions", f.jobs_stopped}, {"lost", gpu_time(f.lost)}});
  }
  return out;
}

// What jobs do on GPUs that others hold.
void add_training_time(const std::array<GpuTime, kPurposes>& by_purpose, Json* out) {
  for (const Purpose p : {Purpose::kTraining, Purpose::kCheckpoint, Purpose::kLostWork, Purpose::kLoading}) {
    (*out)[std::string(purpose_name(p))] = gpu_time(by_purpose[static_cast<std::size_t>(p)]);
  }
}

Json guests(const GuestResult& g) {
  Json out{{"starts", g.starts}, {"sent_away", g.sent_away}, {"open", gpu_time(g.open)}, {"work", gpu_time(g.work)}};
  add_training_time(g.by_purpose, &out);
  return out;
}

Json shares(const ShareResult& s) {
  Json out{{"opened", s.opened}, {"joined", s.joined}, {"held", gpu_time(s.held)}, {"used", gpu_time(s.used)}};
  add_training_time(s.by_purpose, &out["beside_holder"]);
  return out;
}

Json ledger(const Ledger& l) {
  Json out;
  for (int p = 0; p < kPurposes; ++p) {
    out[std::string(purpose_name(static_cast<Purpose>(p)))] = gpu_time(l.by_purpose[static_cast<std::size_t>(p)]);
  }
  out["total"] = gpu_time(l.total());
  return out;
}

Json ledgers(const RunReport& run) {
  Json out{{"total", ledger(run.result.ledger)}, {"groups", Json::array()}};
  for (std::size_t g = 0; g < run.result.groups.size(); ++g) {
    Json group;
    group["group"] = run.result.groups[g];
    group["gpus"] = run.prices[g].gpus.value;
    group["usd_per_gpu_hour"] = run.prices[g].usd_per_gpu_hour;
    group["by_purpose"] = ledger(run.result.ledger_by_group[g]);
    out["groups"].push_back(std::move(group));
  }
  return out;
}

Json money(const RunReport& run) {
  Json out;
  out["gpu_micro_usd"] = run.result.gpu_cost.value;
  out["energy_micro_usd"] = run.result.energy_cost.value;
  out["total_usd"] = total_cost_usd(run);
  out["serving_usd"] = serving_cost_usd(run);
  const auto per_million = figure("usd_per_million_output_tokens").value(run);
  out["usd_per_million_output_tokens"] = per_million ? Json(*per_million) : Json();
  const auto utilisation = figure("gpu_utilisation").value(run);
  out["gpu_utilisation"] = utilisation ? Json(*utilisation) : Json();
  out["energy_joules"] = run.result.energy_joules;
  return out;
}

// GPU-time and joules of what the GPUs did; decode as one, and by the batch size of its steps.
Json phases(const std::array<GpuTime, kPowerPhases>& time, const std::array<double, kPowerPhases>& joules) {
  const auto entry = [](GpuTime t, double j) {
    Json out = gpu_time(t);
    out["joules"] = j;
    return out;
  };
  Json out;
  GpuTime decode_time{};
  double decode_joules = 0;
  Json octaves;
  for (std::size_t p = 0; p < kPowerPhases; ++p) {
    if (kind_of(p) != PowerPhase::kDecode) {
      out[std::string(power_kind_name(kind_of(p)))] = entry(time[p], joules[p]);
      continue;
    }
    decode_time += time[p];
    decode_joules += joules[p];
    octaves[std::to_string(1 << (p - index_of(PowerPhase::kDecode)))] = entry(time[p], joules[p]);
  }
  out["decode"] = entry(decode_time, decode_joules);
  out["decode_by_least_batch"] = std::move(octaves);
  return out;
}

Json energy(const RunReport& run) {
  const RunResult& r = run.result;
  Json out{{"joules", r.energy_joules}, {"pue", r.pue}};
  for (const std::string_view key : {"energy_kwh", "facility_energy_kwh", "mean_kw", "joules_per_output_token"}) {
    const auto value = figure(key).value(run);
    out[std::string(key)] = value ? Json(*value) : Json();
  }
  out["by_phase"] = phases(r.ledger.by_phase, r.joules_by_phase);
  return out;
}

Json cell_json(const Comparison& c, const Cell& cell) {
  Json out;
  out["policy"] = c.policies[cell.policy];
  out["seed"] = cell.seed;
  out["complete"] = cell.run.has_value() && cell.run->result.complete;
  if (!cell.error.empty()) out["error"] = cell.error;
  if (!cell.run) return out;
  const RunResult& r = cell.run->result;
  const double seconds = r.measured().seconds();
  if (r.windowed()) {
    out["measured"] = Json{{"from_s", r.measure_from.seconds()},
                           {"to_s", std::min(r.measure_to, r.end).seconds()},
                           {"requests_outside", r.serving.outside},
                           {"jobs_outside", r.training.outside}};
  }
  out.update(serving(r.serving, seconds));
  out["pools"] = Json::array();
  for (const ServingResult& pool : r.pools) {
    Json entry;
    entry["pool"] = pool.pool;
    entry.update(serving(pool, seconds));
    out["pools"].push_back(std::move(entry));
  }
  out["training"] = training(*cell.run);
  if (had_guests(r)) out["guests"] = guests(r.guests);
  if (had_shares(r)) out["shares"] = shares(r.shares);
  out["faults"] = faults(r);
  out["ledger"] = ledgers(*cell.run);
  out["money"] = money(*cell.run);
  out["energy"] = energy(*cell.run);
  out["node_moves"] = r.node_moves;
  out["flows"] = r.flows;
  out["flow_bytes"] = r.flow_bytes.value;
  out["warnings"] = r.warnings;
  return out;
}

Json estimate_json(const std::optional<Estimate>& e) {
  if (!e) return Json();
  Json out{{"mean", e->mean}, {"n", e->n}};
  out["ci95_low"] = e->has_interval() ? Json(e->low()) : Json();
  out["ci95_high"] = e->has_interval() ? Json(e->high()) : Json();
  return out;
}

Json summary(const Comparison& c) {
  Json out = Json::array();
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    Json figures_of, against;
    for (const Figure& f : figures()) {
      figures_of[std::string(f.key)] = estimate_json(policy_estimate(c, p, f));
      if (p > 0) against[std::string(f.key)] = estimate_json(paired_difference(c, p, 0, f));
    }
    Json entry{{"policy", c.policies[p]}, {"bound", c.is_bound(p)}, {"figures", std::move(figures_of)}};
    if (p > 0) entry["difference_from"] = Json{{"policy", c.policies[0]}, {"figures", std::move(against)}};
    out.push_back(std::move(entry));
  }
  return out;
}

Json front(const Comparison& c) {
  Json out = Json::array();
  for (const ParetoPoint& p : pareto(c)) {
    out.push_back(Json{{"policy", c.policies[p.policy]},
                       {"slo_attainment", p.slo_attainment},
                       {"useful_gpu_hours", p.useful_gpu_hours},
                       {"non_dominated", !p.bound && !p.dominated},
                       {"bound", p.bound}});
  }
  return out;
}

Json slo(const SloLimits& limits) {
  const auto ms = [](Duration d) { return d.ns > 0 ? Json(static_cast<double>(d.ns) / 1e6) : Json(); };
  return Json{{"ttft_ms", ms(limits.ttft)}, {"tpot_ms", ms(limits.tpot)}, {"e2el_ms", ms(limits.e2e)}};
}

}  // namespace

std::string json_report(const Comparison& c) {
  Json out;
  out["format"] = "jevons.comparison.1";
  out["version"] = c.version;
  out["scenario"] = Json{{"name", c.scenario}, {"path", c.scenario_path}, {"hash", c.scenario_hash}};
  out["command"] = c.command;
  out["complete"] = c.complete;
  out["policies"] = c.policies;
  out["seed"] = c.seeds.empty() ? Json() : Json(c.seeds.front());
  out["seeds"] = c.seeds;
  out["slo"] = slo(c.slo);
  out["verdict"] = verdict(c);
  out["notes"] = c.notes;
  out["summary"] = summary(c);
  out["pareto"] = front(c);
  out["runs"] = Json::array();
  for (const Cell& cell : c.cells) out["runs"].push_back(cell_json(c, cell));
  // Names and paths come from outside and need not be UTF-8; JSON must be.
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace jevons
