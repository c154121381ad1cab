// Elastic, moldable and dependent jobs, preemption with notice and asynchronous checkpoints, worked by hand.
#include <gtest/gtest.h>

#include "tests/support/asked_policies.h"
#include "tests/support/jobs.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

TrainingJob job(const std::string& name, std::int64_t submit_s, std::int32_t gpus, std::int64_t run_s) {
  return testing::job(Instant{} + submit_s * 1_s, gpus, run_s * 1_s, name);
}

TrainingJob elastic(const std::string& name, std::int64_t submit_s, std::int32_t gpus, std::int64_t run_s) {
  TrainingJob j = job(name, submit_s, gpus, run_s);
  j.flexibility = Flexibility::kElastic;
  j.min_gpus = Gpus{4};
  j.max_gpus = Gpus{16};
  return j;
}

struct Outcome {
  RunResult result;
  std::vector<JobRecord> jobs;  // By id.
};

Outcome run(Inputs in) {
  Records records;
  in.observers.push_back(&records);
  auto result = simulate(std::move(in));
  EXPECT_TRUE(result.ok()) << result.error().text();
  std::sort(records.jobs.begin(), records.jobs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return {result.ok() ? *result : RunResult{}, records.jobs};
}

double gpu_seconds(const RunResult& r, Purpose p) {
  return static_cast<double>(r.ledger.by_purpose[static_cast<std::size_t>(p)].gpu_ns) / 1e9;
}

// Asked 8, runs 1000 s on them.  Starts on 8 at 0; at 200 s grows to 16 (speed 1.6 by its curve): 10 s to resize, then
// 800 s of work at 1.6 take 500 s: it ends at 710 s.
TEST(Elastic, GrowsAndSpeedsUpByItsCurve) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  in.training.jobs = {elastic("a", 0, 8, 1000)};
  in.training.jobs[0].scaling = {{Gpus{8}, 1.0}, {Gpus{16}, 1.6}};
  in.training.resize_overhead = 10_s;
  in.training.queue = std::make_unique<AskedQueue>([](const QueueView& v, QueueDecision* d) {
    for (const WaitingJobView& w : v.waiting) d->start.push_back(w.id);
    if (v.now < Instant{} + 200_s) d->ask_again = Instant{} + 200_s;
    if (v.now == Instant{} + 200_s) d->resize.push_back({v.running[0].id, Gpus{16}});
  });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].finish, Instant{} + 710_s);
  EXPECT_EQ(o.jobs[0].resizes, 1);
  EXPECT_EQ(gpu_seconds(o.result, Purpose::kTraining), 8 * 200.0 + 16 * 500.0);
  EXPECT_EQ(gpu_seconds(o.result, Purpose::kLoading), 16 * 10.0);
  EXPECT_EQ(o.result.training.elapsed, Gpus{8} * 200_s + Gpus{16} * 510_s);
}

// Moldable: started on 4 of 8 GPUs, in proportion: twice as long.
TEST(Elastic, AMoldableJobRunsOnWhatItStartsWith) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  in.training.jobs = {elastic("a", 0, 8, 1000)};
  in.training.jobs[0].flexibility = Flexibility::kMoldable;
  in.training.queue = std::make_unique<AskedQueue>([](const QueueView& v, QueueDecision* d) {
    for (const WaitingJobView& w : v.waiting) d->start.push_back({w.id, Gpus{4}});
  });
  EXPECT_EQ(run(std::move(in)).jobs[0].finish, Instant{} + 2000_s);
}

