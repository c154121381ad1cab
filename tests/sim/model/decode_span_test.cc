// The closed form over k decode steps against the loop it replaces.
#include "sim/model/decode_span.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"

namespace jevons {
namespace {

TEST(DecodeSpan, SumIsTheLoop) {
  RandomStream r(1, "span");
  for (int round = 0; round < 200; ++round) {
    const DecodeSpan span{static_cast<FixedTime>(r.below(1ULL << 50)), static_cast<FixedTime>(r.below(1ULL << 40))};
    Int128 loop = 0;
    for (std::int64_t k = 0; k <= 500; ++k) {
      ASSERT_TRUE(span.sum(k) == loop) << k;
      loop += span.first + k * span.growth;
    }
  }
}

// Growth and first from zero to their largest, budgets on, just below and just above every kind of boundary.
TEST(DecodeSpan, StepsWithinIsTheLargestThatFits) {
  RandomStream r(2, "span");
  const auto any = [&](int bits) {
    return static_cast<FixedTime>(r.bits() >> (64 - r.below(static_cast<std::uint64_t>(bits)) - 1));
  };
  for (int round = 0; round < 200'000; ++round) {
    const DecodeSpan span{any(62), round % 3 == 0 ? 0 : any(62)};
    const auto k = static_cast<std::int64_t>(r.below(1'000'001));
    const Int128 exact = span.sum(k);
    for (const int offset : {-1, 0, 1}) {
      const Int128 budget = exact + offset;
      const std::int64_t got = span.steps_within(budget, 2'000'000);
      if (budget < 0) {
        ASSERT_EQ(got, 0);
        continue;
      }
      ASSERT_TRUE(span.sum(got) <= budget);
      ASSERT_TRUE(got == 2'000'000 || span.sum(got + 1) > budget)
          << span.first << " " << span.growth << " " << k << " " << offset << " " << got;
    }
  }
}

TEST(DecodeSpan, AgreesWithSteppingUntilTheBudgetIsSpent) {
  RandomStream r(3, "span");
  for (int round = 0; round < 2'000; ++round) {
    const DecodeSpan span{static_cast<FixedTime>(1 + r.below(1ULL << 40)), static_cast<FixedTime>(r.below(1ULL << 30))};
    const Int128 budget = static_cast<Int128>(r.below(1ULL << 50));
    std::int64_t k = 0;
    Int128 spent = 0;
    while (k < 5'000 && spent + span.first + k * span.growth <= budget) {
      spent += span.first + k * span.growth;
      ++k;
    }
    ASSERT_EQ(span.steps_within(budget, 5'000), k);
  }
}

// Step i takes max(first + i growth, floor): the sum and its inverse against the loop, the floor below, among and above
// all steps.
TEST(DecodeSpan, FloorUnderTheFirstStepsIsTheLoop) {
  RandomStream r(4, "span");
  for (int round = 0; round < 2'000; ++round) {
    const auto first = static_cast<FixedTime>(r.below(1ULL << 40)),
               growth = static_cast<FixedTime>(r.below(1ULL << 33));
    const auto floor = static_cast<FixedTime>(r.below(1ULL << 42));
    const DecodeSpan span{first, round % 5 == 0 ? 0 : growth, floor};
    Int128 loop = 0;
    for (std::int64_t k = 0; k <= 300; ++k) {
      ASSERT_TRUE(span.sum(k) == loop) << first << " " << growth << " " << floor << " " << k;
      const FixedTime step = std::max(first + k * span.growth, floor);
      if (step > 0) {
        ASSERT_EQ(span.steps_within(loop, 300), k);
        ASSERT_EQ(span.steps_within(loop + step - 1, 300), k);
      }
      loop += step;
    }
  }
  constexpr FixedTime kMost = std::numeric_limits<FixedTime>::max();
  EXPECT_GT((DecodeSpan{0, 1, kMost}.sum(DecodeSpan::kMaxSteps)), 0);
  EXPECT_EQ((DecodeSpan{0, kMost, kMost}.steps_within(0)), 0);
  EXPECT_TRUE((DecodeSpan{0, 0, 7}.sum(3)) == 21);
}

TEST(DecodeSpan, NothingOverflowsAtTheEnds) {
  constexpr FixedTime kMost = std::numeric_limits<FixedTime>::max();
  const Int128 huge = (Int128{1} << 126);
  EXPECT_EQ((DecodeSpan{kMost, kMost}.steps_within(0)), 0);
  EXPECT_EQ((DecodeSpan{0, 0}.steps_within(0)), DecodeSpan::kMaxSteps);
  EXPECT_EQ((DecodeSpan{0, 0}.steps_within(huge, 7)), 7);
  EXPECT_EQ((DecodeSpan{kMost, kMost}.steps_within(-1)), 0);
  const DecodeSpan fast{1, 0};
  EXPECT_EQ(fast.steps_within(123'456'789), 123'456'789);
  const std::int64_t k = DecodeSpan{kMost, kMost}.steps_within(huge);
  EXPECT_TRUE((DecodeSpan{kMost, kMost}.sum(k)) <= huge);
  EXPECT_GT((DecodeSpan{kMost, kMost}.sum(DecodeSpan::kMaxSteps)), 0);
}

}  // namespace
}  // namespace jevons
