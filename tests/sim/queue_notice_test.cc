// What a training queue stops with notice, what it refuses, and what it sees meanwhile: worked by hand, audited.
#include <gtest/gtest.h>

#include "tests/support/asked_policies.h"
#include "tests/support/jobs.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

Instant at(Duration d) { return Instant{} + d; }

// Starts what fits, in order; at 100 s it first stops all that run for all that wait.
void stop_all_at_100s(const QueueView& v, QueueDecision* d) {
  Gpus free = v.free;
  if (v.now == at(100_s)) {
    for (const RunningJobView& r : v.running) {
      if (r.leaving || r.started == v.now) continue;
      d->preempt.push_back(r.id);
      free += r.gpus;
    }
  }
  for (const WaitingJobView& w : v.waiting) {
    if (w.blocked || w.gpus > free) continue;
    d->start.push_back(w.id);
    free -= w.gpus;
  }
}

// A checkpoint is 10 GB a GPU, written to a store of 50 GB/s for all together.
Inputs inputs(std::int32_t nodes, Duration notice, AskedQueue::Rule rule) {
  Inputs in = empty_inputs({node_group("n", nodes, 8)});
  in.training.checkpoint_interval = 3600_s;
  in.training.checkpoint_bytes_per_gpu = 10e9;
  in.training.queue_notice = notice;
  in.training.queue = std::make_unique<AskedQueue>(std::move(rule), /*every_change=*/false);
  in.training.queue_name = "asked";
  return in;
}

// When which job stopped.
class Stops final : public Observer {
 public:
  void on_job_stop(Instant t, JobId id, bool preempted) override {
    if (preempted) stops.emplace_back(id.index, t);
  }
  std::vector<std::pair<std::uint32_t, Instant>> stops;
};

struct Outcome {
  RunResult result;
  std::vector<JobRecord> jobs;  // By id.
  std::vector<std::pair<std::uint32_t, Instant>> stops;
};

Outcome run(Inputs in) {
  Records records;
  Stops stops;
  in.observers.push_back(&records);
  in.observers.push_back(&stops);
  auto result = simulate(std::move(in));
  EXPECT_TRUE(result.ok()) << result.error().text();
  std::sort(records.jobs.begin(), records.jobs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return {result.ok() ? *result : RunResult{}, records.jobs, stops.stops};
}

constexpr std::int64_t kFlow = 20;  // ns: SimGrid's dates are doubles.

// 80 GB take 1.6 s.  The new job starts at the very instant at which the old one goes, and ends 100 s later; then the
// old one reads its 80 GB at 90 GB/s and does the 900 s that are left.
TEST(QueueNotice, WhatStartsWaitsForTheCheckpoint) {
  std::vector<std::string> seen;
  Inputs in = inputs(1, 60_s, [&](const QueueView& v, QueueDecision* d) {
    stop_all_at_100s(v, d);
    std::string s = std::to_string(v.waiting.size()) + " wait";
    for (const RunningJobView& r : v.running) s += r.leaving ? ", one leaves" : ", one runs";
    for (const PromisedJobView& p : v.promised) s += ", " + std::to_string(p.gpus.value) + " promised";
    seen.push_back(s + ", free " + std::to_string(v.free.value));
  });
  in.training.jobs = {job(at(0_s), 8, 1000_s, "a"), job(at(100_s), 8, 100_s, "b")};
  const Outcome o = run(std::move(in));
  ASSERT_EQ(o.stops.size(), 1u);
  const Instant gone = o.stops[0].second;
  EXPECT_NEAR(static_cast<double>((gone - at(100_s)).ns), 1.6e9, kFlow);
  EXPECT_EQ(o.jobs[1].first_start, gone);
  EXPECT_EQ(o.jobs[1].finish, gone + 100_s);
  EXPECT_EQ(o.jobs[0].lost, GpuTime{});
  EXPECT_EQ(o.jobs[0].checkpoint, Gpus{8} * (gone - at(100_s)));
  EXPECT_EQ(o.jobs[0].useful, Gpus{8} * 1000_s);
  EXPECT_NEAR(static_cast<double>((o.jobs[0].finish - (gone + 1000_s)).ns), 80.0 / 90 * 1e9, kFlow);
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "1 wait, free 8", "0 wait, one runs, free 0",                                 // At 0 s.
                      "1 wait, one runs, free 0", "0 wait, one leaves, 8 promised, free 0",         // At 100 s.
                      "1 wait, one runs, free 0", "1 wait, free 8", "0 wait, one runs, free 0"}));  // a waits, starts.
}

