// Training jobs as guests on serving GPUs, worked by hand: what both sides lose to the nanosecond, who sees them, and
// when they must go.
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/event_log.h"
#include "tests/support/in_child.h"
#include "tests/support/jobs.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

constexpr Instant at(Duration t) { return Instant{} + t; }

// At each of its instants, so many nodes of pool 0 open to guests.
using Script = std::map<Duration, std::int32_t>;
class Opener final : public Allocator {
 public:
  explicit Opener(Script script, std::vector<VictimView>* seen = nullptr) : script_(std::move(script)), seen_(seen) {}
  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    const auto it = script_.find(view.now - Instant{});
    if (it != script_.end()) decision->guests.push_back({PoolId{0}, it->second});
    if (drain_at && view.now == *drain_at) decision->targets.push_back({PoolId{0}, 0});
    if (seen_ != nullptr) seen_->insert(seen_->end(), view.running_jobs.begin(), view.running_jobs.end());
  }
  std::optional<Instant> drain_at;

 private:
  Script script_;
  std::vector<VictimView>* seen_;
};

struct GuestLog final : Observer {
  void on_guest_start(Instant t, const GangStart&) override { starts.push_back(t); }
  void on_guest_stop(Instant t, JobId, bool preempted) override { (preempted ? sent_away : done).push_back(t); }
  void on_job_start(Instant t, const GangStart&) override { own.push_back(t); }
  std::vector<Instant> starts, sent_away, done, own;
};

