// What each placement claims to minimise, against every placement there is on small clusters.
#include <gtest/gtest.h>

#include <limits>
#include <tuple>

#include "policies/placement/gang_flow.h"
#include "tests/policies/placement_instances.h"

namespace jevons::testing {
namespace {

constexpr int kClusters = 2'000;

// (rank, leaves, nodes) as policies/placement/rail_aligned.h defines them, from the definition alone.
std::tuple<int, int, int> rails(const std::vector<NodeView>& nodes, const std::vector<int>& taken) {
  std::vector<int> used;
  for (const int gpus : taken) {
    if (gpus > 0) used.push_back(gpus);
  }
  std::sort(used.begin(), used.end());
  const int count = static_cast<int>(used.size());
  int rank = 2;
  if (used.size() == 1 || (used.front() == used.back() && used.front() >= 2)) {
    rank = 0;
  } else if (used[1] == used.back()) {  // Only the first may have less.
    rank = 1;
  }
  return {rank, rank == 2 ? 0 : leaves_used(nodes, taken), count};
}

TEST(PlacementOracle, RailAlignedTakesTheFewestLeavesThenNodesThatLineUp) {
  RandomStream random(31, "rails");
  int by_rank[3] = {0, 0, 0};
  for (int i = 0; i < kClusters; ++i) {
    const SmallCluster c(random);
    std::tuple<int, int, int> best{9, 9, 9};
    for_each_placement(c.nodes, c.gpus, [&](const auto& taken) { best = std::min(best, rails(c.nodes, taken)); });
    const auto taken = taken_of(place("rail_aligned", c.gpus, c.nodes), c.nodes.size());
    ASSERT_EQ(rails(c.nodes, taken), best) << i;
    ++by_rank[std::get<0>(best)];
  }
  for (const int seen : by_rank) EXPECT_GT(seen, 50);
}

// Expected free GPUs that a job of `recent` cannot use, times their number: class by class.
int fragments(const std::vector<NodeView>& nodes, const std::vector<int>& taken, const std::vector<Gpus>& recent) {
  int sum = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const int free = nodes[i].free.value - taken[i];
    for (const Gpus asked : recent) {
      const bool usable = free == nodes[i].total.value || free >= asked.value;
      if (!usable) sum += free;
    }
  }
  return sum;
}

TEST(PlacementOracle, FgdRaisesFragmentationLeastOnTheFewestNodes) {
  RandomStream random(32, "fgd");
  int several = 0, avoided = 0;
  for (int i = 0; i < kClusters; ++i) {
    const SmallCluster c(random);
    std::vector<Gpus> recent;
    for (auto n = 1 + random.below(6); n > 0; --n) recent.push_back(Gpus{1 + static_cast<int>(random.below(10))});
    std::pair<int, int> best{99, 0};
    int worst = 0;
    for_each_placement(c.nodes, c.gpus, [&](const auto& taken) {
      const std::pair<int, int> here{nodes_used(taken), fragments(c.nodes, taken, recent)};
      if (here.first < best.first) worst = 0;
      if (here.first <= best.first) worst = std::max(worst, here.second);
      best = std::min(best, here);
    });
    GangView gang(Gpus{c.gpus});
    gang.recent = recent;
    const auto taken = taken_of(place("fgd", gang, c.nodes), c.nodes.size());
    ASSERT_EQ(std::pair(nodes_used(taken), fragments(c.nodes, taken, recent)), best) << i;
    several += best.first > 1 ? 1 : 0;
    avoided += best.first > 1 && worst > best.second ? 1 : 0;
  }
  EXPECT_GT(several, 500);
  EXPECT_GT(avoided, 200);  // There was a choice, and a wrong one.
}

// Of a placement, in thousandths of a unit, by the default costs that gang_flow.h lists.
std::int64_t flow_cost(const std::vector<NodeView>& nodes, const std::vector<int>& taken, int gang,
                       const std::vector<bool>& preferred) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const int free = nodes[i].free.value, here = std::min(free, gang);
    int leaf_free = 0;
    bool near = false;
    for (std::size_t j = 0; j < nodes.size(); ++j) {
      if (nodes[j].leaf != nodes[i].leaf) continue;
      leaf_free += nodes[j].free.value;
      near = near || preferred[j];
    }
    int eighths = 0;  // The fewest eighths of the gang that, with what the leaf has, make the whole.
    while (8 * leaf_free + eighths * gang < 8 * gang) ++eighths;
    const std::int64_t spread = 100'000 / 8 * eighths;
    std::int64_t way = 20'000 + spread;
    if (near) way = 10'000;
    if (preferred[i]) way = 0;
    const std::int64_t at = 200 * (1'000 * (gang - here) / gang) + 10 * (1'000 * (free - here) / nodes[i].total.value);
    sum += taken[i] * (way + at);
  }
  return sum;
}

