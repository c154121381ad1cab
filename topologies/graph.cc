// Building the Boost graph of a cluster, breadth-first distances and push-relabel cuts.
#include "topologies/graph.h"

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <cmath>

#include "base/check.h"
#include "topologies/fabric.h"

namespace jevons {
namespace {

// Bytes/s as whole numbers: max-flow on integers is exact and always ends.
using Rate = std::int64_t;
using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
struct FlowEdge {
  Rate capacity = 0, residual = 0;
  Traits::edge_descriptor reverse;
};
using FlowGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, FlowEdge>;

// One direction of a link and its residual.  push_relabel takes an edge of capacity 0 for a residual, so the two
// directions of a link are two such pairs.
void add_arc(FlowGraph* g, std::size_t u, std::size_t v, Rate capacity) {
  const auto e = boost::add_edge(u, v, *g).first;
  const auto r = boost::add_edge(v, u, *g).first;
  (*g)[e].capacity = capacity;
  (*g)[e].reverse = r;
  (*g)[r].reverse = e;
}

}  // namespace

ClusterGraph::ClusterGraph(const Cluster& cluster)
    : nodes_(cluster.nodes.size()),
      leaves_(static_cast<std::size_t>(cluster.leaves)),
      spines_(static_cast<std::size_t>(cluster.fabric.spines)),
      graph_(nodes_ + leaves_ + spines_ + 1) {
  for (const Node& n : cluster.nodes) {
    boost::add_edge(node_vertex(n.id), leaf_vertex(n.leaf), LinkProperties{node_link_bytes_per_s(cluster, n.id)},
                    graph_);
  }
  for (std::uint32_t leaf = 0; leaf < leaves_; ++leaf) {
    const LinkProperties up{leaf_spine_bytes_per_s(cluster, LeafId{leaf})};
    for (std::int32_t s = 0; s < cluster.fabric.spines; ++s) {
      boost::add_edge(leaf_vertex(LeafId{leaf}), spine_vertex(s), up, graph_);
    }
  }
  const double storage = std::max(cluster.storage.read_bytes_per_s, cluster.storage.write_bytes_per_s);
  for (std::int32_t s = 0; s < cluster.fabric.spines; ++s) {
    boost::add_edge(spine_vertex(s), storage_vertex(), LinkProperties{storage}, graph_);
  }
}

std::vector<std::int32_t> ClusterGraph::hops_from(NodeId from) const {
  CHECK(from.index < nodes_);
  std::vector<std::int32_t> hops(boost::num_vertices(graph_), 0);
  const auto index = boost::get(boost::vertex_index, graph_);
  auto record = boost::record_distances(boost::make_iterator_property_map(hops.begin(), index), boost::on_tree_edge());
  boost::breadth_first_search(graph_, node_vertex(from), boost::visitor(boost::make_bfs_visitor(record)));
  return hops;
}

double ClusterGraph::cut_bytes_per_s(std::span<const NodeId> a) const {
  const std::size_t source = boost::num_vertices(graph_), sink = source + 1;
  FlowGraph g(sink + 1);
  Rate total = 0;
  for (auto [e, end] = boost::edges(graph_); e != end; ++e) {
    const std::size_t u = boost::source(*e, graph_), v = boost::target(*e, graph_);
    if (u == storage_vertex() || v == storage_vertex()) continue;  // Storage forwards nothing between nodes.
    const Rate rate = std::llround(std::min(graph_[*e].bytes_per_s, 1e15));
    add_arc(&g, u, v, rate);
    add_arc(&g, v, u, rate);
    if (u < nodes_) total += rate;
  }
  std::vector<bool> in_a(nodes_, false);
  for (const NodeId n : a) in_a[n.index] = true;
  for (std::size_t n = 0; n < nodes_; ++n) {
    if (in_a[n])
      add_arc(&g, source, n, total);
    else
      add_arc(&g, n, sink, total);
  }
  const Rate flow = boost::push_relabel_max_flow(g, source, sink, boost::get(&FlowEdge::capacity, g),
                                                 boost::get(&FlowEdge::residual, g), boost::get(&FlowEdge::reverse, g),
                                                 boost::get(boost::vertex_index, g));
  return static_cast<double>(flow);
}

double ClusterGraph::bisection_bytes_per_s() const {
  std::vector<NodeId> half;
  for (std::uint32_t n = 0; n < nodes_ / 2; ++n) half.push_back(NodeId{n});
  return cut_bytes_per_s(half);
}

double bisection_closed_form(const Cluster& cluster) {
  const std::int32_t per_leaf = cluster.fabric.nodes_per_leaf.value;
  CHECK(cluster.groups.size() == 1 && cluster.leaves % 2 == 0 &&
        static_cast<std::int64_t>(cluster.nodes.size()) == std::int64_t{per_leaf} * cluster.leaves);
  const double half_leaves = cluster.leaves / 2.0;
  const double nodes = half_leaves * per_leaf * node_link_bytes_per_s(cluster, NodeId{0});
  const double up = half_leaves * cluster.fabric.spines * leaf_spine_bytes_per_s(cluster, LeafId{0});
  return std::min(nodes, up);
}

}  // namespace jevons
