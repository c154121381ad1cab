// The network through which one gang's GPUs flow to the nodes of one set, and the placement its cheapest flow stands
// for.
#ifndef JEVONS_POLICIES_PLACEMENT_GANG_FLOW_H_
#define JEVONS_POLICIES_PLACEMENT_GANG_FLOW_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policies/api/placement.h"

namespace jevons {

// Of one GPU, in no unit: only their proportions matter.  All are our choice.  Two nodes cost more than the longest
// way: a node that lacks an eighth of the gang (200 / 8 = 25) is dearer than one far away (20).
struct GangFlowCosts {
  std::int64_t leaf = 10;
  std::int64_t remote = 20;
  std::int64_t leaf_spread = 100;
  std::int64_t node_spread = 200;
  std::int64_t fragment = 10;
};

// The first 20 nodes that the gang holds, then ran on; ascending.
std::vector<NodeId> preferred_nodes(const GangView& gang);

// Nodes that cost the same by the same way are one vertex, whose arc to the sink has room for all of them; leaves that
// lack the same eighths of the gang are one as well.  So the network stays at some hundred arcs for 2,000 nodes, and
// the flow is the same.  Which nodes of a vertex are taken costs nothing: those of the leaves that hold most of what
// is left to take.
class GangFlow {
 public:
  static constexpr std::int64_t kScale = 1'000;  // Costs are multiplied by it, so that shares round to thousandths.

  // `set` has room for the gang, and only nodes with a free GPU.
  GangFlow(const GangFlowCosts& costs, Gpus gpus, std::span<const NodeId> preferred, std::span<const NodeView> set);

  std::int64_t cost() const { return cost_; }  // Of all GPUs together, times kScale.
  const std::vector<NodeShare>& shares() const { return shares_; }

  // Times kScale: of a GPU in a leaf with `free` GPUs in all, and on a node.
  static std::int64_t leaf_cost(const GangFlowCosts& costs, Gpus gpus, std::int64_t free);
  static std::int64_t node_cost(const GangFlowCosts& costs, Gpus gpus, const NodeView& node);

 private:
  struct LeafClass {  // Leaves that cost the same.
    bool preferred;   // With a node that the job runs or ran on.
    std::int64_t cost;
    std::vector<std::size_t> node_classes;
  };
  struct NodeClass {  // Nodes of one leaf class, equally free and large; or one preferred node.
    Gpus total, free;
    std::int64_t cost;
    std::vector<NodeView> nodes;  // By leaf, id.
    std::int64_t room = 0, flow = 0;
  };
  struct Leaf {
    LeafId id;
    std::vector<std::int64_t> room;  // By position in LeafClass::node_classes.
  };

  void classify(std::span<const NodeId> preferred, std::span<const NodeView> set);
  std::size_t leaf_class(bool preferred, std::int64_t cost);
  std::size_t node_class(std::size_t leaf_class, const NodeView& node);
  void solve();
  void take(const LeafClass& leaf_class);
  void take_in_leaf(NodeClass* c, LeafId leaf);

  GangFlowCosts costs_;
  Gpus gpus_;
  std::vector<LeafClass> leaf_classes_;
  std::vector<NodeClass> node_classes_;
  std::vector<std::size_t> own_;  // Node classes that are one preferred node.
  std::int64_t cost_ = 0;
  std::vector<NodeShare> shares_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_GANG_FLOW_H_
