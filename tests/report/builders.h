// Hand-filled results for the tests of the reports.
#ifndef JEVONS_TESTS_REPORT_BUILDERS_H_
#define JEVONS_TESTS_REPORT_BUILDERS_H_

#include <string>
#include <vector>

#include "report/comparison.h"

namespace jevons::report_test {

// What the GPUs of the first group did while they served, and what all drew; fits the purposes of run_of.
inline void add_power(int k, RunReport* run) {
  RunResult& r = run->result;
  const auto draw = [&](std::size_t g, PowerPhase p, Duration d, std::int32_t gpus) {
    const double joules = (Gpus{gpus} * d).hours() * 3600 * run->prices[g].power[p];
    r.ledger_by_group[g].by_phase[index_of(p)] += Gpus{gpus} * d;
    r.ledger.by_phase[index_of(p)] += Gpus{gpus} * d;
    r.joules_by_phase[index_of(p)] += joules;
    r.energy_joules += joules;
  };
  draw(0, PowerPhase::kPrefill, 2_h, 64);
  draw(0, PowerPhase::kMixed, 6_h, 64);
  draw(0, decode_phase(3), 4_h, 64);
  draw(0, decode_phase(40), 12_h, 64);
  draw(0, PowerPhase::kWaiting, 24_h, 32 - k);
  draw(0, PowerPhase::kTraining, 24_h, 90 + k);
  draw(0, PowerPhase::kTraining, 1_h, 24 * 6);
  draw(1, PowerPhase::kTraining, 24_h, 60);
  draw(1, PowerPhase::kIdle, 24_h, 4);
  r.pue = 1.2;
}

// A run of one day on 192 H100 at $3 and 64 A100 at $1.5.  `k` varies the figures; larger k serves worse and trains
// better.
inline RunReport run_of(int k) {
  RunReport run;
  RunResult& r = run.result;
  const std::uint64_t n = 100'000;
  r.end = Instant{} + 24_h;
  run.horizon = r.end;
  ServingResult& s = r.serving;
  s.arrived = n;
  s.completed = n - 10;
  s.unfinished = 10;
  s.met_slo = n - 1000 * static_cast<std::uint64_t>(k) - 500;
  s.prompt = Tokens{200'000'000};
  s.output = Tokens{25'000'000};
  s.produced = Tokens{25'001'000};
  s.prefilled = Tokens{200'000'000};
  for (std::int64_t i = 1; i <= 100; ++i) {
    s.ttft.add(1'000'000 * i * (k + 2));
    s.tpot.add(300'000 * i);
    s.e2e.add(90'000'000 * i * (k + 3));
    s.queue_time.add(100'000 * i);
  }
  r.pools = {s, ServingResult{}};
  r.pools[0].pool = "chat";
  r.pools[1].pool = "code";
  TrainingResult& t = r.training;
  t.submitted = 87;
  t.completed = 50 + static_cast<std::uint64_t>(k);
  t.unfinished = 37 - static_cast<std::uint64_t>(k);
  t.preemptions = static_cast<std::uint64_t>(3 * k);
  for (std::int64_t i = 1; i <= 50; ++i) {
    t.jct.add(i * (3600 - 60 * k) * 1'000'000'000);
    t.queueing_delay.add(i * 60 * 1'000'000'000);
  }
  t.unfinished_age.add((24_h).ns, t.unfinished);
  r.groups = {"h100", "a100"};
  run.prices = {{Gpus{192}, 3.0, two_level_draw(300, 900), 0}, {Gpus{64}, 1.5, two_level_draw(200, 500), 0}};
  r.ledger_by_group.resize(2);
  const auto put = [&](std::size_t g, Purpose p, Duration d, std::int32_t gpus) {
    r.ledger_by_group[g].by_purpose[static_cast<std::size_t>(p)] = Gpus{gpus} * d;
    r.ledger.by_purpose[static_cast<std::size_t>(p)] += Gpus{gpus} * d;
  };
  put(0, Purpose::kServing, 24_h, 64);
  put(0, Purpose::kIdleServing, 24_h, 32 - k);
  put(0, Purpose::kTraining, 24_h, 90 + k);
  put(0, Purpose::kLostWork, 1_h, 24 * 6);
  put(1, Purpose::kTraining, 24_h, 60);
  put(1, Purpose::kIdle, 24_h, 4);
  add_power(k, &run);
  t.useful = r.ledger.by_purpose[static_cast<std::size_t>(Purpose::kTraining)];
  r.gpu_cost = MicroDollars{std::int64_t{24'000'000} * (192 * 3 + 64 * 3 / 2)};
  r.node_moves = 12;
  r.flows = 40;
  r.flow_bytes = Bytes{141'000'000'000};
  r.warnings = "azure.csv: 3 rows dropped (negative tokens)\n";
  return run;
}

inline Comparison comparison_of(const std::vector<std::string>& policies, std::size_t seeds = 1) {
  Comparison c;
  c.scenario = "first_run";
  c.scenario_path = "examples/first_run.yaml";
  c.scenario_hash = "00ff";
  c.version = "0.1.0";
  c.command = "jevons compare examples/first_run.yaml";
  c.slo = {2_s, 100_ms, {}};
  c.policies = policies;
  for (std::size_t s = 0; s < seeds; ++s) c.seeds.push_back(7 + s);
  for (std::size_t p = 0; p < policies.size(); ++p) {
    for (std::size_t s = 0; s < seeds; ++s) {
      Cell cell;
      cell.policy = p;
      cell.seed = c.seeds[s];
      cell.run = run_of(static_cast<int>(p));
      // Noise that is the same for every policy, as common random numbers give it, and a little that is not.
      cell.run->result.serving.met_slo += 300 * s + 10 * ((s + p) % 2);
      c.cells.push_back(std::move(cell));
    }
  }
  return c;
}

}  // namespace jevons::report_test
#endif  // JEVONS_TESTS_REPORT_BUILDERS_H_
