// A placement picks the GPUs of a gang.
//
// Contract
//   - Called with a gang and the nodes that it may use now and that have an idle GPU, ascending id.
//   - Fills `*shares` with (node, GPUs) pairs, each node once, GPUs between 1 and node.free, summing to the gang's
//     GPUs; or leaves it empty when the gang does not fit.  Pure: the same gang and nodes give the same answer.
//   - An elastic job that grows is placed likewise, its new GPUs only; `gang.holds` says where it is.
//   - A job with a share of a GPU opens a shared GPU where place() puts it, as a gang of one; later ones whose share
//   fits
//     into the room left on a shared GPU go there.  choose_room() is given every such room, by node and then the age of
//     the GPU, and answers a position; or nothing, and the job waits for a GPU of its own.  Pure, too.
#ifndef JEVONS_POLICIES_API_PLACEMENT_H_
#define JEVONS_POLICIES_API_PLACEMENT_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/units.h"

namespace jevons {

struct NodeView {
  NodeId id;
  GroupId group;  // Nodes of one group are alike.
  LeafId leaf;    // Leaf switch.
  Gpus total;
  Gpus free;
};

struct NodeShare {
  NodeId node;
  Gpus gpus;
  friend bool operator==(const NodeShare&, const NodeShare&) = default;
};

struct GangView {
  Gpus gpus;
  JobId job{};
  std::span<const NodeShare> holds{};        // Of a job that grows: where it runs, each node once.
  std::span<const NodeShare> ran_on{};       // Of a job that was stopped: where its checkpoint was made.
  std::span<const double> speed_by_group{};  // Of this job; 0 = not there.  Empty: 1 everywhere.
  std::span<const double> usd_by_group{};    // Per GPU-hour.  Empty: unknown.
  std::span<const Gpus> recent{};            // GPUs asked by the last jobs submitted, oldest first.
  // Of the one GPU, if the job shares it; 0 = whole GPUs.  Of `recent` likewise; empty: none of them shares.
  MilliGpus share{0};
  std::span<const MilliGpus> recent_shares{};
  GangView(Gpus g) : gpus(g) {}
};

struct RoomView {  // Of a GPU that others share.
  NodeId node;
  GroupId group;
  LeafId leaf;
  MilliGpus room;
};

// The least room, ties to the first.
inline std::size_t tightest_room(std::span<const RoomView> rooms) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < rooms.size(); ++i) {
    if (rooms[i].room < rooms[best].room) best = i;
  }
  return best;
}

class Placement {
 public:
  virtual ~Placement() = default;
  virtual void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const = 0;
  // `rooms` is not empty.
  virtual std::optional<std::size_t> choose_room(const GangView&, std::span<const RoomView> rooms) const {
    return tightest_room(rooms);
  }
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_PLACEMENT_H_
