// Training queues without preemption that start waiting jobs by a rank of their own.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_START_IN_ORDER_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_START_IN_ORDER_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "policies/api/training_queue.h"

namespace jevons {

// Starts the jobs that fit, lowest rank first; equal ranks keep the order of submission.  With `head_blocks` the first
// that does not fit holds up all behind it, else it is passed over.
//
// A heap, because few of many waiting jobs start: O(waiting) to build, O(log waiting) a job started.
class StartInOrder {
 public:
  // `rank_of`: a job's rank, smaller is sooner; asked many times for one job.
  template <class RankOf>
  void decide(const QueueView& view, bool head_blocks, RankOf rank_of, QueueDecision* decision) {
    Gpus free = view.free;
    if (free <= Gpus{0}) return;
    const auto later = [&](std::size_t a, std::size_t b) {
      const auto of_a = rank_of(view.waiting[a]), of_b = rank_of(view.waiting[b]);
      return of_a != of_b ? of_a > of_b : a > b;  // `waiting` is in order of submission.
    };
    heap_.clear();
    for (std::size_t i = 0; i < view.waiting.size(); ++i) {
      if (head_blocks || fits(view.waiting[i], free)) heap_.push_back(i);
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
    while (!heap_.empty() && free > Gpus{0}) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      const WaitingJobView& job = view.waiting[heap_.back()];
      heap_.pop_back();
      if (fits(job, free)) {
        decision->start.push_back(job.id);
        free -= job.gpus;
      } else if (head_blocks) {
        return;
      }
    }
  }

 private:
  static bool fits(const WaitingJobView& job, Gpus free) { return !job.blocked && job.gpus <= free; }
  std::vector<std::size_t> heap_;  // Positions in `waiting`; kept for its memory only.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_START_IN_ORDER_H_
