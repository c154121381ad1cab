// Autoscaler: nodes follow the latency percentile's distance from its limit.
#ifndef JEVONS_POLICIES_AUTOSCALER_SLO_FEEDBACK_H_
#define JEVONS_POLICIES_AUTOSCALER_SLO_FEEDBACK_H_

#include <string_view>

#include "policies/api/autoscaler.h"
#include "policies/slo_feedback.h"

namespace jevons {

class SloFeedbackAutoscaler final : public Autoscaler {
 public:
  static constexpr std::string_view kName = "slo_feedback";
  static constexpr std::string_view kSummary =
      "Add nodes in proportion to how far the 95th percentile of TTFT or TPOT is above its limit; give one up after a "
      "while well below it.";
  using Params = SloFeedbackParams;
  static void describe(ParamTable<Params>& t) { describe_slo_feedback(t); }
  explicit SloFeedbackAutoscaler(const Params& params) : controller_(params) {}

  std::int64_t desired(const AutoscalerView& view) override { return controller_.desired(*view.pool, view.now); }

 private:
  SloFeedback controller_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_AUTOSCALER_SLO_FEEDBACK_H_
