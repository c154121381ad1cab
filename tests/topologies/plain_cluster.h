// Clusters for tests of the fabric.
#ifndef JEVONS_TESTS_TOPOLOGIES_PLAIN_CLUSTER_H_
#define JEVONS_TESTS_TOPOLOGIES_PLAIN_CLUSTER_H_

#include <cstdint>

#include "topologies/cluster.h"

namespace jevons {

// One group of 8-GPU nodes, efficiency 1.
inline Cluster plain_cluster(std::int32_t nodes, double nic, std::int32_t per_leaf = 16, std::int32_t spines = 4,
                             double oversubscription = 1) {
  NodeGroup g;
  g.name = "g";
  g.gpu.link_bytes_per_s = 450e9;
  g.nodes = Nodes{nodes};
  g.nic_bytes_per_s = nic;
  FabricSpec f;
  f.nodes_per_leaf = Nodes{per_leaf};
  f.spines = spines;
  f.oversubscription = oversubscription;
  f.efficiency = 1;
  return *make_cluster({g}, f, {});
}

}  // namespace jevons
#endif  // JEVONS_TESTS_TOPOLOGIES_PLAIN_CLUSTER_H_
