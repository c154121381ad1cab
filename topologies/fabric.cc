// Link sizes and spine choice of the leaf/spine fabric.
#include "topologies/fabric.h"

#include "base/check.h"

namespace jevons {
namespace {

// Finaliser of MurmurHash3: every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

const NodeGroup& group_of_leaf(const Cluster& cluster, LeafId leaf) {
  std::uint32_t first = 0;  // A leaf holds nodes of one group, and groups take leaves in order.
  for (const NodeGroup& g : cluster.groups) {
    const std::int32_t per_leaf = cluster.fabric.nodes_per_leaf.value;
    const auto leaves = static_cast<std::uint32_t>((g.nodes.value + per_leaf - 1) / per_leaf);
    if (leaf.index < first + leaves) return g;
    first += leaves;
  }
  CHECK(false);
}

}  // namespace

double node_link_bytes_per_s(const Cluster& cluster, NodeId node) {
  return cluster.group_of(node).nic_bytes_per_s * cluster.fabric.efficiency;
}

double intra_node_bytes_per_s(const Cluster& cluster, NodeId node) {
  const NodeGroup& g = cluster.group_of(node);
  const double one = g.gpu.link_bytes_per_s > 0 ? g.gpu.link_bytes_per_s : g.nic_bytes_per_s;
  return one * g.gpus_per_node.value * cluster.fabric.efficiency;
}

double leaf_spine_bytes_per_s(const Cluster& cluster, LeafId leaf) {
  const FabricSpec& f = cluster.fabric;
  const double down = group_of_leaf(cluster, leaf).nic_bytes_per_s * f.efficiency * f.nodes_per_leaf.value;
  return down / (f.oversubscription * f.spines);
}

std::uint32_t storage_source_end(const Cluster& cluster) { return static_cast<std::uint32_t>(cluster.nodes.size()); }
std::uint32_t storage_sink_end(const Cluster& cluster) { return static_cast<std::uint32_t>(cluster.nodes.size()) + 1; }

std::int32_t spine_of(const Cluster& cluster, std::uint32_t source, std::uint32_t destination) {
  const std::uint64_t pair = (std::uint64_t{source} << 32) | destination;
  return static_cast<std::int32_t>(mix(pair) % static_cast<std::uint64_t>(cluster.fabric.spines));
}

}  // namespace jevons
