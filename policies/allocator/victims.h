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

// What a set of victims is chosen for.
enum class VictimRule {
  kLeastLoss,         // The cheapest job, or node full of jobs, first.
  kLeastLossPerNode,  // The cheapest per node returned: the set that returns what is wanted for the least loss.
};

// All jobs, in the order in which they should be stopped to return `wanted` nodes.  Lost work first, then latest start,
// then lowest id (design/policies.md, priority_reclaim; capacity_loan divides by nodes, a job over many of them
// counting once).
//
// Where jobs share nodes (and the view says where they run), a node is returned only when all its jobs are stopped, so
// the order goes node by node, greedily, and what turns out not to be needed is put last again.  Where none do,
// kLeastLossPerNode is exact: a knapsack over nodes, up to 1,000 jobs for 1,000 nodes, greedy beyond.
std::vector<JobId> choose_victims(std::span<const VictimView> jobs, std::int64_t wanted, VictimRule rule);

// Lets growing targets stop training jobs.  The simulator takes idle nodes first, and knows which of them suit the
// pool, so nothing is left out because some nodes are idle.
inline void reclaim_at_once(const AllocatorView& view, VictimRule rule, AllocatorDecision* decision) {
  const std::int64_t wanted = nodes_short(view, *decision);
  if (wanted == 0) return;
  decision->may_preempt = true;
  const std::int64_t busy = std::max<std::int64_t>(1, wanted - view.idle_training_nodes);
  decision->victims = choose_victims(view.running_jobs, busy, rule);
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_VICTIMS_H_
