// rail_aligned, fgd, hetero and min_cost_flow by hand.
#include <gtest/gtest.h>

#include "policies/placement/fragmentation.h"
#include "policies/placement/gang_flow.h"
#include "tests/policies/placement_instances.h"

namespace jevons::testing {
namespace {

TEST(RailAligned, EqualNumbersBeatFewerNodes) {
  // 12 GPUs: packed takes 8 + 4, and ranks 4 to 7 of the first node line up with nothing.  6 + 6 line up.
  const std::vector<NodeView> nodes{node(0, 8), node(1, 7), node(2, 6)};
  EXPECT_EQ(place("packed", 12, nodes), (Shares{{0, 8}, {2, 4}}));
  EXPECT_EQ(place("rail_aligned", 12, nodes), (Shares{{1, 6}, {2, 6}}));  // The fullest two; the idle node stays whole.
}

TEST(RailAligned, OneLeafBeatsFewerNodes) {
  // 16 GPUs: two idle nodes of different leaves, or four half nodes of one.
  const std::vector<NodeView> nodes{node(0, 8, 0), node(1, 8, 1), node(2, 4, 2),
                                    node(3, 4, 2), node(4, 4, 2), node(5, 4, 2)};
  EXPECT_EQ(place("rail_aligned", 16, nodes), (Shares{{2, 4}, {3, 4}, {4, 4}, {5, 4}}));
  // 32 GPUs fit no leaf, nor 8 on each of four nodes: 4 on each of eight are too many.  Rank 2, most free first.
  EXPECT_EQ(place("rail_aligned", 32, nodes), (Shares{{0, 8}, {1, 8}, {2, 4}, {3, 4}, {4, 4}, {5, 4}}));
}

TEST(RailAligned, WholeNodesOfTheTightestLeafThatFinishes) {
  std::vector<NodeView> nodes;  // Leaves of 4, 2 and 3 idle nodes.
  for (std::uint32_t id = 0; id < 9; ++id) nodes.push_back(node(id, 8, id < 4 ? 0 : id < 6 ? 1 : 2));
  EXPECT_EQ(place("rail_aligned", 16, nodes), (Shares{{4, 8}, {5, 8}}));
  // 48 = 6 nodes: leaf 0 and two more, for which leaf 1 is the tightest.
  EXPECT_EQ(place("rail_aligned", 48, nodes), (Shares{{0, 8}, {1, 8}, {2, 8}, {3, 8}, {4, 8}, {5, 8}}));
}

TEST(RailAligned, TheRestSharesALeaf) {
  // 20 = 8 + 8 + 4 on leaf 1 (4 on each of five, or 5 on four, would line up, but no five nodes are there).
  const std::vector<NodeView> nodes{node(0, 8, 0), node(1, 8, 1), node(2, 8, 1), node(3, 4, 1)};
  EXPECT_EQ(place("rail_aligned", 20, nodes), (Shares{{1, 8}, {2, 8}, {3, 4}}));
}

TEST(Fragmentation, OfOneNode) {
  // Jobs asked for 1, 2, 2, 4 and 16 GPUs.  A node of 8 with 3 free: the 1 and the 2s can use them, the 4 and the 16
  // cannot: F = 2/5 x 3 GPUs, times 5 jobs = 6.  With 1 free, four of five cannot: 4/5 x 1, times 5 = 4.  With 8 free
  // none is a fragment (the 16 takes whole nodes), with 7 free the 16 cannot use them: 1/5 x 7, times 5 = 7.
  const std::vector<Gpus> jobs{Gpus{2}, Gpus{1}, Gpus{16}, Gpus{2}, Gpus{4}};
  const Fragmentation f(jobs);
  EXPECT_EQ(f.of(Gpus{8}, Gpus{3}), 6);
  EXPECT_EQ(f.of(Gpus{8}, Gpus{1}), 4);
  EXPECT_EQ(f.of(Gpus{8}, Gpus{8}), 0);
  EXPECT_EQ(f.of(Gpus{8}, Gpus{7}), 7);
  EXPECT_EQ(f.of(Gpus{8}, Gpus{0}), 0);
}

TEST(Fragmentation, OfLargeNodesAndJobs) {
  // A node of 72 with 70 free: a job of 71 cannot use them, nor one of 100; a job of 65 or 70 can.
  const std::vector<Gpus> jobs{Gpus{71}, Gpus{65}, Gpus{100}, Gpus{70}};
  const Fragmentation f(jobs);
  EXPECT_EQ(f.of(Gpus{72}, Gpus{70}), 2 * 70);
  EXPECT_EQ(f.of(Gpus{72}, Gpus{64}), 4 * 64);
  EXPECT_EQ(f.of(Gpus{72}, Gpus{63}), 4 * 63);
  EXPECT_EQ(f.of(Gpus{72}, Gpus{72}), 0);
}

TEST(Fgd, AvoidsTheFragmentThatBestFitMakes) {
  // The workload asks for 4 GPUs nine times and for 1 once.  One GPU is to be placed; F times 10, before -> after:
  //   node 0, 4 free: 0 -> 3 x 9 = 27: rises by 27 (the 4s lose it)
  //   node 1, 5 free: 0 -> 0: the fifth GPU is one no 4 needs (4s take all or none of a node's free GPUs)
  //   node 2, 8 free: 0 -> 0, but it is freer than node 1.
  // best_fit takes node 0.
  std::vector<Gpus> recent(9, Gpus{4});
  recent.push_back(Gpus{1});
  GangView gang(Gpus{1});
  gang.recent = recent;
  const std::vector<NodeView> nodes{node(0, 4), node(1, 5), node(2, 8)};
  EXPECT_EQ(place("best_fit", gang, nodes), (Shares{{0, 1}}));
  EXPECT_EQ(place("fgd", gang, nodes), (Shares{{1, 1}}));
  // Where two GPUs are left that only the 1 can use, taking one of them lowers F: 2 x 9 -> 1 x 9.
  EXPECT_EQ(place("fgd", gang, {node(0, 4), node(1, 5), node(2, 2)}), (Shares{{2, 1}}));
  // A window of one sees only that 1: no F anywhere, so the least free.
  EXPECT_EQ(place("fgd", gang, nodes, {{"window", "1"}}), (Shares{{0, 1}}));
}

TEST(Fgd, LargeGangsLeaveNoFragmentIfTheyCan) {
  // 20 GPUs need three nodes of 8, 8, 7, 5 (23 - 20 = 3 to spare).  All jobs ask for 8, so every free GPU of a node
  // that is not idle is a fragment: at first 7 + 5.  8 + 8 + 4 of the 7 leaves 3 + 5, of the 5 leaves 7 + 1;
  // 8 + 7 + 5 leaves none but the idle node.
  const std::vector<Gpus> recent(4, Gpus{8});
  GangView gang(Gpus{20});
  gang.recent = recent;
  EXPECT_EQ(place("fgd", gang, {node(0, 8), node(1, 8), node(2, 7), node(3, 5)}), (Shares{{0, 8}, {2, 7}, {3, 5}}));
}

TEST(Fgd, NodesOfManyGpusArePackedWhenTooMuchIsLeft) {
  // 100 GPUs on two nodes of 72: 44 to spare, beyond what is searched.
  const Shares shares = place("fgd", 100, {node(0, 72, 0, 0, 72), node(1, 72, 0, 0, 72), node(2, 72, 0, 0, 72)});
  EXPECT_EQ(shares, (Shares{{0, 72}, {1, 28}}));
}

TEST(Hetero, SpeedPerDollarDecides) {
  // H100: speed 3 at $4 = 0.75; A100: speed 1 at $1 = 1.  Both have room.
  const std::vector<NodeView> nodes{node(0, 8, 0, 0), node(1, 8, 1, 1)};
  const std::vector<double> speed{3, 1}, usd{4, 1};
  GangView gang(Gpus{8});
  gang.speed_by_group = speed;
  gang.usd_by_group = usd;
  EXPECT_EQ(place("hetero", gang, nodes), (Shares{{1, 8}}));
  EXPECT_EQ(place("hetero", gang, nodes, {{"by_price", "false"}}), (Shares{{0, 8}}));
  gang.usd_by_group = {};
  EXPECT_EQ(place("hetero", gang, nodes), (Shares{{0, 8}}));  // Unknown prices: speed alone.
  gang.speed_by_group = {};
  EXPECT_EQ(place("hetero", gang, nodes), (Shares{{0, 8}}));  // Nothing known: the first group.
}

TEST(Hetero, MixesOnlyTheBestGroupsThatTogetherHoldIt) {
  // Worth 2, 3 and 1; 16 GPUs, 8 in each group: groups 1 and 0, not 2.
  const std::vector<double> speed{2, 3, 1};
  GangView gang(Gpus{16});
  gang.speed_by_group = speed;
  const std::vector<NodeView> nodes{node(0, 8, 0, 0), node(1, 8, 0, 1), node(2, 8, 0, 2)};
  EXPECT_EQ(place("hetero", gang, nodes), (Shares{{0, 8}, {1, 8}}));
}

TEST(MinCostFlow, CostsByHand) {
  // A gang of 16.  A leaf with 12 free lacks 4/16 = 2 eighths: 100 x 2/8 = 25.  With 15 free 1/16 rounds up to an
  // eighth: 12.5.  A node with 4 free lacks 12/16: 200 x 0.75 = 150, and would have nothing left.
  const GangFlowCosts costs;
  EXPECT_EQ(GangFlow::leaf_cost(costs, Gpus{16}, 12), 25'000);
  EXPECT_EQ(GangFlow::leaf_cost(costs, Gpus{16}, 15), 12'500);
  EXPECT_EQ(GangFlow::leaf_cost(costs, Gpus{16}, 99), 0);
  EXPECT_EQ(GangFlow::node_cost(costs, Gpus{16}, node(0, 4)), 150'000);
  // A gang of 2 on a node of 8 with 6 free leaves 4/8 behind: 10 x 0.5.
  EXPECT_EQ(GangFlow::node_cost(costs, Gpus{2}, node(0, 6)), 5'000);
}

TEST(MinCostFlow, GoesBackToItsCheckpointButNotInPieces) {
  const std::vector<NodeShare> ran_on{{NodeId{2}, Gpus{8}}};
  GangView gang(Gpus{8});
  gang.ran_on = ran_on;
  const std::vector<NodeView> nodes{node(0, 8, 0), node(1, 8, 1), node(2, 8, 1)};
  EXPECT_EQ(place("min_cost_flow", gang, nodes), (Shares{{2, 8}}));
  // Only 7 free there: 1/8 lacking costs 25 a GPU, more than the 10 of another node of that leaf.
  EXPECT_EQ(place("min_cost_flow", gang, {node(0, 8, 0), node(1, 8, 1), node(2, 7, 1)}), (Shares{{1, 8}}));
  // And more than the 20 of a node far away.
  EXPECT_EQ(place("min_cost_flow", gang, {node(0, 8, 0), node(2, 7, 1)}), (Shares{{0, 8}}));
  EXPECT_EQ(place("min_cost_flow", 8, nodes), (Shares{{0, 8}}));
}

TEST(MinCostFlow, AGrowingJobGrowsWhereItIs) {
  const std::vector<NodeShare> holds{{NodeId{1}, Gpus{4}}};
  GangView gang(Gpus{4});
  gang.holds = holds;
  EXPECT_EQ(place("min_cost_flow", gang, {node(0, 4, 0), node(1, 4, 1)}), (Shares{{1, 4}}));
}

TEST(MinCostFlow, StaysInOneLeafThatHoldsIt) {
  // 16 GPUs: leaf 0 has 8 + 4, leaf 1 8 + 8, leaf 2 8.
  const std::vector<NodeView> nodes{node(0, 8, 0), node(1, 4, 0), node(2, 8, 1), node(3, 8, 1), node(4, 8, 2)};
  EXPECT_EQ(place("min_cost_flow", 16, nodes), (Shares{{2, 8}, {3, 8}}));
  // Two leaves that each hold all cost the same and are one vertex; it takes the nodes of one.
  const std::vector<NodeView> twins{node(0, 8, 0), node(1, 8, 1), node(2, 8, 0), node(3, 8, 1)};
  EXPECT_EQ(place("min_cost_flow", 16, twins), (Shares{{0, 8}, {2, 8}}));
}

}  // namespace
}  // namespace jevons::testing