// A notice of 1 s is too short: all is lost, and b starts at 101 s sharp.
TEST(QueueNotice, ANoticeTooShortLosesTheWork) {
  Inputs in = inputs(1, 1_s, stop_all_at_100s);
  in.training.jobs = {job(at(0_s), 8, 1000_s, "a"), job(at(100_s), 8, 100_s, "b")};
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[1].first_start, at(101_s));
  EXPECT_EQ(o.jobs[0].lost, Gpus{8} * 101_s);
  EXPECT_EQ(o.jobs[0].finish, at(1201_s));
}

// Checkpoints that take no time are kept, and nobody waits.
TEST(QueueNotice, InstantCheckpointsNeedNoNotice) {
  Inputs in = inputs(1, 60_s, stop_all_at_100s);
  in.training.checkpoint_bytes_per_gpu = 0;
  in.training.jobs = {job(at(0_s), 8, 1000_s, "a"), job(at(100_s), 8, 100_s, "b")};
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[1].first_start, at(100_s));
  EXPECT_EQ(o.jobs[0].lost, GpuTime{});
  EXPECT_EQ(o.jobs[0].finish, at(1100_s));
}

// a leaves 6 GPUs; b is promised those and the 2 idle ones, which c, come meanwhile, does not get.
TEST(QueueNotice, IdleGpusOfAPromiseAreKept) {
  Inputs in = inputs(1, 1_s, stop_all_at_100s);
  in.training.jobs = {job(at(0_s), 6, 1000_s, "a"), job(at(100_s), 8, 100_s, "b"),
                      job(at(100_s + 500_ms), 2, 10_s, "c")};
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[1].first_start, at(101_s));
  EXPECT_EQ(o.jobs[2].first_start, at(201_s));
}

// b needs 2 of the 8 GPUs that a leaves; c and d, come meanwhile, get the 2 that were idle at once, and the other 6.
TEST(QueueNotice, WhatNobodyWasPromisedIsFree) {
  Inputs in = inputs(2, 1_s, [](const QueueView& v, QueueDecision* d) {
    stop_all_at_100s(v, d);
    if (v.now == at(100_s) && !d->preempt.empty()) d->preempt = {JobId{0}};
  });
  in.training.jobs = {job(at(0_s), 8, 1000_s, "a"), job(at(0_s), 6, 1000_s, "keeps 6"), job(at(100_s), 4, 100_s, "b"),
                      job(at(100_s + 500_ms), 2, 10_s, "c"), job(at(100_s + 600_ms), 4, 10_s, "d")};
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[2].first_start, at(101_s));
  EXPECT_EQ(o.jobs[3].first_start, at(100_s + 500_ms));
  EXPECT_EQ(o.jobs[4].first_start, at(101_s));
  EXPECT_EQ(o.jobs[1].preemptions, 0);
}

// 80 GB and 10 GB share the store: 10 GB at 25 GB/s take 0.4 s, the other 70 GB then 1.4 s more.  Each job starts when
// its own node is free.
TEST(QueueNotice, EachPromiseIsKeptByItself) {
  Inputs in = inputs(2, 60_s, stop_all_at_100s);
  in.training.jobs = {job(at(0_s), 8, 1000_s, "wide"), job(at(0_s), 1, 1000_s, "narrow"), job(at(100_s), 8, 50_s, "b"),
                      job(at(100_s), 8, 50_s, "c")};
  const Outcome o = run(std::move(in));
  ASSERT_EQ(o.stops.size(), 2u);
  EXPECT_EQ(o.stops[0].first, 1u);
  EXPECT_NEAR(static_cast<double>((o.stops[0].second - at(100_s)).ns), 0.4e9, kFlow);
  EXPECT_NEAR(static_cast<double>((o.stops[1].second - at(100_s)).ns), 1.8e9, kFlow);
  const std::vector<Instant> starts{std::min(o.jobs[2].first_start, o.jobs[3].first_start),
                                    std::max(o.jobs[2].first_start, o.jobs[3].first_start)};
  EXPECT_EQ(starts, (std::vector<Instant>{o.stops[0].second, o.stops[1].second}));
}