TEST(PlacementOracle, MinCostFlowIsTheCheapestPlacement) {
  RandomStream random(33, "flow");
  int mattered = 0;
  for (int i = 0; i < kClusters; ++i) {
    const SmallCluster c(random);
    std::vector<bool> preferred(c.nodes.size(), false);
    std::vector<NodeShare> holds, ran_on;
    for (std::size_t n = 0; n < c.nodes.size(); ++n) {
      if (random.below(4) != 0) continue;
      preferred[n] = true;
      (random.below(2) == 0 ? holds : ran_on).push_back({c.nodes[n].id, Gpus{1}});
    }
    holds.push_back({NodeId{99}, Gpus{1}});  // It has no idle GPU.
    std::int64_t best = std::numeric_limits<std::int64_t>::max();
    for_each_placement(c.nodes, c.gpus,
                       [&](const auto& taken) { best = std::min(best, flow_cost(c.nodes, taken, c.gpus, preferred)); });
    GangView gang(Gpus{c.gpus});
    gang.holds = holds;
    gang.ran_on = ran_on;
    const auto taken = taken_of(place("min_cost_flow", gang, c.nodes), c.nodes.size());
    ASSERT_EQ(flow_cost(c.nodes, taken, c.gpus, preferred), best) << i;
    ASSERT_EQ(GangFlow({}, Gpus{c.gpus}, preferred_nodes(gang), c.nodes).cost(), best) << i;
    const auto without = taken_of(place("min_cost_flow", c.gpus, c.nodes), c.nodes.size());
    mattered += flow_cost(c.nodes, without, c.gpus, preferred) > best ? 1 : 0;
  }
  EXPECT_GT(mattered, 200);  // Where it ran decided where it runs.
}

TEST(PlacementOracle, HeteroTakesTheGroupOfMostSpeedPerDollarThatHoldsIt) {
  RandomStream random(34, "hetero");
  int mixed = 0;
  for (int i = 0; i < kClusters; ++i) {
    SmallCluster c(random);
    for (NodeView& n : c.nodes) n.group = GroupId{static_cast<std::uint32_t>(random.below(3))};
    std::vector<double> speed, usd, worth;
    for (int g = 0; g < 3; ++g) {
      speed.push_back(1.0 + static_cast<double>(random.below(4)));
      usd.push_back(1.0 + static_cast<double>(random.below(4)));
      worth.push_back(speed.back() / usd.back());
    }
    GangView gang(Gpus{c.gpus});
    gang.speed_by_group = speed;
    gang.usd_by_group = usd;
    double best = 0;  // Of groups that hold the gang.
    for (std::size_t g = 0; g < 3; ++g) {
      int free = 0;
      for (const NodeView& n : c.nodes) free += n.group.index == g ? n.free.value : 0;
      if (free >= c.gpus) best = std::max(best, worth[g]);
    }
    const Shares shares = place("hetero", gang, c.nodes);
    std::vector<NodeView> own;  // Of the group used.
    for (const NodeView& n : c.nodes) {
      if (n.group == c.nodes[shares.front().first].group) own.push_back(n);
    }
    if (best == 0) {
      ++mixed;
      ASSERT_EQ(place("hetero", gang, c.nodes, {{"mix_groups", "false"}}), Shares{});
      continue;
    }
    ASSERT_EQ(worth[own.front().group.index], best) << i;
    ASSERT_EQ(shares, place("packed", c.gpus, own)) << i;  // Inside the group as packed would.
  }
  EXPECT_GT(mixed, 200);
}

}  // namespace
}  // namespace jevons::testing
