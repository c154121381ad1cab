// Gavel's rounds: what runs where, by hand, and as laws over time.
#include <gtest/gtest.h>

#include "tests/policies/shared_views.h"

namespace jevons::testing {
namespace {

std::unique_ptr<TrainingQueue> max_min(ParamText params = {}) {
  return make_policy(builtins().training_queues, "max_min", params);
}
JobTraits on(std::vector<double> speed) {
  JobTraits t;
  t.speed_by_group = std::move(speed);
  return t;
}
ElasticCluster one_group(int gpus) { return {{{GroupId{0}, Gpus{gpus}, Gpus{gpus}}}, {"t"}}; }

// Three jobs of 12 min, one GPU, rounds of 6 min.  Rounds 1 to 3 go to jobs 0, 1, 2: who has had nothing comes first.
// Then all are owed the same; job 2 runs, so it runs on, to 24 min; job 0 ends at 30 and job 1 at 36 min.
TEST(MaxMin, EqualJobsTakeTurns) {
  const std::vector<ElasticJob> jobs(3, {Instant{0}, Gpus{1}, 12_min});
  const auto queue = max_min();
  const ElasticCluster cluster = one_group(1);
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  const int ends[] = {30, 36, 24}, stops[] = {1, 1, 0};
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_EQ(got[j].first_start, Instant{0} + static_cast<std::int64_t>(j) * 6_min);
    EXPECT_EQ(got[j].end, Instant{0} + ends[j] * 1_min);
    EXPECT_EQ(got[j].preemptions, stops[j]);
  }
}

// Job 0 is 4 times as fast on group 0, job 1 equally fast on both: each gets its best at once, nobody moves.
TEST(MaxMin, EachOnTheGroupWhereItIsWorthMost) {
  std::vector<ElasticJob> jobs{{Instant{0}, Gpus{1}, 24_min}, {Instant{0}, Gpus{1}, 24_min}};
  jobs[0].traits = on({1, 1});
  jobs[1].traits = on({4, 1});
  const ElasticCluster cluster{{{GroupId{0}, Gpus{1}, Gpus{1}}, {GroupId{1}, Gpus{1}, Gpus{1}}}, {"t"}};
  const auto queue = max_min();
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  EXPECT_EQ(got[1].end, Instant{0} + 6_min);
  EXPECT_EQ(got[0].end, Instant{0} + 24_min);
  EXPECT_EQ(got[0].preemptions + got[1].preemptions, 0);
}

TEST(MaxMin, NeverWhereItCannotRun) {
  std::vector<ElasticJob> jobs;
  for (int i = 0; i < 6; ++i) {
    jobs.push_back({Instant{0}, Gpus{1}, 10_min});
    jobs.back().traits = on(i % 2 == 0 ? std::vector<double>{0, 1} : std::vector<double>{1, 0});
  }
  ElasticCluster cluster{{{GroupId{0}, Gpus{1}, Gpus{1}}, {GroupId{1}, Gpus{1}, Gpus{1}}}, {"t"}};
  cluster.after_decisions = [](const QueueView& view) {
    for (const RunningJobView& r : view.running) ASSERT_GT(speed_on(*r.traits, r.group), 0);
  };
  const auto queue = max_min();
  for (const ElasticOutcome& o : simulate_elastic(jobs, cluster, queue.get())) EXPECT_NE(o.end, Instant::never());
}

// One GPU, two long jobs with weights 3 and 1: of 40 rounds 30 and 10, as X = 3/4 and 1/4, give or take one.
TEST(MaxMin, WeightsAreKeptOverTime) {
  std::vector<ElasticJob> jobs(2, {Instant{0}, Gpus{1}, 1000_h});
  jobs[1].traits.tenant = 1;
  ElasticCluster cluster{{{GroupId{0}, Gpus{1}, Gpus{1}}}, {"a", "b"}};
  const auto queue = max_min({{"shares", "a=3,b=1"}});
  double used = 0;
  cluster.after_decisions = [&](const QueueView& view) { used = view.tenants[0].used.hours(); };
  simulate_elastic(jobs, cluster, queue.get(), Instant{0} + 4_h);
  EXPECT_NEAR(used, 3.0, 0.1);
}

// A wide job and many narrow ones, fair in GPU time: 4 GPUs, job 0 on all four, four others on one each, all endless.
// X = 1/5 for the wide one: in 50 rounds (5 h) it runs 10, that is 1 h, give or take a round.
TEST(MaxMin, AWideJobIsNotStarvedByNarrowOnes) {
  std::vector<ElasticJob> jobs{{Instant{0}, Gpus{4}, 1000_h}};
  jobs[0].traits.tenant = 1;
  for (int i = 0; i < 4; ++i) jobs.push_back({Instant{0}, Gpus{1}, 1000_h});
  ElasticCluster cluster{{{GroupId{0}, Gpus{4}, Gpus{4}}}, {"narrow", "wide"}};
  double used = 0;
  cluster.after_decisions = [&](const QueueView& view) { used = view.tenants[1].used.hours(); };
  const auto queue = max_min();
  simulate_elastic(jobs, cluster, queue.get(), Instant{0} + 5_h);
  EXPECT_NEAR(used / 4, 1.0, 0.1);
}

// Work 6 min and 18 min on one GPU: the makespan is 24 min either way, and no GPU is ever idle.
TEST(MaxMin, MakespanObjectiveEndsAllTogether) {
  const std::vector<ElasticJob> jobs{{Instant{0}, Gpus{1}, 60_min}, {Instant{0}, Gpus{1}, 180_min}};
  const auto queue = max_min({{"objective", "makespan"}});
  const ElasticCluster cluster = one_group(1);
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  EXPECT_EQ(std::max(got[0].end, got[1].end), Instant{0} + 240_min);
  EXPECT_GE(std::min(got[0].end, got[1].end), Instant{0} + 200_min);  // Not 120 min, as with equal shares.
}

// Two groups alike, and a job for every GPU: as two kinds each job would be owed half its time on either, and they
// would change places for ever.
TEST(MaxMin, NobodyMovesBetweenGroupsAlike) {
  const std::vector<ElasticJob> jobs(8, {Instant{0}, Gpus{1}, 10_h});
  const ElasticCluster cluster{{{GroupId{0}, Gpus{4}, Gpus{4}}, {GroupId{1}, Gpus{4}, Gpus{4}}}, {"t"}};
  const auto queue = max_min();
  for (const ElasticOutcome& o : simulate_elastic(jobs, cluster, queue.get())) {
    EXPECT_EQ(o.end, Instant{0} + 10_h);
    EXPECT_EQ(o.preemptions, 0);
  }
}

// Three endless jobs on two groups of one GPU each, alike: in 60 rounds (6 h) each runs 40, that is 4 h, give or take a
// round; a round ends with one stop at most.
TEST(MaxMin, TurnsAreTakenAcrossGroupsAlike) {
  std::vector<ElasticJob> jobs(3, {Instant{0}, Gpus{1}, 1000_h});
  for (std::uint32_t j = 0; j < 3; ++j) jobs[j].traits.tenant = j;
  ElasticCluster cluster{{{GroupId{0}, Gpus{1}, Gpus{1}}, {GroupId{1}, Gpus{1}, Gpus{1}}}, {"a", "b", "c"}};
  double used[3] = {};
  cluster.after_decisions = [&](const QueueView& view) {
    for (std::size_t t = 0; t < 3; ++t) used[t] = view.tenants[t].used.hours();
  };
  const auto queue = max_min();
  int stops = 0;
  for (const ElasticOutcome& o : simulate_elastic(jobs, cluster, queue.get(), Instant{0} + 6_h)) stops += o.preemptions;
  for (const double hours : used) EXPECT_NEAR(hours, 4.0, 0.11);
  EXPECT_LE(stops, 60);
}

// A V100 at $3 an hour and a K80 at $1; twice as fast on the V100: a dollar does more on the K80.  The second job fills
// the V100, which costs nothing more to use.
TEST(MaxMin, CostObjectiveTakesTheCheaperGroup) {
  std::vector<ElasticJob> jobs(1, {Instant{0}, Gpus{1}, 12_min});
  jobs[0].traits = on({2, 1});
  const ElasticCluster cluster{{{GroupId{0}, Gpus{1}, Gpus{1}, 3}, {GroupId{1}, Gpus{1}, Gpus{1}, 1}}, {"t"}};
  auto queue = max_min({{"objective", "cost"}});
  EXPECT_EQ(simulate_elastic(jobs, cluster, queue.get())[0].end, Instant{0} + 12_min);
  queue = max_min();
  EXPECT_EQ(simulate_elastic(jobs, cluster, queue.get())[0].end, Instant{0} + 6_min);
}

TEST(MaxMin, AJobWiderThanEveryGroupStartsWhenEnoughIsIdle) {
  const std::vector<ElasticJob> jobs{{Instant{0}, Gpus{2}, 10_min}, {Instant{1}, Gpus{3}, 10_min}};
  const ElasticCluster cluster{{{GroupId{0}, Gpus{2}, Gpus{2}}, {GroupId{1}, Gpus{2}, Gpus{2}}}, {"t"}};
  const auto queue = max_min();
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  EXPECT_EQ(got[1].first_start, Instant{0} + 10_min);
  EXPECT_EQ(got[1].end, Instant{0} + 20_min);
}

// The first of two waiting jobs cannot be placed at all: the other takes turns with nobody, and nothing goes in
// circles.
TEST(MaxMin, AJobThatCannotBePlacedHoldsNobodyBack) {
  const std::vector<ElasticJob> jobs{{Instant{0}, Gpus{1}, 30_min}, {Instant{1}, Gpus{1}, 30_min}};
  ElasticCluster cluster = one_group(1);
  cluster.unplaceable = [](JobId id) { return id.index == 1; };
  const auto queue = max_min();
  const auto got = simulate_elastic(jobs, cluster, queue.get(), Instant{0} + 2_h);
  EXPECT_EQ(got[0].end, Instant{0} + 30_min);
  EXPECT_EQ(got[0].preemptions, 0);
}

// Random groups, speeds and jobs.  Nobody waits while GPUs of a group that it can use are idle; and while n jobs of at
// most g GPUs are there, N GPUs at hand, nobody goes n g / N + n + 2 rounds without running (X >= N / (n g) of its
// time, and at most n others are behind in what they are owed).
TEST(MaxMin, WorkIsConservedAndNobodyStarves) {
  RandomStream random(11, "rounds");
  const auto up_to = [&](int most) { return static_cast<int>(random.below(static_cast<std::uint64_t>(most) + 1)); };
  for (int i = 0; i < 150; ++i) {
    ElasticCluster cluster{{{GroupId{0}, {}, Gpus{1 + up_to(3)}}, {GroupId{1}, {}, Gpus{2 + up_to(3)}}}, {"t"}};
    std::vector<ElasticJob> jobs;
    Instant at{0};
    const int n = 2 + up_to(10);
    for (int j = 0; j < n; ++j) {
      at = at + up_to(8) * 1_min;
      jobs.push_back({at, Gpus{1 + up_to(1)}, (1 + up_to(60)) * 1_min});
      jobs.back().traits = on({0.5 + random.uniform(), 0.5 + random.uniform()});
    }
    const std::int64_t patience = 3 * n + 2;
    cluster.after_decisions = [&](const QueueView& view) {
      for (const WaitingJobView& w : view.waiting) {
        for (const QueueGroupView& g : view.groups) ASSERT_TRUE(w.gpus > g.capacity || w.gpus > g.free) << i;
        ASSERT_LE(view.now - w.waiting_since, patience * 6_min) << i;
      }
    };
    const auto queue = max_min();
    for (const ElasticOutcome& o : simulate_elastic(jobs, cluster, queue.get())) ASSERT_NE(o.end, Instant::never());
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace jevons::testing
