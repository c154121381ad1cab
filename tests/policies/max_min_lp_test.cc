// Gavel's linear programs: worked by hand, and against every allocation of small instances.
#include "policies/training_queue/max_min_lp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/rng.h"

namespace jevons::testing {
namespace {

constexpr double kExact = 1e-6;  // CLP's tolerances are 1e-7.

double rate(const LpClass& kind, const std::vector<double>& x) {
  double sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum += kind.speed[k] * x[k];
  return sum;
}

void expect_row(const std::vector<double>& x, const std::vector<double>& expected) {
  ASSERT_EQ(x.size(), expected.size());
  for (std::size_t k = 0; k < x.size(); ++k) EXPECT_NEAR(x[k], expected[k], kExact) << k;
}

// Gavel, section 4.1: one V100 and one K80; jobs with 40 and 10, 12 and 4, 100 and 50 steps a second on them.  The unit
// is the rate at equal shares, a third of each: 50/3, 16/3, 50.
//   Job 2 is always busy (d on the V100, 1 - d on the K80): 50 + 50 d = 50 t, so d = t - 1, and job 1 has c = d of the
//   K80.  Job 0 has a = 50 t / (3 x 40) of the V100 and job 1 the rest b = 1 - a - d.
//   Job 1: 12 b + 4 d = 16 t / 3, that is 12 (2 - 17 t / 12) + 4 (t - 1) = 16 t / 3, so t = 12/11.
// a = 5/11, b = 5/11, c = 1/11, d = 1/11: the paper prints 0.45, 0.45, 0.09, 0.09 and 0.91.
TEST(MaxMinLp, ThePapersExample) {
  const std::vector<LpClass> jobs{{1, 1, {40, 10}, 50.0 / 3}, {1, 1, {12, 4}, 16.0 / 3}, {1, 1, {100, 50}, 50}};
  const LpShares x = max_min_shares(jobs, {{1, 0}, {1, 0}});
  expect_row(x[0], {5.0 / 11, 0});
  expect_row(x[1], {5.0 / 11, 1.0 / 11});
  expect_row(x[2], {1.0 / 11, 10.0 / 11});
  for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(rate(jobs[j], x[j]) / jobs[j].unit, 12.0 / 11, kExact);
}

// One GPU, weights 1 and 2: shares 1/3 and 2/3.
TEST(MaxMinLp, WeightsDivideOneGpu) {
  const LpShares x = max_min_shares({{1, 1, {1}, 1}, {1, 1, {1}, 2}}, {{1, 0}});
  expect_row(x[0], {1.0 / 3});
  expect_row(x[1], {2.0 / 3});
}

// Four GPUs; one job on 4, four on 1.  Fair in GPU time (unit 1/g): each job gets 4/5 of a GPU, the wide one 1/5 of its
// time.  Fair in time: 8 GPUs are asked for, everyone runs half.
TEST(MaxMinLp, AWideJobGetsLessTimeForTheSameGpuTime) {
  LpShares x = max_min_shares({{1, 4, {1}, 0.25}, {4, 1, {1}, 1}}, {{4, 0}});
  expect_row(x[0], {0.2});
  expect_row(x[1], {0.8});
  x = max_min_shares({{1, 4, {1}, 1}, {4, 1, {1}, 1}}, {{4, 0}});
  expect_row(x[0], {0.5});
  expect_row(x[1], {0.5});
}

// Group 0 has one GPU for three jobs that can run there only: level 1/3.  The fourth has group 1 to itself: level 1,
// not the 1/3 that the first program is content with.
TEST(MaxMinLp, WhoCanRiseFurtherDoes) {
  const LpShares x = max_min_shares({{3, 1, {1, 0}, 1}, {1, 1, {0, 1}, 1}}, {{1, 0}, {1, 0}});
  expect_row(x[0], {1.0 / 3, 0});
  expect_row(x[1], {0, 1});
}

TEST(MaxMinLp, WhoCanRunNowhereGetsNothingAndHoldsNobodyBack) {
  const LpShares x = max_min_shares({{1, 1, {0, 0}, 1}, {1, 8, {1, 1}, 1}, {1, 1, {1, 1}, 1}}, {{4, 0}, {2, 0}});
  expect_row(x[0], {0, 0});
  expect_row(x[1], {0, 0});  // Wider than either group.
  EXPECT_NEAR(x[2][0] + x[2][1], 1, kExact);
  EXPECT_TRUE(max_min_shares({}, {{4, 0}}).empty());
}

// Makespan: work 1 and 3 on one GPU, both end at 4: shares 1/4 and 3/4.
TEST(MaxMinLp, WorkLeftAsUnitIsTheShortestMakespan) {
  const LpShares x = max_min_shares({{1, 1, {1}, 1e6}, {1, 1, {1}, 3e6}}, {{1, 0}});
  expect_row(x[0], {0.25});
  expect_row(x[1], {0.75});
}

// A V100 at $3 and a K80 at $1.  Job 0 is 4 times as fast on the V100: 4/3 of work a dollar there, 1 on the K80.  Job 1
// is twice as fast: 2/3 and 1.  So each takes its own.
TEST(CheapestLp, EachWhereADollarDoesMost) {
  const LpShares x = cheapest_shares({{1, 1, {4, 1}}, {1, 1, {2, 1}}}, {{1, 3}, {1, 1}});
  expect_row(x[0], {1, 0});
  expect_row(x[1], {0, 1});
}

// A dollar does more on the K80 (1 against 2/3), but the deadline needs a rate of 1.5 = 2 a + b with a + b <= 1.
TEST(CheapestLp, DeadlinesFirst) {
  expect_row(cheapest_shares({{1, 1, {2, 1}}}, {{1, 3}, {1, 1}})[0], {0, 1});
  expect_row(cheapest_shares({{1, 1, {2, 1}, 1, 1.5}}, {{1, 3}, {1, 1}})[0], {0.5, 0.5});
}

TEST(CheapestLp, DeadlinesThatCannotBeMetAreDropped) {
  const LpShares x = cheapest_shares({{1, 1, {1}, 1, 5.0}}, {{1, 3}});
  expect_row(x[0], {1});
}

// Every allocation in steps of 1/8: its levels, smallest first, must not be lexicographically above the program's by
// more than rounding.  And the program's answer keeps the constraints.
TEST(MaxMinLp, NoAllocationOfASmallInstanceIsFairer) {
  constexpr int kSteps = 8;
  RandomStream random(7, "lp");
  for (int i = 0; i < 300; ++i) {
    std::vector<LpGroup> groups{{1.0 + static_cast<double>(random.below(2)), 0}, {1, 0}};
    std::vector<LpClass> jobs;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      const double fast = 1 + static_cast<double>(random.below(4)), slow = static_cast<double>(random.below(3));
      jobs.push_back(
          {1, 1.0 + static_cast<double>(random.below(2)), {fast, slow}, 1.0 + static_cast<double>(random.below(3))});
    }
    const LpShares x = max_min_shares(jobs, groups);
    std::vector<double> used(2), levels;
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      ASSERT_LE(x[j][0] + x[j][1], 1 + kExact);
      for (std::size_t k = 0; k < 2; ++k) used[k] += jobs[j].gpus * x[j][k];
      levels.push_back(rate(jobs[j], x[j]) / jobs[j].unit);
    }
    for (std::size_t k = 0; k < 2; ++k) ASSERT_LE(used[k], groups[k].gpus + kExact);
    std::sort(levels.begin(), levels.end());
    std::vector<double> other(jobs.size());
    const std::function<void(std::size_t, double, double)> each = [&](std::size_t j, double left0, double left1) {
      if (j == jobs.size()) {
        std::vector<double> sorted = other;
        std::sort(sorted.begin(), sorted.end());
        for (std::size_t l = 0; l < sorted.size(); ++l) {
          ASSERT_LE(sorted[l], levels[l] + 1e-5) << "instance " << i << " level " << l;
          if (sorted[l] < levels[l] - 1e-5) return;  // Lower here: fairness is decided.
        }
        return;
      }
      for (int a = 0; a <= kSteps; ++a) {
        for (int b = 0; a + b <= kSteps; ++b) {
          const double x0 = static_cast<double>(a) / kSteps, x1 = static_cast<double>(b) / kSteps;
          if (a > 0 && (jobs[j].gpus > groups[0].gpus || jobs[j].gpus * x0 > left0)) continue;
          if (b > 0 && (jobs[j].gpus > groups[1].gpus || jobs[j].gpus * x1 > left1)) continue;
          other[j] = rate(jobs[j], {x0, x1}) / jobs[j].unit;
          each(j + 1, left0 - jobs[j].gpus * x0, left1 - jobs[j].gpus * x1);
        }
      }
    };
    each(0, groups[0].gpus, groups[1].gpus);
    if (HasFatalFailure()) return;
  }
}

