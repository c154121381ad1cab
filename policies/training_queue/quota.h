// Training queue: quotas that tenants of a cohort lend to each other.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_QUOTA_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_QUOTA_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/training_queue.h"
#include "policies/training_queue/cohorts.h"
#include "policies/training_queue/ranking.h"

namespace jevons {

// After Kueue (kueue.sigs.k8s.io, "Cluster Queue" and "Preemption").  A tenant has a nominal quota N, may borrow up to
// B from its cohort and lends at most L of its own, all in GPUs.
//   - It holds U <= N + B.  Beyond what is not for lending, max(0, N - L), what all of a cohort hold together fits into
//     what they lend together, sum of min(N, L), whether or not the lender has jobs.
//   - Jobs go by priority, then by submission.  First all that fit into the nominal quota of their tenant, then, in a
//     second pass, those that borrow.
//   - Reclaiming: for a job that fits into the nominal quota but finds it lent, jobs of other tenants that borrow
//     (U > N) are stopped: lowest priority first, then latest start, until the job fits and no tenant that no longer
//     borrows; then whoever of them need not have been stopped goes on, last first.  If that is not enough, nobody is
//     stopped.  A job that was stopped starts again at a later instant only, one just started is not stopped.
// With `head_blocks` (Kueue's StrictFIFO) a job that cannot start holds up the later ones of its tenant; without it
// (BestEffortFIFO, Kueue's default) it does not.  A job wider than N + B waits for ever, as in Kueue.
class QuotaQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "quota";
  static constexpr std::string_view kSummary =
      "Start jobs within the quotas of their tenants, then on idle quota borrowed in the cohort, which its owner takes "
      "back by preemption (Kueue).";
  struct Params {
    std::string quotas = "*=100%";  // Ours: no quota at all.
    bool reclaim = true;
    bool head_blocks = false;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("quotas", &Params::quotas, Cohorts::kFormat,
          "Nominal quotas, and limits of borrowing and lending, by cohort and tenant: a number with a point or % is a "
          "share of the GPUs that training may use; * is each tenant that is not named.",
          [](std::string_view text) { return Cohorts::parse(text).ok(); });
    t.add("reclaim", &Params::reclaim, "Whether a tenant takes back by preemption what it lent.");
    t.add("head_blocks", &Params::head_blocks,
          "Whether a job that cannot start holds up the later ones of its tenant.");
  }
  explicit QuotaQueue(const Params& params)
      : params_(params), cohorts_(Cohorts::parse(params.quotas).value()) {}  // Checked by the table above.

  // O(waiting + running), and O(running) a job that reclaims.
  void decide(const QueueView& view, QueueDecision* decision) override {
    read_waiting(view);
    read(view);
    const bool reclaims =
        params_.reclaim && std::any_of(cohort_.begin(), cohort_.end(), [](const Cohort& c) { return c.borrows; });
    for (const bool borrowing : {false, true}) {
      if (free_ <= Gpus{0} && (borrowing || !reclaims)) break;
      for (Tenant& t : tenants_) t.too_wide = Cohorts::kUnlimited;
      for (Waiting& job : waiting_) {
        Tenant& tenant = tenants_[job.tenant];
        if (job.gpus >= tenant.too_wide || job.starts) continue;
        job.starts = start(view, job, borrowing, decision);
        if (!job.starts && params_.head_blocks) tenant.too_wide = Gpus{0};
      }
    }
    for (const JobStart& s : decision->start) find(s.job)->starts = false;
    if (!view.changes) return;
    for (const JobId job : view.changes->blocked) find(job)->blocked = false;
  }

 private:
  struct Tenant {
    std::size_t cohort = 0;
    Gpus nominal{0}, borrow{0}, own{0};  // `own`: not for lending.
    Gpus held{0};
    Gpus too_wide = Cohorts::kUnlimited;           // So wide a job, or a wider one, cannot start in this pass.
    Gpus narrowest_failure = Cohorts::kUnlimited;  // Reclaiming for so wide a job has failed in this decision.
  };
  struct Waiting {
    JobId id;
    std::int32_t priority;
    std::uint32_t tenant = 0;
    Gpus gpus{0};
    Instant stopped = Instant::never();  // Never: it has not run.
    bool starts = false;                 // By the decision at hand.
    bool blocked = false;
  };
  struct Cohort {
    std::int64_t lent = 0;  // Together, for lending.
    std::int64_t held = 0;  // Together, beyond what is not for lending.
    bool borrows = false;   // Some tenant does, or did when the decision began.
  };
  struct Victim {
    const RunningJobView* job;
    bool stopped = false;
  };

