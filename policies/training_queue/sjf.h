// Training queue: shortest job first, by estimate.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_SJF_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_SJF_H_

#include <string_view>

#include "base/params.h"
#include "policies/training_queue/start_in_order.h"

namespace jevons {

// Without preemption.  Jobs of one estimate keep the order of submission.
class SjfQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "sjf";
  static constexpr std::string_view kSummary = "Start the waiting job with the smallest estimated run time first.";
  struct Params {
    bool head_blocks = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("head_blocks", &Params::head_blocks,
          "Whether the shortest job, while it does not fit, holds up the longer ones.");
  }
  explicit SjfQueue(const Params& params) : params_(params) {}

  void decide(const QueueView& view, QueueDecision* decision) override {
    order_.decide(
        view, params_.head_blocks, [](const WaitingJobView& job) { return job.remaining_estimate; }, decision);
  }

 private:
  Params params_;
  StartInOrder order_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_SJF_H_
