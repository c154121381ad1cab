// Jobs of reinforcement learning whose samples come from a serving pool (sim/training/rollouts.h).
#ifndef JEVONS_EXPERIMENTS_SCENARIO_ROLLOUTS_H_
#define JEVONS_EXPERIMENTS_SCENARIO_ROLLOUTS_H_

#include <cstdint>
#include <string>

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "sim/simulation.h"

namespace jevons {

// `at` is the path of `rl`, which has a rollout.  Errors: an unknown pool, lengths out of range, more than a
// million requests of a cycle.
Status check_rollout(const ScenarioFile& file, const std::string& at, const proto::RlCycles& rl);

// A request stream for each such job, after those of the scenario, called "JOB rollouts".  In bundles of the pool,
// rounded up.  Jobs that a transform has dropped have none.  Errors: two
// jobs of the name of one that has rollouts, cycles of less than a nanosecond.
Status add_rollouts(const ScenarioFile& file, std::uint64_t seed, Inputs* in);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_ROLLOUTS_H_
