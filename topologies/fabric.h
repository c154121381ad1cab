// The leaf/spine fabric of a cluster as numbers: what each link carries and which spine a pair of ends uses.  The
// SimGrid platform, the graph and the tests read the same numbers here.
#ifndef JEVONS_TOPOLOGIES_FABRIC_H_
#define JEVONS_TOPOLOGIES_FABRIC_H_

#include <cstdint>

#include "topologies/cluster.h"

namespace jevons {

// Bandwidths in bytes/s and direction, with FabricSpec::efficiency already applied (storage: as given).
double node_link_bytes_per_s(const Cluster& cluster, NodeId node);
// Inside the node, GPU to GPU: all scale-up links together.
double intra_node_bytes_per_s(const Cluster& cluster, NodeId node);
// One leaf to one spine: a full leaf's node links / (oversubscription x spines).  A partly filled leaf has the same
// up-links.
double leaf_spine_bytes_per_s(const Cluster& cluster, LeafId leaf);

// Ends of a flow: nodes by index, then the two storage ends.
std::uint32_t storage_source_end(const Cluster& cluster);
std::uint32_t storage_sink_end(const Cluster& cluster);

// The spine that flows from end `source` to end `destination` take: a hash of the pair, as ECMP does; the same in every
// run.
std::int32_t spine_of(const Cluster& cluster, std::uint32_t source, std::uint32_t destination);

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_FABRIC_H_
