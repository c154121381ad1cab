// Admission: free requests only where paid ones do not need the room.
#ifndef JEVONS_POLICIES_ADMISSION_PAID_FIRST_H_
#define JEVONS_POLICIES_ADMISSION_PAID_FIRST_H_

#include <cstdint>
#include <string_view>

#include "base/params.h"
#include "policies/admission/load.h"

namespace jevons {

class PaidFirstAdmission final : public Admission {
 public:
  static constexpr std::string_view kName = "paid_first";
  static constexpr std::string_view kSummary =
      "Take free requests only while the load is under one mark, and paid ones while it is under another.";
  // Our choice: a free request may be in a short queue, and leaves a tenth of the memory to those who pay.
  struct Params {
    std::int64_t free_queue = 4;
    double free_kv_use = 0.9;
    std::int64_t paid_queue = 0;
    double paid_kv_use = 1;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("free_queue", &Params::free_queue, 0, 1'000'000'000,
          "Refuse free requests from this many queued per ready replica on; 0 is no limit.");
    t.add("free_kv_use", &Params::free_kv_use, 0, 1, "Refuse free requests above this mean use of KV memory.");
    t.add("paid_queue", &Params::paid_queue, 0, 1'000'000'000,
          "Refuse paid requests from this many queued per ready replica on; 0 is no limit.");
    t.add("paid_kv_use", &Params::paid_kv_use, 0, 1, "Refuse paid requests above this mean use of KV memory.");
  }
  explicit PaidFirstAdmission(const Params& params) : params_(params) {}

  AdmissionDecision decide(const AdmissionView& view) override {
    const std::int64_t queue = view.paid ? params_.paid_queue : params_.free_queue;
    const double kv_use = view.paid ? params_.paid_kv_use : params_.free_kv_use;
    return {.admit = !queue_is_full(view, queue) && view.kv_use <= kv_use};
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ADMISSION_PAID_FIRST_H_
