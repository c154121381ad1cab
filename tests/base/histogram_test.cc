// Buckets, quantiles and merging of the integer histogram, against sorted values.
#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace jevons {
namespace {

TEST(Histogram, BucketsTileTheNumbers) {
  EXPECT_EQ(Histogram::bucket(0), 0U);
  EXPECT_EQ(Histogram::bucket(255), 255U);
  for (std::size_t i = 0; i < 7'000; ++i) {
    const std::uint64_t low = Histogram::bucket_low(i), high = Histogram::bucket_low(i + 1) - 1;
    ASSERT_EQ(Histogram::bucket(low), i);
    ASSERT_EQ(Histogram::bucket(high), i);
    // Half a bucket's width is at most 0.4 % of its values.
    ASSERT_LE(static_cast<double>(high - low) / 2, 0.004 * static_cast<double>(low) + 1e-9) << i;
  }
}

TEST(Histogram, QuantilesAreWithinFourPerMilleOfTheNearestRank) {
  RandomStream r(1, "histogram");
  for (const double sigma : {0.1, 1.0, 4.0}) {
    Histogram h;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 20'001; ++i) {
      values.push_back(static_cast<std::int64_t>(r.lognormal(10, sigma)));
      h.add(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * 20'001.0)));
      const auto exact = static_cast<double>(values[rank - 1]);
      EXPECT_NEAR(static_cast<double>(h.quantile(q)), exact, 0.004 * exact + 0.5) << sigma << " " << q;
    }
    EXPECT_EQ(h.min(), values.front());
    EXPECT_EQ(h.max(), values.back());
  }
}

TEST(Histogram, MergingIsAdding) {
  RandomStream r(2, "histogram");
  Histogram all, a, b;
  for (int i = 0; i < 10'000; ++i) {
    const auto v = static_cast<std::int64_t>(r.bits() >> r.below(64) >> 1);
    all.add(v);
    (i % 3 == 0 ? a : b).add(v);
  }
  a.merge(b);
  EXPECT_EQ(a.counts(), all.counts());
  EXPECT_EQ(a.count(), all.count());
  EXPECT_TRUE(a.sum() == all.sum());
  EXPECT_EQ(a.min(), all.min());
  EXPECT_EQ(a.max(), all.max());
  EXPECT_EQ(a.quantile(0.99), all.quantile(0.99));
}

TEST(Histogram, EmptyAndExtremes) {
  Histogram h;
  EXPECT_EQ(h.quantile(0.5), 0);
  EXPECT_EQ(h.mean(), 0);
  EXPECT_EQ(h.min(), 0);
  Histogram merged;
  merged.merge(h);
  EXPECT_EQ(merged.min(), 0);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  h.add(kMost, 3);
  EXPECT_EQ(h.quantile(1), kMost);
  EXPECT_TRUE(h.sum() == Int128{kMost} * 3);
}

TEST(Histogram, MeanAndDeviationByHand) {
  Histogram h;
  for (const std::int64_t v : {2, 4, 4, 4, 5, 5, 7, 9}) h.add(v);
  EXPECT_DOUBLE_EQ(h.mean(), 5);
  EXPECT_DOUBLE_EQ(h.standard_deviation(), 2);
  EXPECT_EQ(h.quantile(0.5), 4);
  EXPECT_EQ(h.quantile(0.51), 5);
}

}  // namespace
}  // namespace jevons
