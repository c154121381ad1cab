// Building and routing of the leaf/spine zone.
#include "topologies/leaf_spine_zone.h"

#include <simgrid/kernel/routing/NetPoint.hpp>
#include <simgrid/s4u.hpp>

#include "base/check.h"
#include "topologies/fabric.h"
#include "topologies/simgrid_compat.h"

namespace jevons {
namespace {

using simgrid::kernel::routing::NetPoint;

constexpr std::uint32_t kNoEnd = UINT32_MAX;
constexpr double kUnusedFlops = 1e15;  // SimGrid wants a speed; computation never runs as a SimGrid Exec here.

}  // namespace

LeafSpineZone::LeafSpineZone(const std::string& name, const Cluster& cluster) : NetZoneImpl(name), cluster_(cluster) {}

LeafSpineZone::Link LeafSpineZone::link(const std::string& name, double bytes_per_s) {
  simgrid::s4u::Link* l = simgrid_compat::add_link(this, name, bytes_per_s);
  l->set_latency(0)->seal();
  return l->get_impl();
}

simgrid::s4u::Host* LeafSpineZone::host(const std::string& name, std::uint32_t end) {
  simgrid::s4u::Host* h = simgrid_compat::add_host(this, name, kUnusedFlops);
  h->seal();
  const auto point = static_cast<std::size_t>(h->get_netpoint()->id());
  if (end_by_point_.size() <= point) end_by_point_.resize(point + 1, kNoEnd);
  end_by_point_[point] = end;
  return h;
}

SimgridPlatform LeafSpineZone::build() {
  SimgridPlatform platform;
  for (const Node& node : cluster_.nodes) {
    const std::string id = std::to_string(node.id.index);
    platform.nodes.push_back(host("node-" + id, node.id.index));
    node_up_.push_back(link("nic-up-" + id, node_link_bytes_per_s(cluster_, node.id)));
    node_down_.push_back(link("nic-down-" + id, node_link_bytes_per_s(cluster_, node.id)));
    inside_.push_back(link("inside-" + id, intra_node_bytes_per_s(cluster_, node.id)));
  }
  for (std::uint32_t leaf = 0; leaf < static_cast<std::uint32_t>(cluster_.leaves); ++leaf) {
    const double rate = leaf_spine_bytes_per_s(cluster_, LeafId{leaf});
    for (std::int32_t spine = 0; spine < cluster_.fabric.spines; ++spine) {
      const std::string id = std::to_string(leaf) + "-" + std::to_string(spine);
      leaf_up_.push_back(link("leaf-up-" + id, rate));
      leaf_down_.push_back(link("leaf-down-" + id, rate));
    }
  }
  storage_read_ = link("storage-read", cluster_.storage.read_bytes_per_s);
  storage_write_ = link("storage-write", cluster_.storage.write_bytes_per_s);
  platform.storage_source = host("storage-source", storage_source_end(cluster_));
  platform.storage_sink = host("storage-sink", storage_sink_end(cluster_));
  return platform;
}

std::uint32_t LeafSpineZone::end_of(const NetPoint* point) const {
  const auto id = static_cast<std::size_t>(point->id());
  CHECK(id < end_by_point_.size() && end_by_point_[id] != kNoEnd);
  return end_by_point_[id];
}

std::size_t LeafSpineZone::leaf_spine(std::uint32_t node, std::int32_t spine) const {
  return static_cast<std::size_t>(cluster_.nodes[node].leaf.index) * static_cast<std::size_t>(cluster_.fabric.spines) +
         static_cast<std::size_t>(spine);
}

void LeafSpineZone::get_local_route(const NetPoint* src, const NetPoint* dst, simgrid::kernel::routing::Route* into,
                                    double* /*latency: all are 0*/) {
  const std::uint32_t a = end_of(src), b = end_of(dst);
  std::vector<Link>& path = into->link_list_;
  if (a == b && is_node(a)) {
    path.push_back(inside_[a]);
    return;
  }
  const bool over_spine = !is_node(a) || !is_node(b) || cluster_.nodes[a].leaf != cluster_.nodes[b].leaf;
  const std::int32_t spine = over_spine ? spine_of(cluster_, a, b) : 0;
  if (is_node(a)) {
    path.push_back(node_up_[a]);
    if (over_spine) path.push_back(leaf_up_[leaf_spine(a, spine)]);
  } else {
    path.push_back(a == storage_source_end(cluster_) ? storage_read_ : storage_write_);
  }
  if (is_node(b)) {
    if (over_spine) path.push_back(leaf_down_[leaf_spine(b, spine)]);
    path.push_back(node_down_[b]);
  } else {
    path.push_back(b == storage_sink_end(cluster_) ? storage_write_ : storage_read_);
  }
}

}  // namespace jevons
