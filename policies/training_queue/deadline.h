// Training queue: as few GPUs as each deadline needs, and spare ones where they shorten jobs most.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_DEADLINE_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_DEADLINE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/training_queue.h"
#include "policies/training_queue/ranking.h"
#include "policies/training_queue/sized_job.h"

namespace jevons {

// After ElasticFlow (Gu et al., ASPLOS 2023).  Time is cut into slots at multiples of `slot`; a plan says how many GPUs
// a job gets in each.
//   - Minimum satisfactory share (algorithm 1, progressive filling): the smallest size such that the job, given in each
//     slot the largest size up to it that the plans of others leave, is done by its deadline.  A change of GPUs costs
//     `restart_cost` of its slot; of the slot in which a job arrives nothing is counted.
//   - Admission: a job with a deadline is guaranteed when it arrives if it has such a plan beside those of all others,
//     or if everybody's plans can be made anew, earliest deadline first, so that all are kept.  The others are refused,
//     as the paper's admission control drops them; or, by `late_jobs`, run as best effort, like jobs without a
//     deadline, after all guaranteed ones.
//   - Spare GPUs of a slot: first the smallest size for each best-effort job, those that run first, then in order of
//     submission; then what a job held before; then step by step to the job whose remaining time falls most a GPU
//     (algorithm 2's marginal return), if by more than a restart costs, and never so that a guarantee breaks.
// Guarantees hold while estimates are not too short, scaling is as told, jobs can be placed and no capacity is taken
// away.  What breaks one (the plan no longer fits the work or the capacity) has all plans made anew, earliest deadline
// first, and those that then do not fit are best effort from there on: they were admitted.
// Jobs that can run on several groups are planned at the speed of the slowest.  Plans look kMostSlots slots ahead.
// Between the ends of slots, waiting jobs start on idle GPUs, O(waiting + running); plans are made at arrivals of jobs
// with deadlines, O(slots), and when guarantees break or the first attempt fails, O(guaranteed jobs x slots).
class DeadlineQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "deadline";
  static constexpr std::string_view kSummary =
      "Admit jobs whose deadlines can be met, give each the fewest GPUs that do so, and spare ones by marginal gain "
      "(ElasticFlow, 2023).";
  static constexpr std::int64_t kMostSlots = 4096;
  struct Params {
    Duration slot = 6_min;         // Ours; ElasticFlow leaves it open.
    Duration restart_cost = 30_s;  // Ours, as in goodput.
    std::string late_jobs = "refuse";
  };
  static void describe(ParamTable<Params>& t);
  explicit DeadlineQueue(const Params& params) : params_(params), refuses_(params.late_jobs == "refuse") {}

  void decide(const QueueView& view, QueueDecision* decision) override;

  // Whether this unfinished job has a plan that meets its deadline.
  bool guarantees(JobId id) const { return plans_.contains(id); }

 private:
  struct Plan {
    Instant deadline;
    std::int64_t end = 0;              // The first slot that is too late.
    std::vector<std::int32_t> gpus{};  // From first_ on; after it, none.
  };

  bool somebody_is_new(const QueueView& view) const;
  void read(const QueueView& view, std::int64_t begin);
  void settle(const QueueView& view);
  void admit(const QueueView& view, QueueDecision* decision);
  bool plan(const SizedJob& job, std::int32_t capacity, Plan* plan) const;
  bool keeps(const SizedJob& job, const std::vector<std::int32_t>& gpus, std::size_t skip, double done, Gpus before,
             std::size_t* needed) const;
  bool plan_anew(std::int32_t capacity, JobId extra, bool all_or_nothing);
  void book(const Plan& plan, std::int32_t sign);
  double progress(const SizedJob& job, Gpus before, Gpus gpus) const;
  std::int32_t planned(const SizedJob& job) const;
  Gpus fixed_size(const SizedJob& job) const;

  void allocate(const QueueView& view, QueueDecision* decision);
  void give_least(Gpus* left);
  void give_spare(Gpus left);
  bool may_grow(const SizedJob& job, Gpus to) const;
  void fill(const QueueView& view, QueueDecision* decision) const;

  Params params_;
  bool refuses_;
  std::int64_t first_ = 0;  // Slot at which plans begin.
  Instant settled_at_ = Instant::never();
  std::map<JobId, Plan> plans_;       // Of guaranteed jobs.
  std::set<JobId> best_effort_;       // Though they have a deadline.
  std::vector<std::int32_t> booked_;  // By slot, from first_ on.
  std::int32_t capacity_ = -1;
  // Of one decision; kept for their memory only.
  std::vector<SizedJob> jobs_;
  JobNotes<std::size_t> at_;  // Position in jobs_, of the jobs that are there.
  std::vector<Gpus> target_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_DEADLINE_H_
