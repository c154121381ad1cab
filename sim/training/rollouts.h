// Rollouts on a serving pool: a job of reinforcement learning samples there and trains on its own GPUs.
//
// Its run time is cycles of training of equal length.  Before it trains cycle k = 0, 1, ... it needs samples:
//     (k + 1) x samples - carried  of its requests must have ended.
// It asks for the samples of cycle k when it comes to k and, `ahead` cycles before, when it begins to train: 0 =
// synchronous, 1 = one step off.  `carried` samples of a cycle may come late (partial rollout): the stragglers.
// Meanwhile it holds its GPUs, which wait (Purpose::kAwaitingSamples).
//
// The end of a cycle is its checkpoint, and the only one: of the size the scenario gives where it has checkpoints, else
// free, for the weights go to the pool anyway.  Samples that have come stay, whatever happens to the job.  A request
// that is refused counts as ended: the batch is that much smaller.
#ifndef JEVONS_SIM_TRAINING_ROLLOUTS_H_
#define JEVONS_SIM_TRAINING_ROLLOUTS_H_

#include <algorithm>
#include <cstdint>

#include "base/units.h"

namespace jevons {

class OnDemandRequests;

struct RolloutSetup {
  std::uint32_t job = 0;               // Position in TrainingSetup::jobs.
  std::uint32_t stream = 0;            // Position in Inputs::requests, whose source is `source`.
  OnDemandRequests* source = nullptr;  // Not owned.
  std::int64_t cycles = 1;
  std::int64_t samples = 1;  // Requests of a cycle.
  std::int64_t ahead = 0;
  std::int64_t carried = 0;  // Less than `samples`.
};

// Run time at which cycle k begins, k = 0 .. cycles.
inline Duration cycle_start(const RolloutSetup& r, Duration run_time, std::int64_t k) {
  return {static_cast<std::int64_t>(static_cast<Int128>(run_time.ns) * k / r.cycles)};
}

// The cycle that comes after `saved` run time; the last one at the end.
inline std::int64_t cycle_at(const RolloutSetup& r, Duration run_time, Duration saved) {
  auto k = static_cast<std::int64_t>(static_cast<Int128>(saved.ns) * r.cycles / std::max<std::int64_t>(1, run_time.ns));
  k = std::min(k, r.cycles - 1);
  return k + 1 < r.cycles && cycle_start(r, run_time, k + 1) <= saved ? k + 1 : k;
}

inline std::int64_t samples_needed(const RolloutSetup& r, std::int64_t cycle) {
  return (cycle + 1) * r.samples - r.carried;
}

}  // namespace jevons
#endif  // JEVONS_SIM_TRAINING_ROLLOUTS_H_
