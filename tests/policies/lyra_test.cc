// The queue of Lyra: base demands by hand, and the knapsack of extra GPUs against all ways to share them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

struct Scene {
  std::deque<JobTraits> traits;
  std::vector<WaitingJobView> waiting;
  std::vector<RunningJobView> running;
  Instant now{0};

  const JobTraits* elastic(int least, int most, std::vector<ScalingPoint> curve = {},
                           Flexibility flexibility = Flexibility::kElastic) {
    JobTraits t;
    t.flexibility = flexibility;
    t.min_gpus = Gpus{least};
    t.max_gpus = Gpus{most};
    t.scaling = std::move(curve);
    return &traits.emplace_back(t);
  }
  void wait(std::uint32_t id, int gpus, Duration estimate, const JobTraits* t = &kRigidJob) {
    WaitingJobView job{JobId{id}, Instant{id}, Gpus{gpus}, estimate, "t"};
    job.traits = t;
    waiting.push_back(job);
  }
  void run(std::uint32_t id, int gpus, int asked, Duration left, const JobTraits* t) {
    RunningJobView job{JobId{id}, Instant{0}, Instant{0}, now + left, Gpus{gpus}};
    job.asked = Gpus{asked};
    job.since = now - 1_ns;
    job.traits = t;
    job.speed = relative_speed(t->scaling, Gpus{asked}, Gpus{gpus});
    running.push_back(job);
  }
  QueueDecision decide(int free, const ParamText& params = {}) const {
    QueueDecision decision;
    int busy = 0;
    for (const RunningJobView& job : running) busy += job.gpus.value;
    make_policy(builtins().training_queues, "lyra", params)
        ->decide({now, Gpus{free}, Gpus{free + busy}, waiting, running}, &decision);
    return decision;
  }
};

TEST(Lyra, StartsBaseDemandsShortestFirstAndGivesTheRestAway) {
  Scene s;
  s.wait(0, 4, 10_h);
  s.wait(1, 4, 4_h, s.elastic(2, 8));  // Eight hours on its two.
  s.wait(2, 4, 5_h);
  // Of 8 GPUs: job 2 takes 4, job 1 its 2, job 0 does not fit; job 1 gets the 2 left, which makes the 4 it asked for.
  EXPECT_EQ(s.decide(8).start, (std::vector<JobStart>{JobId{2}, JobId{1}}));
  // Of 13: all start, 3 are left over.
  EXPECT_EQ(s.decide(13).start, (std::vector<JobStart>{JobId{2}, JobStart(JobId{1}, Gpus{5}), JobId{0}}));
  EXPECT_EQ(s.decide(3).start, (std::vector<JobStart>{JobStart(JobId{1}, Gpus{3})}));
  s.waiting[1].blocked = true;
  EXPECT_TRUE(s.decide(3).start.empty());
}

TEST(Lyra, RunningJobsGiveTheirExtraGpusToBaseDemands) {
  Scene s;
  s.run(0, 8, 4, 1_h, s.elastic(2, 8));
  s.wait(1, 4, 1_h);
  const QueueDecision d = s.decide(0);
  EXPECT_EQ(d.start, (std::vector<JobStart>{JobId{1}}));
  EXPECT_EQ(d.resize, (std::vector<JobResize>{{JobId{0}, Gpus{4}}}));
  s.wait(2, 4, 2_h);  // Needs 4 of the 2 that are left: no.
  EXPECT_EQ(s.decide(0).start, (std::vector<JobStart>{JobId{1}}));
}

TEST(Lyra, AJobChangedAtThisInstantDoesNotShrink) {
  Scene s;
  s.run(0, 8, 4, 1_h, s.elastic(2, 8));
  s.running[0].since = s.now;
  s.wait(1, 4, 1_h);
  const QueueDecision d = s.decide(0);
  EXPECT_TRUE(d.start.empty());
  EXPECT_TRUE(d.resize.empty());
}

TEST(Lyra, ChangesNothingForLessThanAResizeCosts) {
  Scene s;
  s.run(0, 4, 4, 1_h, s.elastic(2, 8));
  // On 8 it would take half an hour.
  EXPECT_EQ(s.decide(4, {{"resize_cost", "29min"}}).resize, (std::vector<JobResize>{{JobId{0}, Gpus{8}}}));
  EXPECT_TRUE(s.decide(4, {{"resize_cost", "31min"}}).resize.empty());
}

TEST(Lyra, MoldableJobsGetTheirsAtTheStartOnly) {
  Scene s;
  s.run(0, 2, 4, 9_h, s.elastic(2, 8, {}, Flexibility::kMoldable));
  s.wait(1, 4, 1_h, s.elastic(2, 8, {}, Flexibility::kMoldable));
  const QueueDecision d = s.decide(9);
  EXPECT_TRUE(d.resize.empty());
  EXPECT_EQ(d.start, (std::vector<JobStart>{JobStart(JobId{1}, Gpus{8})}));
}

// Seconds saved over the base demand by running job `t` of `work` on `gpus`, less what the change costs.
double profit(const JobTraits& t, Gpus asked, double work, int gpus, int now, double cost) {
  const auto seconds = [&](int g) { return work / relative_speed(t.scaling, asked, Gpus{g}); };
  return seconds(t.min_gpus.value) - seconds(gpus) - (now > 0 && now != gpus ? cost : 0);
}

