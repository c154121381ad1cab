// Every allocator that ships, on random legal views: its answers keep the contract, and the same inputs give the same
// answers.
#include <gtest/gtest.h>

#include <set>

#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

constexpr int kViews = 10'000;

std::int32_t up_to(RandomStream& random, std::int64_t most) {
  return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(most) + 1));
}

struct RandomReview {
  std::vector<PoolView> pools;
  std::vector<std::vector<NodeShare>> shares;
  std::vector<VictimView> jobs;
  AllocatorView view;

  RandomReview(RandomStream& random, std::size_t n, Instant now) {
    for (std::uint32_t id = 0; id < n; ++id) {
      PoolView p;
      p.id = PoolId{id};
      p.name = "pool";
      p.min_nodes = up_to(random, 5);
      p.max_nodes = p.min_nodes + up_to(random, 20);
      p.initial_nodes = p.min_nodes + up_to(random, p.max_nodes - p.min_nodes);
      p.target_nodes = p.min_nodes + up_to(random, p.max_nodes - p.min_nodes);
      p.ready_nodes = up_to(random, 20);
      p.coming_nodes = up_to(random, 4);
      p.draining_nodes = up_to(random, 4);
      p.held = random.below(3) == 0 ? up_to(random, 500) : 0;
      p.waiting = random.below(2) == 0 ? up_to(random, 500) : 0;
      p.running = up_to(random, 2000);
      p.kv_use = random.uniform();
      p.load_nodes = random.below(100) == 0 ? 1e300 : 30 * random.uniform();
      p.finished = up_to(random, 3) * 100;
      p.slo_met = random.below(2) == 0 ? 1.0 : random.uniform();
      p.arrived = up_to(random, 2) * 100;
      p.priority = up_to(random, 2);
      p.desired_nodes = p.min_nodes - 1 + up_to(random, p.max_nodes - p.min_nodes + 1);
      p.leaving_nodes = up_to(random, 2);
      p.idle_nodes = up_to(random, 4) - 1;
      p.guest_nodes = up_to(random, 5) - 1;
      p.slo_ttft = up_to(random, 1) * 2_s;
      p.slo_tpot = up_to(random, 1) * 50_ms;
      p.ttft_p95 = up_to(random, 100) * 100_ms;
      p.tpot_p95 = up_to(random, 100) * 1_ms;
      p.load_time = up_to(random, 10) * 1_min;
      p.usd_per_node_hour = up_to(random, 1) * 16.0;
      p.earned_usd = p.finished > 0 ? 20 * random.uniform() : 0;
      pools.push_back(p);
    }
    const int count = up_to(random, 8);
    shares.resize(static_cast<std::size_t>(count));
    const bool told = random.below(2) == 0;
    for (std::uint32_t id = 0; id < static_cast<std::uint32_t>(count); ++id) {
      auto& own = shares[id];
      for (int at = up_to(random, 3), k = 1 + up_to(random, 3); k > 0; --k, ++at)
        own.push_back({NodeId{static_cast<std::uint32_t>(at)}, Gpus{2}});
      jobs.push_back({JobId{id}, Gpus{8}, static_cast<std::int32_t>(own.size()), Instant{up_to(random, 99)},
                      GpuTime{up_to(random, 1000)},
                      told ? std::span<const NodeShare>(own) : std::span<const NodeShare>()});
      jobs.back().min_gpus = Gpus{up_to(random, 1) * up_to(random, 8)};
      jobs.back().leaving = random.below(6) == 0;
    }
    view = {now, 60_s, pools, up_to(random, 40), up_to(random, 5), Gpus{up_to(random, 64)}, jobs};
    view.on_period = random.below(3) != 0;
    view.usd_per_training_gpu_hour = random.below(3) == 0 ? 0 : 3 * random.uniform();
    view.notice = up_to(random, 1) * 1_min;
  }
  // Nodes of running jobs that are not on notice; jobs that are not.
  std::set<NodeId> nodes() const {
    std::set<NodeId> ids;
    for (const VictimView& job : jobs) {
      if (job.leaving) continue;
      for (const NodeShare& share : job.shares) ids.insert(share.node);
    }
    return ids;
  }
  std::set<JobId> staying() const {
    std::set<JobId> ids;
    for (const VictimView& job : jobs)
      if (!job.leaving) ids.insert(job.id);
    return ids;
  }
};

struct AnyFuture final : FutureView {
  double peak_load(PoolId pool, Instant from, Instant to) const override {
    EXPECT_LT(from, to);
    RandomStream random(static_cast<std::uint64_t>(from.ns) + pool.index, "future");
    return random.below(50) == 0 ? 1e300 : 30 * random.uniform();
  }
};

TEST(Contract, AllocatorsStayWithinEachPoolsBounds) {
  for (const auto& [name, entry] : builtins().allocators.entries()) {
    const auto allocator = make_policy(builtins().allocators, name), again = make_policy(builtins().allocators, name);
    RandomStream random(25, "allocators");
    Instant now{0};
    const AnyFuture future;
    for (int i = 0; i < kViews; ++i, now = now + Duration{60'000'000'000 * (1 + up_to(random, 20))}) {
      RandomReview r(random, 1 + static_cast<std::size_t>(up_to(random, 3)), now);
      if (entry.sees_future && random.below(4) != 0) r.view.future = &future;
      AllocatorDecision decision, other;
      allocator->review(r.view, &decision);
      again->review(r.view, &other);
      ASSERT_EQ(decision.targets.size(), r.pools.size()) << name;
      for (std::size_t p = 0; p < r.pools.size(); ++p) {
        ASSERT_EQ(decision.targets[p].pool, r.pools[p].id) << name;
        ASSERT_EQ(decision.targets[p].nodes, other.targets[p].nodes) << name;
        ASSERT_GE(decision.targets[p].nodes, r.pools[p].min_nodes) << name;
        ASSERT_LE(decision.targets[p].nodes, r.pools[p].max_nodes) << name;
      }
      ASSERT_EQ(decision.guests.size(), other.guests.size()) << name;
      for (std::size_t g = 0; g < decision.guests.size(); ++g) {
        const auto& [pool, open] = decision.guests[g];
        ASSERT_TRUE(pool == other.guests[g].pool && open == other.guests[g].nodes) << name;
        ASSERT_TRUE(r.pools[pool.index].guest_nodes >= 0 && open >= 0 && open <= r.pools[pool.index].ready_nodes)
            << name;
      }
      ASSERT_TRUE(decision.victims == other.victims && decision.may_preempt == other.may_preempt) << name;
      std::set<JobId> named(decision.victims.begin(), decision.victims.end());
      ASSERT_EQ(named.size(), decision.victims.size()) << name;
      ASSERT_TRUE(named.empty() || (decision.may_preempt && named == r.staying())) << name;
      std::set<NodeId> nodes(decision.reclaim.begin(), decision.reclaim.end());
      ASSERT_EQ(nodes.size(), decision.reclaim.size()) << name;
      ASSERT_TRUE(nodes.empty() || (decision.may_preempt && named.empty() && nodes == r.nodes())) << name;
      ASSERT_TRUE(decision.reclaim == other.reclaim && decision.give_notice == other.give_notice) << name;
      ASSERT_TRUE(!decision.give_notice || (decision.may_preempt && name != "harvest")) << name;
    }
  }
}

}  // namespace
}  // namespace jevons::testing
