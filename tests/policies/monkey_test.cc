// Check 38: the machine under policies that answer at random, and under each kind of illegal answer.
#include <gtest/gtest.h>

#include "tests/support/in_child.h"
#include "tests/support/monkey_policies.h"
#include "tests/support/swarm.h"

namespace jevons::testing {
namespace {

void set_monkeys(Inputs* in, std::uint64_t seed, Crime crime) {
  in->allocator = std::make_unique<MonkeyAllocator>(seed, crime);
  in->allocator_name = "monkey_allocator";
  in->training.queue = std::make_unique<MonkeyQueue>(seed, crime);
  in->training.queue_name = "monkey_queue";
  in->training.placement = std::make_unique<MonkeyPlacement>(crime);
  in->training.placement_name = "monkey_placement";
  for (PoolSetup& pool : in->pools) {
    pool.router = std::make_unique<MonkeyRouter>(seed, crime);
    pool.router_name = "monkey_router";
    pool.batcher = std::make_unique<MonkeyBatcher>(crime);
    pool.batcher_name = "monkey_batcher";
    pool.admission = std::make_unique<MonkeyAdmission>(seed, crime);
    pool.admission_name = "monkey_admission";
    pool.autoscaler = std::make_unique<MonkeyAutoscaler>(seed);
  }
}

std::string run_with_monkeys(std::uint64_t seed) {
  return in_child([&] {
           Inputs in = Swarm(seed).build_all();
           in.horizon = std::min(in.horizon, Instant{} + 24_h);  // They may never finish the training jobs.
           in.engine.audit = true;
           if (seed % 3 != 0) in.training.queue_notice = static_cast<std::int64_t>(seed) * 500_ms;
           set_monkeys(&in, seed, Crime::kNone);
           const Result<RunResult> result = simulate(std::move(in));
           return result ? std::string("sound") : result.error().text();
         })
      .bytes;
}

TEST(Monkey, LegalNonsenseLeavesTheMachineSound) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) ASSERT_EQ(run_with_monkeys(seed), "sound") << "seed " << seed;
}

// Two nodes serve, two train; a few requests, two jobs of which one fits.
Inputs small_world() {
  Inputs in = empty_inputs({node_group("h100", 4, 8)});
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms, .per_token = 10_us})}, 2);
  pool.min_nodes = Nodes{1};
  pool.max_nodes = Nodes{3};
  pool.limits.max_num_seqs = 4;
  in.pools.push_back(std::move(pool));
  add_requests(&in, 0, {request(Instant{} + 1_s, 100, 20), request(Instant{} + 1_s, 100, 20)});
  for (int i = 0; i < 4; ++i) {
    TrainingJob job;
    job.name = "job";
    job.submit = Instant{} + i * 1_s;
    job.gpus = Gpus{6};
    job.run_time = job.estimate = 1000_s;
    if (i == 0) {  // One that a queue may resize.
      job.flexibility = Flexibility::kElastic;
      job.min_gpus = Gpus{2};
      job.max_gpus = Gpus{8};
    }
    in.training.jobs.push_back(job);
  }
  in.horizon = Instant{} + 600_s;
  return in;
}

std::string error_after(Crime crime) {
  return in_child([&] {
           Inputs in = small_world();
           set_monkeys(&in, 1, crime);
           const Result<RunResult> result = simulate(std::move(in));
           return result ? std::string("no error") : result.error().text();
         })
      .bytes;
}

void expect_blamed(const std::string& policy, std::initializer_list<Crime> crimes) {
  for (const Crime crime : crimes) {
    const std::string error = error_after(crime);
    EXPECT_NE(error.find(policy), std::string::npos) << static_cast<int>(crime) << ": " << error;
  }
}

TEST(Monkey, SmallWorldIsSoundWithoutACrime) { EXPECT_EQ(error_after(Crime::kNone), "no error"); }
TEST(Monkey, IllegalRouterIsNamed) { expect_blamed("monkey_router", {Crime::kUnknownReplica}); }
TEST(Monkey, IllegalBatcherIsNamed) {
  expect_blamed("monkey_batcher",
                {Crime::kAdmitMoreThanWait, Crime::kEmptyChunk, Crime::kChunkTooLong, Crime::kContinueNothing});
}
TEST(Monkey, IllegalAdmissionIsNamed) { expect_blamed("monkey_admission", {Crime::kNegativeCap}); }
TEST(Monkey, IllegalTrainingQueueIsNamed) {
  expect_blamed("monkey_queue",
                {Crime::kStartUnknownJob, Crime::kStartTwice, Crime::kPreemptWaiting, Crime::kResizeRigid,
                 Crime::kResizeBeyond, Crime::kStartBeyond, Crime::kStartElsewhere, Crime::kRefuseRunning,
                 Crime::kRefuseUnknown, Crime::kRefuseTwice, Crime::kRefuseAndStart, Crime::kAskAgainNow});
}
TEST(Monkey, IllegalPlacementIsNamed) {
  expect_blamed("monkey_placement",
                {Crime::kPlaceTooMany, Crime::kPlaceTwice, Crime::kPlacePartOfAGang, Crime::kPlaceElsewhere});
}
TEST(Monkey, IllegalAllocatorIsNamed) {
  expect_blamed("monkey_allocator", {Crime::kUnknownPool, Crime::kPoolTwice, Crime::kTooManyNodes, Crime::kTooFewNodes,
                                     Crime::kUnknownVictim, Crime::kVictimTwice, Crime::kReclaimUnknown,
                                     Crime::kReclaimTwice, Crime::kGuestsUnasked});
}

// A timetable for a pool that does not exist is found at the first review.
TEST(Monkey, ScheduleForAnUnknownPoolEndsTheRunWithItsName) {
  const std::string error =
      in_child([] {
        Inputs in = small_world();
        in.allocator = make_policy(builtin_policies().allocators, "schedule", {{"table", "chatt:00:00=2"}});
        in.allocator_name = "schedule";
        const Result<RunResult> result = simulate(std::move(in));
        return result ? std::string("no error") : result.error().text();
      }).bytes;
  EXPECT_NE(error.find("schedule"), std::string::npos) << error;
}

}  // namespace
}  // namespace jevons::testing
