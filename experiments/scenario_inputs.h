// A checked scenario -> what sim/simulation.h wants, for one policy and one seed.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_INPUTS_H_
#define JEVONS_EXPERIMENTS_SCENARIO_INPUTS_H_

#include <cstdint>

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "policies/catalogue.h"
#include "sim/simulation.h"
#include "topologies/catalogue.h"

namespace jevons {

// `policy` is an index into scenario.policies.  `file` has passed check_scenario.
Result<Inputs> make_inputs(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies, int policy,
                           std::uint64_t seed, const EngineOptions& engine);

// The promise of a pool.
Slo slo_of(const proto::Slo& slo);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_INPUTS_H_
