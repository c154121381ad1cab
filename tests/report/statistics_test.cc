// Means and Student-t intervals against numbers worked by hand and printed tables.
#include "report/statistics.h"

#include <gtest/gtest.h>

#include <vector>

#include "report/figures.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

// NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2, column 0.975.
TEST(Statistics, QuantilesOfStudentsTAreThoseOfThePrintedTable) {
  const std::pair<std::size_t, double> table[] = {{1, 12.706}, {2, 4.303},  {3, 3.182},  {4, 2.776},
                                                  {9, 2.262},  {29, 2.045}, {100, 1.984}};
  for (const auto& [dof, t] : table) EXPECT_NEAR(student_t_975(dof), t, 0.0005) << dof;
}

TEST(Statistics, IntervalByHand) {
  // Mean 5; deviations -3, -1, 1, 3; s^2 = 20 / 3; half width = 3.18245 x sqrt(20 / 3) / 2 = 4.10852.
  const Estimate e = estimate(std::vector<double>{2, 4, 6, 8});
  EXPECT_EQ(e.mean, 5);
  EXPECT_EQ(e.n, 4U);
  EXPECT_NEAR(e.half_width, 4.10852, 0.00001);
  EXPECT_TRUE(e.differs_from_zero());
  EXPECT_NEAR(e.low(), 0.89148, 0.00001);
}

TEST(Statistics, APValueOfFivePercentIsWhereTheIntervalTouchesZero) {
  // Three samples, t(0.975, 2) = 4.30265: mean = half width.
  EXPECT_NEAR(p_value({2, 2, 3}), 0.05, 1e-12);
  // t = 2 x 4.30265 with 2 degrees of freedom: p = 1 - t / sqrt(t^2 + 2) = 1 - 8.605305 / 8.720739 = 0.0132366.
  EXPECT_NEAR(p_value({4, 2, 3}), 0.0132366, 1e-7);
  EXPECT_NEAR(p_value({-4, 2, 3}), 0.0132366, 1e-7);
  EXPECT_EQ(p_value({1, 0, 3}), 0);
  EXPECT_EQ(p_value({0, 0, 3}), 1);
}

TEST(Statistics, HolmStepsDownUntilOnePasses) {
  // Bounds 0.05/4, /3, /2, /1 = 0.0125, 0.0167, 0.025, 0.05 for the sorted 0.005, 0.01, 0.03, 0.04: the third stops it,
  // although 0.04 alone would pass.  Bonferroni would reject 0.005 and 0.01 as well; without correction, all.
  EXPECT_EQ(holm(std::vector<double>{0.01, 0.04, 0.03, 0.005}), (std::vector<bool>{true, false, false, true}));
  // 0.015 is above 0.05/4 (Bonferroni) and below 0.05/3.
  EXPECT_EQ(holm(std::vector<double>{0.015, 0.9, 0.9, 0.001}), (std::vector<bool>{true, false, false, true}));
  EXPECT_EQ(holm(std::vector<double>{0.02, 0.02}), (std::vector<bool>{true, true}));
  EXPECT_TRUE(holm({}).empty());
}

TEST(Statistics, OneSampleHasNoInterval) {
  const Estimate e = estimate(std::vector<double>{7});
  EXPECT_FALSE(e.has_interval());
  EXPECT_EQ(e.half_width, 0);
  EXPECT_TRUE(e.differs_from_zero());
  EXPECT_FALSE(estimate(std::vector<double>{0}).differs_from_zero());
}

TEST(Statistics, CloseSamplesDoNotCancel) {
  // Sums of squares would lose every digit of this spread: s = 1, half width = 4.30265 / sqrt(3).
  const Estimate e = estimate(std::vector<double>{1e9, 1e9 + 1, 1e9 + 2});
  EXPECT_NEAR(e.half_width, 2.48414, 0.00001);
}

TEST(Statistics, PairedDifferencesUseSharedSeedsOnly) {
  Comparison c = report_test::comparison_of({"a", "b"}, 3);
  const Figure& goodput = figure("request_goodput");
  EXPECT_EQ(paired_difference(c, 1, 0, goodput)->n, 3U);
  c.cells[4].run.reset();                   // b, second seed.
  c.cells[2].run->result.complete = false;  // a, third seed: cut short, so not comparable.
  const auto d = paired_difference(c, 1, 0, goodput);
  ASSERT_TRUE(d.has_value());
  EXPECT_EQ(d->n, 1U);
  // First seed: b meets the SLO for 1000 requests fewer, 10 more by noise, in 86,400 s.
  EXPECT_NEAR(d->mean, -990.0 / 86400, 1e-12);
  c.cells[0].run.reset();
  EXPECT_FALSE(paired_difference(c, 1, 0, goodput).has_value());
}

TEST(Statistics, PairingRemovesWhatTheSeedsShare) {
  const Comparison c = report_test::comparison_of({"a", "b"}, 5);
  const Figure& goodput = figure("request_goodput");
  EXPECT_LT(paired_difference(c, 1, 0, goodput)->half_width, policy_estimate(c, 0, goodput)->half_width / 10);
}

}  // namespace
}  // namespace jevons
