// Training queue: EASY backfilling.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_EASY_BACKFILL_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_EASY_BACKFILL_H_

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/training_queue.h"

namespace jevons {

// Which EASY this is (implementations differ by 0.02 % on real traces): that of Mu'alem and Feitelson (2001),
// as the exact reference of shared/data/peers/philly10k_512gpus runs it.
//   1. Jobs start in order of submission until the head does not fit.
//   2. The head is promised the shadow time: the earliest expected end of a running job (those just started included)
//      by which enough GPUs are free.  Extra GPUs: those free at the shadow time, after *all* jobs that end by then,
//      beyond what the head needs.
//   3. Once through the rest in order of submission: a job that fits now starts if by estimate it ends by the shadow
//      time (at that very instant is allowed), or if it needs no more than the extra GPUs, which it then uses up.
// Estimates may be wrong: a job past its expected end counts as ending at the next instant.  A head that has enough
// GPUs but cannot be placed waits for at least one job to end.  A head that no end of a running job can help (capacity
// was taken away) has no shadow time, and nothing is held back for it.
class EasyBackfillQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "easy_backfill";
  static constexpr std::string_view kSummary =
      "EASY (Mu'alem and Feitelson, 2001): first come, first served, but a later job may start if by its estimate it "
      "does "
      "not delay the first that waits.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit EasyBackfillQueue(const Params&) {}

  void decide(const QueueView& view, QueueDecision* decision) override {
    Gpus free = view.free;
    std::size_t head = 0;
    for (; head < view.waiting.size(); ++head) {
      const WaitingJobView& job = view.waiting[head];
      if (!fits(job, free)) break;
      decision->start.push_back(job.id);
      free -= job.gpus;
    }
    const auto rest = view.waiting.subspan(std::min(head + 1, view.waiting.size()));
    if (std::none_of(rest.begin(), rest.end(), [&](const WaitingJobView& job) { return fits(job, free); })) return;
    const Reservation promise = reserve(view, head, free);
    backfill(rest, view.now, free, promise, decision);
  }

 private:
  struct Reservation {
    Instant shadow = Instant::never();
    Gpus extra{0};
  };
  struct End {
    Instant at;
    Gpus gpus;
  };
  static bool fits(const WaitingJobView& job, Gpus free) { return !job.blocked && job.gpus <= free; }
  static Instant end_of(Instant now, Duration estimate) {
    return estimate >= Instant::never() - now ? Instant::never() : now + std::max(estimate, Duration{1});
  }

  // For waiting[head], when waiting[0 .. head) have just started and left `free`.
  Reservation reserve(const QueueView& view, std::size_t head, Gpus free) {
    ends_.clear();
    for (const RunningJobView& job : view.running) {
      ends_.push_back({std::max(job.expected_end, view.now + Duration{1}), job.gpus});
    }
    for (const WaitingJobView& job : view.waiting.first(head)) {
      ends_.push_back({end_of(view.now, job.remaining_estimate), job.gpus});
    }
    std::sort(ends_.begin(), ends_.end(), [](const End& a, const End& b) { return a.at < b.at; });
    const Gpus need = view.waiting[head].gpus;
    for (std::size_t i = 0; i < ends_.size();) {
      const Instant at = ends_[i].at;
      for (; i < ends_.size() && ends_[i].at == at; ++i) free += ends_[i].gpus;
      if (free >= need) return {at, free - need};
    }
    return {};
  }

  static void backfill(std::span<const WaitingJobView> rest, Instant now, Gpus free, Reservation promise,
                       QueueDecision* decision) {
    for (const WaitingJobView& job : rest) {
      if (free <= Gpus{0}) return;
      if (!fits(job, free)) continue;
      const bool ends_in_time = end_of(now, job.remaining_estimate) <= promise.shadow;
      if (!ends_in_time && job.gpus > promise.extra) continue;
      if (!ends_in_time) promise.extra -= job.gpus;
      decision->start.push_back(job.id);
      free -= job.gpus;
    }
  }

  std::vector<End> ends_;  // Kept for its memory only.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_EASY_BACKFILL_H_
