// Allocator: every pool's nodes follow its latency percentile's distance from the limit.
#ifndef JEVONS_POLICIES_ALLOCATOR_SLO_FEEDBACK_H_
#define JEVONS_POLICIES_ALLOCATOR_SLO_FEEDBACK_H_

#include <map>
#include <string_view>
#include <vector>

#include "policies/allocator/grant.h"
#include "policies/allocator/victims.h"
#include "policies/slo_feedback.h"

namespace jevons {

class SloFeedbackAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "slo_feedback";
  static constexpr std::string_view kSummary =
      "Run the autoscaler slo_feedback for every pool, give by pool priority, and take back from training at once.";
  struct Params : SloFeedbackParams {
    bool notice = true;
  };
  static void describe(ParamTable<Params>& t) {
    describe_slo_feedback(t);
    t.add("notice", &Params::notice, kNoticeHelp);
  }
  explicit SloFeedbackAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    std::vector<std::int64_t> wanted;
    for (const PoolView& pool : view.pools)
      wanted.push_back(controllers_.try_emplace(pool.id, params_).first->second.desired(pool, view.now));
    grant_by_priority(view, wanted, decision);
    reclaim_at_once(view, VictimRule::kLeastLoss, params_.notice, decision);
  }

 private:
  Params params_;
  std::map<PoolId, SloFeedback> controllers_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_SLO_FEEDBACK_H_
