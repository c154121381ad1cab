// Placements by hand, and packed against the exhaustive optimum.
#include <gtest/gtest.h>

#include <bit>
#include <set>

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

}  // namespace
}  // namespace jevons::testing
