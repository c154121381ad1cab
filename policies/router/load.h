// How loaded a replica is, in the one sense that routers share: the requests it has, queued and running.
#ifndef JEVONS_POLICIES_ROUTER_LOAD_H_
#define JEVONS_POLICIES_ROUTER_LOAD_H_

#include <cstdint>
#include <span>

#include "policies/api/router.h"

namespace jevons {

// A router that counts only the queue sends 52 % of the load to one of four replicas (design/policies.md).
inline std::int64_t requests_at(const ReplicaView& replica) {
  return std::int64_t{replica.waiting} + std::int64_t{replica.running};
}

// Whether `a` would be less loaded than `b` with one more request.  By speed: per unit of decode throughput.
inline bool less_loaded(const ReplicaView& a, const ReplicaView& b, bool by_speed) {
  if (!by_speed) return requests_at(a) < requests_at(b);
  return static_cast<double>(requests_at(a) + 1) * b.speed < static_cast<double>(requests_at(b) + 1) * a.speed;
}

// The least loaded replica, ties to the lowest id; null if there is none.  One pass.
inline const ReplicaView* least_loaded(std::span<const ReplicaView> ready, bool by_speed) {
  const ReplicaView* best = nullptr;
  for (const ReplicaView& r : ready) {
    if (best == nullptr || less_loaded(r, *best, by_speed)) best = &r;
  }
  return best;
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_LOAD_H_
