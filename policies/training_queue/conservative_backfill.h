// Training queue: conservative backfilling.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_CONSERVATIVE_BACKFILL_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_CONSERVATIVE_BACKFILL_H_

#include <algorithm>
#include <cstddef>
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

  void decide(const QueueView& view, QueueDecision* decision) override {
    if (!keep(view)) begin_plan(view);
    std::size_t planned = booked_.size();
    bool blocked = false;
    for (; planned < view.waiting.size(); ++planned) {
      book(view.waiting[planned], view.now);
      blocked = blocked || view.waiting[planned].blocked;
    }
    std::size_t left = 0;
    for (const Booking& b : booked_) {
      if (b.start == view.now) {
        decision->start.push_back(b.job);
        notes_[b.job].end = b.end;
        ends_.push_back(b.end);
      } else {
        booked_[left++] = b;
      }
    }
    booked_.resize(left);
    std::sort(ends_.begin(), ends_.end());
    stale_ = blocked;  // Try it again next time, whatever the plan says.
  }

 private:
  struct Booking {
    JobId job;
    Instant start, end;
  };
  struct Note {
    Instant end = Instant::never();  // In the plan, of a job that runs.
  };

  // Whether all went by plan since the last call: those that should run do, nobody else, and the rest wait.
  bool keep(const QueueView& view) {
    if (stale_ || view.waiting.size() < booked_.size()) return false;
    const auto over = std::upper_bound(ends_.begin(), ends_.end(), view.now);
    if (static_cast<std::size_t>(ends_.end() - over) != view.running.size()) return false;
    for (const RunningJobView& job : view.running) {
      if (job.expected_end <= view.now || job.expected_end != notes_[job.id].end) return false;
    }
    for (std::size_t i = 0; i < booked_.size(); ++i) {
      if (booked_[i].job != view.waiting[i].id || booked_[i].start < view.now || view.waiting[i].blocked) return false;
    }
    ends_.erase(ends_.begin(), over);
    profile_.advance(view.now);
    Gpus at_once{0};  // The plan has already taken these away from what is free now.
    for (std::size_t i = 0; i < booked_.size(); ++i) {
      at_once += booked_[i].start == view.now ? view.waiting[i].gpus : Gpus{0};
    }
    return profile_.free_now() + at_once == view.free;
  }

  void begin_plan(const QueueView& view) {
    booked_.clear();
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
    booked_.push_back({job.id, start, end});
  }

  FreeProfile profile_;
  std::vector<Booking> booked_;                  // One for each waiting job, in their order.
  std::vector<Instant> ends_;                    // Of the jobs that run, by plan, ascending.
  std::vector<std::pair<Instant, Gpus>> freed_;  // Kept for its memory only.
  JobNotes<Note> notes_;
  bool stale_ = true;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_CONSERVATIVE_BACKFILL_H_
