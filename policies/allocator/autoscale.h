// Allocator: each pool gets what its autoscaler wants.
#ifndef JEVONS_POLICIES_ALLOCATOR_AUTOSCALE_H_
#define JEVONS_POLICIES_ALLOCATOR_AUTOSCALE_H_

#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/allocator/grant.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// A pool without an autoscaler wants its initial nodes.
class AutoscaleAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "autoscale";
  static constexpr std::string_view kSummary =
      "Give each pool what its autoscaler wants, by pool priority, taking it back from training at once; training has "
      "the rest.";
  struct Params {
    bool notice = true;
  };
  static void describe(ParamTable<Params>& t) { t.add("notice", &Params::notice, kNoticeHelp); }
  explicit AutoscaleAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    std::vector<std::int64_t> wanted;
    for (const PoolView& pool : view.pools)
      wanted.push_back(pool.desired_nodes >= 0 ? pool.desired_nodes : pool.initial_nodes);
    grant_by_priority(view, wanted, decision);
    reclaim_at_once(view, VictimRule::kLeastLoss, params_.notice, decision);
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_AUTOSCALE_H_