// ETTR was 200 %: the GPU-time of 16 GPUs over the 8 asked for.
TEST(Elastic, AMoldableJobOnMoreGpusThanItAskedForIsUsefulAllTheTimeAndNotMore) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  in.training.jobs = {elastic("a", 0, 8, 1000)};
  in.training.jobs[0].flexibility = Flexibility::kMoldable;
  in.training.jobs[0].tenant = "t";
  in.training.queue = std::make_unique<AskedQueue>([](const QueueView& v, QueueDecision* d) {
    for (const WaitingJobView& w : v.waiting) d->start.push_back({w.id, Gpus{16}});
  });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].finish, Instant{} + 500_s);
  EXPECT_EQ(o.result.training.elapsed, Gpus{16} * 500_s);
  EXPECT_EQ(o.result.training.useful, o.result.training.elapsed);
  EXPECT_EQ(o.result.training.tenants[0].jobs.useful, o.result.training.tenants[0].jobs.elapsed);
}

// 16 GPUs for 100 s, all lost; a wait of 50 s, which counts with the 8 asked for; 4 GPUs for 2000 s, which count.
TEST(Elastic, ElapsedIsWhatAJobHeldAndWhatItAskedForWhileItWaited) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  in.training.jobs = {elastic("a", 0, 8, 1000)};
  in.training.queue = std::make_unique<AskedQueue>([](const QueueView& v, QueueDecision* d) {
    const Duration now = v.now - Instant{};
    d->ask_again = v.now + 50_s;
    if (now == 100_s && !v.running.empty()) d->preempt.push_back(v.running[0].id);
    if (v.waiting.empty()) return;
    if (now == 0_s) d->start.push_back({v.waiting[0].id, Gpus{16}});
    if (now == 150_s) d->start.push_back({v.waiting[0].id, Gpus{4}});
  });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].finish, Instant{} + 2150_s);
  EXPECT_EQ(o.result.training.elapsed, Gpus{16} * 100_s + Gpus{8} * 50_s + Gpus{4} * 2000_s);
  EXPECT_EQ(o.result.training.useful, Gpus{4} * 2000_s);  // ETTR 0.8.
}

// The view of an elastic job after a resize: 8 GPUs for 100 s, then 4.
TEST(Elastic, AttainedServiceCountsWhatItHeld) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  in.training.jobs = {elastic("a", 0, 8, 1000)};
  GpuTime attained;
  double speed = 0;
  in.training.queue = std::make_unique<AskedQueue>([&](const QueueView& v, QueueDecision* d) {
    for (const WaitingJobView& w : v.waiting) d->start.push_back(w.id);
    d->ask_again = v.now + 100_s;
    if (v.now == Instant{} + 100_s && v.running[0].gpus == Gpus{8}) d->resize.push_back({v.running[0].id, Gpus{4}});
    if (v.now != Instant{} + 300_s) return;
    attained = v.running[0].attained_at(v.now);
    speed = v.running[0].speed;
    EXPECT_EQ(v.tenants[0].used, attained);
    EXPECT_EQ(v.groups[0].free, Gpus{12});
  });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(attained, Gpus{8} * 100_s + Gpus{4} * 200_s);
  EXPECT_EQ(speed, 0.5);
  EXPECT_EQ(o.jobs[0].finish, Instant{} + 100_s + 2 * 900_s);
}

// A 16-GPU job holds two nodes; the pool wants one of them back at 100 s.  It withdraws and loses nothing.
TEST(Elastic, WithdrawsFromAReclaimedNode) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  in.training.jobs = {elastic("a", 0, 16, 1000)};
  in.training.resize_overhead = 10_s;
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 0);
  pool.max_nodes = Nodes{2};
  in.pools.push_back(std::move(pool));
  in.review_every = 100_s;
  in.allocator = std::make_unique<AskedAllocator>([](const AllocatorView& v, AllocatorDecision* d) {
    d->targets.push_back({PoolId{0}, v.now < Instant{} + 100_s ? 0 : 1});
    d->may_preempt = true;
    if (v.now == Instant{} + 100_s) d->reclaim = {v.running_jobs[0].shares[0].node};
  });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].preemptions, 0);
  EXPECT_EQ(o.jobs[0].lost, GpuTime{});
  EXPECT_EQ(o.jobs[0].finish, Instant{} + 110_s + 2 * 900_s);
}

