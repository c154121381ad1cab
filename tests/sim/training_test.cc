// Training and node moves, worked by hand: checkpoints, preemption, lost work, loading, draining.
#include <gtest/gtest.h>

#include <map>

#include "tests/support/jobs.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

// At each of its instants, a target for pool 0; preempts everything if it must.
class Script final : public Allocator {
 public:
  explicit Script(std::map<Instant, std::int32_t> targets) : targets_(std::move(targets)) {}
  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    const auto it = targets_.find(view.now);
    if (it == targets_.end()) return;
    decision->targets.push_back({PoolId{0}, it->second});
    decision->may_preempt = true;
    for (const VictimView& v : view.running_jobs) decision->victims.push_back(v.id);
  }

 private:
  std::map<Instant, std::int32_t> targets_;
};

struct NodeLog final : Observer {
  void on_node_taken(Instant t, NodeId, PoolId) override { taken.push_back(t); }
  void on_node_given_back(Instant t, NodeId, PoolId) override { given_back.push_back(t); }
  void on_replica_start(Instant t, ReplicaId, NodeId, Blocks) override { replicas.push_back(t); }
  std::vector<Instant> taken, given_back, replicas;
};

// SimGrid's dates are doubles: a flow's end is within 2 ns of the arithmetic.
void expect_at(Instant at, double seconds) { EXPECT_NEAR(static_cast<double>(at.ns), seconds * 1e9, 2.0); }

double gpu_seconds(const RunResult& r, Purpose p) {
  return static_cast<double>(r.ledger.by_purpose[static_cast<std::size_t>(p)].gpu_ns) / 1e9;
}

TEST(Training, WritesACheckpointEveryIntervalAndWaitsForIt) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job(Instant{0}, 8, 25_min)};
  in.training.checkpoint_interval = 10_min;
  in.training.checkpoint_bytes_per_gpu = 10e9;  // 80 GB over storage's 50 GB/s: 1.6 s.
  Records records;
  in.observers.push_back(&records);
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  ASSERT_EQ(records.jobs.size(), 1U);
  expect_at(records.jobs[0].finish, 25 * 60 + 2 * 1.6);
  EXPECT_EQ(records.jobs[0].checkpoints, 2);
  EXPECT_NEAR(gpu_seconds(*result, Purpose::kCheckpoint), 8 * 3.2, 1e-7);
  EXPECT_NEAR(gpu_seconds(*result, Purpose::kTraining), 8 * 1500.0, 1e-7);
}

// Preempted at 1,500 s, 300 s after its last instant checkpoint; starts again when the node comes back.
TEST(Training, LosesTheStepsSinceItsLastCheckpoint) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job(Instant{0}, 8, 2000_s)};
  in.training.checkpoint_interval = 600_s;
  in.training.restart_overhead = 30_s;
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 0);
  pool.max_nodes = Nodes{1};
  pool.warm_up = 20_s;
  in.pools.push_back(std::move(pool));
  in.review_every = 100_s;
  in.allocator =
      std::make_unique<Script>(std::map<Instant, std::int32_t>{{Instant{(1500_s).ns}, 1}, {Instant{(1600_s).ns}, 0}});
  Records records;
  NodeLog nodes;
  in.observers = {&records, &nodes};
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(records.jobs[0].preemptions, 1);
  EXPECT_EQ(records.jobs[0].checkpoints, 2);
  EXPECT_DOUBLE_EQ(gpu_seconds(*result, Purpose::kLostWork), 8 * 300.0);
  EXPECT_DOUBLE_EQ(gpu_seconds(*result, Purpose::kTraining), 8 * 2000.0);
  // 1,600 s + 30 s of restart + the 800 s that were not saved.
  EXPECT_EQ(records.jobs[0].finish, Instant{(2430_s).ns});
  ASSERT_EQ(nodes.replicas.size(), 1U);
  expect_at(nodes.replicas[0], 1500 + 16.0 / 90 + 20);  // 16 GB at 90 % of a 100 GB/s NIC, then warm-up.
  EXPECT_EQ(nodes.given_back, std::vector<Instant>{Instant{(1600_s).ns}});
}