TrainingJob guest(std::int32_t gpus, Duration run_time) {
  TrainingJob j = job(Instant{}, gpus, run_time, "guest");
  j.guest_memory = Bytes{16'000'000'000};
  return j;
}

// One node that a pool holds, its replicas of so many GPUs; 10 ms an iteration, 10.7 ms with a guest.
Inputs one_node(std::int32_t gpus_per_replica, TrainingJob job, Script script) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  PoolSetup pool = fixed_pool({instance(0, gpus_per_replica, 100'000, {.base = 10_ms})}, 1);
  pool.min_nodes = Nodes{0};
  pool.colocation = {Bytes{16'000'000'000}, 1.07, 0.75, 0.5};
  in.pools.push_back(std::move(pool));
  in.training.jobs = {std::move(job)};
  in.review_every = 10_s;
  in.allocator = std::make_unique<Opener>(std::move(script));
  return in;
}

struct Outcome {
  RunResult result;
  Records records;
  GuestLog log;
};

void run(Inputs in, Outcome* out) {
  in.observers = {&out->records, &out->log};
  auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  out->result = *std::move(result);
}

GpuTime gpu_seconds(std::int64_t n) { return Gpus{1} * (n * 1_s); }
GpuTime of(const RunResult& r, Purpose p) { return r.guests.by_purpose[static_cast<std::size_t>(p)]; }

// The replica is busy all the time, so the guest's 3 s take 6: 10 s to 16 s.  The step begun at 10 s ends at 10.01 s;
// 560 of 10.7 ms follow, the last begun before 16 s and ended at 16.002 s; 440 of 10 ms are left of the 2,000.
void expect_exact_times(const EngineOptions& engine) {
  Inputs in = one_node(8, guest(4, 3_s), {{10_s, 1}});
  add_requests(&in, 0, {request(at(0_s), 1, 2001)});
  in.engine = engine;
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(o.log.starts, std::vector<Instant>{at(10_s)});
  EXPECT_EQ(o.log.done, std::vector<Instant>{at(16_s)});
  EXPECT_EQ(o.records.requests.at(0).finish, at(20'402_ms));
  EXPECT_EQ(of(o.result, Purpose::kTraining), gpu_seconds(24));
  EXPECT_EQ(o.result.guests.work, gpu_seconds(12));
  EXPECT_EQ(o.result.guests.open, Gpus{8} * 10'402_ms);
  EXPECT_EQ(o.result.training.useful, GpuTime{}) << "no GPU of its own";
  EXPECT_EQ(o.records.jobs.at(0).useful, gpu_seconds(24));
  EXPECT_EQ(o.result.ledger.total(), Gpus{8} * 20'402_ms);
  EXPECT_EQ(o.result.ledger.by_purpose[static_cast<std::size_t>(Purpose::kServing)], Gpus{8} * 20'402_ms);
}
TEST(Guests, SlowTheReplicaAndAreSlowed) { expect_exact_times({.audit = true}); }
TEST(Guests, LikewiseStepByStep) { expect_exact_times({.fast_forward = false, .audit = true}); }
TEST(Guests, LikewiseWithoutLookAhead) { expect_exact_times({.look_ahead = false, .audit = true}); }

// Of two replicas on the node the guest sits on the first: 1,000 steps from 10 s on at 10.7 ms and at 10 ms.
TEST(Guests, SlowOnlyTheReplicaWhoseGpusTheyShare) {
  Inputs in = one_node(4, guest(3, 100_s), {{0_s, 1}});
  add_requests(&in, 0, {request(at(10_s), 1, 1001), request(at(10_s), 1, 1001)});
  in.horizon = at(30_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  ASSERT_EQ(o.records.requests.size(), 2U);
  EXPECT_EQ(o.records.requests[0].finish, at(10_s) + 1001 * 10_ms);
  EXPECT_EQ(o.records.requests[1].finish, at(10_s) + 1001 * Duration{10'700'000});
}

// Nothing to serve until 10 s: 0.75 until the review of 20 s, which has seen a busy period: 7.5 s done, 2.5 s at 0.5.
TEST(Guests, AreAsFastAsTheLastPeriodWasIdle) {
  Inputs in = one_node(8, guest(8, 10_s), {{10_s, 1}});
  add_requests(&in, 0, {request(at(10_s), 1, 5000)});
  in.horizon = at(40_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(o.log.done, std::vector<Instant>{at(25_s)});
  EXPECT_EQ(o.result.guests.work, gpu_seconds(80));
}

// 10 s at 0.75 with an instant checkpoint every 3 s of them: 9 s kept (6.75 s of work), 1 s lost.  Back at 30 s, 2 s to
// restart, and 3 s of work at 0.75: 36 s.
TEST(Guests, LoseWhatNoCheckpointHoldsWhenTheyAreSentAway) {
  Inputs in = one_node(8, guest(8, 9'750_ms), {{10_s, 1}, {20_s, 0}, {30_s, 1}});
  in.training.checkpoint_interval = 3_s;
  in.training.restart_overhead = 2_s;
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(o.log.sent_away, std::vector<Instant>{at(20_s)});
  EXPECT_EQ(o.log.done, std::vector<Instant>{at(36_s)});
  EXPECT_EQ(of(o.result, Purpose::kLostWork), gpu_seconds(8));
  EXPECT_EQ(of(o.result, Purpose::kLoading), gpu_seconds(16));
  EXPECT_EQ(of(o.result, Purpose::kTraining), gpu_seconds(72 + 32));
  EXPECT_EQ(o.result.guests.work, gpu_seconds(78));
  EXPECT_EQ(o.records.jobs.at(0).preemptions, 1);
  EXPECT_EQ(o.records.jobs.at(0).lost, gpu_seconds(8));
  // The owner's lost time was the guest's, the run's only what is in the ledger: none.  Of the time it waited, 80
  // GPU-seconds from 20 s to 30 s, nothing was useful; its time as a guest is not told there.
  EXPECT_EQ(o.result.lost(), gpu_seconds(8));
  ASSERT_EQ(o.result.training.tenants.size(), 1U);
  EXPECT_EQ(o.result.training.tenants[0].jobs.lost, gpu_seconds(8));
  EXPECT_EQ(o.result.training.tenants[0].jobs.elapsed, gpu_seconds(80));
  EXPECT_EQ(o.result.training.tenants[0].jobs.useful, GpuTime{});
  EXPECT_EQ(o.result.training.elapsed, gpu_seconds(80));
}

// The speed changes at 20 s, between two checkpoints: that of 18 s holds 8 s at 0.75, that of 26 s also 2 s at 0.75 and
// 6 s at 0.5; the 4 s after it are lost.
TEST(Guests, KeepTheirCheckpointsApartWhenTheirSpeedChanges) {
  Inputs in = one_node(8, guest(8, 100_s), {{10_s, 1}, {30_s, 0}});
  add_requests(&in, 0, {request(at(10_s), 1, 5000)});
  in.training.checkpoint_interval = 8_s;
  in.horizon = at(31_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(o.result.guests.work, gpu_seconds(8 * 6 + 8 * 3 / 2 + 8 * 3));
  EXPECT_EQ(of(o.result, Purpose::kTraining), gpu_seconds(8 * 16));
  EXPECT_EQ(of(o.result, Purpose::kLostWork), gpu_seconds(8 * 4));
}

// When its node drains the guest is stopped first; the node is empty, so training has it at once.
TEST(Guests, LeaveANodeThatDrains) {
  Inputs in = one_node(8, guest(8, 100_s), {{10_s, 1}});
  auto opener = std::make_unique<Opener>(Script{{10_s, 1}});
  opener->drain_at = at(20_s);
  in.allocator = std::move(opener);
  in.horizon = at(50_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(o.log.sent_away, std::vector<Instant>{at(20_s)});
  EXPECT_EQ(o.log.own, std::vector<Instant>{at(20_s)});
}

TEST(Guests, AreStoppedByAFailureOfTheirNode) {
  Inputs in = one_node(8, guest(8, 1000_s), {{0_s, 1}});
  in.faults.seed = 1;
  in.faults.causes.push_back({"node", FaultScope::kNode, 3600.0 / 8 / 50, 1000_s});  // One in 50 s, on average.
  in.horizon = at(1000_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  ASSERT_EQ(o.log.sent_away.size(), 1U);
  EXPECT_EQ(o.result.training.failures, 1U);
  EXPECT_EQ(o.result.training.lost_to_failures, Gpus{8} * (o.log.sent_away[0] - Instant{}));
}

TEST(Guests, NeedTheMemoryThatWasSetAside) {
  TrainingJob job = guest(8, 10_s);
  job.guest_memory = Bytes{16'000'000'001};
  Inputs in = one_node(8, job, {{0_s, 1}});
  in.horizon = at(50_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_TRUE(o.log.starts.empty());
}

TEST(Guests, OnlyJobsMarkedAsSuch) {
  TrainingJob job = guest(8, 10_s);
  job.guest_memory = Bytes{0};
  Inputs in = one_node(8, job, {{0_s, 1}});
  in.horizon = at(50_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_TRUE(o.log.starts.empty());
}

// Starts nothing, and looks at what it is shown.
class IdleQueue final : public TrainingQueue {
 public:
  void decide(const QueueView& view, QueueDecision*) override {
    EXPECT_EQ(view.free, Gpus{0});
    EXPECT_EQ(view.capacity, Gpus{0});
    EXPECT_TRUE(view.running.empty());
  }
  bool wants_every_change() const override { return true; }
};

TEST(Guests, AreSeenByTheAllocatorAndNotByTheQueue) {
  Inputs in = one_node(8, guest(4, 15_s), {{0_s, 1}});
  in.training.jobs.push_back(guest(8, 10_s));  // Does not fit beside the first.
  in.training.queue = std::make_unique<IdleQueue>();
  std::vector<VictimView> seen;
  in.allocator = std::make_unique<Opener>(Script{{0_s, 1}}, &seen);
  in.horizon = at(15_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  ASSERT_EQ(seen.size(), 1U);  // At 10 s.
  EXPECT_TRUE(seen[0].guest);
  EXPECT_EQ(seen[0].gpus, Gpus{4});
  EXPECT_EQ(seen[0].lost_if_stopped, gpu_seconds(40));
}

// Two nodes serve, the one with the lower id is open first; when one more is open the waiting job gets a seat.
TEST(Guests, TheNodesWithTheLowestIdsAreOpen) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  PoolSetup pool = fixed_pool({instance(0, 8, 100'000, {.base = 10_ms})}, 2);
  pool.colocation = {Bytes{16'000'000'000}, 1.07, 0.75, 0.5};
  in.pools.push_back(std::move(pool));
  in.training.jobs = {guest(8, 100_s), guest(8, 100_s)};
  in.review_every = 10_s;
  in.allocator = std::make_unique<Opener>(Script{{0_s, 1}, {10_s, 2}, {20_s, 1}});
  in.horizon = at(25_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(o.log.starts, (std::vector<Instant>{at(0_s), at(10_s)}));
  EXPECT_EQ(o.log.sent_away, std::vector<Instant>{at(20_s)});
  EXPECT_EQ(o.result.guests.open, Gpus{8} * 25_s + Gpus{8} * 10_s);
}

std::string log_of(bool takes_guests) {
  return in_child([=] {
           Inputs in = one_node(8, guest(8, 10_s), {});
           add_requests(&in, 0, {request(at(0_s), 100, 500), request(at(3_s), 700, 900)});
           if (!takes_guests) in.pools[0].colocation = {};
           in.horizon = at(50_s);
           EventLog log;
           in.observers.push_back(&log);
           const auto result = simulate(std::move(in));
           return log.text() + (result ? text_of(*result) : result.error().text());
         })
      .bytes;
}
TEST(Guests, WithoutAnyNothingChanges) {
  EXPECT_EQ(first_difference(log_of(true), log_of(false)), "");
  EXPECT_NE(log_of(true).find("\nrun end"), std::string::npos);
}

TEST(Guests, APoolThatTakesNoneIsNotOpenedToAny) {
  Inputs in = one_node(8, guest(8, 10_s), {{0_s, 1}});
  in.pools[0].colocation = {};
  const auto result = simulate(std::move(in));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().text().find("lets guests into a pool that takes none"), std::string::npos);
}

}  // namespace
}  // namespace jevons::testing
