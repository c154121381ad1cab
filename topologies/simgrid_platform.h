// Cluster -> SimGrid platform: one host per node, one for reading and one for writing storage, a leaf/spine fabric, and
// the settings without which SimGrid models TCP.
#ifndef JEVONS_TOPOLOGIES_SIMGRID_PLATFORM_H_
#define JEVONS_TOPOLOGIES_SIMGRID_PLATFORM_H_

#include <vector>

#include "topologies/cluster.h"

namespace simgrid::s4u {
class Engine;
class Host;
}  // namespace simgrid::s4u

namespace jevons {

// Hosts are owned by SimGrid's engine.
struct SimgridPlatform {
  std::vector<simgrid::s4u::Host*> nodes;        // By NodeId.
  simgrid::s4u::Host* storage_source = nullptr;  // Flows from here read (weights, restores).
  simgrid::s4u::Host* storage_sink = nullptr;    // Flows to here write (checkpoints).
};

// Sets CM02, no cross-traffic, TCP-gamma 1e15, weight-S 0, timing precision below one clock tick, quiet logs, through
// Engine::set_config.  Call right after the engine exists and before the platform.
void pin_simgrid_settings();

// Builds and seals the platform.  Link latencies are 0: the calendar charges latency (shared/design/simgrid.md, 4).
SimgridPlatform build_platform(const Cluster& cluster);

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_SIMGRID_PLATFORM_H_
