// A placement picks the GPUs of a gang.
//
// Contract
//   - Called with a job and the nodes that training may use now and that have an idle GPU, ascending id.
//   - Fills `*shares` with (node, GPUs) pairs, each node once, GPUs between 1 and node.free, summing to the job's
//     GPUs; or leaves it empty when the job does not fit.  Pure: the same nodes give the same answer.
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

class Placement {
 public:
  virtual ~Placement() = default;
  virtual void place(Gpus gpus, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const = 0;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_PLACEMENT_H_
