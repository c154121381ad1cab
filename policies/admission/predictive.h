// Admission: refuse early what would break the SLO.
#ifndef JEVONS_POLICIES_ADMISSION_PREDICTIVE_H_
#define JEVONS_POLICIES_ADMISSION_PREDICTIVE_H_

#include <string_view>

#include "base/params.h"
#include "policies/api/admission.h"

namespace jevons {

// Mooncake's early rejection (Qin et al., arXiv:2407.00079, "Overload-oriented scheduling"): decided before prefill on
// the load of both phases, so that nothing is computed for a request that decoding would have to refuse.
class PredictiveAdmission final : public Admission {
 public:
  static constexpr std::string_view kName = "predictive";
  static constexpr std::string_view kSummary =
      "Refuse a request whose predicted TTFT or TPOT breaks the pool's SLO, before anything of it is computed "
      "(Mooncake).";
  struct Params {
    double ttft_share = 1;
    double tpot_share = 1;
    bool wait_for_replica = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("ttft_share", &Params::ttft_share, 0.001, 1000,
          "Share of the SLO's TTFT that the predicted one may take: below 1 leaves room for what the prediction does "
          "not see (decodes beside the prompts), above 1 for prefixes in the cache.");
    t.add("tpot_share", &Params::tpot_share, 0.001, 1000, "The same of TPOT.");
    t.add("wait_for_replica", &Params::wait_for_replica,
          "Take requests while no replica is ready, so that a pool at zero nodes has a reason to come back.");
  }
  explicit PredictiveAdmission(const Params& params) : params_(params) {}

  AdmissionDecision decide(const AdmissionView& view) override {
    if (view.replicas == 0) return {.admit = params_.wait_for_replica};
    const auto breaks = [](Duration limit, double share, Duration predicted) {
      return predicted.seconds() > limit.seconds() * share;
    };
    if (view.slo_ttft > Duration{0} && breaks(view.slo_ttft, params_.ttft_share, view.probe->predicted_ttft()))
      return {.admit = false};
    return {.admit = view.slo_tpot == Duration{0} ||
                     !breaks(view.slo_tpot, params_.tpot_share, view.probe->predicted_tpot())};
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ADMISSION_PREDICTIVE_H_
