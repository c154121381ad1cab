// Routers by hand, and what each promises over many calls.
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

struct Probe final : ReplicaProbe {
  std::map<ReplicaId, std::pair<std::int64_t, std::int64_t>> kv;  // Used, total.
  Blocks kv_used(ReplicaId id) const override { return {kv.at(id).first}; }
  Blocks kv_total(ReplicaId id) const override { return {kv.at(id).second}; }
  std::map<ReplicaId, std::int64_t> cached;  // Of every request; 0 where not named.
  Tokens cached_prefix(ReplicaId id, const RequestView&) const override {
    const auto it = cached.find(id);
    return {it == cached.end() ? 0 : it->second};
  }
};

ReplicaView replica(std::uint32_t id, int waiting, int running, double speed = 1.0) {
  return {ReplicaId{id}, NodeId{id}, waiting, running, Tokens{0}, speed};
}

std::unique_ptr<Router> make(const std::string& name, const ParamText& params = {}, std::uint64_t seed = 1) {
  return make_policy(builtins().routers, name, params, seed);
}

std::uint32_t route(Router& router, const std::vector<ReplicaView>& fleet, const Probe& probe = {},
                    std::span<const std::uint64_t> hashes = {}) {
  const RequestView request{RequestId{0}, Instant{0}, Tokens{100}, Tokens{512}, hashes};
  const auto answer = router.route(request, {Instant{0}, fleet, &probe});
  EXPECT_TRUE(answer.has_value());
  return answer ? answer->index : ~0u;
}

TEST(Router, EveryRouterHoldsRequestsWhileNoReplicaIsReady) {
  const Probe probe;
  for (const auto& [name, entry] : builtins().routers.entries()) {
    EXPECT_EQ(make(name)->route({}, {Instant{0}, {}, &probe}), std::nullopt) << name;
  }
}

TEST(Router, RoundRobinSendsRequestIToReplicaIModN) {
  const auto router = make("round_robin");
  const std::vector<ReplicaView> fleet{replica(3, 0, 0), replica(5, 9, 9), replica(8, 0, 0), replica(9, 0, 0)};
  const std::uint32_t ids[] = {3, 5, 8, 9};
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(route(*router, fleet), ids[i % 4]);
}

TEST(Router, RoundRobinKeepsItsTurnWhenReplicasComeAndGo) {
  const auto router = make("round_robin");
  EXPECT_EQ(route(*router, {replica(1, 0, 0), replica(2, 0, 0), replica(3, 0, 0)}), 1u);
  EXPECT_EQ(route(*router, {replica(1, 0, 0), replica(2, 0, 0), replica(3, 0, 0)}), 2u);
  EXPECT_EQ(route(*router, {replica(1, 0, 0), replica(3, 0, 0), replica(4, 0, 0)}), 3u);
  EXPECT_EQ(route(*router, {replica(1, 0, 0), replica(3, 0, 0), replica(4, 0, 0)}), 4u);
  EXPECT_EQ(route(*router, {replica(1, 0, 0), replica(3, 0, 0)}), 1u);
}

TEST(Router, LeastRequestsCountsQueuedAndRunning) {
  // A public simulator counts only the queue, and would choose replica 2 (design/peers.md, section 9).
  EXPECT_EQ(route(*make("least_requests"), {replica(1, 1, 2), replica(2, 0, 9), replica(3, 2, 2)}), 1u);
  EXPECT_EQ(route(*make("least_requests"), {replica(4, 1, 1), replica(5, 2, 0), replica(6, 0, 2)}), 4u);
}

TEST(Router, LeastRequestsBySpeedLoadsTheFasterMore) {
  const std::vector<ReplicaView> fleet{replica(1, 0, 4, 0.5), replica(2, 0, 7, 1.0)};  // 5 / 0.5 against 8 / 1.
  EXPECT_EQ(route(*make("least_requests"), fleet), 1u);
  EXPECT_EQ(route(*make("least_requests", {{"by_speed", "true"}}), fleet), 2u);
}

