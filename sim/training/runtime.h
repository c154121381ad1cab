// Training: the queue of waiting jobs, the gangs that run, their checkpoints, stops and changes of size.
#ifndef JEVONS_SIM_TRAINING_RUNTIME_H_
#define JEVONS_SIM_TRAINING_RUNTIME_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "policies/api/allocator.h"
#include "policies/api/training_queue.h"
#include "sim/cluster/gpu_pool.h"
#include "sim/cluster/guest_seats.h"
#include "sim/cluster/shared_gpus.h"
#include "sim/network/flows.h"
#include "sim/simulation.h"
#include "sim/training/job.h"

namespace jevons {

class TrainingRuntime final : public FlowOwner {
 public:
  // All pointers outlive it.
  TrainingRuntime(const TrainingSetup* setup, const Cluster* cluster, GpuPool* gpus, GuestSeats* seats, Flows* flows,
                  Calendar* calendar, const Observers* observers);

  void begin(Instant end);       // Schedules the first arrival; jobs submitted at `end` or later never come.
  void on_arrival(Instant now);  // kJobArrival.
  void on_job_phase(JobId job, Instant now);  // kJobPhase.
  void on_schedule(Instant now);              // kSchedule: asks the queue policy.
  void flow_done(std::uint64_t flow, Instant now) override;
  void wake_schedule(Instant now);  // Capacity changed.

  bool running(JobId job) const;  // On GPUs of its own.
  bool leaving(JobId job) const { return jobs_[job.index].leaving; }
  std::span<const NodeShare> shares(JobId job) const { return jobs_[job.index].shares; }
  std::vector<JobId> jobs_on(NodeId node) const;  // Running ones, ascending.
  // These three stop a job and those that share its GPU, if it holds it.
  void preempt(JobId job, Instant now);
  // Stops it when it has written a checkpoint, or when the scenario's notice is over; at once if it has none to write.
  void preempt_with_notice(JobId job, Instant now);
  // For a failure.  Adds the jobs it stopped and what they lost.
  void fail(JobId job, std::int32_t* jobs, GpuTime* lost, Instant now);
  // Takes an elastic job off a node, if what it keeps is enough for it.  False: it is not, and nothing changed.
  bool withdraw(JobId job, NodeId node, Instant now);
  // Rollouts (rollouts.cc).  A stream has new requests; one of a stream's requests has ended.
  void on_samples_asked(std::function<void(std::uint32_t stream)> call) { on_samples_asked_ = std::move(call); }
  void sample_ended(std::size_t rollout, Instant now);
  void on_left(std::function<void(Instant)> call) { on_left_ = std::move(call); }  // A job on notice has gone.

  bool all_arrived() const {
    return next_arrival_ == setup_->jobs.size() || setup_->jobs[next_arrival_].submit >= end_;
  }
  std::size_t unfinished() const {
    return waiting_.size() - waiting_head_ + promised_.size() + running_.size() + guests_.size() + shared_.beside();
  }
  bool any_running() const { return !running_.empty() || !guests_.empty(); }
  bool any_working() const;                            // Not only waiting for samples.
  bool changed_something() const { return changed_; }  // In the last call of the queue.
  Gpus waiting_gpus() const { return waiting_gpus_; }
  std::span<const WaitingJobView> waiting_jobs() const { return std::span(waiting_).subspan(waiting_head_); }
  void set_guest_speeds(Instant now);  // As the seats say from now on.
  void fill_victims(Instant now, std::vector<VictimView>* victims) const;
  std::uint64_t ended() const { return ended_; }

  void end(Instant now);  // Cuts everything off.

 private:
  struct Tenant {
    TenantView view;
    Instant settled;
  };
  struct Samples {
    std::int64_t cycles_asked = 0, ended = 0;
  };
  struct Promise {
    PromisedJobView view;
    std::vector<NodeShare> shares;
  };
  const TrainingJob& asked(JobId job) const { return setup_->jobs[job.index]; }
  JobState& state(JobId job) { return jobs_[job.index]; }
  const JobTraits& traits(JobId job) const { return traits_[job.index]; }

  // Arrivals (arrivals.cc).
  void read_traits();
  std::vector<std::vector<JobId>> dependents_by_job() const;
  void arrive(JobId job, Instant now);
  bool too_large(JobId job) const;
  void reject(JobId job, JobRejection why, Instant now);
  void completed(JobId job, Instant now);  // Frees the jobs that depend on it.

