// Distances and cuts of the cluster graph.
#include "topologies/graph.h"

#include <gtest/gtest.h>

#include "tests/topologies/plain_cluster.h"

namespace jevons {
namespace {

Cluster cluster(std::int32_t nodes, std::int32_t per_leaf, std::int32_t spines, double oversubscription) {
  return plain_cluster(nodes, 400e9, per_leaf, spines, oversubscription);
}

TEST(ClusterGraph, HopDistances) {
  const ClusterGraph g(cluster(8, 4, 2, 1));
  const auto hops = g.hops_from(NodeId{1});
  EXPECT_EQ(hops[g.node_vertex(NodeId{1})], 0);
  EXPECT_EQ(hops[g.leaf_vertex(LeafId{0})], 1);
  EXPECT_EQ(hops[g.node_vertex(NodeId{0})], 2);
  EXPECT_EQ(hops[g.spine_vertex(1)], 2);
  EXPECT_EQ(hops[g.storage_vertex()], 3);
  EXPECT_EQ(hops[g.node_vertex(NodeId{7})], 4);
}

TEST(ClusterGraph, BisectionMatchesTheClosedForm) {
  for (const double oversubscription : {0.5, 1.0, 2.0, 4.0}) {
    for (const std::int32_t leaves : {2, 4, 8}) {
      for (const std::int32_t spines : {1, 2, 4}) {
        const Cluster c = cluster(4 * leaves, 4, spines, oversubscription);
        EXPECT_DOUBLE_EQ(ClusterGraph(c).bisection_bytes_per_s(), bisection_closed_form(c))
            << oversubscription << " " << leaves << " " << spines;
      }
    }
  }
  // By hand: 2 leaves of 4 nodes at 400 GB/s, 2:1: 800 GB/s.
  EXPECT_DOUBLE_EQ(ClusterGraph(cluster(8, 4, 2, 2)).bisection_bytes_per_s(), 800e9);
}

TEST(ClusterGraph, CutInsideALeafIsNotLimitedByItsUpLinks) {
  const ClusterGraph g(cluster(4, 4, 1, 100));
  const std::vector<NodeId> one{NodeId{2}};
  EXPECT_DOUBLE_EQ(g.cut_bytes_per_s(one), 400e9);
  EXPECT_DOUBLE_EQ(g.bisection_bytes_per_s(), 800e9);
}

}  // namespace
}  // namespace jevons
