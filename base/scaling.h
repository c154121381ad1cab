// How a training job's speed depends on its GPUs.
#ifndef JEVONS_BASE_SCALING_H_
#define JEVONS_BASE_SCALING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/units.h"

namespace jevons {

enum class Flexibility : std::uint8_t {
  kRigid,     // Runs on the GPUs it asked for, or not at all.
  kMoldable,  // Its GPUs are chosen at each start, within its range, and stay.
  kElastic,   // They may change while it runs, within its range.
};

// `speed` is that on `gpus` GPUs over that on the GPUs the job asked for.
struct ScalingPoint {
  Gpus gpus;
  double speed = 1;
  friend bool operator==(const ScalingPoint&, const ScalingPoint&) = default;
};

// Speed on `gpus` >= 1 GPUs relative to that on `asked`.  `curve` ascends in gpus; between points it is linear, below
// the first in proportion to the GPUs, and above the last constant.  An empty curve is proportional.
inline double relative_speed(std::span<const ScalingPoint> curve, Gpus asked, Gpus gpus) {
  if (gpus == asked) return 1.0;
  if (curve.empty()) return ratio(gpus, asked);
  const auto above =
      std::lower_bound(curve.begin(), curve.end(), gpus, [](const ScalingPoint& p, Gpus g) { return p.gpus < g; });
  if (above == curve.end()) return curve.back().speed;
  if (above == curve.begin()) return above->speed * ratio(gpus, above->gpus);
  const ScalingPoint& below = *std::prev(above);
  return below.speed + (above->speed - below.speed) * ratio(gpus - below.gpus, above->gpus - below.gpus);
}

}  // namespace jevons
#endif  // JEVONS_BASE_SCALING_H_
