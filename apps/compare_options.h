// What `jevons compare` and `jevons run` were asked for: the command line, checked.
#ifndef JEVONS_APPS_COMPARE_OPTIONS_H_
#define JEVONS_APPS_COMPARE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/report_files.h"
#include "base/result.h"
#include "experiments/scenario.h"
#include "sim/simulation.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace jevons {

struct CompareRequest {
  std::string scenario;
  std::vector<std::string> policies;   // Labels; empty: all.
  std::vector<std::string> overrides;  // --set.
  std::optional<std::uint64_t> seed;   // The scenario's own if not given.
  std::uint64_t seeds = 1;
  std::size_t jobs = 1;
  EngineOptions engine;
  ReportPaths files;
  bool json_to_stdout = false;  // --json -
  bool quiet = false, progress = false;
  std::string color = "auto";
};

// The options as CLI11 holds them; copy freely.
struct CompareFlags {
  CLI::Option *scenario, *policies, *overrides, *seed, *seeds, *jobs, *json, *csv, *requests;
  CLI::Option *audit, *no_fast_forward, *no_look_ahead, *quiet, *progress, *color;

  static CompareFlags add_to(CLI::App* command, bool one_policy);
  // Errors name the option.
  Result<CompareRequest> read() const;
};

// Positions of the wanted labels in the scenario, in the order asked; all if none was named.
Result<std::vector<std::size_t>> choose_policies(const Scenario& scenario, const std::vector<std::string>& labels);

// What to type to get the same figures: nothing that cannot change them (jobs, files, engine modes) is in it.
std::string reproducing_command(const std::string& program, const std::string& command, const CompareRequest& request);

}  // namespace jevons
#endif  // JEVONS_APPS_COMPARE_OPTIONS_H_