struct Choice {
  JobId id;
  const JobTraits* traits;
  Gpus asked;
  double work;
  int now;  // 0: it waits.
  int least() const { return traits->min_gpus.value; }
  double profit_on(int gpus) const { return profit(*traits, asked, work, gpus, now, 60); }
};

// Every job's base demand fits; `left` GPUs are there beyond them.
struct Sharing {
  Scene scene;
  std::vector<Choice> choices;
  int free = 0, left = 0;

  explicit Sharing(RandomStream& random) {
    const auto pick = [&](int low, int high) {
      return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1)));
    };
    free = left = pick(0, 12);
    for (std::uint32_t j = 0, jobs = static_cast<std::uint32_t>(pick(1, 4)); j < jobs; ++j) {
      const int least = pick(1, 3), most = least + pick(0, 5), asked = pick(least, most);
      std::vector<ScalingPoint> curve;
      double speed = 0.5;
      for (const int g : {least, least + 2, most + 3}) curve.push_back({Gpus{g}, speed += 0.1 * pick(1, 9)});
      const JobTraits* t = scene.elastic(least, most, curve);
      const double work = pick(100, 10'000);
      const int now = j % 2 == 0 ? pick(least, most) : 0;
      if (now > 0) {
        const double speed_now = relative_speed(curve, Gpus{asked}, Gpus{now});
        scene.run(j, now, asked, duration_from_seconds(work / speed_now), t);
        left += now - least;
      } else {
        scene.wait(j, asked, duration_from_seconds(work), t);
        free += least;
      }
      choices.push_back({JobId{j}, t, Gpus{asked}, work, now});
    }
  }

  // Of jobs j and on, with `extra` GPUs to share among them: the most that can be saved.
  double optimum(std::size_t j, int extra) const {
    if (j == choices.size()) return 0;
    double most = -1e300;
    for (int more = 0; more <= std::min(extra, choices[j].traits->max_gpus.value - choices[j].least()); ++more)
      most = std::max(most, choices[j].profit_on(choices[j].least() + more) + optimum(j + 1, extra - more));
    return most;
  }
};

int gpus_of(const Choice& job, const QueueDecision& d) {
  for (const JobResize& r : d.resize)
    if (r.job == job.id) return r.gpus.value;
  for (const JobStart& start : d.start)
    if (start.job == job.id) return start.gpus == Gpus{0} ? job.asked.value : start.gpus.value;
  return job.now;
}

TEST(Lyra, TheKnapsackIsTheOptimumOfAllWaysToShare) {
  RandomStream random(51, "knapsack");
  int shared = 0;
  for (int round = 0; round < 2'000; ++round) {
    const Sharing s(random);
    const QueueDecision d = s.scene.decide(s.free);
    ASSERT_EQ(d.start.size(), s.scene.waiting.size()) << round;
    double got = 0;
    int used = 0;
    for (const Choice& job : s.choices) {
      const int gpus = gpus_of(job, d);
      ASSERT_TRUE(job.least() <= gpus && gpus <= job.traits->max_gpus.value) << round;
      got += job.profit_on(gpus);
      used += gpus - job.least();
    }
    ASSERT_LE(used, s.left) << round;
    const double optimum = s.optimum(0, s.left);
    ASSERT_NEAR(got, optimum, 1e-6 * std::max(1.0, std::abs(optimum))) << round;  // Remaining times are whole ns.
    shared += used > 0 ? 1 : 0;
  }
  EXPECT_GT(shared, 1'000);
}

TEST(Lyra, ThousandsOfJobsAreDecidedInTheMemoryOfTheirSum) {
  Scene s;
  for (std::uint32_t j = 0; j < 2000; ++j) s.wait(j, 8, (1 + j % 7) * 1_h, s.elastic(4, 64));
  const QueueDecision d = s.decide(16'000);
  ASSERT_EQ(d.start.size(), 2000u);
  std::int64_t used = 0;
  for (const JobStart& start : d.start) used += start.gpus == Gpus{0} ? 8 : start.gpus.value;
  EXPECT_LE(used, 16'000);
  EXPECT_GT(used, 15'000);
}

// 8 GPUs are free and would save time; the job had its last change at 0, and may grow again at 15 min.
TEST(LyraQueue, GrowsAJobAtMostOnceInAWhile) {
  Scene s;
  s.now = Instant{} + 10_min;
  s.run(1, 8, 8, 10_h, s.elastic(8, 16));
  s.running[0].since = Instant{0};
  const QueueDecision early = s.decide(8, {{"grow_every", "15min"}});
  EXPECT_TRUE(early.resize.empty());
  EXPECT_EQ(early.ask_again, Instant{} + 15_min);
  s.now = Instant{} + 15_min;
  const QueueDecision late = s.decide(8, {{"grow_every", "15min"}});
  ASSERT_EQ(late.resize.size(), 1u);
  EXPECT_EQ(late.resize[0].gpus, Gpus{16});
}

}  // namespace
}  // namespace jevons::testing
