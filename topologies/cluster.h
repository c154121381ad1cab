// The cluster a run plays on: immutable nodes, grouped by kind, behind one leaf/spine fabric with shared storage.
#ifndef JEVONS_TOPOLOGIES_CLUSTER_H_
#define JEVONS_TOPOLOGIES_CLUSTER_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "topologies/catalogue.h"
#include "topologies/power.h"

namespace jevons {

struct NodeGroup {
  std::string name;
  GpuSpec gpu;  // Copied from the catalogue or the scenario.
  Nodes nodes;
  Gpus gpus_per_node{8};
  double price_usd_per_gpu_hour = 0;  // What one GPU-hour costs, used or not.
  double nic_bytes_per_s = 0;         // Per node and direction, all NICs together.
  PowerDraw power;                    // Of one GPU with its share of the host.
  double cpus_per_node = 0;           // 0 = unknown.
  Bytes memory_per_node{0};           // Of the host; 0 = unknown.
};

struct FabricSpec {
  Nodes nodes_per_leaf{16};
  std::int32_t spines = 4;
  double oversubscription = 1.0;  // Leaf down-link over up-link bandwidth; 1 = non-blocking.
  double efficiency = 0.9;        // Share of line rate that a large transfer reaches.
};

struct StorageSpec {
  double read_bytes_per_s = 100e9;  // Shared by all readers (model weights, checkpoint restore).
  double write_bytes_per_s = 50e9;  // Shared by all writers (checkpoints).
};

struct Node {
  NodeId id;
  GroupId group;
  LeafId leaf;
};

struct Cluster {
  std::vector<NodeGroup> groups;
  std::vector<Node> nodes;  // All nodes, group by group; a leaf holds nodes of one group.
  FabricSpec fabric;
  StorageSpec storage;
  std::int32_t leaves = 0;

  const NodeGroup& group_of(NodeId n) const { return groups[nodes[n.index].group.index]; }
  Gpus total_gpus() const;
};

// Numbers the nodes and leaves.  Refuses an empty cluster, a group without nodes or GPUs, more than 100,000 nodes, and
// non-positive bandwidths; `where` in the error is the field's name inside the cluster ("groups[1].nodes").
Result<Cluster> make_cluster(std::vector<NodeGroup> groups, FabricSpec fabric, StorageSpec storage);

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_CLUSTER_H_
