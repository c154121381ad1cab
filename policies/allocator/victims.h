// What allocators share: targets within a pool's bounds, and the order in which training jobs give way.
#ifndef JEVONS_POLICIES_ALLOCATOR_VICTIMS_H_
#define JEVONS_POLICIES_ALLOCATOR_VICTIMS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

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

// Nodes that serve or soon will.
inline std::int32_t nodes_held(const PoolView& pool) { return pool.ready_nodes + pool.coming_nodes; }

// Nodes that the decision's targets want beyond those held.
inline std::int64_t nodes_short(const AllocatorView& view, const AllocatorDecision& decision) {
  std::int64_t sum = 0;
  for (const PoolTarget& target : decision.targets) {
    for (const PoolView& pool : view.pools) {
      if (pool.id == target.pool) sum += std::max(0, target.nodes - nodes_held(pool));
    }
  }
  return sum;
}

// Least lost work first, then latest start, then lowest id (design/policies.md, priority_reclaim).
inline std::vector<JobId> victims_by_loss(std::span<const VictimView> jobs) {
  std::vector<VictimView> order(jobs.begin(), jobs.end());
  std::sort(order.begin(), order.end(), [](const VictimView& a, const VictimView& b) {
    if (a.lost_if_stopped != b.lost_if_stopped) return a.lost_if_stopped < b.lost_if_stopped;
    return a.started != b.started ? a.started > b.started : a.id < b.id;
  });
  std::vector<JobId> ids;
  ids.reserve(order.size());
  for (const VictimView& job : order) ids.push_back(job.id);
  return ids;
}

// Least lost work per node given back, so that a job over many nodes counts once (Lyra's greedy); ties as above.
inline bool cheaper_per_node(const VictimView& a, const VictimView& b) {
  const Int128 cost_a = a.lost_if_stopped.gpu_ns * std::max(1, b.nodes);
  const Int128 cost_b = b.lost_if_stopped.gpu_ns * std::max(1, a.nodes);
  if (cost_a != cost_b) return cost_a < cost_b;
  return a.started != b.started ? a.started > b.started : a.id < b.id;
}

// First the jobs that together give back at least `wanted` nodes for the least lost work, then, because jobs that share
// a node give back less than they count, all others; each part by cheaper_per_node.  Exact (a knapsack over nodes) up
// to kExactCells steps, a review of 1,000 jobs for 1,000 nodes; greedy beyond.
inline std::vector<JobId> victims_by_cover(std::span<const VictimView> jobs, std::int64_t wanted) {
  constexpr std::int64_t kExactCells = 1'000'000;
  std::vector<VictimView> order(jobs.begin(), jobs.end());
  std::sort(order.begin(), order.end(), cheaper_per_node);
  std::int64_t all = 0;
  for (const VictimView& job : order) all += job.nodes;
  std::vector<bool> chosen(order.size(), false);
  const std::int64_t count = static_cast<std::int64_t>(order.size());
  if (wanted > 0 && wanted < all && wanted <= kExactCells / count) {
    const std::size_t width = static_cast<std::size_t>(wanted) + 1;
    // least[n]: the least loss that gives back n nodes or more, of the jobs seen so far; -1 where they cannot.
    std::vector<Int128> least(width, -1);
    least[0] = 0;
    std::vector<bool> takes(order.size() * width, false);
    for (std::size_t j = 0; j < order.size(); ++j) {
      const std::size_t nodes = static_cast<std::size_t>(std::max(0, order[j].nodes));
      for (std::size_t n = width - 1; n > 0; --n) {
        const Int128 before = least[n > nodes ? n - nodes : 0];
        if (before < 0) continue;
        const Int128 loss = before + order[j].lost_if_stopped.gpu_ns;
        if (least[n] >= 0 && least[n] <= loss) continue;
        least[n] = loss;
        takes[j * width + n] = true;
      }
    }
    std::size_t n = width - 1;
    for (std::size_t j = order.size(); j-- > 0 && n > 0;) {
      if (!takes[j * width + n]) continue;
      chosen[j] = true;
      const std::size_t nodes = static_cast<std::size_t>(std::max(0, order[j].nodes));
      n = n > nodes ? n - nodes : 0;
    }
  }
  std::vector<JobId> ids;
  ids.reserve(order.size());
  for (const bool part : {true, false}) {
    for (std::size_t j = 0; j < order.size(); ++j) {
      if (chosen[j] == part) ids.push_back(order[j].id);
    }
  }
  return ids;
}

// Lets growing targets stop training jobs.  The simulator takes idle nodes first, and knows which of them suit the
// pool, so nothing is left out because some nodes are idle.
inline void reclaim_at_once(const AllocatorView& view, bool cover, AllocatorDecision* decision) {
  const std::int64_t wanted = nodes_short(view, *decision);
  if (wanted == 0) return;
  decision->may_preempt = true;
  const std::int64_t busy = std::max<std::int64_t>(1, wanted - view.idle_training_nodes);
  decision->victims = cover ? victims_by_cover(view.running_jobs, busy) : victims_by_loss(view.running_jobs);
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_VICTIMS_H_