// It went round and round at the clock's last instant.
TEST(Training, AJobThatEndsBeyondTheClockIsAnError) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job(Instant{5'000'000'000'000'000'000}, 8, Duration{5'000'000'000'000'000'000})};
  in.review_every = 720_h;
  const auto result = simulate(std::move(in));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().text().find("beyond the end of the clock"), std::string::npos);
}

TEST(NodeMoves, ADrainingNodeComesBackWithItsLastRequest) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 1);
  pool.min_nodes = Nodes{0};
  in.pools.push_back(std::move(pool));
  add_requests(&in, 0, {request(Instant{(5_s).ns}, 100, 1000), request(Instant{(11_s).ns}, 100, 1000)});
  in.review_every = 10_s;
  in.allocator =
      std::make_unique<Script>(std::map<Instant, std::int32_t>{{Instant{(10_s).ns}, 0}, {Instant{(40_s).ns}, 1}});
  NodeLog nodes;
  Records records;
  in.observers = {&nodes, &records};
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(nodes.given_back, std::vector<Instant>{Instant{(15_s).ns}});
  EXPECT_EQ(records.requests[0].finish, Instant{(15_s).ns});
  ASSERT_EQ(nodes.taken.size(), 2U);
  EXPECT_EQ(nodes.taken[1], Instant{(40_s).ns});
  expect_at(records.requests[1].finish, 40 + 16.0 / 90 + 10);  // Held until the node had loaded the model again.
  EXPECT_DOUBLE_EQ(gpu_seconds(*result, Purpose::kDraining), 8 * 5.0);
}

TEST(NodeMoves, TheDrainLimitSendsRequestsBackToTheFront) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 2);
  pool.min_nodes = Nodes{0};
  pool.drain_limit = 2_s;
  in.pools.push_back(std::move(pool));
  add_requests(&in, 0, {request(Instant{(9_s).ns}, 100, 1000), request(Instant{(9_s).ns}, 100, 1000)});
  in.review_every = 10_s;
  in.allocator = std::make_unique<Script>(std::map<Instant, std::int32_t>{{Instant{(10_s).ns}, 1}});
  NodeLog nodes;
  Records records;
  in.observers = {&nodes, &records};
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(nodes.given_back, std::vector<Instant>{Instant{(12_s).ns}});
  EXPECT_EQ(result->serving.completed, 2U);
  EXPECT_EQ(result->serving.preemptions, 1U);
  EXPECT_EQ(result->serving.recomputed, Tokens{100 + 300}) << "3 s of decoding at 10 ms, and the prompt";
}

TEST(NodeMoves, ANodeThatIsStillDrainingIsTakenBackFirst) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 1);
  pool.min_nodes = Nodes{0};
  in.pools.push_back(std::move(pool));
  add_requests(&in, 0, {request(Instant{0}, 100, 3000), request(Instant{(21_s).ns}, 100, 1)});
  in.review_every = 10_s;
  in.allocator =
      std::make_unique<Script>(std::map<Instant, std::int32_t>{{Instant{(10_s).ns}, 0}, {Instant{(20_s).ns}, 1}});
  NodeLog nodes;
  Records records;
  in.observers = {&nodes, &records};
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_TRUE(nodes.given_back.empty());
  EXPECT_EQ(records.requests[0].finish, Instant{(21'020_ms).ns});
}

TEST(Training, AJobLargerThanTheClusterIsRefused) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job(Instant{0}, 9, 10_s), job(Instant{0}, 8, 10_s)};
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(result->training.rejected, 1U);
  EXPECT_EQ(result->training.completed, 1U);
}

TEST(Training, WorkThatNoPolicyWillEverStartDoesNotRunForEver) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  in.training.jobs = {job(Instant{0}, 16, 10_s)};
  in.pools.push_back(fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 1));  // Never gives its node back.
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(result->training.unfinished, 1U);
  EXPECT_FALSE(result->warnings.empty());
}

}  // namespace
}  // namespace jevons::testing
