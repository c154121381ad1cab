// One run of a scenario: one policy, one seed.
#ifndef JEVONS_EXPERIMENTS_RUN_H_
#define JEVONS_EXPERIMENTS_RUN_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"
#include "experiments/scenario.h"
#include "report/comparison.h"
#include "report/requests_csv.h"
#include "sim/simulation.h"

namespace jevons {

struct RunSetup {
  std::size_t policy = 0;  // Position in Scenario::policy_labels().
  std::uint64_t seed = 0;
  EngineOptions engine;
  RequestsCsv::Sink requests;                        // Gets a row for every request; may be empty.
  std::function<void(const Progress&)> on_progress;  // May be empty.
  const std::atomic<bool>* stop = nullptr;
};

struct RunOutcome {
  std::optional<RunReport> report;
  std::optional<Error> error;  // Exactly one of the two is there.
  // The error lies in what the user gave (the scenario, a trace), so every run of the scenario would meet it.
  bool bad_input = false;
};

// Creates SimGrid's engine: at most once a process.
RunOutcome run_scenario(const Scenario& scenario, const RunSetup& setup);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_RUN_H_
