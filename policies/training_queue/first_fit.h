// Training queue: whatever fits, in order of submission.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_FIRST_FIT_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_FIRST_FIT_H_

#include <string_view>

#include "base/params.h"
#include "policies/api/training_queue.h"

namespace jevons {

// Also called greedy backfilling.  Needs no estimates; a wide job can wait as long as narrow ones keep coming.
class FirstFitQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "first_fit";
  static constexpr std::string_view kSummary =
      "Start every job that fits, in order of submission, skipping those that do not.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit FirstFitQueue(const Params&) {}

  void decide(const QueueView& view, QueueDecision* decision) override {
    Gpus free = view.free;
    for (const WaitingJobView& job : view.waiting) {
      if (free <= Gpus{0}) return;
      if (job.blocked || job.gpus > free) continue;
      decision->start.push_back(job.id);
      free -= job.gpus;
    }
  }
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_FIRST_FIT_H_
