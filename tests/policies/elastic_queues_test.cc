// Queues that size jobs, deadline and goodput: by hand, and as laws over time.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "policies/training_queue/deadline.h"
#include "tests/policies/shared_views.h"

namespace jevons::testing {
namespace {

int up_to(RandomStream& random, int most) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(most) + 1));
}

JobTraits elastic(int least, int most, std::vector<ScalingPoint> curve = {}) {
  JobTraits t;
  t.flexibility = Flexibility::kElastic;
  t.min_gpus = Gpus{least};
  t.max_gpus = Gpus{most};
  t.scaling = std::move(curve);
  return t;
}
// Speeds 1, 2, 3, ... of a concave curve on 1, 2, ... GPUs, over that on one.
std::vector<ScalingPoint> curve(const std::vector<double>& speeds) {
  std::vector<ScalingPoint> points;
  for (std::size_t i = 0; i < speeds.size(); ++i)
    points.push_back({gpus_of(static_cast<std::int64_t>(i) + 1), speeds[i]});
  return points;
}
ElasticCluster one_group(int gpus) { return {{{GroupId{0}, Gpus{gpus}, Gpus{gpus}}}, {"t"}}; }
const ParamText kMinutes{{"slot", "60s"}, {"restart_cost", "0s"}};

std::unique_ptr<TrainingQueue> deadline(const ParamText& params = kMinutes) {
  return make_policy(builtins().training_queues, "deadline", params);
}

struct Seen {
  std::map<std::int64_t, std::map<std::uint32_t, int>> gpus;  // By minute, by job.
  std::function<void(const QueueView&)> watch() {
    return [this](const QueueView& view) {
      for (const RunningJobView& r : view.running) gpus[view.now.ns / (1_min).ns][r.id.index] = r.gpus.value;
    };
  }
};

