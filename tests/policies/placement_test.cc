// Placements by hand, and packed against the exhaustive optimum.
#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "policies/placement/fragmentation.h"
#include "tests/policies/placement_instances.h"

namespace jevons::testing {
namespace {

std::vector<std::string> all_placements() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : builtins().placements.entries()) names.push_back(name);
  return names;
}

TEST(Placement, WhatDoesNotFitIsLeftOut) {
  for (const std::string& name : all_placements()) {
    EXPECT_EQ(place(name, 1, {}), Shares{}) << name;
    EXPECT_EQ(place(name, 9, {node(0, 4), node(1, 4)}), Shares{}) << name;
  }
}

TEST(Placement, WhatFitsExactlyTakesAll) {
  for (const std::string& name : all_placements()) {
    EXPECT_EQ(place(name, 9, {node(0, 4), node(3, 5, 2)}), (Shares{{0, 4}, {3, 5}})) << name;
  }
}

TEST(Placement, SmallJobsGoWhereTheLeastStaysFree) {
  const std::vector<NodeView> nodes{node(0, 8), node(1, 3), node(2, 2), node(3, 3)};
  for (const char* name : {"packed", "best_fit"}) {
    EXPECT_EQ(place(name, 1, nodes), (Shares{{2, 1}})) << name;
    EXPECT_EQ(place(name, 3, nodes), (Shares{{1, 3}})) << name;
    EXPECT_EQ(place(name, 4, nodes), (Shares{{0, 4}})) << name;
  }
  EXPECT_EQ(place("spread", 3, nodes), (Shares{{0, 1}, {1, 1}, {3, 1}}));
}

TEST(Placement, SpreadIsAsEvenAsTheFreeGpusAllow) {
  EXPECT_EQ(place("spread", 10, {node(0, 8), node(1, 1), node(2, 4)}), (Shares{{0, 5}, {1, 1}, {2, 4}}));
  EXPECT_EQ(place("spread", 7, {node(0, 8), node(1, 8), node(2, 8)}), (Shares{{0, 3}, {1, 2}, {2, 2}}));
}

TEST(Placement, PackedTakesWholeNodesOfOneLeaf) {
  std::vector<NodeView> nodes;
  for (std::uint32_t i = 0; i < 12; ++i) nodes.push_back(node(i, 8, i / 4));
  nodes[1].free = Gpus{7};  // Leaf 0 has three whole nodes left, leaves 1 and 2 four.
  EXPECT_EQ(place("packed", 24, nodes), (Shares{{0, 8}, {2, 8}, {3, 8}}));  // The tightest leaf that holds it.
  EXPECT_EQ(place("packed", 32, nodes), (Shares{{4, 8}, {5, 8}, {6, 8}, {7, 8}}));
  const Shares wide = place("packed", 48, nodes);  // Six nodes: four of one leaf, two of the tightest other.
  EXPECT_EQ(wide, (Shares{{0, 8}, {2, 8}, {4, 8}, {5, 8}, {6, 8}, {7, 8}}));
}

TEST(Placement, PackedPutsTheRemainderIntoALeafItAlreadyUses) {
  // 20 GPUs: two whole nodes and four more.  Leaf 1 has three whole nodes, leaf 0 two and no other node.
  const std::vector<NodeView> nodes{node(0, 8, 0), node(1, 8, 0), node(2, 8, 1),
                                    node(3, 8, 1), node(4, 8, 1), node(5, 4, 2)};
  EXPECT_EQ(place("packed", 20, nodes), (Shares{{2, 8}, {3, 8}, {4, 4}}));
  // With a half-free node in leaf 0 that leaf is the tightest.
  const std::vector<NodeView> half{node(0, 8, 0), node(1, 8, 0), node(2, 8, 1),
                                   node(3, 8, 1), node(4, 8, 1), node(6, 4, 0)};
  EXPECT_EQ(place("packed", 20, half), (Shares{{0, 8}, {1, 8}, {6, 4}}));
}

TEST(Placement, GangsStayInOneGroupWhereTheyCan) {
  // The A100 group has 10 free in two nodes, the H100 group 16 in two.
  const std::vector<NodeView> nodes{node(0, 8, 0, 0), node(1, 2, 0, 0), node(2, 8, 1, 1), node(3, 8, 1, 1)};
  for (const std::string& name : all_placements()) {
    const Shares in_one = place(name, 16, nodes);
    EXPECT_EQ(in_one, (Shares{{2, 8}, {3, 8}})) << name;
    int sum = 0;
    for (const auto& [id, gpus] : place(name, 20, nodes)) sum += gpus;
    EXPECT_EQ(sum, 20) << name;
    EXPECT_EQ(place(name, 20, nodes, {{"mix_groups", "false"}}), Shares{}) << name;
  }
}

TEST(Placement, BestFitUsesFragmentsBeforeWholeNodes) {
  const std::vector<NodeView> nodes{node(0, 8), node(1, 8), node(2, 1), node(3, 3)};
  EXPECT_EQ(place("best_fit", 10, nodes), (Shares{{0, 6}, {2, 1}, {3, 3}}));
  EXPECT_EQ(place("packed", 10, nodes), (Shares{{0, 8}, {3, 2}}));
}