// A job of 80 GB on a node that a pool wants at 100 s; `take` says how of the job.
Inputs wanted_at_100s(Duration notice, void (*take)(const VictimView&, AllocatorDecision*)) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job("a", 0, 8, 1000)};
  in.training.checkpoint_interval = 3600_s;
  in.training.checkpoint_bytes_per_gpu = 10e9;
  in.training.notice = notice;
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 0);
  pool.max_nodes = Nodes{1};
  in.pools.push_back(std::move(pool));
  in.review_every = 100_s;
  in.horizon = Instant{} + 200_s;
  in.allocator = std::make_unique<AskedAllocator>([take](const AllocatorView& v, AllocatorDecision* d) {
    d->targets.push_back({PoolId{0}, v.now < Instant{} + 100_s ? 0 : 1});
    d->may_preempt = d->give_notice = true;
    for (const VictimView& r : v.running_jobs) take(r, d);
  });
  return in;
}

// Told at 100 s to leave; its checkpoint of 80 GB takes 1.6 s at the store's 50 GB/s; then the pool has the node.
TEST(Notice, AJobWritesACheckpointBeforeItLeaves) {
  Inputs in = wanted_at_100s(60_s, [](const VictimView& r, AllocatorDecision* d) { d->victims.push_back(r.id); });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].lost, GpuTime{});
  EXPECT_EQ(o.jobs[0].preemptions, 1);
  EXPECT_EQ(o.jobs[0].useful, Gpus{8} * 100_s);
  EXPECT_NEAR(static_cast<double>(o.jobs[0].checkpoint.gpu_ns), 8 * 1.6e9, 20);
  EXPECT_EQ(o.result.node_moves, 1u);
}

// The same with a notice of 1 s, too short for the checkpoint: all is lost, and a second later than without notice.
TEST(Notice, TooShortForACheckpointLosesTheWork) {
  Inputs in =
      wanted_at_100s(1_s, [](const VictimView& r, AllocatorDecision* d) { d->reclaim.push_back(r.shares[0].node); });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].lost, Gpus{8} * 101_s);
  EXPECT_EQ(o.jobs[0].useful, GpuTime{});
}

// Checkpoints of 1.6 s every 100 s, written beside the steps: the job is not held up.  Preempted at 350 s, it has what
// the third one holds.
TEST(AsynchronousCheckpoints, CostNoStepsAndSaveThem) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job("a", 0, 8, 1000)};
  in.training.checkpoint_interval = 100_s;
  in.training.checkpoint_bytes_per_gpu = 10e9;
  in.training.asynchronous_checkpoints = true;
  in.training.queue = std::make_unique<AskedQueue>([](const QueueView& v, QueueDecision* d) {
    for (const WaitingJobView& w : v.waiting) {
      if (v.now != Instant{} + 350_s) d->start.push_back(w.id);
      if (v.now > Instant{}) {
        EXPECT_EQ(w.remaining_estimate, 700_s);
      }
    }
    if (v.now < Instant{} + 350_s) d->ask_again = Instant{} + 350_s;
    if (v.now == Instant{} + 350_s) {
      for (const RunningJobView& r : v.running) d->preempt.push_back(r.id);
      d->ask_again = Instant{} + 400_s;
    }
  });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].lost, Gpus{8} * 50_s);
  EXPECT_EQ(o.jobs[0].useful, Gpus{8} * 1000_s);
  EXPECT_EQ(gpu_seconds(o.result, Purpose::kCheckpoint), 0);
  EXPECT_NEAR(static_cast<double>(o.jobs[0].finish.ns), 400e9 + 700e9 + 80.0 / 90 * 1e9, 10);  // Reads 80 GB first,
  // at 0.9 of 100 GB/s.
}

