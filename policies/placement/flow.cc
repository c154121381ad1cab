// Boost.Graph's successive_shortest_path_nonnegative_weights behind flow.h, so that no one else compiles Boost.Graph.
#include "policies/placement/flow.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/successive_shortest_path_nonnegative_weights.hpp>

namespace jevons {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
struct Edge {
  std::int64_t capacity = 0, left = 0, cost = 0;
  Traits::edge_descriptor back{};
};
using Network = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Edge>;

}  // namespace

std::int64_t cheapest_flow(std::size_t vertices, std::vector<FlowArc>* arcs) {
  Network network(vertices);
  std::vector<Network::edge_descriptor> edges;
  edges.reserve(arcs->size());
  for (const FlowArc& arc : *arcs) {
    const auto there = add_edge(arc.from, arc.to, {arc.capacity, 0, arc.cost, {}}, network).first;
    const auto back = add_edge(arc.to, arc.from, {0, 0, -arc.cost, {}}, network).first;
    network[there].back = back;
    network[back].back = there;
    edges.push_back(there);
  }
  const auto index = get(boost::vertex_index, network);
  std::vector<Traits::edge_descriptor> pred(vertices);
  std::vector<std::int64_t> distance(vertices), potential(vertices);
  boost::successive_shortest_path_nonnegative_weights(
      network, 0, 1, get(&Edge::capacity, network), get(&Edge::left, network), get(&Edge::cost, network),
      get(&Edge::back, network), index, boost::make_iterator_property_map(pred.begin(), index),
      boost::make_iterator_property_map(distance.begin(), index),
      boost::make_iterator_property_map(potential.begin(), index));
  std::int64_t cost = 0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    FlowArc& arc = (*arcs)[i];
    arc.flow = arc.capacity - network[edges[i]].left;
    cost += arc.flow * arc.cost;
  }
  return cost;
}

}  // namespace jevons
