// Training queue: Gittins index over the GPU time of jobs that have ended (Tiresias).
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_GITTINS_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_GITTINS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/training_queue/ranking.h"

namespace jevons {

// Discretised 2D-Gittins (Gu et al., NSDI 2019, section 3.2.2).  With S the GPU time of the last `history` jobs that
// ended, a job that has had s of it is worth
//     G(s) = max over D of  P(S - s <= D | S > s) / E[min(S - s, D) | S > s],
// the most likely end per GPU time spent on it; the highest runs first, ties by submission.  D need only be tried at
// the samples: between two of them the numerator stands still and the denominator grows.  G is looked up at the last of
// `levels` levels that s has reached (0 and quantiles of the history; s beyond all of it is worth 0), so that a job's
// rank changes a bounded number of times.  The table is made anew when the history has grown by an eighth, or an eighth
// of it has been replaced: O(levels x history) each.  Nothing of the jobs at hand is known but what they have had.
class GittinsQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "gittins";
  static constexpr std::string_view kSummary =
      "Tiresias' 2D-Gittins: jobs most likely to end soon, going by the GPU time of those that have ended, run first; "
      "others stop for them.";
  struct Params {
    std::int64_t history = 1000;  // Ours.
    std::int64_t levels = 16;     // Ours.
  };
  static void describe(ParamTable<Params>& t) {
    t.add("history", &Params::history, 1, 100'000, "Ended jobs that are remembered, the latest.");
    t.add("levels", &Params::levels, 1, 1000, "Levels of GPU time at which a job's worth is looked at again.");
  }
  explicit GittinsQueue(const Params& params) : params_(params) {}

  bool wants_every_change() const override { return true; }  // `ended` is the history.

  void decide(const QueueView& view, QueueDecision* decision) override {
    learn(view);
    ranking_.read(view, [&](const auto& job) { return rank(job, view.now); });
    if (view.waiting.empty()) return;
    ranking_.decide(view.free, decision);
    decision->ask_again = ranking_.next_change();
  }

 private:
  struct Level {
    GpuTime from;
    double worth = 0;
    Int128 place = 0;  // 0 = the highest worth.
  };
  // Number of levels that begin at or below it.
  std::size_t level_of(GpuTime attained) const {
    const auto it = std::upper_bound(levels_.begin(), levels_.end(), attained,
                                     [](GpuTime s, const Level& level) { return s < level.from; });
    return static_cast<std::size_t>(it - levels_.begin());
  }
  Int128 place_of(std::size_t level) const { return level == 0 ? 0 : levels_[level - 1].place; }

  Ranking::Rank rank(const WaitingJobView& job, Instant) const {
    return {place_of(level_of(job.attained)), job.submit.ns};
  }
  Ranking::Rank rank(const RunningJobView& job, Instant now) const {
    const std::size_t level = level_of(job.attained_at(now));
    Instant until = Instant::never();
    if (level < levels_.size()) until = reaches(levels_[level].from, job.attained, job.gpus, job.since);
    return {place_of(level), job.submit.ns, until};
  }

  void learn(const QueueView& view) {
    for (const EndedJobView& job : view.ended) {
      history_.push_back(job.attained);
      ++fresh_;
    }
    const auto most = static_cast<std::size_t>(params_.history);
    while (history_.size() > most) history_.pop_front();
    if (fresh_ > 0 && fresh_ >= history_.size() / 8) make_levels();
  }

  void make_levels() {
    fresh_ = 0;
    ranking_.forget();
    sorted_.assign(history_.begin(), history_.end());
    std::sort(sorted_.begin(), sorted_.end());
    const std::size_t n = sorted_.size(), count = static_cast<std::size_t>(params_.levels);
    levels_.clear();
    levels_.push_back({GpuTime{0}, worth_at(GpuTime{0})});
    for (std::size_t k = 1; k <= count; ++k) {
      const GpuTime from = sorted_[n * k / count - (n * k >= count ? 1 : 0)];
      if (from > levels_.back().from) levels_.push_back({from, worth_at(from)});
    }
    std::vector<double> worths;
    for (const Level& level : levels_) worths.push_back(level.worth);
    std::sort(worths.begin(), worths.end(), std::greater<>());
    for (Level& level : levels_) {
      level.place = std::lower_bound(worths.begin(), worths.end(), level.worth, std::greater<>()) - worths.begin();
    }
  }

  // G(s), per GPU-nanosecond.
  double worth_at(GpuTime s) const {
    const auto first = std::upper_bound(sorted_.begin(), sorted_.end(), s);
    const auto beyond = static_cast<double>(sorted_.end() - first);
    double best = 0, sum = 0, ended = 0;
    for (auto it = first; it != sorted_.end();) {
      const auto d = static_cast<double>((*it - s).gpu_ns);
      for (const GpuTime at = *it; it != sorted_.end() && *it == at; ++it, ++ended) sum += d;
      best = std::max(best, ended / (sum + (beyond - ended) * d));
    }
    return best;
  }

  Params params_;
  std::deque<GpuTime> history_;  // The latest at the back.
  std::size_t fresh_ = 0;        // Of them, not yet in the table.
  std::vector<GpuTime> sorted_;
  std::vector<Level> levels_;  // Ascending; empty before the first end.
  Ranking ranking_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_GITTINS_H_
