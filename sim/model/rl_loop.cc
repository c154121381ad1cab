// Cycle times of the three ways to alternate.
#include "sim/model/rl_loop.h"

#include <algorithm>

namespace jevons {
namespace {

double rollout_seconds(const RlLoop& l, double gpus) {
  return l.samples * l.mean_tokens / (gpus * l.tokens_per_s_per_gpu);
}

// Sampling falls and training rises with k: best are the whole nodes next to where they cross.
double one_step_off_seconds(const RlLoop& l, Gpus gpus, Gpus unit) {
  CHECK(gpus > unit);
  const double straggler = l.longest_tokens / l.tokens_per_s_per_stream;
  const double sampling = rollout_seconds(l, 1);  // GPU-seconds.
  const double cross = gpus.value * sampling / (sampling + l.training_gpu_seconds);
  const std::int32_t last = (gpus.value - 1) / unit.value;
  const auto below = static_cast<std::int32_t>(cross / unit.value);
  double best = 0;
  for (const std::int32_t nodes : {std::clamp(below, 1, last), std::clamp(below + 1, 1, last)}) {
    const double k = static_cast<double>(nodes) * unit.value;
    const double t = std::max({rollout_seconds(l, k), straggler, l.training_gpu_seconds / (gpus.value - k)});
    if (best == 0 || t < best) best = t;
  }
  return best;
}

}  // namespace

double rl_cycle_seconds(const RlLoop& l, Gpus gpus, Gpus unit) {
  const double sync = l.weight_sync.seconds();
  if (l.mode == RlMode::kOneStepOff) return one_step_off_seconds(l, gpus, unit) + sync;
  const double straggler = l.mode == RlMode::kPartialRollout ? 0 : l.longest_tokens / l.tokens_per_s_per_stream;
  return std::max(rollout_seconds(l, gpus.value), straggler) + l.training_gpu_seconds / gpus.value + sync;
}

std::vector<ScalingPoint> rl_scaling(const RlLoop& loop, Gpus asked, Gpus least, Gpus most, Gpus unit) {
  const double base = rl_cycle_seconds(loop, asked, unit);
  std::vector<Gpus> sizes{least, asked, most};
  for (Gpus g = least; g < most; g += unit) sizes.push_back(g);
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  std::vector<ScalingPoint> curve;
  for (const Gpus g : sizes) curve.push_back({g, g == asked ? 1.0 : base / rl_cycle_seconds(loop, g, unit)});
  return curve;
}

}  // namespace jevons
