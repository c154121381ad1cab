// Training: the queue of waiting jobs, the gangs that run, their checkpoints and preemptions.
#ifndef JEVONS_SIM_TRAINING_RUNTIME_H_
#define JEVONS_SIM_TRAINING_RUNTIME_H_

#include <map>
#include <vector>

#include "policies/api/allocator.h"
#include "policies/api/training_queue.h"
#include "sim/cluster/gpu_pool.h"
#include "sim/network/flows.h"
#include "sim/simulation.h"
#include "sim/training/job.h"

namespace jevons {

class TrainingRuntime final : public FlowOwner {
 public:
  // All pointers outlive it.
  TrainingRuntime(const TrainingSetup* setup, const Cluster* cluster, GpuPool* gpus, Flows* flows, Calendar* calendar,
                  const Observers* observers);

  void begin(Instant end);       // Schedules the first arrival; jobs submitted at `end` or later never come.
  void on_arrival(Instant now);  // kJobArrival.
  void on_job_phase(JobId job, Instant now);  // kJobPhase.
  void on_schedule(Instant now);              // kSchedule: asks the queue policy.
  void flow_done(std::uint64_t flow, Instant now) override;
  void wake_schedule(Instant now);  // Capacity changed.

  bool running(JobId job) const;
  std::span<const NodeShare> shares(JobId job) const { return jobs_[job.index].shares; }
  void preempt(JobId job, Instant now);

  bool all_arrived() const {
    return next_arrival_ == setup_->jobs.size() || setup_->jobs[next_arrival_].submit >= end_;
  }
  std::size_t unfinished() const { return waiting_.size() - waiting_head_ + running_.size(); }
  bool any_running() const { return !running_.empty(); }
  Gpus waiting_gpus() const { return waiting_gpus_; }
  void fill_victims(Instant now, std::vector<VictimView>* victims) const;
  std::uint64_t ended() const { return ended_; }

  void end(Instant now);  // Cuts everything off.

 private:
  const TrainingJob& asked(JobId job) const { return setup_->jobs[job.index]; }
  JobState& state(JobId job) { return jobs_[job.index]; }

  // Queue.
  void decide_once(Instant now, bool* again);
  bool try_start(JobId job, Instant now);
  void check_placement(JobId job, Instant now) const;
  WaitingJobView* find_waiting(JobId job);
  void insert_waiting(JobId job);
  void erase_waiting(JobId job);
  void erase_running(JobId job);

  // Phases.
  void begin_restore(JobId job, Instant now);
  void begin_reading(JobId job, Instant now);
  void begin_steps(JobId job, Instant now);
  void begin_saving(JobId job, Instant now);
  void finish_saving(JobId job, Instant now);
  void finish(JobId job, Instant now);
  void leave(JobId job, bool preempted, Instant now);  // GPUs back.
  void close_stretch(JobId job, bool lost, Instant now);
  void report(JobState& s, Purpose purpose, Instant from, Instant to, Instant now);
  // Wall time from `steps_from` to `now` that instant checkpoints have saved.
  Duration instantly_saved(const JobState& s, Instant now) const;
  Duration wall(Duration run_time, double speed) const;
  Duration run_time(Duration wall, double speed) const;

  const TrainingSetup* setup_;
  const Cluster* cluster_;
  GpuPool* gpus_;
  Flows* flows_;
  Calendar* calendar_;
  const Observers* observers_;
  Slot arrival_slot_, schedule_slot_;
  Instant end_ = Instant::never();

  std::vector<JobState> jobs_;
  std::size_t next_arrival_ = 0;
  std::vector<WaitingJobView> waiting_;  // By id from waiting_head_ on; ids are in order of submission.
  std::size_t waiting_head_ = 0;
  std::vector<RunningJobView> running_;  // By (started, id).
  std::map<std::uint64_t, JobId> flow_owner_;
  Gpus waiting_gpus_{0};
  std::uint64_t ended_ = 0;
  QueueDecision decision_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_TRAINING_RUNTIME_H_
