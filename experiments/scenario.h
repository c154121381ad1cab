// A scenario: one workload on one cluster and the policies to compare on it, read from YAML, JSON or protobuf text
// format through the one schema of proto/scenario.proto.
//
// Every error names the file, the line (where the format has lines), the path of the field and what was expected.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_H_
#define JEVONS_EXPERIMENTS_SCENARIO_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "policies/catalogue.h"
#include "sim/simulation.h"

namespace jevons {

class Scenario {
 public:
  // Reads and checks everything that can be checked without replaying a trace, policies included.  `overrides` are
  // "path=value" pairs of --set ("serving.pools[0].slo.ttft=2s"), applied before checking.
  static Result<Scenario> load(const std::string& path, const Policies& policies,
                               const std::vector<std::string>& overrides = {});

  Scenario(Scenario&&) noexcept;
  Scenario& operator=(Scenario&&) noexcept;
  ~Scenario();

  const std::string& name() const;
  const std::string& path() const;
  std::uint64_t seed() const;                             // The scenario's own seed.
  const std::vector<std::string>& policy_labels() const;  // In the scenario's order, unique.
  bool policy_is_bound(std::size_t policy) const;         // One of its parts sees the future (kSeesFuture).
  Slo slo() const;                                        // Of the first pool, for the report's heading.
  std::string resolved_yaml() const;  // With every default visible; reads back as the same scenario.
  std::string hash() const;           // Hex; of the resolved scenario.
  // What the results rest on besides measurements (experiments/scenario_notes.h), a line each.
  std::vector<std::string> notes() const;

  // Everything one run needs, for policy `policy` (an index into policy_labels).  Opens the traces.  The same seed
  // gives the same requests and jobs for every policy.
  Result<Inputs> inputs(std::size_t policy, std::uint64_t seed, const EngineOptions& engine) const;

 private:
  struct Impl;
  explicit Scenario(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_H_
