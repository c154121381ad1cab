// A placement picks the GPUs of a gang.
//
// Contract
//   - Called with a gang and the nodes that it may use now and that have an idle GPU, ascending id.
//   - Fills `*shares` with (node, GPUs) pairs, each node once, GPUs between 1 and node.free, summing to the gang's
//     GPUs; or leaves it empty when the gang does not fit.  Pure: the same gang and nodes give the same answer.
//   - An elastic job that grows is placed likewise, its new GPUs only; `gang.holds` says where it is.
#ifndef JEVONS_POLICIES_API_PLACEMENT_H_
#define JEVONS_POLICIES_API_PLACEMENT_H_

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
  GangView(Gpus g) : gpus(g) {}
};

class Placement {
 public:
  virtual ~Placement() = default;
  virtual void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const = 0;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_PLACEMENT_H_
