// What differs between SimGrid 3.32 (Debian 12) and 4.x, in one place; brings SIMGRID_VERSION.
#ifndef JEVONS_TOPOLOGIES_SIMGRID_COMPAT_H_
#define JEVONS_TOPOLOGIES_SIMGRID_COMPAT_H_

// clang-format off
#include <xbt/base.h>  // What version.h uses without including it.
#include <simgrid/version.h>
// clang-format on

#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <simgrid/s4u/Host.hpp>
#include <simgrid/s4u/Link.hpp>
#include <string>
#include <vector>

namespace jevons::simgrid_compat {

#if SIMGRID_VERSION >= 33400
inline constexpr const char* kTimingPrecision = "precision/timing";
#else
inline constexpr const char* kTimingPrecision = "surf/precision";
#endif

inline simgrid::s4u::Host* add_host(simgrid::kernel::routing::NetZoneImpl* zone, const std::string& name,
                                    double speed) {
#if SIMGRID_VERSION >= 40000
  return zone->add_host(name, std::vector<double>{speed});
#else
  return zone->create_host(name, std::vector<double>{speed});
#endif
}

inline simgrid::s4u::Link* add_link(simgrid::kernel::routing::NetZoneImpl* zone, const std::string& name,
                                    double bytes_per_s) {
#if SIMGRID_VERSION >= 40000
  return zone->add_link(name, std::vector<double>{bytes_per_s});
#else
  return zone->create_link(name, std::vector<double>{bytes_per_s});
#endif
}

}  // namespace jevons::simgrid_compat
#endif  // JEVONS_TOPOLOGIES_SIMGRID_COMPAT_H_
