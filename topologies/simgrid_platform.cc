// SimGrid's settings and the platform of a cluster.
#include "topologies/simgrid_platform.h"

#include <xbt/log.h>

#include <simgrid/s4u.hpp>

#include "topologies/leaf_spine_zone.h"
#include "topologies/simgrid_compat.h"

namespace jevons {

void pin_simgrid_settings() {
  // Before set_config, which logs each change.
  xbt_log_control_set("root.thres:critical");
  using simgrid::s4u::Engine;
  Engine::set_config("network/model:CM02");      // No TCP correction factors (the default, LV08, has them).
  Engine::set_config("network/crosstraffic:0");  // A flow does not slow the reverse direction (default 1: -5 %).
  Engine::set_config("network/TCP-gamma:1e15");  // No window cap (default 4 MiB / 2 latencies).
  Engine::set_config("network/weight-S:0");      // Shares do not depend on bandwidths along the route.
  // The default 1e-9 s completes actions that end up to 1 ns apart together; below one tick (1 ns) they stay apart.
  Engine::set_config(std::string(simgrid_compat::kTimingPrecision) + ":1e-12");
}

SimgridPlatform build_platform(const Cluster& cluster) {
  auto* zone = new LeafSpineZone("cluster", cluster);  // SimGrid's engine deletes its root zone.
  zone->set_parent(nullptr);
  SimgridPlatform platform = zone->build();
  zone->seal();
  return platform;
}

}  // namespace jevons