  // waiting_ by priority, then submission; what came and went since the last call, or all of it.
  void read_waiting(const QueueView& view) {
    if (!view.changes) {
      waiting_.clear();
      tenants_waiting_ = 0;
    }
    if (!view.changes || waiting_.empty()) {
      for (const WaitingJobView& job : view.waiting) add(job);
      if (!std::is_sorted(waiting_.begin(), waiting_.end(), before))
        std::sort(waiting_.begin(), waiting_.end(), before);
      return;
    }
    for (const JobId job : view.changes->gone) waiting_.erase(find(job));
    for (const WaitingJobView& job : view.changes->come) {
      add(job);
      std::rotate(std::upper_bound(waiting_.begin(), waiting_.end() - 1, waiting_.back(), before), waiting_.end() - 1,
                  waiting_.end());
    }
    for (const JobId job : view.changes->blocked) find(job)->blocked = true;
  }
  void add(const WaitingJobView& job) {
    const JobTraits& t = *job.traits;
    const Instant stopped = job.preemptions > 0 ? job.waiting_since : Instant::never();
    waiting_.push_back({job.id, t.priority, t.tenant, job.gpus, stopped, false, job.blocked});
    priorities_[job.id] = t.priority;
    tenants_waiting_ = std::max<std::size_t>(tenants_waiting_, t.tenant + 1);
  }
  std::vector<Waiting>::iterator find(JobId job) {
    return std::lower_bound(waiting_.begin(), waiting_.end(), Waiting{job, priorities_[job]}, before);
  }
  static bool before(const Waiting& a, const Waiting& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.id < b.id;
  }

  void read(const QueueView& view) {
    free_ = view.free;
    victims_.clear();
    victims_known_ = false;
    std::size_t count = std::max(view.tenants.size(), tenants_waiting_);
    for (const RunningJobView& job : view.running) count = std::max<std::size_t>(count, job.traits->tenant + 1);
    for (const PromisedJobView& p : view.promised) count = std::max<std::size_t>(count, p.job.traits->tenant + 1);
    tenants_.assign(count, {});
    cohort_.assign(cohorts_.size(), {});
    for (const Cohorts::Quota& q : cohorts_.quotas()) {  // Those that have no jobs lend as well.
      if (q.tenant != "*")
        cohort_[q.cohort].lent += std::min(q.nominal.of(view.capacity), q.lend.of(view.capacity)).value;
    }
    for (std::size_t t = 0; t < count; ++t) {
      Tenant& tenant = tenants_[t];
      tenant.borrow = Cohorts::kUnlimited;
      const Cohorts::Quota* q = cohorts_.find(t < view.tenants.size() ? view.tenants[t].name : std::string_view());
      if (q == nullptr) continue;
      const Gpus lend = q->lend.of(view.capacity);
      tenant.cohort = q->cohort;
      tenant.nominal = q->nominal.of(view.capacity);
      tenant.borrow = q->borrow.of(view.capacity);
      tenant.own = std::max(Gpus{0}, tenant.nominal - lend);
      if (q->tenant == "*") cohort_[q->cohort].lent += std::min(tenant.nominal, lend).value;
    }
    for (const RunningJobView& job : view.running) hold(job.traits->tenant, job.leaving ? 0 : job.gpus.value);
    for (const PromisedJobView& p : view.promised) hold(p.job.traits->tenant, p.gpus.value);
    for (const Tenant& t : tenants_) cohort_[t.cohort].borrows |= t.held > t.nominal;
  }

  void hold(std::size_t t, std::int32_t more) {
    Tenant& tenant = tenants_[t];
    const Gpus before = std::max(Gpus{0}, tenant.held - tenant.own);
    tenant.held += Gpus{more};
    cohort_[tenant.cohort].held += (std::max(Gpus{0}, tenant.held - tenant.own) - before).value;
  }

