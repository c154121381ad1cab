// Training queue: strictly first come, first served.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_FCFS_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_FCFS_H_

#include <string_view>

#include "base/params.h"
#include "policies/api/training_queue.h"

namespace jevons {

// No job starts later because a GPU is added, a job removed or a job shortened: a theorem (design/checks.md, 31) that
// holds for this policy and not for the others.
class FcfsQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "fcfs";
  static constexpr std::string_view kSummary =
      "Start jobs in order of submission; one that does not fit holds up all behind it.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit FcfsQueue(const Params&) {}

  void decide(const QueueView& view, QueueDecision* decision) override {
    Gpus free = view.free;
    for (const WaitingJobView& job : view.waiting) {
      if (job.blocked || job.gpus > free) return;
      decision->start.push_back(job.id);
      free -= job.gpus;
    }
  }
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_FCFS_H_
