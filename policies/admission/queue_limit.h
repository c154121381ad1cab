// Admission: refuse when the queue is full.
#ifndef JEVONS_POLICIES_ADMISSION_QUEUE_LIMIT_H_
#define JEVONS_POLICIES_ADMISSION_QUEUE_LIMIT_H_

#include <cstdint>
#include <string_view>

#include "base/params.h"
#include "policies/admission/load.h"

namespace jevons {

class QueueLimitAdmission final : public Admission {
 public:
  static constexpr std::string_view kName = "queue_limit";
  static constexpr std::string_view kSummary =
      "Refuse a request that finds the queue full: held at the front and waiting at replicas, per ready replica or in "
      "all.";
  struct Params {
    std::int64_t per_replica = 100;  // Our choice: a queue that a replica works off in seconds to minutes.
    std::int64_t total = 0;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("per_replica", &Params::per_replica, 0, 1'000'000'000,
          "Most queued requests per ready replica (a pool without one counts as one); 0 is no limit.");
    t.add("total", &Params::total, 0, 1'000'000'000, "Most queued requests of the pool; 0 is no limit.");
  }
  explicit QueueLimitAdmission(const Params& params) : params_(params) {}

  AdmissionDecision decide(const AdmissionView& view) override {
    const bool full = queue_is_full(view, params_.per_replica) || (params_.total > 0 && queued(view) >= params_.total);
    return {.admit = !full};
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ADMISSION_QUEUE_LIMIT_H_