// b is promised both nodes; at 100.5 s a pool takes the idle one.  When a has gone, b waits again, as long as before.
TEST(QueueNotice, AJobWhoseGpusAPoolTakesWaitsAgain) {
  bool again = false;
  Inputs in = inputs(2, 1_s, [&](const QueueView& v, QueueDecision* d) {
    if (v.now == at(100_s)) return stop_all_at_100s(v, d);
    for (const WaitingJobView& w : v.waiting) {
      if (v.now < at(1_s)) d->start.push_back(w.id);
      again = again || (v.now == at(101_s) && w.id == JobId{1} && w.waiting_since == at(100_s));
    }
  });
  in.training.jobs = {job(at(0_s), 8, 1000_s, "a"), job(at(100_s), 16, 100_s, "b")};
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 0);
  pool.max_nodes = Nodes{1};
  in.pools.push_back(std::move(pool));
  in.review_every = 500_ms;
  in.horizon = at(150_s);
  in.allocator = std::make_unique<AskedAllocator>([](const AllocatorView& v, AllocatorDecision* d) {
    d->targets.push_back({PoolId{0}, v.now < at(100_s + 500_ms) ? 0 : 1});
  });
  const Outcome o = run(std::move(in));
  EXPECT_TRUE(again);
  EXPECT_EQ(o.jobs[1].first_start, Instant::never());
  EXPECT_EQ(o.stops, (std::vector<std::pair<std::uint32_t, Instant>>{{0, at(101_s)}}));
}

// Stopping or resizing a job that leaves changes nothing; so a policy that insists does not go round in circles.
TEST(QueueNotice, AJobThatLeavesCannotBeStoppedOnceMore) {
  Inputs in = inputs(1, 1_s, [](const QueueView& v, QueueDecision* d) {
    if (v.now == at(100_s)) {
      for (const RunningJobView& r : v.running) d->preempt.push_back(r.id);
    }
    for (const WaitingJobView& w : v.waiting) {
      if (!w.blocked) d->start.push_back(w.id);
    }
  });
  in.training.jobs = {job(at(0_s), 8, 1000_s, "a"), job(at(100_s), 8, 100_s, "b")};
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].preemptions, 1);
  EXPECT_EQ(o.jobs[1].first_start, at(101_s));
}

// Refused when it comes, or after a run of 100 s: it ends there and then, and everybody says why.
TEST(Refusal, EndsAJobAsRejected) {
  Inputs in = inputs(1, 0_s, [](const QueueView& v, QueueDecision* d) {
    if (v.now == at(100_s) && !v.running.empty()) d->preempt.push_back(v.running[0].id);
    for (const WaitingJobView& w : v.waiting) {
      if (v.now < at(1_s)) d->start.push_back(w.id);
      if (v.now >= at(100_s)) d->refuse.push_back(w.id);
    }
  });
  in.training.jobs = {job(at(0_s), 8, 1000_s, "a"), job(at(50_s), 9, 1_s, "too large"), job(at(100_s), 8, 100_s, "b")};
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].rejection, JobRejection::kByQueue);
  EXPECT_EQ(o.jobs[0].finish, at(100_s));
  EXPECT_EQ(o.jobs[0].lost, Gpus{8} * 100_s);
  EXPECT_EQ(o.jobs[1].rejection, JobRejection::kTooLarge);
  EXPECT_EQ(o.jobs[2].rejection, JobRejection::kByQueue);
  EXPECT_EQ(o.jobs[2].first_start, Instant::never());
  EXPECT_EQ(o.jobs[2].finish, at(100_s));
  EXPECT_EQ(o.result.training.rejected, 3u);
  EXPECT_EQ(o.result.training.refused, 2u);
}

// A run time of 1000 s and a deadline 900 s after submission: refused at once, or run late.
TEST(Refusal, DeadlineRefusesWhatCannotBeMet) {
  const auto with = [](const std::string& late_jobs) {
    Inputs in = inputs(1, 0_s, {});
    in.training.queue = make_policy(builtin_policies().training_queues, "deadline", {{"late_jobs", late_jobs}});
    in.training.jobs = {job(at(10_s), 8, 1000_s, "late"), job(at(20_s), 8, 1000_s, "in time")};
    in.training.jobs[0].deadline = at(910_s);
    in.training.jobs[1].deadline = at(1_h);
    return in;
  };
  const Outcome o = run(with("refuse"));
  EXPECT_EQ(o.jobs[0].reason, FinishReason::kRejected);
  EXPECT_EQ(o.jobs[0].finish, at(10_s));
  EXPECT_LE(o.jobs[1].finish, at(1_h));
  EXPECT_EQ(o.result.training.deadlines_met, 1u);
}
TEST(Refusal, BestEffortRunsItLate) {
  Inputs in = inputs(1, 0_s, {});
  in.training.queue = make_policy(builtin_policies().training_queues, "deadline", {{"late_jobs", "best_effort"}});
  in.training.jobs = {job(at(10_s), 8, 1000_s, "late")};
  in.training.jobs[0].deadline = at(910_s);
  EXPECT_EQ(run(std::move(in)).jobs[0].reason, FinishReason::kCompleted);
}

}  // namespace
}  // namespace jevons::testing
