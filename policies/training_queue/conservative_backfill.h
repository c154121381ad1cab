// Training queue: conservative backfilling.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_CONSERVATIVE_BACKFILL_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_CONSERVATIVE_BACKFILL_H_

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/params.h"
#include "policies/training_queue/profile.h"
#include "policies/training_queue/ranking.h"

namespace jevons {

// Mu'alem and Feitelson (2001), section 2.2.  Every waiting job, in order of submission, has a reservation: the
// earliest start at which, by estimate, it delays nobody before it.  It starts when that is now.
//   - A new job is fitted into the plan as it stands.  The whole plan is made anew, in the same order, when things went
//     otherwise than planned: a job ended early, or runs past its expected end (and then counts as ending at the next
//     instant), or capacity changed.  As long as all goes by plan the two are the same, for every reservation is
//     already the earliest.
//   - A job that cannot be placed at its time is put off to the next instant at which the plan changes.
//   - A job that the plan has no room for at any time (capacity was taken away) has no reservation.
class ConservativeBackfillQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "conservative_backfill";
  static constexpr std::string_view kSummary =
      "Every waiting job has a reservation, in order of submission; a job starts early only if by estimate that delays "
      "nobody before it.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit ConservativeBackfillQueue(const Params&) {}

  // O(running), and O(plan) for each job that comes; O(waiting x plan) where the plan is made anew.
  void decide(const QueueView& view, QueueDecision* decision) override {
    if (keep(view)) {
      come_.assign(view.changes->come.begin(), view.changes->come.end());
      std::sort(come_.begin(), come_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
      for (const WaitingJobView& job : come_) book(job, view.now);
    } else {
      begin_plan(view);
      for (const WaitingJobView& job : view.waiting) book(job, view.now);
    }
    while (!starts_.empty() && starts_.begin()->first == view.now) {
      const JobId job = starts_.begin()->second;
      starts_.erase(starts_.begin());
      decision->start.push_back(job);
      const Instant end = notes_[job].end;
      ends_.insert(std::upper_bound(ends_.begin(), ends_.end(), end), end);
    }
  }

 private:
  struct Note {  // Of the plan.
    Gpus gpus{0};
    Instant start = Instant::never(), end = Instant::never();
  };

  // Whether all went by plan since the last call: those that should run do, nobody else, and who came is last.
  bool keep(const QueueView& view) {
    const bool blocked = !view.changes || !view.changes->blocked.empty();
    if (std::exchange(stale_, blocked) || blocked) return false;  // Whoever is blocked is tried again next time.
    for (const WaitingJobView& job : view.changes->come) {
      if (job.id < last_) return false;
    }
    for (const JobId job : view.changes->gone) {
      if (starts_.contains({notes_[job].start, job})) return false;  // Elsewhere than planned: as a guest.
    }
    const auto over = std::upper_bound(ends_.begin(), ends_.end(), view.now);
    if (static_cast<std::size_t>(ends_.end() - over) != view.running.size()) return false;
    for (const RunningJobView& job : view.running) {
      if (job.expected_end <= view.now || job.expected_end != notes_[job.id].end) return false;
    }
    if (!starts_.empty() && starts_.begin()->first < view.now) return false;
    ends_.erase(ends_.begin(), over);
    profile_.advance(view.now);
    Gpus at_once{0};  // The plan has already taken these away from what is free now.
    for (auto it = starts_.begin(); it != starts_.end() && it->first == view.now; ++it) {
      at_once += notes_[it->second].gpus;
    }
    return profile_.free_now() + at_once == view.free;
  }

  void begin_plan(const QueueView& view) {
    starts_.clear();
    ends_.clear();
    freed_.clear();
    for (const RunningJobView& job : view.running) {
      const Instant end = std::max(job.expected_end, view.now + Duration{1});
      notes_[job.id].end = end;
      ends_.push_back(end);
      freed_.push_back({end, job.gpus});
    }
    std::sort(ends_.begin(), ends_.end());
    std::sort(freed_.begin(), freed_.end());
    profile_.restart(view.now, view.free);
    for (const auto& [end, gpus] : freed_) profile_.append(end, gpus);
  }

  void book(const WaitingJobView& job, Instant now) {
    const Duration length = std::max(job.remaining_estimate, Duration{1});
    const Instant start = profile_.earliest(job.gpus, length, job.blocked ? profile_.next_change() : now);
    const Instant end = start == Instant::never() ? start : FreeProfile::after(start, length);
    if (start != Instant::never()) profile_.add(start, end, Gpus{0} - job.gpus);
    if (start != Instant::never()) starts_.emplace(start, job.id);
    notes_[job.id] = {job.gpus, start, end};
    last_ = job.id;
  }

  FreeProfile profile_;
  std::set<std::pair<Instant, JobId>> starts_;   // Of the jobs that have a reservation.
  JobId last_{0};                                // The last that was fitted in.
  std::vector<Instant> ends_;                    // Of the jobs that run, by plan, ascending.
  std::vector<std::pair<Instant, Gpus>> freed_;  // Kept for its memory only.
  std::vector<WaitingJobView> come_;             // Likewise.
  JobNotes<Note> notes_;
  bool stale_ = true;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_CONSERVATIVE_BACKFILL_H_