// A request stays; n into n replicas.  With two choices the fullest has about ln ln n / ln 2, with one ln n / ln ln n.
TEST(Router, PowerOfTwoKeepsTheFullestReplicaLow) {
  const auto fullest = [](const std::string& name) {
    const auto router = make(name);
    std::vector<ReplicaView> fleet;
    for (std::uint32_t i = 0; i < 1000; ++i) fleet.push_back(replica(i, 0, 0));
    int most = 0;
    for (int i = 0; i < 1000; ++i) most = std::max(most, ++fleet[route(*router, fleet)].waiting);
    return most;
  };
  EXPECT_LE(fullest("power_of_two"), 3);
  EXPECT_GE(fullest("random"), 4);
  EXPECT_EQ(fullest("least_requests"), 1);
}

TEST(Router, PowerOfTwoOfTwoIsLeastRequests) {
  const auto router = make("power_of_two");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(route(*router, {replica(1, 0, 3), replica(2, 2, 0)}), 2u);
  EXPECT_EQ(route(*router, {replica(7, 50, 3)}), 7u);
}

TEST(Router, RandomRoutersRepeatWithTheirSeedOnly) {
  std::vector<ReplicaView> fleet;
  for (std::uint32_t i = 0; i < 64; ++i) fleet.push_back(replica(i, 0, 0));
  for (const char* name : {"random", "power_of_two"}) {
    const auto a = make(name), b = make(name), other = make(name, {}, 2);
    int same = 0;
    for (int i = 0; i < 200; ++i) {
      const std::uint32_t answer = route(*a, fleet);
      EXPECT_EQ(answer, route(*b, fleet));
      same += answer == route(*other, fleet) ? 1 : 0;
    }
    EXPECT_LT(same, 20) << name;
  }
}

TEST(Router, LeastKvComparesSharesAndCountsQueuedPrompts) {
  Probe probe;
  probe.kv = {{ReplicaId{1}, {50, 100}}, {ReplicaId{2}, {90, 200}}, {ReplicaId{3}, {0, 0}}};
  std::vector<ReplicaView> fleet{replica(1, 0, 1), replica(2, 1, 1), replica(3, 0, 0)};
  EXPECT_EQ(route(*make("least_kv"), fleet, probe), 2u);  // 0.45 < 0.5; a replica without memory is full.
  fleet[1].waiting_tokens = Tokens{161};                  // 11 blocks: 101 / 200 > 0.5.
  EXPECT_EQ(route(*make("least_kv"), fleet, probe), 1u);
  EXPECT_EQ(route(*make("least_kv", {{"block_size", "0"}}), fleet, probe), 2u);
}

TEST(Router, LeastKvSpreadsABurstThatMemoryDoesNotShowYet) {
  Probe probe;
  std::vector<ReplicaView> fleet;
  for (std::uint32_t i = 0; i < 4; ++i) {
    fleet.push_back(replica(i, 0, 0));
    probe.kv[ReplicaId{i}] = {0, 1000};
  }
  const auto router = make("least_kv");
  for (int i = 0; i < 40; ++i) {
    ReplicaView& chosen = fleet[route(*router, fleet, probe)];
    ++chosen.waiting;
    chosen.waiting_tokens += Tokens{1000};
  }
  for (const ReplicaView& r : fleet) EXPECT_EQ(r.waiting, 10);
}

TEST(Router, PrefixAffinityKeepsAPrefixTogetherAndMovesFewWhenAReplicaLeaves) {
  const auto router = make("prefix_affinity");
  std::vector<ReplicaView> fleet;
  for (std::uint32_t i = 0; i < 10; ++i) fleet.push_back(replica(i, 0, 0));
  std::map<std::uint64_t, std::uint32_t> home;
  std::map<std::uint32_t, int> load;
  for (std::uint64_t prefix = 0; prefix < 1000; ++prefix) {
    const std::uint64_t hashes[] = {prefix, prefix * 7 + 1};
    home[prefix] = route(*router, fleet, {}, hashes);
    const std::uint64_t longer[] = {prefix, 99, 98};  // Alike in the first block.
    EXPECT_EQ(route(*router, fleet, {}, longer), home[prefix]);
    ++load[home[prefix]];
  }
  for (const auto& [id, prefixes] : load) EXPECT_NEAR(prefixes, 100, 50) << id;  // Five standard deviations.
  fleet.erase(fleet.begin() + 4);
  for (const auto& [prefix, id] : home) {
    const std::uint64_t hashes[] = {prefix};
    if (id != 4) {
      EXPECT_EQ(route(*router, fleet, {}, hashes), id);
    }
  }
}

