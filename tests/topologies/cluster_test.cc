// Numbering of a cluster, what it refuses, and its link sizes.
#include "topologies/cluster.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "topologies/fabric.h"

namespace jevons {
namespace {

NodeGroup group(const std::string& name, std::int32_t nodes, double nic = 400e9) {
  NodeGroup g;
  g.name = name;
  g.gpu.link_bytes_per_s = 450e9;
  g.nodes = Nodes{nodes};
  g.nic_bytes_per_s = nic;
  return g;
}

TEST(Cluster, NumbersNodesGroupByGroupAndLeafByLeaf) {
  const auto c = make_cluster({group("a", 17), group("b", 3)}, {}, {});
  ASSERT_TRUE(c.ok());
  ASSERT_EQ(c->nodes.size(), 20U);
  EXPECT_EQ(c->leaves, 3);
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(c->nodes[i].id.index, i);
    EXPECT_EQ(c->nodes[i].group.index, i < 17 ? 0U : 1U);
    EXPECT_EQ(c->nodes[i].leaf.index, i < 16 ? 0U : i < 17 ? 1U : 2U) << i;
  }
  EXPECT_EQ(c->total_gpus().value, 160);
}

TEST(Cluster, LinkSizes) {
  FabricSpec f;
  f.oversubscription = 2;
  const auto c = make_cluster({group("a", 20), group("b", 4, 100e9)}, f, {});
  ASSERT_TRUE(c.ok());
  EXPECT_DOUBLE_EQ(node_link_bytes_per_s(*c, NodeId{0}), 360e9);
  EXPECT_DOUBLE_EQ(node_link_bytes_per_s(*c, NodeId{20}), 90e9);
  EXPECT_DOUBLE_EQ(leaf_spine_bytes_per_s(*c, LeafId{1}), 360e9 * 16 / 2 / 4);
  EXPECT_DOUBLE_EQ(leaf_spine_bytes_per_s(*c, LeafId{2}), 90e9 * 16 / 2 / 4);
  EXPECT_DOUBLE_EQ(intra_node_bytes_per_s(*c, NodeId{0}), 450e9 * 8 * 0.9);
}

TEST(Cluster, SpinesAreSharedEvenly) {
  const auto c = make_cluster({group("a", 200)}, {}, {});
  ASSERT_TRUE(c.ok());
  std::vector<int> used(4, 0);
  for (std::uint32_t a = 0; a < 200; ++a) {
    for (std::uint32_t b = 0; b < 200; ++b) ++used[static_cast<std::size_t>(spine_of(*c, a, b))];
  }
  for (const int n : used) EXPECT_NEAR(n, 10'000, 500);  // 40,000 pairs; five standard deviations are 433.
  EXPECT_EQ(spine_of(*c, 3, 77), spine_of(*c, 3, 77));
}

std::string error_of(const Result<Cluster>& c) { return c.ok() ? "ok" : c.error().text(); }

TEST(Cluster, Refusals) {
  EXPECT_EQ(error_of(make_cluster({}, {}, {})), "groups: expected at least one group of nodes");
  EXPECT_EQ(error_of(make_cluster({group("a", 1), group("b", 0)}, {}, {})),
            "groups[1].nodes: expected a whole number from 1 to 100000, got 0");
  EXPECT_EQ(error_of(make_cluster({group("a", 1), group("a", 1)}, {}, {})),
            "groups[1].name: the name 'a' is taken by an earlier group");
  EXPECT_EQ(error_of(make_cluster({group("a", 60'000), group("b", 60'000)}, {}, {})),
            "groups[1].nodes: the cluster has more than 100000 nodes");
  NodeGroup no_gpus = group("a", 1);
  no_gpus.gpus_per_node = Gpus{0};
  EXPECT_EQ(error_of(make_cluster({no_gpus}, {}, {})),
            "groups[0].gpus_per_node: expected a whole number from 1 to 1024, got 0");
  EXPECT_EQ(error_of(make_cluster({group("a", 1, 0)}, {}, {})),
            "groups[0].nic_bytes_per_s: expected a bandwidth from 1 to 1e18 bytes/s, got 0");
  EXPECT_EQ(error_of(make_cluster({group("a", 1, std::numeric_limits<double>::quiet_NaN())}, {}, {})),
            "groups[0].nic_bytes_per_s: expected a bandwidth from 1 to 1e18 bytes/s, got nan");
  FabricSpec f;
  f.oversubscription = 0;
  EXPECT_EQ(error_of(make_cluster({group("a", 1)}, f, {})),
            "fabric.oversubscription: expected a number from 0.01 to 1000, got 0");
  f = {};
  f.spines = 0;
  EXPECT_EQ(error_of(make_cluster({group("a", 1)}, f, {})),
            "fabric.spines: expected a whole number from 1 to 4096, got 0");
  f = {};
  f.nodes_per_leaf = Nodes{1};
  f.spines = 4'096;
  EXPECT_EQ(error_of(make_cluster({group("a", 1'000)}, f, {})),
            "fabric.spines: 1000 leaves x 4096 spines is more than 200000 links");
  StorageSpec s;
  s.read_bytes_per_s = -1;
  EXPECT_EQ(error_of(make_cluster({group("a", 1)}, {}, s)),
            "storage.read_bytes_per_s: expected a bandwidth from 1 to 1e18 bytes/s, got -1");
}

}  // namespace
}  // namespace jevons
