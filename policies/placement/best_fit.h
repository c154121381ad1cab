// Placement: the least free GPUs left behind.
#ifndef JEVONS_POLICIES_PLACEMENT_BEST_FIT_H_
#define JEVONS_POLICIES_PLACEMENT_BEST_FIT_H_

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/placement.h"
#include "policies/placement/gang.h"

namespace jevons {

class BestFitPlacement final : public Placement {
 public:
  static constexpr std::string_view kName = "best_fit";
  static constexpr std::string_view kSummary =
      "Leave whole nodes free: one node with the least free GPUs that fits, else the fullest nodes first.";
  struct Params {
    bool mix_groups = true;
  };
  static void describe(ParamTable<Params>& t) { t.add("mix_groups", &Params::mix_groups, kMixGroupsHelp); }
  explicit BestFitPlacement(const Params& params) : params_(params) {}

  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    const Gpus gpus = gang.gpus;
    if (const NodeView* node = tightest(nodes, gpus); node != nullptr) {
      shares->push_back({node->id, gpus});
      return;
    }
    for_each_set(by_group(nodes), gpus, params_.mix_groups, [&](std::span<const NodeView> set) {
      if (shares->empty()) fill_fullest(gpus, set, shares);  // The first group that can hold it.
    });
  }

 private:
  static void fill_fullest(Gpus gpus, std::span<const NodeView> set, std::vector<NodeShare>* shares) {
    for (const NodeView& node : by_free(set, FreeOrder::kLeastFirst)) {
      const Gpus here = std::min(gpus, node.free);
      shares->push_back({node.id, here});
      gpus -= here;
      if (gpus == Gpus{0}) return;
    }
  }
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_BEST_FIT_H_
