// A comparison: every policy run with every seed, as plain data that the reports read.
//
// Whoever fills it in (experiments/compare.h) knows scenarios and policies; the reports know only this.
#ifndef JEVONS_REPORT_COMPARISON_H_
#define JEVONS_REPORT_COMPARISON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "sim/observe/result.h"

namespace jevons {

// What a group of nodes costs, by position in RunResult::groups.
struct GroupPrice {
  Gpus gpus;                    // All nodes together.
  double usd_per_gpu_hour = 0;  // Used or not.
  PowerDraw power;              // Of one GPU.
  double usd_per_kwh = 0;       // PUE included; 0 unless energy is paid for.
};

// What one run left: its result, what its GPUs cost, and how far it was meant to go.
struct RunReport {
  RunResult result;
  std::vector<GroupPrice> prices;
  Instant horizon = Instant::never();  // never(): the run ends with its work.
};

// One policy with one seed: what it produced, or why it did not.
struct Cell {
  std::size_t policy = 0;  // Position in Comparison::policies.
  std::uint64_t seed = 0;
  std::optional<RunReport> run;  // Empty if it failed or was never finished.
  std::string error;             // Why; empty when the comparison was interrupted before the cell ran.
};

struct SloLimits {  // Duration{0} = no limit.
  Duration ttft{}, tpot{}, e2e{};
};

struct Comparison {
  std::string scenario, scenario_path, scenario_hash;
  std::string version;  // Of the program.
  std::string command;  // Reproduces the figures; holds nothing that cannot change them.
  SloLimits slo;
  std::vector<std::string> notes;     // On the model behind the figures: constants derived, shapes not measured.
  std::vector<std::string> policies;  // Labels; the first is what the others are compared against.
  std::vector<bool> bounds;           // True: it sees the future, so it is a bound and not a policy.  Empty: none does.
  std::vector<std::uint64_t> seeds;
  std::vector<Cell> cells;  // Policy by policy, seed by seed: policies.size() x seeds.size().
  bool complete = true;     // False: interrupted.
  bool audited = false;     // Every run's auditor agreed with its totals.

  bool is_bound(std::size_t policy) const { return policy < bounds.size() && bounds[policy]; }
  // As tables have it: "oracle (bound)".
  std::string label(std::size_t policy) const { return policies[policy] + (is_bound(policy) ? " (bound)" : ""); }
  const Cell& cell(std::size_t policy, std::size_t seed) const { return cells[policy * seeds.size() + seed]; }
};

}  // namespace jevons
#endif  // JEVONS_REPORT_COMPARISON_H_