  // GPUs that the quotas would let tenant t hold more.
  std::int64_t available(std::size_t t) const {
    const Tenant& tenant = tenants_[t];
    const Cohort& cohort = cohort_[tenant.cohort];
    const std::int64_t in_cohort = std::max<std::int64_t>(0, cohort.lent - cohort.held);
    const std::int64_t own = std::max(Gpus{0}, tenant.own - tenant.held).value;
    const std::int64_t limit =
        std::int64_t{tenant.nominal.value} + std::int64_t{tenant.borrow.value} - std::int64_t{tenant.held.value};
    return std::min(own + in_cohort, limit);
  }
  bool fits(const Waiting& job) const { return job.gpus <= free_ && job.gpus.value <= available(job.tenant); }

  bool start(const QueueView& view, const Waiting& job, bool borrowing, QueueDecision* decision) {
    Tenant& tenant = tenants_[job.tenant];
    const bool nominal = tenant.held + job.gpus <= tenant.nominal;
    if (job.blocked || job.stopped == view.now || (nominal && borrowing)) return false;
    const bool reclaims = nominal && params_.reclaim && !fits(job);
    if (nominal == borrowing || (reclaims ? !reclaim(view, job, decision) : !fits(job))) {
      tenant.too_wide = job.gpus;  // As GPUs and quotas get fewer by every start, until somebody is stopped.
      return false;
    }
    decision->start.push_back(job.id);
    hold(job.tenant, job.gpus.value);
    free_ -= job.gpus;
    if (reclaims && !params_.head_blocks) {
      for (Tenant& t : tenants_) t.too_wide = Cohorts::kUnlimited;
    }
    return true;
  }

  bool reclaim(const QueueView& view, const Waiting& job, QueueDecision* decision) {
    Tenant& tenant = tenants_[job.tenant];
    if (!cohort_[tenant.cohort].borrows || job.gpus >= tenant.narrowest_failure) return false;
    list_victims(view);
    taken_.clear();
    for (std::size_t v = 0; v < victims_.size() && !fits(job); ++v) {
      if (victims_[v].stopped || !borrows_from(*victims_[v].job, job)) continue;
      stop(v, true);
      taken_.push_back(v);
    }
    const bool enough = fits(job);
    if (!enough) tenant.narrowest_failure = job.gpus;
    // The last one made the job fit; earlier ones, perhaps narrow, may go on if it still does.
    for (std::size_t k = taken_.size(); k-- > 0;) {
      stop(taken_[k], false);
      if (!enough || fits(job)) continue;
      stop(taken_[k], true);
      decision->preempt.push_back(victims_[taken_[k]].job->id);
    }
    return enough;
  }
  bool borrows_from(const RunningJobView& victim, const Waiting& job) const {
    const Tenant &theirs = tenants_[victim.traits->tenant], &ours = tenants_[job.tenant];
    return victim.traits->tenant != job.tenant && theirs.cohort == ours.cohort && theirs.held > theirs.nominal;
  }
  void stop(std::size_t v, bool stopped) {
    Victim& victim = victims_[v];
    victim.stopped = stopped;
    hold(victim.job->traits->tenant, stopped ? -victim.job->gpus.value : victim.job->gpus.value);
    free_ += stopped ? victim.job->gpus : Gpus{-victim.job->gpus.value};
  }
  void list_victims(const QueueView& view) {
    if (victims_known_) return;
    victims_known_ = true;
    for (const RunningJobView& job : view.running) {
      if (job.started < view.now && !job.leaving) victims_.push_back({&job});
    }
    std::sort(victims_.begin(), victims_.end(), [](const Victim& a, const Victim& b) {
      const JobTraits &x = *a.job->traits, &y = *b.job->traits;
      if (x.priority != y.priority) return x.priority < y.priority;
      return a.job->started != b.job->started ? a.job->started > b.job->started : a.job->id > b.job->id;
    });
  }

  Params params_;
  Cohorts cohorts_;
  std::vector<Waiting> waiting_;
  JobNotes<std::int32_t> priorities_;
  std::size_t tenants_waiting_ = 0;  // At least.
  // Of one decision; kept for their memory only.
  Gpus free_{0};
  std::vector<Tenant> tenants_;
  std::vector<Cohort> cohort_;
  std::vector<Victim> victims_;
  bool victims_known_ = false;
  std::vector<std::size_t> taken_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_QUOTA_H_