  // The queue's decisions (decide.cc).
  void decide_once(Instant now, bool* again);
  QueueView view(Instant now);
  void check(const QueueDecision& d, Instant now);
  bool carry_out(Instant now);  // True: something changed.
  bool start_all(Instant now);
  // Fills places_.
  JobId first_that_cannot_start(const QueueDecision& d, Instant now);
  bool try_start(const JobStart& start, Instant now);
  void start(JobId job, std::vector<NodeShare> shares, Instant now);  // No longer in waiting_.
  GangView gang_view(JobId job, Gpus gpus) const;
  void resize(JobId job, Gpus gpus, Instant now);
  void place(JobId job, Gpus gpus, GroupId group, std::span<const NodeView> nodes, std::vector<NodeShare>* shares);
  void check_placement(JobId job, Gpus gpus, std::span<const NodeShare> shares, std::span<const NodeView> nodes,
                       Instant now) const;

  // Starts that wait for jobs on notice (promises.cc).
  void promise(const JobStart& start, std::vector<NodeShare> shares);
  bool keep_promises(Instant now);  // Starts whoever can; who no longer will waits again.  True: something changed.
  std::map<NodeId, Gpus> coming() const;
  std::map<NodeId, Gpus> kept() const;
  std::span<const NodeView> open_nodes();

  // Shares of a GPU (sharing.cc).
  bool shares_gpu(JobId job) const;            // Asks for a part of one.
  std::vector<JobId> beside(JobId job) const;  // Jobs on the GPU that it holds; none if it holds no shared one.
  struct Room {
    RoomView view;
    SharedGpuId gpu;
    double speed;  // Of the job there.
    Instant end;   // Of the GPU's last job, by estimate.
  };
  bool seat_shares(Instant now);
  std::vector<Instant> latest_end_by_room() const;
  Instant shortest_end(JobId job, Instant now) const;
  std::vector<Room> rooms_for(JobId job) const;
  bool sit(JobId job, const std::vector<Room>& rooms, Instant now);
  void join(JobId job, const Room& room, Instant now);
  void open_shared(JobId job, Instant now);
  void leave_shared(JobId job, bool preempted, Instant now);
  void inherit(JobId job, Instant now);
  void set_expected_end(JobId job, Instant now);
  void show_expected_end(SharedGpuId gpu);
  Instant expected_end(const SharedGpus::Gpu& gpu) const;

  // Guests (guests.cc).
  void offer_guest_seats(Instant now);
  void start_guest(JobId job, const std::vector<NodeShare>& shares, Instant now);
  double guest_speed(JobId job) const;
  void leave_seats(JobId job, bool preempted, Instant now);
  void fill_guests(Instant now, std::vector<VictimView>* victims) const;

  // Lists of waiting and running jobs (lists.cc).
  WaitingJobView* find_waiting(JobId job);
  RunningJobView* find_running(JobId job);
  void block(JobId job);  // Until the queue has no more to say at this instant.
  void insert_waiting(JobId job, Instant now);
  void erase_waiting(JobId job);
  void list_running(JobId job);
  void erase_running(JobId job);
  void settle_tenant(JobId job, Gpus by, Instant now);

  // Gangs (gang.cc).
  using Told = void (Observer::*)(Instant, const GangStart&);
  void hold(JobId job, Told told, Instant now);  // Sums up its new shares and tells who asks.
  void add_to_group(JobState* s, const NodeShare& share) const;
  void begin_run(JobId job, Instant now);
  void set_shares(JobId job, std::vector<NodeShare> shares, Instant now);
  static std::vector<NodeShare> without(std::vector<NodeShare> shares, Gpus gpus);

  // Rollouts (rollouts.cc).
  void read_rollouts();
  const RolloutSetup* rollouts_of(JobId job) const;  // Null: it has none.
  Samples& samples_of(JobId job);
  void ask_for_samples(JobId job, std::int64_t cycles, Instant now);  // Of the first `cycles` cycles.
  bool samples_have_come(JobId job, Instant now);                     // Of its next cycle; asks for them if need be.
  Duration cycle_end(JobId job) const;                                // Run time at the end of the cycle it is in.
  void begin_cycle(JobId job, Instant now);                           // Waits for its samples, or trains.
  void end_cycle(JobId job, Instant now);
  Duration progress(JobId job, Instant until) const;  // Run time done by `until`, of a job that steps or saves.

