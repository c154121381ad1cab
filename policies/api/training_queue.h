// A training queue decides which waiting jobs start now and on how many GPUs, which running ones give way, and which
// elastic ones grow or shrink.
//
// Contract
//   - Called at an instant at which jobs arrived or ended or capacity changed, after all of them, while jobs wait; at
//     the instant it named as `ask_again`; and, if it wants_every_change(), also while none waits.
//   - A decision is carried out in this order: `preempt`, `resize` of jobs that shrink, `start` in order, `resize` of
//     jobs that grow.  Each gang is placed by the placement policy.  If a job cannot be placed (its GPUs are free, or
//     would be after the preemptions, but scattered), it is marked `blocked` and the queue is asked again, until it
//     answers with nothing that can be done.  A decision that preempts is carried out only if all its starts can be
//     placed: nobody is stopped for a job that does not start.
//   - Notice (the scenario's queue_preemption_notice).  A preempted job that has a checkpoint to write is `leaving`: it
//     keeps its GPUs until the checkpoint is written or the notice over, and waits from then on.  The starts of the
//     decision that need its GPUs are `promised`: placed, in neither `waiting` nor `running`, and carried out, each by
//     itself, as soon as their GPUs are idle.  Asked meanwhile, a queue sees everything as if that had happened:
//     `free` has no GPUs kept for promised jobs; those of leaving jobs are on their way to promised ones or to `free`,
//     and nothing it says frees them sooner.  If a pool or a failure takes a node of a promised job, it waits again.
//   - A job may also be leaving because an allocator told it to.  Either way, preempting or resizing it changes
//   nothing.
//   - A job with a share of a GPU asks for one.  It may be gone from `waiting` without a decision: it has joined a GPU
//     that others share.  Only the job that holds such a GPU is in `running`; its expected_end is that of the GPU's
//     last job, and whoever preempts it stops them all.
//   - `refuse` names waiting jobs that shall never run: they end, rejected, before anything else is carried out.
//   - Only running jobs may be preempted or resized, only waiting ones started or refused, each at most once; the GPUs
//     of a start or resize lie within the job's range; only elastic jobs are resized.  Anything else ends the run with
//     an error that names the policy.
//   - Estimates are the scenario's: possibly wrong, never the truth.
#ifndef JEVONS_POLICIES_API_TRAINING_QUEUE_H_
#define JEVONS_POLICIES_API_TRAINING_QUEUE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "policies/api/job.h"

namespace jevons {

struct WaitingJobView {
  JobId id;
  Instant submit;
  Gpus gpus;                    // As asked.
  Duration remaining_estimate;  // Run time still needed on the GPUs asked, by estimate (total before the first start).
  std::string_view tenant;
  std::int32_t preemptions = 0;  // Times it was stopped and must start again.
  bool blocked = false;          // Could not be placed at this instant.
  Duration ran{};                // Wall time it has held GPUs so far.
  GpuTime attained{};            // GPU time it has held so far.
  Instant waiting_since{};       // Its submission, or when it was last stopped.
  const JobTraits* traits = &kRigidJob;
};

struct RunningJobView {
  JobId id;
  Instant submit;
  Instant started;       // Of the current run.
  Instant expected_end;  // By estimate, at its present speed; may lie in the past.
  Gpus gpus;             // It holds now.
  Gpus asked{0};
  std::string_view tenant{};
  Instant since{};       // `started`, or when its GPUs last changed.
  GpuTime attained{};    // GPU time it had held by `since`.
  Duration ran{};        // Wall time it had held GPUs by `since`.
  GroupId group{};       // Whose GPUs it runs on; of several, that with the lowest id.
  bool leaving = false;  // On notice.
  double speed = 1.0;    // Run time (on the GPUs asked, reference type) per wall time.
  const JobTraits* traits = &kRigidJob;

  GpuTime attained_at(Instant now) const { return attained + gpus * (now - since); }
  Duration ran_at(Instant now) const { return ran + (now - since); }
};

struct PromisedJobView {
  WaitingJobView job;
  Gpus gpus;  // It will hold.
};

struct EndedJobView {  // Completed.
  JobId id;
  Gpus gpus;  // Asked.
  GpuTime attained{};
  Duration ran{};
};

struct QueueGroupView {
  GroupId id;
  Gpus free;      // Likewise QueueView::free.
  Gpus capacity;  // Idle or busy.
  double usd_per_gpu_hour = 0;
};

struct TenantView {
  std::string_view name;
  Gpus running;    // It holds now.
  GpuTime used{};  // Up to now.
};

// How `waiting` differs from what it was at the last call of this queue.
struct WaitingChanges {
  std::span<const JobId> gone{};           // Started (as guests too) or refused; one may have come back since.
  std::span<const WaitingJobView> come{};  // Submitted or stopped, and waiting now; in any order.
  std::span<const JobId> blocked{};        // All that are blocked now.
};

struct QueueView {
  Instant now;
  Gpus free;                                    // Idle GPUs that training may use now, less what is promised of them.
  Gpus capacity;                                // All GPUs that training may use now, idle or busy.
  std::span<const WaitingJobView> waiting{};    // By (submit, id).  Only jobs whose dependencies have ended.
  std::span<const RunningJobView> running{};    // By (started, id).
  std::span<const QueueGroupView> groups{};     // Ascending id.
  std::span<const TenantView> tenants{};        // In order of first submission.
  std::span<const EndedJobView> ended{};        // Since the last call of this queue.
  double cpus = 0;                              // Of all nodes that training may use now; 0 = unknown.
  Bytes memory{0};                              // Likewise.
  std::span<const PromisedJobView> promised{};  // In order of the decisions.
  // For queues that keep an index of waiting jobs.  None: not known, whoever keeps one makes it anew from `waiting`.
  std::optional<WaitingChanges> changes{};
};

struct JobStart {
  JobId job;
  Gpus gpus{0};     // 0 = as asked.
  GroupId group{};  // Only GPUs of this group; invalid = the placement chooses.
  JobStart(JobId j, Gpus g = Gpus{0}, GroupId in = GroupId{}) : job(j), gpus(g), group(in) {}
  friend bool operator==(const JobStart&, const JobStart&) = default;
};

struct JobResize {
  JobId job;
  Gpus gpus;
  friend bool operator==(const JobResize&, const JobResize&) = default;
};

struct QueueDecision {
  std::vector<JobId> preempt;
  std::vector<JobStart> start;
  std::vector<JobResize> resize;
  std::vector<JobId> refuse;
  Instant ask_again = Instant::never();  // Later than now: call again then, though nothing has happened.
  void clear() {
    preempt.clear();
    start.clear();
    resize.clear();
    refuse.clear();
    ask_again = Instant::never();
  }
};

class TrainingQueue {
 public:
  virtual ~TrainingQueue() = default;
  virtual void decide(const QueueView& view, QueueDecision* decision) = 0;  // `*decision` comes in cleared.
  virtual bool wants_every_change() const { return false; }
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_TRAINING_QUEUE_H_
