// Admission: shorter answers under load, rather than none.
#ifndef JEVONS_POLICIES_ADMISSION_DEGRADE_H_
#define JEVONS_POLICIES_ADMISSION_DEGRADE_H_

#include <cstdint>
#include <string_view>

#include "base/params.h"
#include "policies/admission/load.h"

namespace jevons {

class DegradeAdmission final : public Admission {
 public:
  static constexpr std::string_view kName = "degrade";
  static constexpr std::string_view kSummary =
      "Take every request, but cut its output at a cap while the load is above a mark.";
  // Our choice.
  struct Params {
    std::int64_t output_cap = 256;
    std::int64_t queue = 4;
    double kv_use = 0.9;
    bool free_only = false;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("output_cap", &Params::output_cap, 1, 100'000'000, "Most output tokens of a request that comes under load.");
    t.add("queue", &Params::queue, 0, 1'000'000'000,
          "Load begins at this many queued per ready replica; 0 does not count the queue.");
    t.add("kv_use", &Params::kv_use, 0, 1, "Load begins above this mean use of KV memory.");
    t.add("free_only", &Params::free_only, "Never cut paid requests.");
  }
  explicit DegradeAdmission(const Params& params) : params_(params) {}

  AdmissionDecision decide(const AdmissionView& view) override {
    const bool loaded = queue_is_full(view, params_.queue) || view.kv_use > params_.kv_use;
    if (!loaded || (view.paid && params_.free_only)) return {};
    return {.output_cap = Tokens{params_.output_cap}};
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ADMISSION_DEGRADE_H_
