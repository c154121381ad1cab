// A SimGrid zone that routes a leaf/spine fabric by arithmetic: O(1) a route, no tables.  Internal to topologies.
//
// Routes: node -> its NIC -> [up to a spine -> down to the other leaf] -> NIC -> node.  A spine is used only between
// leaves or to and from storage, which hangs at spine level behind a link of its own.  Inside one node: its scale-up
// link.
#ifndef JEVONS_TOPOLOGIES_LEAF_SPINE_ZONE_H_
#define JEVONS_TOPOLOGIES_LEAF_SPINE_ZONE_H_

#include <cstdint>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <string>
#include <vector>

#include "topologies/cluster.h"
#include "topologies/simgrid_platform.h"

namespace jevons {

class LeafSpineZone : public simgrid::kernel::routing::NetZoneImpl {
 public:
  // Owned by SimGrid's engine from set_parent() on, as every zone is; so is what build() makes.
  LeafSpineZone(const std::string& name, const Cluster& cluster);
  SimgridPlatform build();

  void get_local_route(const simgrid::kernel::routing::NetPoint* src, const simgrid::kernel::routing::NetPoint* dst,
                       simgrid::kernel::routing::Route* into, double* latency) override;

 private:
  using Link = simgrid::kernel::resource::StandardLinkImpl*;

  Link link(const std::string& name, double bytes_per_s);
  simgrid::s4u::Host* host(const std::string& name, std::uint32_t end);
  std::uint32_t end_of(const simgrid::kernel::routing::NetPoint* point) const;
  bool is_node(std::uint32_t end) const { return end < cluster_.nodes.size(); }
  std::size_t leaf_spine(std::uint32_t node, std::int32_t spine) const;

  Cluster cluster_;  // A copy: the zone lives as long as the engine.
  std::vector<std::uint32_t> end_by_point_;
  std::vector<Link> node_up_, node_down_, inside_;  // By node.
  std::vector<Link> leaf_up_, leaf_down_;           // By leaf x spines + spine.
  Link storage_read_ = nullptr, storage_write_ = nullptr;
};

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_LEAF_SPINE_ZONE_H_