// c after a and b, d after c: chains run one after the other, and c does not wait for GPUs but for b.
TEST(Dependencies, AJobStartsWhenThoseItNamesHaveEnded) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job("a", 0, 1, 100), job("b", 0, 1, 300), job("c", 10, 1, 50), job("d", 20, 1, 5)};
  in.training.jobs[2].after = {"a", "b"};
  in.training.jobs[3].after = {"c"};
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[2].first_start, Instant{} + 300_s);
  EXPECT_EQ(o.jobs[3].first_start, Instant{} + 350_s);
}

TEST(Dependencies, AJobWhosePredecessorNeverEndsIsUnfinished) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job("too large", 0, 9, 100), job("b", 0, 1, 300)};
  in.training.jobs[1].after = {"too large"};
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].reason, FinishReason::kRejected);
  EXPECT_EQ(o.jobs[1].reason, FinishReason::kUnfinished);
}

// Two 8-GPU nodes with one 1-GPU job each: 14 GPUs are free, but no node is whole.  The queue wants to stop one for an
// 8-GPU job that packed placement can then place; for a 16-GPU job stopping one is not enough, and nobody is stopped.
TEST(Preemption, NobodyIsStoppedForAJobThatCannotBePlaced) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  in.training.placement = make_policy(builtin_policies().placements, "spread");
  in.training.jobs = {job("a", 0, 1, 100), job("b", 0, 1, 100), job("wide", 10, 16, 100)};
  in.training.queue = std::make_unique<AskedQueue>([](const QueueView& v, QueueDecision* d) {
    for (const WaitingJobView& w : v.waiting) {
      if (w.blocked) continue;
      d->start.push_back(w.id);
      if (w.gpus == Gpus{16} && v.running.size() == 2) d->preempt.push_back(v.running[0].id);
    }
  });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].preemptions, 0);
  EXPECT_EQ(o.jobs[2].first_start, Instant{} + 100_s);
}

// A pool of 1 and whole units of 3 nodes, asked for 2, 5 and 20 of at most 8: 4, 7 and 8.
TEST(Units, TargetsAreRoundedUpToWholeUnits) {
  Inputs in = empty_inputs({node_group("n", 9, 8)});
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 1);
  pool.max_nodes = Nodes{8};
  pool.unit_nodes = Nodes{3};
  in.pools.push_back(std::move(pool));
  in.review_every = 100_s;
  in.horizon = Instant{} + 450_s;
  std::vector<std::int32_t> targets;
  in.allocator = std::make_unique<AskedAllocator>([&](const AllocatorView& v, AllocatorDecision* d) {
    targets.push_back(v.pools[0].target_nodes);
    const std::int32_t asked[] = {1, 2, 5, 8, 4};
    d->targets.push_back({PoolId{0}, asked[v.now.ns / (100_s).ns]});
  });
  run(std::move(in));
  EXPECT_EQ(targets, (std::vector<std::int32_t>{1, 1, 4, 7, 8}));
}

// A gang of two nodes that is stopped for one of them has left the other, too: nobody else is stopped for that.
TEST(Reclaim, AGangStoppedForOneNodeGivesItsOtherNodesAsWell) {
  Inputs in = empty_inputs({node_group("n", 3, 8)});
  in.training.jobs = {job("wide", 0, 16, 1000), job("narrow", 0, 8, 1000)};
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 0);
  pool.max_nodes = Nodes{2};
  in.pools.push_back(std::move(pool));
  in.review_every = 100_s;
  in.horizon = Instant{} + 300_s;
  in.allocator = std::make_unique<AskedAllocator>([](const AllocatorView& v, AllocatorDecision* d) {
    d->targets.push_back({PoolId{0}, v.now < Instant{} + 100_s ? 0 : 2});
    d->may_preempt = true;
    for (const VictimView& r : v.running_jobs) {
      for (const NodeShare& s : r.shares) d->reclaim.push_back(s.node);
    }
  });
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.jobs[0].preemptions, 1);
  EXPECT_EQ(o.jobs[1].preemptions, 0);
}

}  // namespace
}  // namespace jevons::testing
