// Reinforcement learning after training: cycles of rollout (sampling answers) and training on them.
//
// A cycle on g GPUs, with N samples of mean length L, the longest X tokens, at r tokens/s a GPU over all streams and s
// tokens/s for one stream, W GPU-seconds of training, and y seconds to hand over new weights:
//   synchronous     all GPUs sample, then all train:   max(N L / (g r), X / s) + W / g + y
//   one-step-off    k of them sample while g - k train on the last cycle's samples, k the best choice in whole nodes:
//                   max(N L / (k r), X / s, W / (g - k)) + y
//   partial         as synchronous, but unfinished answers are carried into the next cycle: no straggler is waited for
//                   N L / (g r) + W / g + y
// X / s, the straggler, is what R1-Zero's cycle of 1,097 s shows: 32,768 tokens at 30 tokens/s are 1,092 s
// (arXiv:2501.12948; shared/design/case_studies.md 2.7).
#ifndef JEVONS_SIM_MODEL_RL_LOOP_H_
#define JEVONS_SIM_MODEL_RL_LOOP_H_

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/scaling.h"
#include "base/units.h"

namespace jevons {

enum class RlMode : std::uint8_t { kSynchronous, kOneStepOff, kPartialRollout };

struct RlLoop {
  RlMode mode = RlMode::kSynchronous;
  double samples = 0;               // Of a cycle.
  double mean_tokens = 0;           // Of a sample.
  double longest_tokens = 0;        // Of the longest of a cycle.
  double tokens_per_s_per_gpu = 0;  // Of all streams of a GPU together.
  double tokens_per_s_per_stream = 0;
  double training_gpu_seconds = 0;  // Of a cycle.
  Duration weight_sync{};
};

// Seconds; `gpus` >= 1 and, one step off, more than `unit`, the GPUs of a node.
double rl_cycle_seconds(const RlLoop& loop, Gpus gpus, Gpus unit);

// Speed over GPUs in steps of `unit` within [least, most], relative to `asked` (base/scaling.h).
std::vector<ScalingPoint> rl_scaling(const RlLoop& loop, Gpus asked, Gpus least, Gpus most, Gpus unit);

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_RL_LOOP_H_
