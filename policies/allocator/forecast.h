// Allocator: every pool has the nodes for the load to come.
#ifndef JEVONS_POLICIES_ALLOCATOR_FORECAST_H_
#define JEVONS_POLICIES_ALLOCATOR_FORECAST_H_

#include <map>
#include <string_view>
#include <vector>

#include "policies/allocator/grant.h"
#include "policies/allocator/victims.h"
#include "policies/load_forecast.h"

namespace jevons {

class ForecastAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "forecast";
  static constexpr std::string_view kSummary =
      "Run the autoscaler forecast for every pool, give by pool priority, and take back from training one role change "
      "ahead.";
  struct Params : ForecastParams {
    bool notice = true;
  };
  static void describe(ParamTable<Params>& t) {
    describe_forecast(t);
    t.add("notice", &Params::notice, kNoticeHelp);
  }
  explicit ForecastAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    std::vector<std::int64_t> wanted;
    for (const PoolView& pool : view.pools) {
      LoadForecast& controller = controllers_.try_emplace(pool.id, params_).first->second;
      wanted.push_back(controller.desired(pool, view.now, view.review_every));
    }
    grant_by_priority(view, wanted, decision);
    reclaim_at_once(view, VictimRule::kLeastLoss, params_.notice, decision);
  }

 private:
  Params params_;
  std::map<PoolId, LoadForecast> controllers_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_FORECAST_H_
