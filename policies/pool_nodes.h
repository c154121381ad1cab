// Counts of a pool's nodes: what autoscalers and allocators share.
#ifndef JEVONS_POLICIES_POOL_NODES_H_
#define JEVONS_POLICIES_POOL_NODES_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>

#include "policies/api/allocator.h"

namespace jevons {

inline std::int32_t within_bounds(const PoolView& pool, std::int64_t nodes) {
  return static_cast<std::int32_t>(
      std::max<std::int64_t>(pool.min_nodes, std::min<std::int64_t>(pool.max_nodes, nodes)));
}

// ceil(x) as a count of nodes; what is not a sensible count (NaN, negative, huge) ends at the nearest one.
inline std::int64_t ceil_nodes(double x) {
  if (!(x > 0)) return 0;
  return static_cast<std::int64_t>(std::ceil(std::min(x, 1e9)));
}

// A step of `nodes`, or a whole unit where the pool moves in larger ones: less would be rounded away.
inline std::int64_t step_of(const PoolView& pool, std::int64_t nodes) {
  return std::max<std::int64_t>(nodes, pool.unit_nodes);
}

// Nodes that serve or soon will.
inline std::int32_t nodes_held(const PoolView& pool) { return pool.ready_nodes + pool.coming_nodes; }

// Requests that wait for a replica, or in one.
inline double queued(const PoolView& pool) {
  return static_cast<double>(pool.held) + static_cast<double>(pool.waiting);
}

// Nobody is there and nobody came.
inline bool is_idle(const PoolView& pool) {
  return pool.held + pool.waiting + pool.running + pool.arrived == 0 && !(pool.load_nodes > 0);
}

// Nodes on their way to the pool that are not serving yet: more would answer trouble that is being answered.
inline bool help_is_coming(const PoolView& pool) {
  return pool.coming_nodes > 0 || nodes_held(pool) < within_bounds(pool, pool.target_nodes);
}

// Sends a pool whose minimum is 0 to sleep after `idle_after` without requests, and wakes it for the first.
class Sleep {
 public:
  // `nodes` as the pool's controller wants it; at least one while somebody is there or was of late.
  std::int64_t apply(const PoolView& pool, Instant now, Duration idle_after, std::int64_t nodes) {
    if (!is_idle(pool)) {
      idle_ = false;
      return std::max<std::int64_t>(nodes, 1);
    }
    if (!idle_) since_ = now;
    idle_ = true;
    const bool asleep = pool.target_nodes == 0 && nodes_held(pool) == 0;
    const bool tired = asleep || now - since_ >= idle_after;
    return tired && pool.min_nodes == 0 ? 0 : std::max<std::int64_t>(nodes, 1);
  }

 private:
  bool idle_ = false;
  Instant since_{};
};

// The highest number of nodes asked for in the last while: what a pool may shrink to without regret.
class HighestOf {
 public:
  // Counts `nodes`, asked for now, and returns the highest of [now - window, now].
  std::int64_t add(Instant now, std::int64_t nodes, Duration window) {
    while (!marks_.empty() && marks_.back().nodes <= nodes) marks_.pop_back();
    marks_.push_back({now, nodes});
    while (now - marks_.front().at > window) marks_.pop_front();
    return marks_.front().nodes;
  }

 private:
  struct Mark {
    Instant at;
    std::int64_t nodes;
  };
  std::deque<Mark> marks_;  // Each higher than all after it, so the first is the highest.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_POOL_NODES_H_
