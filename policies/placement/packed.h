// Placement: the fewest nodes, then the fewest leaf switches, then the best fit.
#ifndef JEVONS_POLICIES_PLACEMENT_PACKED_H_
#define JEVONS_POLICIES_PLACEMENT_PACKED_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/params.h"
#include "policies/api/placement.h"
#include "policies/placement/fewest_nodes.h"
#include "policies/placement/gang.h"

namespace jevons {

class PackedPlacement final : public Placement {
 public:
  static constexpr std::string_view kName = "packed";
  static constexpr std::string_view kSummary =
      "Use the fewest nodes, then the fewest leaf switches; a job that fits one node goes where the least stays free.";
  struct Params {
    bool mix_groups = true;
  };
  static void describe(ParamTable<Params>& t) { t.add("mix_groups", &Params::mix_groups, kMixGroupsHelp); }
  explicit PackedPlacement(const Params& params) : params_(params) {}

  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    const Gpus gpus = gang.gpus;
    if (const NodeView* node = tightest(nodes, gpus); node != nullptr) {
      shares->push_back({node->id, gpus});
      return;
    }
    std::size_t fewest_leaves = 0;
    for_each_set(by_group(nodes), gpus, params_.mix_groups, [&](std::span<const NodeView> set) {
      FewestNodes attempt(gpus, set);
      const std::size_t used = attempt.shares.size(), leaves = attempt.leaves();
      if (!shares->empty() && (used > shares->size() || (used == shares->size() && leaves >= fewest_leaves))) return;
      *shares = std::move(attempt.shares);
      fewest_leaves = leaves;
    });
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_PACKED_H_
