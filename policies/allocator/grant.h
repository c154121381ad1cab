// Divides the nodes there are among pools that want more than there are.
#ifndef JEVONS_POLICIES_ALLOCATOR_GRANT_H_
#define JEVONS_POLICIES_ALLOCATOR_GRANT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policies/api/allocator.h"
#include "policies/pool_nodes.h"

namespace jevons {

// All nodes, training's and the pools'.
inline std::int64_t nodes_of_all(const AllocatorView& view) {
  std::int64_t nodes = view.training_nodes;
  for (const PoolView& pool : view.pools) nodes += std::int64_t{nodes_held(pool)} + pool.draining_nodes;
  return nodes;
}

// Every pool gets its minimum, then those of the highest priority what they want, and so on down while nodes are left;
// pools of one priority that cannot all have it get the same share of what they want beyond the minimum, to a node,
// ties to the lowest id.  What no pool wants is training's.  It counts nodes and does not know which suit which pool.
inline void grant_by_priority(const AllocatorView& view, std::span<const std::int64_t> wanted,
                              AllocatorDecision* decision) {
  const std::size_t n = view.pools.size();
  std::vector<std::int64_t> wants(n), gets(n);  // Beyond the minimum.
  std::int64_t left = nodes_of_all(view);
  for (std::size_t i = 0; i < n; ++i) {
    wants[i] = within_bounds(view.pools[i], wanted[i]) - view.pools[i].min_nodes;
    left -= view.pools[i].min_nodes;
  }
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return view.pools[a].priority > view.pools[b].priority; });
  for (std::size_t first = 0; first < n && left > 0;) {
    std::size_t past = first;
    std::int64_t sum = 0;
    for (; past < n && view.pools[order[past]].priority == view.pools[order[first]].priority; ++past)
      sum += wants[order[past]];
    const std::int64_t all = std::min(left, sum);
    std::int64_t given = 0;
    for (std::size_t k = first; k < past; ++k) {
      gets[order[k]] = sum == 0 ? 0 : wants[order[k]] * all / sum;
      given += gets[order[k]];
    }
    for (std::size_t k = first; k < past && given < all; ++k) {  // What rounding left over.
      if (gets[order[k]] == wants[order[k]]) continue;
      ++gets[order[k]];
      ++given;
    }
    left -= given;
    first = past;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t nodes = view.pools[i].min_nodes + gets[i];
    decision->targets.push_back({view.pools[i].id, static_cast<std::int32_t>(nodes)});
  }
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_GRANT_H_
