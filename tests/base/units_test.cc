// Arithmetic of time, counts, GPU-time and money.
#include "base/units.h"

#include <gtest/gtest.h>

namespace jevons {
namespace {

TEST(Units, InstantsAndDurations) {
  constexpr Instant t = Instant{5} + 2_us;
  static_assert(t.ns == 2'005);
  static_assert((t - Instant{5}) == Duration{2'000});
  static_assert((t - 5_ns).ns == 2'000);
  static_assert(3 * 4_ms == 12_ms);
  EXPECT_LT(Instant{1}, Instant::never());
  EXPECT_EQ((1_h).ns, 3'600'000'000'000);
  EXPECT_DOUBLE_EQ((90_s).seconds(), 90);
}

TEST(Units, GpuTimeIsExactBeyond64Bits) {
  // A million GPUs for ten years, and one nanosecond: 3.15e23 GPU-ns, past 2^64 = 1.8e19.
  const Duration ten_years{315'576'000'000'000'000};
  GpuTime total = Gpus{1'000'000} * ten_years;
  total += Gpus{1} * Duration{1};
  EXPECT_TRUE(total.gpu_ns == Int128{315'576'000'000'000'000} * 1'000'000 + 1);
  EXPECT_NEAR((Gpus{8} * 1_h).hours(), 8, 1e-12);
}

TEST(Units, SecondsRoundToTheNearestNanosecond) {
  EXPECT_EQ(duration_from_seconds(1e-9 * 0.49).ns, 0);
  EXPECT_EQ(duration_from_seconds(1e-9 * 0.51).ns, 1);
  EXPECT_EQ(duration_from_seconds(0.1).ns, 100'000'000);
}

TEST(UnitsDeathTest, NanAndNegativeSecondsAreOurOwnMistakes) {
  EXPECT_DEATH((void)duration_from_seconds(-1), "check failed");
  EXPECT_DEATH((void)duration_from_seconds(std::nan("")), "check failed");
  EXPECT_DEATH((void)duration_from_seconds(1e10), "check failed");
}

TEST(Units, RatioOfNothingIsZero) {
  EXPECT_EQ(ratio(Tokens{5}, Tokens{0}), 0);
  EXPECT_DOUBLE_EQ(ratio(Tokens{1}, Tokens{4}), 0.25);
}

TEST(Units, IdsKnowWhenTheyAreUnset) {
  EXPECT_FALSE(NodeId{}.valid());
  EXPECT_TRUE(NodeId{0}.valid());
}

}  // namespace
}  // namespace jevons
