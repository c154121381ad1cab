// k decode steps of an unchanged batch in closed form: step i (from 0) takes max(first + i*growth, floor), exactly.
//
// The linear iteration model is in integers, so the closed form *is* the sum of the steps, to the last bit.  All
// arithmetic is in 128 bits and cannot overflow for k up to kMaxSteps, whatever `first` and `growth`.
#ifndef JEVONS_SIM_MODEL_DECODE_SPAN_H_
#define JEVONS_SIM_MODEL_DECODE_SPAN_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/check.h"
#include "base/units.h"
#include "sim/model/iteration.h"

namespace jevons {

struct DecodeSpan {
  FixedTime first = 0;   // Time of the next step, 0 or more.
  FixedTime growth = 0;  // What each further step takes more, 0 or more.
  FixedTime floor = 0;   // No step takes less.

  static constexpr std::int64_t kMaxSteps = std::int64_t{1} << 32;

  // Time of k steps together.  0 <= k <= kMaxSteps.
  constexpr Int128 sum(std::int64_t k) const {
    if (first < floor) return floored_sum(k);
    return linear_sum(k);
  }
  // The largest k <= limit with sum(k) <= budget; 0 when the budget is negative.  limit <= kMaxSteps.
  std::int64_t steps_within(Int128 budget, std::int64_t limit = kMaxSteps) const {
    CHECK(first >= 0 && growth >= 0 && limit <= kMaxSteps);
    if (budget < 0 || limit <= 0) return 0;
    if (sum(limit) <= budget) return limit;
    if (first < floor) return bisect(budget, limit);
    // The estimate is good to a few steps in doubles; the loops make it exact.
    std::int64_t k = std::clamp(estimate(static_cast<double>(budget), limit), std::int64_t{0}, limit);
    while (k > 0 && sum(k) > budget) --k;
    while (k < limit && sum(k + 1) <= budget) ++k;
    return k;
  }

 private:
  constexpr Int128 linear_sum(std::int64_t k) const {
    const Int128 pairs = static_cast<Int128>(k) * (k - 1) / 2;
    return static_cast<Int128>(k) * first + pairs * growth;
  }
  // The first steps take the floor, the rest grow beyond it.
  constexpr Int128 floored_sum(std::int64_t k) const {
    const std::int64_t flat = growth == 0 ? k : std::min(k, (floor - first - 1) / growth + 1);
    return static_cast<Int128>(flat) * floor + linear_sum(k) - linear_sum(flat);
  }
  std::int64_t bisect(Int128 budget, std::int64_t limit) const {
    std::int64_t low = 0, high = limit;  // sum(low) <= budget < sum(high).
    while (high - low > 1) {
      const std::int64_t middle = low + (high - low) / 2;
      (sum(middle) <= budget ? low : high) = middle;
    }
    return low;
  }
  // Root of growth/2 k^2 + (first - growth/2) k = budget, in the form that does not cancel.
  std::int64_t estimate(double budget, std::int64_t limit) const {
    const double d = static_cast<double>(growth);
    const double b = static_cast<double>(first) - d / 2;
    const double root = std::sqrt(b * b + 2 * d * budget);
    const double k = b >= 0 ? 2 * budget / (b + root) : (root - b) / d;
    return std::isfinite(k) && k < static_cast<double>(limit) ? static_cast<std::int64_t>(k) : limit;
  }
};

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_DECODE_SPAN_H_