TEST(Router, PrefixAffinityFallsBackWhenTooLoadedOrWithoutHashes) {
  const auto router = make("prefix_affinity", {{"load_factor", "1.5"}, {"min_requests", "0"}});
  std::vector<ReplicaView> fleet{replica(0, 0, 10), replica(1, 0, 10), replica(2, 0, 9)};
  EXPECT_EQ(route(*router, fleet), 2u);
  const std::uint64_t hashes[] = {42};
  const std::uint32_t home = route(*router, fleet, {}, hashes);
  // The bound for 30 requests on three replicas, the new one among them: ceil(1.5 x 10) = 15.
  for (ReplicaView& r : fleet) r.running = r.id.index == home ? 14 : r.id.index == (home + 1) % 3 ? 7 : 8;
  EXPECT_EQ(route(*router, fleet, {}, hashes), home);
  fleet[home].running = 16;  // Of 32 at most ceil(1.5 x 10.67) = 16, and this would be its 17th.
  EXPECT_EQ(route(*router, fleet, {}, hashes), (home + 1) % 3);
  const auto lenient = make("prefix_affinity", {{"load_factor", "1.5"}, {"min_requests", "17"}});
  EXPECT_EQ(route(*lenient, fleet, {}, hashes), home);
}

// Costs of a prompt of 100 tokens, 80 of them cached at 2, in blocks of 10: 10 + 3 held at 1; 2 + 9 held at 2.
TEST(Router, PrefixAwareWeighsTheCacheAgainstTheLoad) {
  const ParamText tens{{"block_size", "10"}};
  Probe probe;
  probe.kv = {{ReplicaId{1}, {3, 50}}, {ReplicaId{2}, {9, 50}}};
  probe.cached = {{ReplicaId{2}, 80}};
  const std::vector<ReplicaView> fleet{replica(1, 0, 1), replica(2, 0, 1)};
  EXPECT_EQ(route(*make("prefix_aware", tens), fleet, probe), 2u);
  EXPECT_EQ(route(*make("prefix_aware", {{"block_size", "10"}, {"prefill_weight", "0.5"}}), fleet, probe), 1u);
  probe.kv[ReplicaId{2}].first = 11;  // Even: 13 and 13.
  EXPECT_EQ(route(*make("prefix_aware", tens), {replica(1, 0, 2), replica(2, 0, 1)}, probe), 2u);
  std::vector<ReplicaView> queued = fleet;
  queued[1].waiting_tokens = Tokens{10};
  EXPECT_EQ(route(*make("prefix_aware", tens), queued, probe), 1u);
}

TEST(Router, CacheAwareFollowsTheCacheWhileLoadsAreEven) {
  Probe probe;
  probe.kv = {{ReplicaId{1}, {3, 50}}, {ReplicaId{2}, {9, 50}}};
  probe.cached = {{ReplicaId{2}, 30}};
  EXPECT_EQ(route(*make("cache_aware"), {replica(1, 0, 1), replica(2, 0, 1)}, probe), 2u);
  EXPECT_EQ(route(*make("cache_aware"), {replica(1, 0, 1), replica(2, 60, 5)}, probe), 2u);  // 64 apart.
  EXPECT_EQ(route(*make("cache_aware"), {replica(1, 0, 1), replica(2, 61, 5)}, probe), 1u);
  EXPECT_EQ(route(*make("cache_aware"), {replica(1, 0, 200), replica(2, 200, 70)}, probe), 2u);  // Below 1.5 times.
  probe.cached[ReplicaId{2}] = 29;  // Too little of 100: where the most memory is free.
  EXPECT_EQ(route(*make("cache_aware"), {replica(1, 0, 1), replica(2, 0, 1)}, probe), 1u);
}

}  // namespace
}  // namespace jevons::testing
