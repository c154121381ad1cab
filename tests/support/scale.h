// How many random cases a heavy test does: JEVONS_TEST_SCALE multiplies the number that CI runs (docs/testing.md).
#ifndef JEVONS_TESTS_SUPPORT_SCALE_H_
#define JEVONS_TESTS_SUPPORT_SCALE_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"

namespace jevons::testing {

// `cases` times the scale, at least 1.  What is not a number from 0.001 to 1000 counts as 1.
inline std::uint64_t scaled(std::uint64_t cases) {
  const char* text = std::getenv("JEVONS_TEST_SCALE");
  if (text == nullptr) return cases;
  const Result<double> scale = parse_double(text);
  if (!scale || *scale < 0.001 || *scale > 1000) return cases;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(cases) * *scale));
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_SCALE_H_
