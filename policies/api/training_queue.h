// A training queue decides which waiting jobs start now, and which running ones give way.
//
// Contract
//   - Called at an instant at which jobs arrived or ended or capacity changed, after all of them.
//   - `start` is tried in order; each job is placed by the placement policy.  A job that cannot be placed (its GPUs
//     are free but scattered) is marked `blocked` and the queue is asked again, until it answers with nothing that can
//     be done.
//   - `preempt` is carried out before `start`; only running jobs may be named.  Unknown or doubled jobs end the run
//     with an error that names the policy.
//   - Estimates are the scenario's: possibly wrong, never the truth.
#ifndef JEVONS_POLICIES_API_TRAINING_QUEUE_H_
#define JEVONS_POLICIES_API_TRAINING_QUEUE_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace jevons {

struct WaitingJobView {
  JobId id;
  Instant submit;
  Gpus gpus;
  Duration remaining_estimate;  // Run time still needed, by estimate (total before the first start).
  std::string_view tenant;
  std::int32_t preemptions = 0;  // Times it was stopped and must start again.
  bool blocked = false;          // Could not be placed at this instant.
};

struct RunningJobView {
  JobId id;
  Instant submit;
  Instant started;       // Of the current run.
  Instant expected_end;  // By estimate; may lie in the past.
  Gpus gpus;
};

struct QueueView {
  Instant now;
  Gpus free;                                  // Idle GPUs that training may use now.
  Gpus capacity;                              // All GPUs that training may use now, idle or busy.
  std::span<const WaitingJobView> waiting{};  // By (submit, id).
  std::span<const RunningJobView> running{};  // By (started, id).
};

struct QueueDecision {
  std::vector<JobId> preempt;
  std::vector<JobId> start;
  void clear() {
    preempt.clear();
    start.clear();
  }
};

class TrainingQueue {
 public:
  virtual ~TrainingQueue() = default;
  virtual void decide(const QueueView& view, QueueDecision* decision) = 0;  // `*decision` comes in cleared.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_TRAINING_QUEUE_H_
