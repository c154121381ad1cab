// The cheapest flow through a network, by successive shortest paths.
#ifndef JEVONS_POLICIES_PLACEMENT_FLOW_H_
#define JEVONS_POLICIES_PLACEMENT_FLOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace jevons {

struct FlowArc {
  std::size_t from, to;
  std::int64_t capacity;  // >= 0
  std::int64_t cost;      // Of one unit; >= 0.
  std::int64_t flow = 0;
};

// Sends as much as possible from vertex 0 to vertex 1 at the least cost and fills in `flow`; returns the cost.  Ties
// are decided by the order of the arcs.  Vertex 0 must have one arc, and the other vertices be reachable through arcs
// that are not full for as long as that one is not (an unreachable one would overflow Boost's distances).
std::int64_t cheapest_flow(std::size_t vertices, std::vector<FlowArc>* arcs);

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_FLOW_H_
