// Training queue: shortest job first, by estimate.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_SJF_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_SJF_H_

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/training_queue.h"

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

  // A heap, because few of many waiting jobs start: O(waiting) to build, O(log waiting) a job started.
  void decide(const QueueView& view, QueueDecision* decision) override {
    Gpus free = view.free;
    if (free <= Gpus{0}) return;
    const auto later = [&](std::size_t a, std::size_t b) {
      const Duration of_a = view.waiting[a].remaining_estimate, of_b = view.waiting[b].remaining_estimate;
      return of_a != of_b ? of_a > of_b : a > b;  // `waiting` is in order of submission.
    };
    heap_.clear();
    for (std::size_t i = 0; i < view.waiting.size(); ++i) {
      if (params_.head_blocks || fits(view.waiting[i], free)) heap_.push_back(i);
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
    while (!heap_.empty() && free > Gpus{0}) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      const WaitingJobView& job = view.waiting[heap_.back()];
      heap_.pop_back();
      if (fits(job, free)) {
        decision->start.push_back(job.id);
        free -= job.gpus;
      } else if (params_.head_blocks) {
        return;
      }
    }
  }

 private:
  static bool fits(const WaitingJobView& job, Gpus free) { return !job.blocked && job.gpus <= free; }
  Params params_;
  std::vector<std::size_t> heap_;  // Positions in `waiting`; kept for its memory only.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_SJF_H_
