// The closed form on one kind of GPU: by hand, and against CLP.
#include "policies/training_queue/max_min_fill.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace jevons::testing {
namespace {

constexpr double kExact = 1e-6;  // CLP's tolerances are 1e-7.

std::vector<double> rates(const std::vector<LpClass>& classes, const LpShares& x) {
  std::vector<double> all;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    all.push_back(0);
    for (std::size_t k = 0; k < x[c].size(); ++k) all.back() += classes[c].speed[k] * x[c][k];
  }
  return all;
}

double throughput(const std::vector<LpClass>& classes, const LpShares& x) {
  double sum = 0;
  for (std::size_t c = 0; c < classes.size(); ++c) sum += classes[c].jobs * rates(classes, x)[c];
  return sum;
}

double smallest_level(const std::vector<LpClass>& classes, const LpShares& x) {
  double level = 1e300;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (*std::max_element(classes[c].speed.begin(), classes[c].speed.end()) > 0) {
      level = std::min(level, rates(classes, x)[c] / classes[c].unit);
    }
  }
  return level;
}

struct Instance {
  std::vector<LpClass> classes;
  std::vector<LpGroup> groups;
};

// Up to ten classes: no more levels than CLP is given programs.  Every other instance has units and speeds from a few
// values, so that many levels are equal, and so are many speeds a GPU.
Instance draw(RandomStream* random, std::size_t most_groups) {
  const auto up_to = [&](std::uint64_t most) { return static_cast<double>(random->below(most + 1)); };
  Instance in;
  for (std::size_t k = 1 + random->below(most_groups); k > 0; --k) in.groups.push_back({8 + up_to(8), 1});
  if (random->below(4) == 0) in.groups.push_back({0, 1});  // All its nodes broken.
  const bool few = random->below(2) == 0, crowded = random->below(2) == 0;
  for (std::uint64_t n = 1 + random->below(10); n > 0; --n) {
    LpClass kind;
    kind.jobs = 1 + up_to(crowded ? 20 : 2);
    kind.gpus = std::exp2(up_to(3));
    kind.unit = few ? std::exp2(up_to(2)) : 0.05 + random->uniform();
    const double speed = few ? 1 + up_to(1) : 0.1 + random->uniform();
    kind.speed.assign(in.groups.size(), random->below(12) == 0 ? 0.0 : speed);
    in.classes.push_back(kind);
  }
  return in;
}

void expect_legal(const Instance& in, const LpShares& x) {
  std::vector<double> used(in.groups.size());
  for (std::size_t c = 0; c < x.size(); ++c) {
    double time = 0;
    for (std::size_t k = 0; k < used.size(); ++k) {
      ASSERT_GE(x[c][k], 0);
      time += x[c][k];
      used[k] += in.classes[c].jobs * in.classes[c].gpus * x[c][k];
    }
    ASSERT_LE(time, 1 + 1e-12);
  }
  for (std::size_t k = 0; k < used.size(); ++k) ASSERT_LE(used[k], in.groups[k].gpus * (1 + 1e-12));
}

// On one group each class has its rate from one share: levels and shares have one answer.
TEST(MaxMinFill, SharesOfOneGroupAreClps) {
  RandomStream random(21, "one group");
  for (int i = 0; i < 3000; ++i) {
    const Instance in = draw(&random, 1);
    ASSERT_TRUE(one_kind(in.classes, in.groups));
    const LpShares x = filled_shares(in.classes, in.groups, kAllLevels);
    const LpShares y = max_min_shares_by_clp(in.classes, in.groups);
    expect_legal(in, x);
    for (std::size_t c = 0; c < x.size(); ++c) {
      for (std::size_t k = 0; k < x[c].size(); ++k) ASSERT_NEAR(x[c][k], y[c][k], kExact) << i << " class " << c;
    }
    ASSERT_EQ(x, max_min_shares(in.classes, in.groups));
    if (HasFatalFailure()) return;
  }
}

