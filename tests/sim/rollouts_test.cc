// Reinforcement learning that samples on a serving pool: by hand, and by a recursion over the requests' ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "tests/support/event_log.h"
#include "tests/support/in_child.h"
#include "tests/support/sim_builder.h"
#include "traces/generate/on_demand.h"

namespace jevons::testing {
namespace {

LengthOptions constant(std::int64_t tokens) {
  LengthOptions o;
  o.constant = Tokens{tokens};
  return o;
}

// One training node of 8 GPUs and one serving node whose iterations take 10 ms whatever they hold.  A job of three
// cycles of 4 samples and 1 s of training each.  Samples of 50 tokens take 50 iterations, and
// one more that the first begins alone: 0.51 s.
Inputs rl_inputs(const LengthOptions& output = constant(50)) {
  Inputs in = empty_inputs({node_group("train", 1, 8), node_group("serve", 1, 8)});
  in.training.speed_by_group = {1.0, 0.0};
  in.pools.push_back(fixed_pool({instance(1, 8, 100'000, {.base = 10_ms})}, 1));
  TrainingJob j;
  j.name = "rl";
  j.gpus = Gpus{8};
  j.run_time = j.estimate = 3_s;
  in.training.jobs = {j};
  auto source = OnDemandRequests::create(constant(100), output, 1, "rollouts");
  CHECK(source.ok());
  RolloutSetup r;
  r.source = source->get();
  r.cycles = 3;
  r.samples = 4;
  in.training.rollouts = {r};
  in.requests.push_back({"rl rollouts", PoolId{0}, *std::move(source)});
  return in;
}

GpuTime of(const RunResult& r, Purpose p) { return r.ledger.by_purpose[static_cast<std::size_t>(p)]; }

TEST(Rollouts, SynchronousTrainingWaitsForEveryCyclesSamples) {
  Inputs in = rl_inputs();
  Records records;
  in.observers.push_back(&records);
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(records.requests.size(), 12U);
  EXPECT_EQ(records.jobs[0].finish, Instant{} + 4530_ms);
  EXPECT_EQ(of(*result, Purpose::kTraining), Gpus{8} * 3_s);
  EXPECT_EQ(of(*result, Purpose::kAwaitingSamples), Gpus{8} * 1530_ms);
}

TEST(Rollouts, OneStepOffSamplesWhileItTrains) {
  Inputs in = rl_inputs();
  in.training.rollouts[0].ahead = 1;
  Records records;
  in.observers.push_back(&records);
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(records.requests.size(), 12U);  // None for a fourth cycle.
  EXPECT_EQ(records.jobs[0].finish, Instant{} + 3510_ms);
  EXPECT_EQ(of(*result, Purpose::kAwaitingSamples), Gpus{8} * 510_ms);
}

// When cycle k's training may begin and the job ends, from the ends of the requests alone.
Instant end_by_recursion(const std::vector<RequestRecord>& requests, const RolloutSetup& r, Duration cycle) {
  std::vector<Instant> ends;
  for (const RequestRecord& q : requests) ends.push_back(q.finish);
  std::sort(ends.begin(), ends.end());
  Instant now{};
  for (std::int64_t k = 0; k < r.cycles; ++k) {
    const std::int64_t needed = (k + 1) * r.samples - r.carried;
    now = std::max(now, ends[static_cast<std::size_t>(needed - 1)]) + cycle;
  }
  return now;
}

LengthOptions mostly_short() {
  LengthOptions o;
  o.law = LengthLaw::kEmpirical;
  o.empirical = {{Tokens{10}, 3}, {Tokens{400}, 1}};
  return o;
}

TEST(Rollouts, PartialRolloutLeavesStragglersForLater) {
  std::vector<Instant> finish;
  for (const std::int64_t carried : {0, 8}) {
    const auto r = in_child([&]() -> std::string {
      Inputs in = rl_inputs(mostly_short());
      RolloutSetup& setup = in.training.rollouts[0];
      setup.samples = 16;
      setup.carried = carried;
      const RolloutSetup as_given = setup;
      Records records;
      in.observers.push_back(&records);
      if (const auto result = simulate(std::move(in)); !result.ok()) return result.error().text();
      const Instant expected = end_by_recursion(records.requests, as_given, 1_s);
      if (records.jobs[0].finish != expected) return "expected " + std::to_string(expected.ns);
      return "at " + std::to_string(records.jobs[0].finish.ns);
    });
    ASSERT_TRUE(r.ok && r.bytes.starts_with("at ")) << r.bytes;
    finish.push_back(Instant{std::stoll(r.bytes.substr(3))});
  }
  EXPECT_LT(finish[1], finish[0]);
}

// Takes the training node for pool 1 at 2.5 s, in the middle of the second cycle's training, and gives it back at 3.5.
class TakesAWhile final : public Allocator {
 public:
  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    const bool taken = view.now >= Instant{} + 2500_ms && view.now < Instant{} + 3500_ms;
    decision->targets.push_back({PoolId{1}, taken ? 1 : 0});
    decision->may_preempt = true;
    for (const VictimView& v : view.running_jobs) decision->victims.push_back(v.id);
  }
};

Inputs preempted_inputs() {
  Inputs in = rl_inputs();
  PoolSetup other = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 0);
  other.name = "other";
  other.max_nodes = Nodes{1};
  in.pools.push_back(std::move(other));
  in.allocator = std::make_unique<TakesAWhile>();
  in.review_every = 500_ms;
  return in;
}

// Cycle 1: samples to 0.51 s, training to 1.51 s.  Cycle 2: samples to 2.02 s; of its training 0.48 s are lost, but
// nothing of cycle 1, and no sample is asked for again.  From 3.5 s on: 1 + 0.51 + 1 s.
TEST(Rollouts, AStoppedJobKeepsItsCyclesAndItsSamples) {
  Inputs in = preempted_inputs();
  Records records;
  in.observers.push_back(&records);
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(records.requests.size(), 12U);
  EXPECT_EQ(records.jobs[0].preemptions, 1);
  EXPECT_EQ(records.jobs[0].lost, Gpus{8} * 480_ms);
  EXPECT_EQ(records.jobs[0].useful, Gpus{8} * 3_s);
  EXPECT_EQ(records.jobs[0].finish, Instant{} + 6010_ms);
}

// A pool without nodes that nobody gives it any: the samples never come.
TEST(Rollouts, AJobWhoseSamplesCannotComeIsGivenUp) {
  Inputs in = rl_inputs();
  in.pools[0].initial_nodes = in.pools[0].min_nodes = Nodes{0};
  Records records;
  in.observers.push_back(&records);
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(records.jobs[0].reason, FinishReason::kUnfinished);
  EXPECT_NE(result->warnings.find("gave up"), std::string::npos);
}

TEST(Rollouts, EveryModeOfTheEngineWritesTheSameEvents) {
  std::optional<std::string> first;
  for (const bool fast_forward : {true, false}) {
    for (const bool look_ahead : {true, false}) {
      const ChildResult log = in_child([&] {
        Inputs in = preempted_inputs();
        in.training.checkpoint_interval = 600_s;
        in.training.checkpoint_bytes_per_gpu = 1e9;
        in.training.rollouts[0].ahead = 1;
        in.engine.fast_forward = fast_forward;
        in.engine.look_ahead = look_ahead;
        EventLog events;
        in.observers.push_back(&events);
        const auto result = simulate(std::move(in));
        return result.ok() ? events.text() : result.error().text();
      });
      ASSERT_TRUE(log.ok) << log.bytes;
      if (!first) first = log.bytes;
      EXPECT_EQ(log.bytes, *first) << fast_forward << look_ahead;
    }
  }
  EXPECT_NE(first->find("awaiting_samples"), std::string::npos);
}

}  // namespace
}  // namespace jevons::testing
