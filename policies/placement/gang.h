// What placements share: the sets of nodes that a gang may be spread over, and the memory they work in.
#ifndef JEVONS_POLICIES_PLACEMENT_GANG_H_
#define JEVONS_POLICIES_PLACEMENT_GANG_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policies/api/placement.h"

namespace jevons {

inline constexpr std::string_view kMixGroupsHelp =
    "Whether a gang that no group of alike nodes can hold now may span groups, and so GPU types.";

// The first room with the least key.
template <class Key>
std::size_t least_room_by(std::span<const RoomView> rooms, Key key) {
  const auto less = [&](const RoomView& a, const RoomView& b) { return key(a) < key(b); };
  return static_cast<std::size_t>(std::min_element(rooms.begin(), rooms.end(), less) - rooms.begin());
}

// In 64 bits: a view is not trusted to sum to less than 2^31.
inline std::int64_t free_gpus(std::span<const NodeView> nodes) {
  std::int64_t sum = 0;
  for (const NodeView& node : nodes) sum += node.free.value;
  return sum;
}

// The node with the least free GPUs that still holds `gpus`, ties to the lowest id; null if none does.
inline const NodeView* tightest(std::span<const NodeView> nodes, Gpus gpus) {
  const NodeView* best = nullptr;
  for (const NodeView& node : nodes) {
    if (node.free >= gpus && (best == nullptr || node.free < best->free)) best = &node;
  }
  return best;
}

// Nodes with a free GPU by group, each group in ascending id.
inline std::vector<NodeView> by_group(std::span<const NodeView> nodes) {
  std::vector<NodeView> sorted;
  sorted.reserve(nodes.size());
  for (const NodeView& node : nodes) {
    if (node.free > Gpus{0}) sorted.push_back(node);
  }
  const auto earlier = [](const NodeView& a, const NodeView& b) { return a.group < b.group; };
  if (!std::is_sorted(sorted.begin(), sorted.end(), earlier)) std::stable_sort(sorted.begin(), sorted.end(), earlier);
  return sorted;
}

// By leaf, then id.
inline std::vector<NodeView> by_leaf(std::span<const NodeView> nodes) {
  std::vector<NodeView> sorted(nodes.begin(), nodes.end());
  const auto earlier = [](const NodeView& a, const NodeView& b) {
    return a.leaf != b.leaf ? a.leaf < b.leaf : a.id < b.id;
  };
  if (!std::is_sorted(sorted.begin(), sorted.end(), earlier)) std::sort(sorted.begin(), sorted.end(), earlier);
  return sorted;
}

enum class FreeOrder { kLeastFirst, kMostFirst };

// Nodes by their free GPUs, equally free ones by id.  A counting sort while no node has more than 64 GPUs free.
inline std::vector<NodeView> by_free(std::span<const NodeView> nodes, FreeOrder order) {
  constexpr std::int32_t kCounted = 64;
  std::vector<NodeView> by_id(nodes.begin(), nodes.end());
  const auto earlier = [](const NodeView& a, const NodeView& b) { return a.id < b.id; };
  if (!std::is_sorted(by_id.begin(), by_id.end(), earlier)) std::sort(by_id.begin(), by_id.end(), earlier);
  const bool ascending = order == FreeOrder::kLeastFirst;
  std::array<std::size_t, kCounted + 2> start{};  // Of the nodes with that rank, once summed up.
  const auto rank = [&](const NodeView& node) {
    return static_cast<std::size_t>(ascending ? node.free.value : kCounted - node.free.value);
  };
  bool countable = true;
  for (const NodeView& node : by_id) {
    if (node.free < Gpus{0} || node.free > Gpus{kCounted}) {
      countable = false;
      break;
    }
    ++start[rank(node) + 1];
  }
  if (!countable) {
    std::stable_sort(by_id.begin(), by_id.end(), [&](const NodeView& a, const NodeView& b) {
      return ascending ? a.free < b.free : a.free > b.free;
    });
    return by_id;
  }
  for (std::size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
  std::vector<NodeView> sorted(by_id.size());
  for (const NodeView& node : by_id) sorted[start[rank(node)]++] = node;
  return sorted;
}

// Calls visit(nodes of one group) for each group of what by_group() returned.
template <class Visit>
void for_each_group(std::span<const NodeView> sorted, Visit visit) {
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    while (last < sorted.size() && sorted[last].group == sorted[first].group) ++last;
    visit(sorted.subspan(first, last - first));
    first = last;
  }
}

// Calls try_one(nodes of one group) for each group that has `gpus` free GPUs; if there is none and `mix`, try_one(all
// nodes) if those have.  `sorted` is what by_group() returned.
template <class Try>
void for_each_set(std::span<const NodeView> sorted, Gpus gpus, bool mix, Try try_one) {
  bool tried = false;
  for_each_group(sorted, [&](std::span<const NodeView> group) {
    if (free_gpus(group) < gpus.value) return;
    try_one(group);
    tried = true;
  });
  if (!tried && mix && free_gpus(sorted) >= gpus.value) try_one(sorted);
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_GANG_H_
