// Checks what concerns more than one field of a scenario, or the catalogues: references, engine rules, memory, node
// counts, policies and their parameters, files that must exist.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_CHECK_H_
#define JEVONS_EXPERIMENTS_SCENARIO_CHECK_H_

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "policies/catalogue.h"
#include "topologies/catalogue.h"

namespace jevons {

// `file` has passed check_rules and is resolved.  The first thing wrong: cluster, pools, streams, training, policies.
Status check_scenario(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies);

// The parts of check_scenario.
Status check_cluster(const ScenarioFile& file, const Catalogue& catalogue);
Status check_pools(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies);
Status check_load(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies);
Status check_policies(const ScenarioFile& file, const Policies& policies);

// Does the catalogue have the policy, and does it take these parameters?
template <class Api>
Status check_choice(const ScenarioFile& file, const std::string& path, const PolicyCatalogue<Api>& catalogue,
                    const proto::Choice& choice) {
  const ParamText params(choice.params().begin(), choice.params().end());
  const auto made = catalogue.make(choice.name(), params, RandomStream(0, "check"));
  if (made) return Ok{};
  const std::string& param = made.error().where;
  return file.places.error(join_path(path, param.empty() ? "name" : "params." + param), made.error().message);
}

// The policies that a pool, or what overrides it, names.
template <class Message>
Status check_pool_choices(const ScenarioFile& file, const std::string& path, const Policies& policies,
                          const Message& m) {
  if (m.has_router()) {
    if (Status s = check_choice(file, path + ".router", policies.routers, m.router()); !s) return s;
  }
  if (m.has_batcher()) {
    if (Status s = check_choice(file, path + ".batcher", policies.batchers, m.batcher()); !s) return s;
  }
  if (m.has_autoscaler()) {
    if (Status s = check_choice(file, path + ".autoscaler", policies.autoscalers, m.autoscaler()); !s) return s;
  }
  if (!m.has_admission()) return Ok{};
  return check_choice(file, path + ".admission", policies.admissions, m.admission());
}

// The file that a path of the scenario means: relative to the scenario's folder, ${JEVONS_DATA} replaced.  Fails when
// it is not there.
Result<std::string> resolve_path(const ScenarioFile& file, const std::string& field, const std::string& path);

// The built-in catalogue and what the scenario adds to it.
Result<Catalogue> build_catalogue(const ScenarioFile& file);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_CHECK_H_