  // Phases (runtime.cc).
  // False: it has given its GPUs back.  True: it, or who shares its GPU, has them until it has left.
  bool preempt_with_notice(JobId job, Duration notice, Instant now);
  void give_notice(JobId job, Duration notice, Instant now);
  void stop(JobId job, Instant now);  // It alone.
  void begin_restore(JobId job, Instant now);
  void begin_reading(JobId job, Instant now);
  void begin_steps(JobId job, Instant now);
  void schedule_step_end(JobId job, Instant now);
  void checkpoint_due(JobId job, Instant now);
  void begin_writing(JobId job, Instant now);
  void finish(JobId job, Instant now);
  void leave(JobId job, bool preempted, Instant now);  // GPUs back.
  void cut_flow(JobState* s, Instant now);
  void close_stretch(JobId job, bool lost, Instant now);
  void report(JobState& s, Purpose purpose, Instant from, Instant to, Instant now);
  void keep_instantly_saved(JobState& s, Instant now);
  static void keep(JobState& s, Duration run_time);  // Steps that a checkpoint holds.
  static void count_steps_from(JobState& s, Instant from);
  Duration stepped(const JobState& s, Instant to) const;   // Run time of the steps from `steps_from` on.
  Duration unsaved(const JobState& s, Instant now) const;  // Wall time that a stop would lose.
  // Wall time from `steps_from` to `now` that instant checkpoints have saved.
  Duration instantly_saved(const JobState& s, Instant now) const;
  static Instant end_after(Instant from, Duration wall);  // never() beyond the clock.
  Duration wall(Duration run_time, double speed) const;
  Duration run_time(Duration wall, double speed) const;
  Duration estimate_left(JobId job) const;

  const TrainingSetup* setup_;
  const Cluster* cluster_;
  GpuPool* gpus_;
  GuestSeats* seats_;
  Flows* flows_;
  Calendar* calendar_;
  const Observers* observers_;
  Slot arrival_slot_, schedule_slot_, ask_slot_;
  Instant end_ = Instant::never();
  std::function<void(Instant)> on_left_;
  std::function<void(std::uint32_t)> on_samples_asked_;

  std::vector<JobState> jobs_;
  std::vector<JobTraits> traits_;
  std::vector<std::vector<JobId>> dependents_;  // Empty if no job depends on another.
  std::vector<std::int32_t> rollout_of_;  // By job: position in TrainingSetup::rollouts, or -1.  Empty: none has any.
  std::vector<Samples> samples_;          // By rollout.
  std::vector<Tenant> tenants_;
  std::vector<double> usd_by_group_;
  std::vector<Gpus> recent_;              // Asked, of all jobs submitted.
  std::vector<MilliGpus> recent_shares_;  // Likewise; 0 = whole GPUs.  Empty: no job shares.
  std::size_t next_arrival_ = 0;
  bool any_share_ = false;
  std::vector<WaitingJobView> waiting_;  // By id from waiting_head_ on; ids are in order of submission.
  std::size_t waiting_head_ = 0;
  std::vector<RunningJobView> running_;   // By (started, id).
  std::vector<EndedJobView> ended_jobs_;  // Since the queue was last asked, as are gone_ and come_ (WaitingChanges).
  std::vector<JobId> gone_;
  std::vector<WaitingJobView> come_;
  std::vector<JobId> guests_;  // In order of their start.
  SharedGpus shared_;
  // (-priority, id) of the jobs that wait, and of those with a share; empty if no job has one.
  std::set<std::pair<std::int32_t, JobId>> waiting_in_order_, waiting_shares_;
  std::map<std::uint64_t, JobId> flow_owner_;
  std::vector<JobId> blocked_;
  std::vector<Promise> promised_;               // In order of the decisions.
  std::vector<std::vector<NodeShare>> places_;  // Of the decision's starts, as if its preemptions had been done.
  Gpus waiting_gpus_{0};
  std::uint64_t ended_ = 0;
  bool changed_ = false;
  QueueDecision decision_;
  std::uint64_t decisions_ = 0;
  std::size_t rounds_ = 0;  // Of asking the queue, at this instant and with so many jobs come and ended.
  std::pair<Instant, std::uint64_t> rounds_since_;
  std::vector<QueueGroupView> group_views_;
  std::vector<TenantView> tenant_views_;
  std::vector<PromisedJobView> promised_views_;
  std::vector<NodeView> offered_, open_;
  std::vector<Gpus> freed_;  // By node; zeros.
};

}  // namespace jevons
#endif  // JEVONS_SIM_TRAINING_RUNTIME_H_
