// Placement: the cheapest flow of the gang's GPUs to nodes.
#ifndef JEVONS_POLICIES_PLACEMENT_MIN_COST_FLOW_H_
#define JEVONS_POLICIES_PLACEMENT_MIN_COST_FLOW_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/placement.h"
#include "policies/placement/gang.h"
#include "policies/placement/gang_flow.h"

namespace jevons {

// The network of Quincy (Isard et al., SOSP'09) and Firmament (Gog et al., OSDI'16) for the one gang that is placed:
//
//   job -> node it runs or ran on (at most 20) ------> sink
//   job -> leaf of such a node -> node --------------> sink
//   job -> cluster -> leaf -> node ------------------> sink      an arc to the sink has room for the node's free GPUs
//
// One unit is one GPU.  There is no "unscheduled" vertex: a gang is placed whole or not at all, and which waits is the
// training queue's choice.  A flow has no fixed costs, so spread is charged to each GPU by the share of the gang that
// its leaf (in eighths, rounded up) or node cannot hold; the placement is the cheapest by these costs, exactly.
class MinCostFlowPlacement final : public Placement {
 public:
  static constexpr std::string_view kName = "min_cost_flow";
  static constexpr std::string_view kSummary =
      "Cheapest flow of the gang to nodes (Quincy, Firmament): near where it runs or left its checkpoint, on few "
      "leaves "
      "and nodes, leaving few GPUs behind.";
  struct Params {
    std::int64_t leaf = GangFlowCosts{}.leaf;
    std::int64_t remote = GangFlowCosts{}.remote;
    std::int64_t leaf_spread = GangFlowCosts{}.leaf_spread;
    std::int64_t node_spread = GangFlowCosts{}.node_spread;
    std::int64_t fragment = GangFlowCosts{}.fragment;
    bool mix_groups = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("leaf", &Params::leaf, 0, kMostCost, "Cost of a GPU not on a node the job runs or ran on, but in its leaf.");
    t.add("remote", &Params::remote, 0, kMostCost, "Cost of a GPU elsewhere.");
    t.add("leaf_spread", &Params::leaf_spread, 0, kMostCost,
          "Cost of a GPU in a leaf that can hold nothing of the gang; less by the share that it can hold.");
    t.add("node_spread", &Params::node_spread, 0, kMostCost, "Likewise of a node.");
    t.add("fragment", &Params::fragment, 0, kMostCost,
          "Cost of a GPU on a node all of whose GPUs the gang would leave free; less by the share that it can take.");
    t.add("mix_groups", &Params::mix_groups, kMixGroupsHelp);
  }
  explicit MinCostFlowPlacement(const Params& p)
      : costs_{p.leaf, p.remote, p.leaf_spread, p.node_spread, p.fragment}, mix_groups_(p.mix_groups) {}

  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    const std::vector<NodeId> preferred = preferred_nodes(gang);
    std::int64_t least = 0;
    for_each_set(by_group(nodes), gang.gpus, mix_groups_, [&](std::span<const NodeView> set) {
      GangFlow flow(costs_, gang.gpus, preferred, set);
      if (!shares->empty() && flow.cost() >= least) return;
      least = flow.cost();
      *shares = flow.shares();
    });
  }

 private:
  static constexpr std::int64_t kMostCost = 1'000'000;
  GangFlowCosts costs_;
  bool mix_groups_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_MIN_COST_FLOW_H_
