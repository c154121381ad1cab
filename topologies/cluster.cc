// Numbering of nodes and leaves, and what a cluster may not be.
#include "topologies/cluster.h"

#include <cmath>
#include <utility>

#include "base/text.h"

namespace jevons {
namespace {

constexpr std::int64_t kMaxNodes = 100'000;  // 800,000 GPUs: eight times the largest cluster announced by 2026.
constexpr std::int32_t kMaxGpusPerNode = 1'024;
constexpr std::int32_t kMaxSpines = 4'096;
constexpr double kMaxBytesPerS = 1e18;
constexpr std::int64_t kMaxLeafSpineLinks = 200'000;  // Each way; about 0.75 kB of SimGrid a link (simgrid.md, 6).

Status check_bandwidth(double bytes_per_s, const std::string& where) {
  if (std::isfinite(bytes_per_s) && bytes_per_s >= 1 && bytes_per_s <= kMaxBytesPerS) return Ok{};
  return Error{"expected a bandwidth from 1 to 1e18 bytes/s, got " + text_of(bytes_per_s), where};
}

Status check_share(double v, double low, double high, const std::string& where) {
  if (std::isfinite(v) && v >= low && v <= high) return Ok{};
  return Error{"expected a number from " + text_of(low) + " to " + text_of(high) + ", got " + text_of(v), where};
}

Status check_count(std::int64_t v, std::int64_t high, const std::string& where) {
  if (v >= 1 && v <= high) return Ok{};
  return Error{"expected a whole number from 1 to " + std::to_string(high) + ", got " + std::to_string(v), where};
}

Status check_group(const NodeGroup& g, const std::string& where) {
  if (Status s = check_count(g.nodes.value, kMaxNodes, where + ".nodes"); !s) return s;
  if (Status s = check_count(g.gpus_per_node.value, kMaxGpusPerNode, where + ".gpus_per_node"); !s) return s;
  if (Status s = check_bandwidth(g.nic_bytes_per_s, where + ".nic_bytes_per_s"); !s) return s;
  if (Status s = check_share(g.price_usd_per_gpu_hour, 0, 1e6, where + ".price_usd_per_gpu_hour"); !s) return s;
  for (std::size_t p = 0; p < g.power.watts.size(); ++p) {
    const std::string phase(power_kind_name(kind_of(p)));
    if (Status s = check_share(g.power.watts[p], 0, 1e6, where + ".power." + phase); !s) return s;
  }
  return Ok{};
}

Status check_fabric(const FabricSpec& f, const StorageSpec& s) {
  if (Status e = check_count(f.nodes_per_leaf.value, kMaxNodes, "fabric.nodes_per_leaf"); !e) return e;
  if (Status e = check_count(f.spines, kMaxSpines, "fabric.spines"); !e) return e;
  if (Status e = check_share(f.oversubscription, 0.01, 1000, "fabric.oversubscription"); !e) return e;
  if (Status e = check_share(f.efficiency, 0.01, 1, "fabric.efficiency"); !e) return e;
  if (Status e = check_bandwidth(s.read_bytes_per_s, "storage.read_bytes_per_s"); !e) return e;
  return check_bandwidth(s.write_bytes_per_s, "storage.write_bytes_per_s");
}

}  // namespace

Gpus Cluster::total_gpus() const {
  Gpus total{0};
  for (const NodeGroup& g : groups) total += g.nodes.value * g.gpus_per_node;
  return total;
}

Result<Cluster> make_cluster(std::vector<NodeGroup> groups, FabricSpec fabric, StorageSpec storage) {
  if (groups.empty()) return Error{"expected at least one group of nodes", "groups"};
  std::int64_t total = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::string where = "groups[" + std::to_string(i) + "]";
    if (Status s = check_group(groups[i], where); !s) return s.error();
    for (std::size_t j = 0; j < i; ++j) {
      if (groups[j].name == groups[i].name)
        return Error{"the name '" + groups[i].name + "' is taken by an earlier group", where + ".name"};
    }
    total += groups[i].nodes.value;
    if (total > kMaxNodes) {
      return Error{"the cluster has more than " + std::to_string(kMaxNodes) + " nodes", where + ".nodes"};
    }
  }
  if (Status s = check_fabric(fabric, storage); !s) return s.error();

  Cluster cluster;
  cluster.nodes.reserve(static_cast<std::size_t>(total));
  std::uint32_t leaf = 0;
  for (std::uint32_t g = 0; g < groups.size(); ++g) {
    for (std::int32_t i = 0; i < groups[g].nodes.value; ++i) {
      if (i > 0 && i % fabric.nodes_per_leaf.value == 0) ++leaf;
      cluster.nodes.push_back({NodeId{static_cast<std::uint32_t>(cluster.nodes.size())}, GroupId{g}, LeafId{leaf}});
    }
    ++leaf;
  }
  cluster.groups = std::move(groups);
  cluster.fabric = fabric;
  cluster.storage = storage;
  cluster.leaves = static_cast<std::int32_t>(leaf);
  if (const std::int64_t links = std::int64_t{cluster.leaves} * fabric.spines; links > kMaxLeafSpineLinks) {
    return Error{std::to_string(cluster.leaves) + " leaves x " + std::to_string(fabric.spines) +
                     " spines is more than " + std::to_string(kMaxLeafSpineLinks) + " links",
                 "fabric.spines"};
  }
  return cluster;
}

}  // namespace jevons