// On several, which share of its time it spends on which is anybody's; the rates are not.
TEST(MaxMinFill, RatesOnSeveralGroupsAlikeAreClps) {
  RandomStream random(22, "groups");
  for (int i = 0; i < 2000; ++i) {
    const Instance in = draw(&random, 4);
    ASSERT_TRUE(one_kind(in.classes, in.groups));
    const LpShares x = filled_shares(in.classes, in.groups, kAllLevels);
    expect_legal(in, x);
    const std::vector<double> ours = rates(in.classes, x);
    const std::vector<double> clps = rates(in.classes, max_min_shares_by_clp(in.classes, in.groups));
    for (std::size_t c = 0; c < ours.size(); ++c) ASSERT_NEAR(ours[c], clps[c], kExact) << i << " class " << c;
    if (HasFatalFailure()) return;
  }
}

// After one level the largest sum of rates has many answers, but one sum.
TEST(MaxMinFill, OneLevelAndTheSumAfterItAreClps) {
  RandomStream random(23, "one level");
  for (int i = 0; i < 3000; ++i) {
    const Instance in = draw(&random, 3);
    const LpShares x = filled_shares(in.classes, in.groups, 1), y = max_min_shares_by_clp(in.classes, in.groups, 1);
    expect_legal(in, x);
    const double level = smallest_level(in.classes, y), sum = throughput(in.classes, y);
    ASSERT_NEAR(smallest_level(in.classes, x), level, kExact * level) << i;
    ASSERT_NEAR(throughput(in.classes, x), sum, kExact * sum) << i;
    if (HasFatalFailure()) return;
  }
}

// 20 classes of one job, one GPU and unit c: at level L class c runs L c of its time, at most all.  15 GPUs: L = 1/11,
// as 10 + (1 + ... + 10) / 11 = 15.  19 GPUs: L = 1/3, as 18 + (1 + 2) / 3 = 19, the eighteenth level; CLP gets 16
// programs.
TEST(MaxMinFill, FairBeyondTheLevelsThatClpIsGiven) {
  std::vector<LpClass> classes;
  for (int c = 1; c <= 20; ++c) classes.push_back({1, 1, {1}, static_cast<double>(c)});
  for (const auto& [gpus, divisor] : {std::pair(15.0, 11.0), std::pair(19.0, 3.0)}) {
    const LpShares x = max_min_shares(classes, {{gpus, 0}});
    for (std::size_t c = 0; c < classes.size(); ++c) {
      EXPECT_NEAR(x[c][0], std::min(1.0, (static_cast<double>(c) + 1) / divisor), 1e-12);
    }
  }
}

// At level 1 class 0 has all its time (2 GPUs), the others half of it (1 GPU each): 5 GPUs.  A sixth goes to classes 1
// and 2, twice as fast a GPU as class 3, and raises both to 3/4; class 3 gets what those two leave once they are full.
TEST(MaxMinFill, WhatIsLeftGoesToTheFastestAndEquallyToEquals) {
  const std::vector<LpClass> classes{{1, 2, {2}, 2}, {1, 2, {4}, 2}, {2, 1, {2}, 1}, {2, 1, {1}, 0.5}};
  const auto shares = [&](double gpus) {
    std::vector<double> x;
    for (const std::vector<double>& row : filled_shares(classes, {{gpus, 0}}, 1)) x.push_back(row[0]);
    return x;
  };
  EXPECT_EQ(shares(5), (std::vector<double>{1, 0.5, 0.5, 0.5}));
  EXPECT_EQ(shares(6), (std::vector<double>{1, 0.75, 0.75, 0.5}));
  EXPECT_EQ(shares(7.5), (std::vector<double>{1, 1, 1, 0.75}));
  EXPECT_EQ(shares(8), (std::vector<double>{1, 1, 1, 1}));
}

TEST(MaxMinFill, WhatIsOneKind) {
  const std::vector<LpGroup> groups{{4, 0}, {2, 0}, {0, 0}};
  EXPECT_TRUE(one_kind({{1, 1, {2, 2, 7}}, {1, 2, {3, 3, 0}}, {1, 8, {1, 2, 3}}, {1, 1, {0, 0, 1}}}, groups));
  EXPECT_FALSE(one_kind({{1, 1, {2, 1, 1}}}, groups));
  EXPECT_FALSE(one_kind({{1, 1, {1, 1, 1}}, {1, 1, {0, 1, 0}}}, groups));
  EXPECT_FALSE(one_kind({{1, 4, {1, 1, 1}}}, groups));  // Too wide for one of them only.
  EXPECT_EQ(filled_shares({{1, 1, {1}}}, {{0, 0}}, kAllLevels), (LpShares{{0}}));
}

}  // namespace
}  // namespace jevons::testing