// Two jobs, 4 GPUs, perfect scaling, due at 4 min (a microsecond is kept for rounding, so the work is a second short of
// whole minutes).  Job 0 asks for 1 GPU and 479 s: it needs 2 GPUs throughout.  Job 1 asks for 1 GPU and 239 s: 1 GPU.
// One GPU is spare: job 0's next size, 4, takes two, so job 1 grows to 2 and is done at 119.5 s.  At 2 min job 0 has
// 479 - 240 = 239 s left, and on 4 GPUs is done 59.75 s later.
TEST(Deadline, MinimumSharesThenMarginalGain) {
  std::vector<ElasticJob> jobs{{Instant{0}, Gpus{1}, 479_s, elastic(1, 4)},
                               {Instant{0}, Gpus{1}, 239_s, elastic(1, 4)}};
  for (ElasticJob& j : jobs) j.traits.deadline = Instant{0} + 4_min;
  ElasticCluster cluster = one_group(4);
  Seen seen;
  cluster.after_decisions = seen.watch();
  const auto queue = deadline();
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  EXPECT_EQ(seen.gpus[0][0], 2);
  EXPECT_EQ(seen.gpus[0][1], 2);
  EXPECT_EQ(got[1].end, Instant{0} + 119'500_ms);
  EXPECT_EQ(seen.gpus[2][0], 4);
  EXPECT_EQ(got[0].end, Instant{0} + 179'750_ms);
}

// One GPU.  Job 0 (239 s) needs it in four of its five slots; job 1 (2 min, due at 5 min as well) does not fit, so it
// is best effort.  Job 2 (299 s), due at 10 min, has slots 4 to 8.  So 0, then 2, then 1, which is late.
TEST(Deadline, WhatDoesNotFitIsBestEffortAfterAllGuaranteedJobs) {
  std::vector<ElasticJob> jobs{
      {Instant{0}, Gpus{1}, 239_s}, {Instant{0}, Gpus{1}, 2_min}, {Instant{0}, Gpus{1}, 299_s}};
  jobs[0].traits.deadline = Instant{0} + 5_min;
  jobs[1].traits.deadline = Instant{0} + 5_min;
  jobs[2].traits.deadline = Instant{0} + 10_min;
  const ElasticCluster cluster = one_group(1);
  const auto queue = deadline({{"slot", "60s"}, {"restart_cost", "0s"}, {"late_jobs", "best_effort"}});
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  EXPECT_EQ(got[0].end, Instant{0} + 239_s);
  EXPECT_EQ(got[2].end, Instant{0} + 538_s);
  EXPECT_EQ(got[1].end, Instant{0} + 658_s);
  const auto strict = deadline();  // As the paper: job 1 is refused, and nothing else changes.
  const auto without = simulate_elastic(jobs, cluster, strict.get());
  EXPECT_EQ(without[0].end, Instant{0} + 239_s);
  EXPECT_EQ(without[2].end, Instant{0} + 538_s);
  EXPECT_TRUE(without[1].refused);
  EXPECT_EQ(without[1].end, Instant::never());
}

// Job 0 (239 s, due at 8 min) is planned into slots 0 to 3, as nobody else was there.  Job 1 (239 s, due at 4 min)
// comes after it: only with plans made anew, earliest deadline first, do both fit.
TEST(Deadline, PlansAreMadeAnewForAnEarlierDeadline) {
  std::vector<ElasticJob> jobs(2, {Instant{0}, Gpus{1}, 239_s});
  jobs[0].traits.deadline = Instant{0} + 8_min;
  jobs[1].traits.deadline = Instant{0} + 4_min;
  const ElasticCluster cluster = one_group(1);
  const auto queue = deadline();
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  EXPECT_EQ(got[1].end, Instant{0} + 239_s);
  EXPECT_EQ(got[0].end, Instant{0} + 478_s);
}

// A best-effort job runs on both GPUs until the guaranteed one comes at 1 min, and then on one.
TEST(Deadline, BestEffortShrinksForAGuarantee) {
  std::vector<ElasticJob> jobs{{Instant{0}, Gpus{2}, 5_min, elastic(1, 2)}, {Instant{0} + 1_min, Gpus{1}, 179_s}};
  jobs[1].traits.deadline = Instant{0} + 4_min;
  const ElasticCluster cluster = one_group(2);
  const auto queue = deadline();
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  EXPECT_EQ(got[1].end, Instant{0} + 239_s);
  EXPECT_EQ(got[0].preemptions, 0);
  EXPECT_EQ(got[0].end, Instant{0} + 6_min + 30_s);  // 5 min of work: 1 done by 1, 1.5 more by 4, 2.5 at full speed.
}

// Due between two ends of slots: only whole slots count.  3 min of work, due at 3:59 from 0:30: slots 1 and 2 are not
// enough for one GPU, two GPUs are.
TEST(Deadline, OnlyWholeSlotsCount) {
  std::vector<ElasticJob> jobs{{Instant{0} + 30_s, Gpus{1}, 3_min, elastic(1, 2)},
                               {Instant{0} + 31_s, Gpus{2}, 10_min}};
  jobs[0].traits.deadline = Instant{0} + 3_min + 59_s;
  const ElasticCluster cluster = one_group(2);
  const auto queue = deadline();
  const auto got = simulate_elastic(jobs, cluster, queue.get());
  EXPECT_LE(got[0].end, jobs[0].traits.deadline);
}

struct Case {
  std::vector<ElasticJob> jobs;
  ElasticCluster cluster;
};
Case random_case(RandomStream& random, Duration restart) {
  Case c{{}, one_group(2 + up_to(random, 6))};
  c.cluster.restart = restart;
  Instant at{0};
  for (int n = 3 + up_to(random, 12); n > 0; --n) {
    at = at + up_to(random, 240) * 1_s;
    const int asked = 1 + up_to(random, c.cluster.groups[0].capacity.value - 1);
    ElasticJob job{at, Gpus{asked}, (1 + up_to(random, 900)) * 1_s};
    if (up_to(random, 2) > 0) {
      const int least = 1 + up_to(random, asked - 1), most = asked + up_to(random, 4);
      std::vector<ScalingPoint> points;
      double speed = 0, step = 1;
      for (int g = 1; g <= most; ++g) {
        speed += step;
        step *= 0.5 + random.uniform() / 2;
        points.push_back({Gpus{g}, speed});
      }
      const double of_asked = points[static_cast<std::size_t>(asked) - 1].speed;
      for (ScalingPoint& p : points) p.speed /= of_asked;
      job.traits = elastic(least, most, points);
      if (up_to(random, 3) == 0) job.traits.flexibility = Flexibility::kMoldable;
    }
    if (up_to(random, 3) > 0) job.traits.deadline = at + job.run + up_to(random, 1500) * 1_s;
    c.jobs.push_back(job);
  }
  return c;
}

// Everybody admitted meets the deadline: with exact estimates, told scaling and no more than the told cost of a
// restart.
TEST(Deadline, EveryGuaranteeIsKept) {
  RandomStream random(13, "deadline");
  int kept = 0, broken = 0, with_deadline = 0;
  for (int i = 0; i < 1500; ++i) {
    const Duration restart = i % 3 * 20_s;  // Of slots of 60 s.
    const Case c = random_case(random, restart);
    const DeadlineQueue::Params params{60_s, restart, i % 2 == 0 ? "refuse" : "best_effort"};
    DeadlineQueue queue(params);
    std::set<std::uint32_t> promised;
    ElasticCluster cluster = c.cluster;
    cluster.after_decisions = [&](const QueueView& view) {
      for (const WaitingJobView& w : view.waiting) {
        if (queue.guarantees(w.id)) promised.insert(w.id.index);
      }
      for (const RunningJobView& r : view.running) {
        if (queue.guarantees(r.id)) promised.insert(r.id.index);
      }
    };
    const auto got = simulate_elastic(c.jobs, cluster, &queue);
    for (std::size_t j = 0; j < got.size(); ++j) {
      // Nobody starves: the trace ends.  Refused is who has a deadline and no guarantee.
      const bool refused = i % 2 == 0 && c.jobs[j].traits.deadline != Instant::never() &&
                           !promised.contains(static_cast<std::uint32_t>(j));
      ASSERT_EQ(got[j].refused, refused) << "job " << j << " of instance " << i;
      ASSERT_EQ(got[j].end == Instant::never(), refused) << "job " << j << " of instance " << i;
      with_deadline += c.jobs[j].traits.deadline != Instant::never();
      if (!promised.contains(static_cast<std::uint32_t>(j))) continue;
      ++(got[j].end <= c.jobs[j].traits.deadline ? kept : broken);
      ASSERT_LE(got[j].end, c.jobs[j].traits.deadline) << "job " << j << " of instance " << i;
    }
  }
  EXPECT_GT(kept, with_deadline / 3);  // It does not keep its word by giving none.
  EXPECT_EQ(broken, 0);
}

// Alone on a cluster a job is admitted exactly if, on its largest size from the next slot on, it would be done by its
// deadline's slot.
TEST(Deadline, AloneAJobIsAdmittedExactlyIfItFits) {
  RandomStream random(14, "alone");
  int admitted = 0;
  for (int i = 0; i < 2000; ++i) {
    Case c = random_case(random, Duration{0});
    c.jobs.resize(1);
    ElasticJob& job = c.jobs[0];
    if (job.traits.deadline == Instant::never()) continue;
    DeadlineQueue queue({60_s, Duration{0}});
    bool promised = false;
    c.cluster.after_decisions = [&](const QueueView& view) {
      if (view.now == job.submit) promised = queue.guarantees(JobId{0});
    };
    simulate_elastic(c.jobs, c.cluster, &queue);
    const int most = std::min(most_gpus(job.traits, job.gpus).value, c.cluster.groups[0].capacity.value);
    double fastest = 0;
    for (int g = least_gpus(job.traits, job.gpus).value; g <= most; ++g) {
      fastest = std::max(fastest, relative_speed(job.traits.scaling, job.gpus, Gpus{g}));
    }
    const std::int64_t first = (job.submit.ns + (1_min).ns - 1) / (1_min).ns, end = job.traits.deadline.ns / (1_min).ns;
    const double room = static_cast<double>(end - first) * 60 * fastest;
    if (std::abs(room - job.run.seconds()) < 1e-3) continue;
    ASSERT_EQ(promised, room > job.run.seconds()) << i;
    admitted += promised;
  }
  EXPECT_GT(admitted, 200);
}

std::unique_ptr<TrainingQueue> goodput(const ParamText& params = {{"round", "60s"}, {"restart_cost", "0s"}}) {
  return make_policy(builtins().training_queues, "goodput", params);
}
std::map<std::uint32_t, int> sizes(const QueueDecision& d) {
  std::map<std::uint32_t, int> out;
  for (const JobStart& s : d.start) out[s.job.index] = s.gpus.value;
  for (const JobResize& r : d.resize) out[r.job.index] = r.gpus.value;
  return out;
}

// 6 GPUs, two jobs; an equal share is 3.  Job 0 scales perfectly (speed-ups 1/3, 2/3, 1, 4/3, 5/3), job 1 as
// 1, 1.5, 1.6, 1.65, 1.7 (over 1.6).  -1/s of (job 0, job 1): (3,3) -1 - 1 = -2; (4,2) -0.75 - 1.067 = -1.817; (5,1)
// -0.6 - 1.6 = -2.2; so 4 and 2.
TEST(Goodput, GpusGoWhereTheySpeedUpMost) {
  SharedView v;
  v.free = Gpus{6};
  v.waits(0, 1) = elastic(1, 5, curve({1, 2, 3, 4, 5}));
  v.waits(1, 1) = elastic(1, 5, curve({1, 1.5, 1.6, 1.65, 1.7}));
  QueueDecision d;
  goodput()->decide(v.view(), &d);
  EXPECT_EQ(sizes(d), (std::map<std::uint32_t, int>{{0, 4}, {1, 2}}));
}

// Job 0 holds all 4 GPUs, job 1 waits: job 0 shrinks to 2.  Both scale perfectly.
TEST(Goodput, MakesRoomForWhoWaits) {
  SharedView v;
  v.free = Gpus{0};
  v.runs(0, 4) = elastic(1, 4, curve({1, 2, 3, 4}));
  v.waits(1, 1) = elastic(1, 4, curve({1, 2, 3, 4}));
  QueueDecision d;
  goodput()->decide(v.view(), &d);
  EXPECT_TRUE(d.preempt.empty());
  EXPECT_EQ(sizes(d), (std::map<std::uint32_t, int>{{0, 2}, {1, 2}}));
  EXPECT_EQ(d.ask_again, v.now + 60_s);
}

// Two jobs on 2 and 2 of 5 GPUs.  With the fifth, one of them would be 1.1 times as fast: worth a restart of 3 s in a
// round of 60 s (0.95 x 1.1 > 1), not one of 6 s (0.9 x 1.1 < 1).
TEST(Goodput, ARestartMustPay) {
  SharedView v;
  v.free = Gpus{1};
  for (std::uint32_t id : {0u, 1u}) {
    v.runs(id, 2) = elastic(1, 3, curve({0.6, 1, 1.1}));
    v.running.back().asked = Gpus{2};
  }
  QueueDecision d;
  goodput({{"round", "60s"}, {"restart_cost", "3s"}})->decide(v.view(), &d);
  EXPECT_EQ(sizes(d), (std::map<std::uint32_t, int>{{0, 3}}));
  d.clear();
  goodput({{"round", "60s"}, {"restart_cost", "6s"}})->decide(v.view(), &d);
  EXPECT_EQ(sizes(d), (std::map<std::uint32_t, int>{}));
}

// Concave curves, sizes of every count: the greedy is the best of all allocations (tried one by one), and so never
// below equal shares.
TEST(Goodput, TheBestOfAllAllocations) {
  RandomStream random(15, "goodput");
  for (int i = 0; i < 500; ++i) {
    SharedView v;
    v.free = Gpus{4 + up_to(random, 5)};
    const std::uint32_t n = 2 + static_cast<std::uint32_t>(up_to(random, 1));
    for (std::uint32_t j = 0; j < n; ++j) {
      std::vector<double> speeds{1};
      double step = 1;
      for (int g = 2; g <= 8; ++g) speeds.push_back(speeds.back() + (step *= 0.3 + 0.7 * random.uniform()));
      v.waits(j, 1) = elastic(1, 8, curve(speeds));
    }
    QueueDecision d;
    goodput()->decide(v.view(), &d);
    const int fair = std::min(8, v.free.value / static_cast<int>(n));
    const auto term = [&](std::uint32_t j, int gpus) {
      const auto& c = v.waiting[j].traits->scaling;
      return relative_speed(c, Gpus{1}, Gpus{fair}) / relative_speed(c, Gpus{1}, Gpus{gpus});
    };
    double got = 0, best = 1e9;
    int used = 0;
    const auto chosen = sizes(d);
    ASSERT_EQ(chosen.size(), n);
    for (const auto& [j, gpus] : chosen) {
      got += term(j, gpus);
      used += gpus;
    }
    ASSERT_LE(used, v.free.value);
    const std::function<void(std::uint32_t, int, double)> each = [&](std::uint32_t j, int left, double sum) {
      if (j == n) {
        best = std::min(best, sum);
        return;
      }
      for (int g = 1; g <= std::min(left, 8); ++g) each(j + 1, left - g, sum + term(j, g));
    };
    each(0, v.free.value, 0);
    ASSERT_NEAR(got, best, 1e-9) << i;
    ASSERT_LE(got, n + 1e-9);  // Equal shares have a speed-up of 1 each.
  }
}

// Any curve, any range, rigid jobs too: the power mean over those that run is not below that of equal shares, rounded
// down to a size of the job.
TEST(Goodput, NeverBelowEqualShares) {
  RandomStream random(16, "equal");
  for (int i = 0; i < 3000; ++i) {
    SharedView v;
    const std::uint32_t n = 1 + static_cast<std::uint32_t>(up_to(random, 5));
    v.free = Gpus{static_cast<int>(n) * (1 + up_to(random, 9))};
    const int fair = v.free.value / static_cast<int>(n);
    for (std::uint32_t j = 0; j < n; ++j) {
      std::vector<double> speeds{1};
      for (int g = 2; g <= 12; ++g)
        speeds.push_back(speeds.back() + random.uniform() * (up_to(random, 2) == 0 ? 4 : 0.1));
      const int least = 1 + up_to(random, fair - 1);
      v.waits(j, 1) = elastic(std::min(least, 12), 12, curve(speeds));
    }
    QueueDecision d;
    goodput()->decide(v.view(), &d);
    double got = 0;
    for (const auto& [j, gpus] : sizes(d)) {
      const auto& c = v.waiting[j].traits->scaling;
      got += relative_speed(c, Gpus{1}, Gpus{std::min(fair, 12)}) / relative_speed(c, Gpus{1}, Gpus{gpus});
    }
    ASSERT_EQ(sizes(d).size(), n);
    ASSERT_LE(got, n * (1 + 1e-9)) << i;
  }
}

// More jobs than GPUs: everybody has a turn of 10 min, nobody waits longer than one turn of each of the others.
TEST(Goodput, JobsThatDoNotAllFitTakeTurns) {
  std::vector<ElasticJob> jobs(5, {Instant{0}, Gpus{1}, 60_min});
  ElasticCluster cluster = one_group(2);
  cluster.after_decisions = [&](const QueueView& view) {
    ASSERT_EQ(view.free, Gpus{0} + Gpus{std::max(0, 2 - static_cast<int>(view.running.size()))});
    for (const WaitingJobView& w : view.waiting) ASSERT_LE(view.now - w.waiting_since, 50_min);
  };
  const auto queue = goodput({{"round", "60s"}, {"restart_cost", "0s"}, {"turn", "10min"}});
  for (const ElasticOutcome& o : simulate_elastic(jobs, cluster, queue.get())) {
    EXPECT_NE(o.end, Instant::never());
    EXPECT_LE(o.preemptions, 6);
  }
}

TEST(Goodput, EndsEveryRandomTrace) {
  RandomStream random(17, "traces");
  for (int i = 0; i < 500; ++i) {
    Case c = random_case(random, i % 2 == 0 ? Duration{0} : 5_s);
    c.cluster.unplaceable = [n = 0](JobId) mutable { return ++n % 5 == 0; };
    const auto queue = goodput({{"round", "60s"}, {"restart_cost", i % 2 == 0 ? "0s" : "5s"}});
    for (const ElasticOutcome& o : simulate_elastic(c.jobs, c.cluster, queue.get())) ASSERT_NE(o.end, Instant::never());
  }
}

}  // namespace
}  // namespace jevons::testing