// One class of n jobs has the levels of n classes of one.
TEST(MaxMinLp, EqualJobsAsOneClassStandAtTheSameLevels) {
  RandomStream random(8, "classes");
  for (int i = 0; i < 200; ++i) {
    const std::vector<LpGroup> groups{{4, 0}, {8, 0}, {2, 0}};
    std::vector<LpClass> together, apart;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      LpClass kind{1.0 + static_cast<double>(random.below(4)),
                   1.0 + static_cast<double>(random.below(4)),
                   {},
                   0.1 + random.uniform()};
      for (int k = 0; k < 3; ++k) kind.speed.push_back(random.uniform());
      together.push_back(kind);
      const int copies = static_cast<int>(kind.jobs);
      kind.jobs = 1;
      for (int copy = 0; copy < copies; ++copy) apart.push_back(kind);
    }
    const LpShares x = max_min_shares(together, groups), y = max_min_shares(apart, groups);
    std::size_t at = 0;
    for (std::size_t c = 0; c < together.size(); ++c) {
      for (int copy = 0; copy < static_cast<int>(together[c].jobs); ++copy, ++at) {
        ASSERT_NEAR(rate(together[c], x[c]), rate(apart[at], y[at]), 1e-5) << i;
      }
    }
    ASSERT_EQ(x, max_min_shares(together, groups));
  }
}

}  // namespace
}  // namespace jevons::testing
