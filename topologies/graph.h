// The cluster as a Boost graph, for questions about its shape: hop distances and bisection bandwidth.
//
// Vertices: nodes (by NodeId), then leaves, spines, and one for storage.  Edges are links, undirected, with their
// bandwidth per direction (FabricSpec::efficiency applied).  Not for the hot path.
#ifndef JEVONS_TOPOLOGIES_GRAPH_H_
#define JEVONS_TOPOLOGIES_GRAPH_H_

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"
#include "topologies/cluster.h"

namespace jevons {

struct LinkProperties {
  double bytes_per_s = 0;
};

class ClusterGraph {
 public:
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property, LinkProperties>;

  explicit ClusterGraph(const Cluster& cluster);

  const Graph& graph() const { return graph_; }
  std::size_t node_vertex(NodeId n) const { return n.index; }
  std::size_t leaf_vertex(LeafId l) const { return nodes_ + l.index; }
  std::size_t spine_vertex(std::int32_t s) const { return nodes_ + leaves_ + static_cast<std::size_t>(s); }
  std::size_t storage_vertex() const { return nodes_ + leaves_ + spines_; }

  // Links on a shortest path from `from` to every vertex: 0 itself, 2 same leaf, 4 over a spine.
  std::vector<std::int32_t> hops_from(NodeId from) const;

  // Largest total rate at which the nodes of `a` can send to the other nodes, all paths used (max-flow), in bytes/s.
  double cut_bytes_per_s(std::span<const NodeId> a) const;
  // The cut between the first half of the nodes (in NodeId order, rounded down) and the rest.
  double bisection_bytes_per_s() const;

 private:
  std::size_t nodes_ = 0, leaves_ = 0, spines_ = 0;
  Graph graph_;
};

// The same cut by hand, where the leaves divide evenly: the smaller of the half's node links and its leaves' up-links.
// Only for one group that fills an even number of leaves (CHECKed).
double bisection_closed_form(const Cluster& cluster);

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_GRAPH_H_
