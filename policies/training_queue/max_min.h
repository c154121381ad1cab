// Training queue: Gavel's rounds over groups of unlike GPUs.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/training_queue.h"
#include "policies/training_queue/max_min_lp.h"
#include "policies/training_queue/ranking.h"
#include "policies/training_queue/tenant_shares.h"

namespace jevons {

// Narayanan et al., "Heterogeneity-Aware Cluster Scheduling Policies for Deep Learning Workloads", OSDI 2020.
//
// At the end of a round a linear program (max_min_lp.h) over all jobs, waiting and running, says which share of its
// time X_jk each job j should spend on each group k:
//   max_min   the smallest of thr(j, X) / (w_j thr(j, X_equal)), x the GPUs of j with `by_gpus`, as large as can be;
//   w_j
//             is the weight of its tenant, X_equal gives every job the same share of the time of each group.
//   makespan  the same with thr(j, X) over the work that is left by estimate: all end together, as early as can be.
//   cost      the largest sum of throughput per dollar; jobs with a deadline get the rate that meets it, if all can.
// Then each GPU goes, for one round, to the jobs with the largest X_jk / (share of its time that j has had on k), the
// paper's priority; X is averaged over the life of the job, so that what the last rounds owe is not forgotten when
// the program changes.  Who has had nothing there comes first; of equals whoever runs there, then the first submitted.
// Jobs without a share fill what is left.  A job that stays on its group runs on; others are stopped at the end of the
// round.  Within a round, GPUs that fall idle go to waiting jobs in order of submission, each on its fastest group.
//
// Groups on which every job is equally fast are one kind, as the paper's worker types: the shares are a formula there
// (max_min_fill.h), and a job claims time on any of them, goes on where it runs if it can, and starts where most GPUs
// are idle.  Not for `cost`: prices may differ.
//
// Gangs lie in one group, except jobs wider than every group: those start on any GPUs that are idle, if enough are, and
// are not stopped.
// Elastic jobs run on what they asked for.  Jobs with the same GPUs, speeds, weight (and, to within 2^(1/4), work left)
// are one class of the program; beyond kMostClasses classes, speeds and weights are rounded likewise, and at worst each
// job is its own class.  Between the ends of rounds a decision is O(waiting x groups), plus O(running) while a job
// moves.
class MaxMinQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "max_min";
  static constexpr std::string_view kSummary =
      "Share the time of unlike GPUs by a linear program each round: max-min fair, shortest makespan or cheapest "
      "(Gavel, "
      "2020).";
  static constexpr std::size_t kMostClasses = 400;
  struct Params {
    std::string objective = "max_min";
    Duration round = 6_min;  // The paper's.
    std::string shares;
    bool by_gpus = true;
  };
  static void describe(ParamTable<Params>& t);
  explicit MaxMinQueue(const Params& params);

  void decide(const QueueView& view, QueueDecision* decision) override;

 private:
  static constexpr std::size_t kNowhere = ~std::size_t{0};
  struct Time {       // On a group.
    double owed = 0;  // Seconds.
    Duration had{};
  };
  struct Life {                   // Of an unfinished job.
    Duration ran{};               // Of it, all is in `time`.
    std::size_t group = 0;        // Position in groups_, where it runs, or ran last.
    std::size_t kind = kNowhere;  // Its class in x_, if it was there when the program was solved.
    std::vector<Time> time;       // By group.
    // Stopped for this group at the end of the last round; it may not have come there yet, if it was given notice.
    std::size_t moves_to = kNowhere;
    bool seen = false;  // In the view at hand.
  };
  struct Job {
    JobId id;
    Gpus gpus;
    const JobTraits* traits;
    double work = 0;  // Seconds of run time left, by estimate.
    bool waiting = true, blocked = false;
    bool pinned = false;    // Runs, and stays for this decision.
    bool wide = false;      // Wider than every group where it can run.
    std::size_t group = 0;  // Where it runs.
    Life* life = nullptr;
    std::size_t planned = kNowhere;
  };
  struct Claim {
    std::size_t job, group;  // kNowhere: on any group, they are one kind.
    JobId id;
    bool never;  // It has not had any time there.
    double priority;
    bool runs_there;
  };

  void read(const QueueView& view);
  void begin_round(const QueueView& view);
  void add(JobId id, Gpus gpus, const JobTraits* traits, Duration ran, const std::size_t* runs_on);
  Life& life_of(JobId id);
  static void ran_until(Duration ran, Life* life);
  double speed(const JobTraits& traits, std::size_t group) const { return speed_on(traits, groups_[group].id); }
  bool may_run(const JobTraits& traits, Gpus gpus, std::size_t group) const {
    return speed(traits, group) > 0 && gpus <= groups_[group].capacity;
  }
  bool wide(const JobTraits& traits, Gpus gpus) const;
  void solve(const QueueView& view);
  void classify(const QueueView& view, bool coarse);
  void find_class(const QueueView& view, const Job& job, double all_gpus, bool coarse, LpClass* out) const;
  void plan();
  void plan_claims(std::vector<Gpus>* left);
  std::size_t sort_claims(std::size_t done);
  std::size_t most_idle(const Job& job, const std::vector<Gpus>& left, const std::vector<Gpus>& idle) const;
  void claim();
  void add_claim(std::size_t job, std::size_t group, double share, Time time);
  std::size_t fastest(const JobTraits& traits, Gpus gpus, const std::vector<Gpus>& left) const;
  void carry_out(const QueueView& view, QueueDecision* decision);
  void start(JobId id, Duration ran, std::size_t group, QueueDecision* decision);
  void fill(const QueueView& view, QueueDecision* decision);
  void fill_where_they_move(const QueueView& view, Gpus* all, QueueDecision* decision);
  void start_wide(const QueueView& view, QueueDecision* decision) const;

  Params params_;
  TenantShares shares_;
  Instant round_ends_{0}, planned_at_ = Instant::never();
  JobNotes<std::unique_ptr<Life>> lives_;  // Of alive_, the unfinished jobs.
  std::vector<JobId> alive_;
  std::vector<QueueGroupView> groups_;
  // Of the last program; equal programs have equal answers.
  std::vector<LpClass> classes_, solved_classes_;
  std::vector<LpGroup> lp_groups_, solved_groups_;
  LpShares x_;
  bool one_kind_ = false;
  bool some_move_ = false;  // Some Life::moves_to is a group.
  // Of one decision; kept for their memory only.
  std::vector<Gpus> free_;  // By group.
  std::vector<Job> jobs_;
  std::vector<Claim> claims_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_H_