// All sets of nodes: the fewest that hold the gang, and the fewest leaves of such sets.
std::pair<int, int> fewest(int gpus, const std::vector<NodeView>& nodes) {
  std::pair<int, int> best{100, 100};
  for (unsigned set = 1; set < 1u << nodes.size(); ++set) {
    int free = 0;
    unsigned leaves = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if ((set >> i & 1u) == 0) continue;
      free += nodes[i].free.value;
      leaves |= 1u << nodes[i].leaf.index;
    }
    if (free >= gpus) best = std::min(best, {std::popcount(set), std::popcount(leaves)});
  }
  return best;
}

TEST(Placement, PackedUsesTheFewestNodesAlwaysAndTheFewestLeavesOfIdleNodes) {
  RandomStream random(7, "packed");
  for (int i = 0; i < 4'000; ++i) {
    const bool idle = i % 2 == 0;
    std::vector<NodeView> nodes;
    int sum = 0;
    const std::size_t n = 1 + random.below(9);
    for (std::uint32_t id = 0; id < n; ++id) {
      const int free = idle ? 4 : static_cast<int>(1 + random.below(4));
      nodes.push_back(node(id, free, static_cast<std::uint32_t>(random.below(4)), 0, 4));
      sum += free;
    }
    const int gpus = static_cast<int>(1 + random.below(static_cast<std::uint64_t>(sum)));
    const Shares shares = place("packed", gpus, nodes);
    std::set<std::uint32_t> leaves;
    for (const auto& [id, g] : shares) leaves.insert(nodes[id].leaf.index);
    const auto [best_nodes, best_leaves] = fewest(gpus, nodes);
    ASSERT_EQ(static_cast<int>(shares.size()), best_nodes) << i;
    if (!idle) continue;
    ASSERT_EQ(static_cast<int>(leaves.size()), best_leaves) << i;
  }
}

std::optional<std::size_t> choose(const std::string& name, const GangView& gang, const std::vector<RoomView>& rooms) {
  return make_policy(builtins().placements, name)->choose_room(gang, rooms);
}
RoomView room(std::uint32_t node, int milli, std::uint32_t group = 0) {
  return {NodeId{node}, GroupId{group}, LeafId{0}, MilliGpus{milli}};
}

TEST(Placement, EveryOneChoosesARoomThatIsThereAndAlwaysTheSame) {
  RandomStream random(5, "rooms");
  for (int i = 0; i < 200; ++i) {
    std::vector<MilliGpus> shares;
    for (int n = 0; n < 30; ++n) shares.push_back(MilliGpus{static_cast<std::int32_t>(random.below(1000))});
    GangView gang(Gpus{1});
    gang.share = MilliGpus{1 + static_cast<std::int32_t>(random.below(500))};
    gang.recent_shares = shares;
    std::vector<RoomView> rooms;
    for (std::uint32_t n = 0; n < 1 + random.below(6); ++n) {
      rooms.push_back(room(n, gang.share.value + static_cast<std::int32_t>(random.below(400)), n / 3));
    }
    for (const auto& [name, entry] : builtins().placements.entries()) {
      const auto chosen = choose(name, gang, rooms);
      ASSERT_TRUE(chosen && *chosen < rooms.size()) << name;
      ASSERT_EQ(choose(name, gang, rooms), chosen) << name;
    }
  }
}

TEST(Placement, RoomsByHand) {
  GangView gang(Gpus{1});
  gang.share = MilliGpus{200};
  const std::vector<RoomView> rooms{room(0, 500), room(1, 300), room(2, 300), room(3, 800, 1)};
  EXPECT_EQ(choose("packed", gang, rooms), 1U) << "the least room";
  EXPECT_EQ(choose("spread", gang, rooms), 3U) << "the most";
  const std::vector<double> speed{1.0, 2.0};
  gang.speed_by_group = speed;
  EXPECT_EQ(choose("hetero", gang, rooms), 3U) << "the group worth most";
  // Four of five jobs want 0.3.  Of the least room 0.1 would be left, which none of the five can use: F rises by 500.
  // 0.5 becomes 0.3, and 0.8 becomes 0.6: no F anywhere.
  const std::vector<MilliGpus> recent{MilliGpus{300}, MilliGpus{300}, MilliGpus{300}, MilliGpus{300}, MilliGpus{200}};
  gang.recent_shares = recent;
  EXPECT_EQ(choose("fgd", gang, rooms), 0U);
  gang.recent_shares = {};
  EXPECT_EQ(choose("fgd", gang, rooms), 1U) << "nothing is known: the least room";
}

// Against the definition of ATC'23: of each job that stands for the workload, the room it cannot use.
TEST(Fragmentation, OfRoomsAsDefined) {
  RandomStream random(6, "rooms");
  for (int i = 0; i < 300; ++i) {
    std::vector<MilliGpus> shares;
    for (int n = 0; n < 20; ++n) {
      shares.push_back(MilliGpus{random.below(4) == 0 ? 0 : static_cast<std::int32_t>(1 + random.below(999))});
    }
    const RoomFragments f(shares);
    const auto lost = [&](std::int32_t room) {
      std::int64_t sum = 0;
      for (const MilliGpus s : shares) sum += s == MilliGpus{0} || s.value > room ? room : 0;
      return sum;
    };
    const auto room = static_cast<std::int32_t>(random.below(1001));
    const auto taken = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(room) + 1));
    ASSERT_EQ(f.rise(MilliGpus{room}, MilliGpus{taken}), lost(room - taken) - lost(room));
  }
}

}  // namespace
}  // namespace jevons::testing
