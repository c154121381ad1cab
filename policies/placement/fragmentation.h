// How many free GPUs of a node, and how much of a shared one, the workload cannot use: the measure of Weng et al.
// (ATC'23).
#ifndef JEVONS_POLICIES_PLACEMENT_FRAGMENTATION_H_
#define JEVONS_POLICIES_PLACEMENT_FRAGMENTATION_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "policies/api/placement.h"

namespace jevons {

// F_n = sum over classes m of p_m x (free GPUs of n that a task of class m cannot use).  A class is the GPUs a job
// asks for, p_m its share of the jobs given.  With whole GPUs a task of m GPUs can use all free GPUs of a node or none:
// none if they are fewer than m.  A job larger than the node is taken to want whole nodes, so that an idle node has no
// fragment at all.  Hence, free < total: F_n = free x P(job asks for more than `free`); free = total: F_n = 0.
//
// All values are F times the number of jobs given, which makes them whole numbers and sums exact.
class Fragmentation {
 public:
  explicit Fragmentation(std::span<const Gpus> jobs) {
    for (const Gpus asked : jobs) {
      ++more_than_[static_cast<std::size_t>(std::clamp(asked.value, 0, kTable))];
      if (asked.value > kTable) large_.push_back(asked);
    }
    std::int64_t more = 0;  // From "asks for i" to "asks for more than i".
    for (std::size_t i = more_than_.size(); i-- > 0;) more_than_[i] = std::exchange(more, more + more_than_[i]);
    std::sort(large_.begin(), large_.end());
  }

  std::int64_t of(Gpus total, Gpus free) const {
    if (free >= total || free <= Gpus{0}) return 0;
    return std::int64_t{free.value} * more_than(free);
  }
  std::int64_t rise(const NodeView& node, Gpus taken) const {
    return of(node.total, node.free - taken) - of(node.total, node.free);
  }
  std::int64_t rise(std::span<const NodeView> nodes, std::span<const NodeShare> shares) const {
    std::vector<NodeShare> by_node(shares.begin(), shares.end());
    std::sort(by_node.begin(), by_node.end(), [](const NodeShare& a, const NodeShare& b) { return a.node < b.node; });
    std::int64_t sum = 0;
    for (const NodeView& node : nodes) {
      const auto at = std::lower_bound(by_node.begin(), by_node.end(), node.id,
                                       [](const NodeShare& share, NodeId id) { return share.node < id; });
      if (at != by_node.end() && at->node == node.id) sum += rise(node, at->gpus);
    }
    return sum;
  }

 private:
  static constexpr std::int32_t kTable = 64;
  std::int64_t more_than(Gpus free) const {
    if (free.value < kTable) return more_than_[static_cast<std::size_t>(free.value)];
    return large_.end() - std::upper_bound(large_.begin(), large_.end(), free);
  }
  std::array<std::int64_t, kTable + 1> more_than_{};  // Jobs that ask for more than i GPUs, i < kTable.
  std::vector<Gpus> large_;                           // Ascending: what jobs ask for beyond kTable.
};

// The same of the room on a shared GPU, in thousandths of a GPU times jobs: jobs that want whole GPUs cannot use any of
// it, one that wants a share not if it is larger.
class RoomFragments {
 public:
  // `shares` of the jobs that stand for the workload; 0 = whole GPUs.
  explicit RoomFragments(std::span<const MilliGpus> shares) {
    for (const MilliGpus s : shares) {
      const MilliGpus asked = s == MilliGpus{0} ? kWholeGpu : std::clamp(s, MilliGpus{0}, kWholeGpu);
      ++more_than_[static_cast<std::size_t>(asked.value)];
    }
    std::int64_t more = 0;  // As above.
    for (std::size_t i = more_than_.size(); i-- > 0;) more_than_[i] = std::exchange(more, more + more_than_[i]);
  }
  std::int64_t of(MilliGpus room) const {
    return std::int64_t{room.value} * more_than_[static_cast<std::size_t>(room.value)];
  }
  std::int64_t rise(MilliGpus room, MilliGpus taken) const { return of(room - taken) - of(room); }

 private:
  std::array<std::int64_t, kWholeGpu.value + 1> more_than_{};  // Jobs that want more than i thousandths.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_FRAGMENTATION_H_
