// The rare paths of the iteration model: conversion from seconds, and tables shorter than full size.
#include "sim/model/iteration.h"

#include <cmath>

#include "base/check.h"

namespace jevons {

FixedTime TokenTable::extrapolate(std::int64_t tokens) const {
  CHECK(by_tokens.size() >= 2);  // A model without a table has no time.
  const auto last = static_cast<std::int64_t>(by_tokens.size()) - 1;
  const FixedTime high = by_tokens.back();
  const FixedTime low = by_tokens[by_tokens.size() - 2];
  return high + (high - low) * (tokens - last);
}

FixedTime fixed_from_seconds(double seconds) {
  const double scaled = seconds * 1e9 * static_cast<double>(1 << kFractionBits);
  CHECK(std::isfinite(scaled) && scaled >= 0 && scaled < 9.2e18);
  return std::llround(scaled);
}

}  // namespace jevons
