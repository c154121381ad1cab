// Every policy of a scenario with every seed, in worker processes, gathered into one Comparison.
//
// The same seed gives the same arrivals to every policy, so differences are paired.  What comes out depends on the
// scenario, the policies and the seeds alone: not on `jobs`, and not on which worker ended first.
#ifndef JEVONS_EXPERIMENTS_COMPARE_H_
#define JEVONS_EXPERIMENTS_COMPARE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "experiments/scenario.h"
#include "report/comparison.h"

namespace jevons {

// Where all the runs together are.
struct CompareProgress {
  std::size_t runs = 0, runs_ended = 0;
  std::uint64_t requests_ended = 0, jobs_ended = 0;
  double share = 0;  // Of the work, 0 to 1; runs that end with their work count only when they have ended.
};

struct CompareSetup {
  std::vector<std::size_t> policies;  // Positions in Scenario::policy_labels(), in the order of the report.
  std::vector<std::uint64_t> seeds;
  std::size_t jobs = 1;  // Worker processes at a time.
  EngineOptions engine;
  // Takes the per-request rows of all runs (report/requests_csv.h), header first, run by run; may be empty.
  std::function<Status(std::string_view)> requests;
  std::string requests_path;                // The file they go to: its disk holds what cannot be passed on yet.
  const std::atomic<bool>* stop = nullptr;  // Set: what there is, marked incomplete.
  std::function<void(const CompareProgress&)> on_progress;  // About ten times a second; may be empty.
};

// Fills in scenario, slo, policies, seeds, cells and `complete`; version and command are the caller's.  Errors: what
// every run of the scenario would meet (a bad trace, a full disk).  A run that fails alone is in its cell.
Result<Comparison> compare(const Scenario& scenario, const CompareSetup& setup);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_COMPARE_H_
