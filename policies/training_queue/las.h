// Training queue: least attained service, in discrete queues (Tiresias).
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_LAS_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_LAS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "base/text.h"
#include "policies/training_queue/ranking.h"

namespace jevons {

// Discretised 2D-LAS (Gu et al., NSDI 2019, sections 3.2 and 3.3).  Service = GPUs x time.  A job is in the queue of
// the thresholds its service has reached: 0 below the first, 1 below the second, ...  Queue by queue, by time of first
// start within one (never started: last, by submission).  A job that has waited more than promote_knob x the time it
// has run goes back to the first queue, and its service counts from nought again.  No estimates.
//
// Our default of one threshold at one GPU-hour: K = 2 as in the paper, which names no universal threshold.
class LasQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "las";
  static constexpr std::string_view kSummary =
      "Tiresias' 2D-LAS: jobs that have had the least GPU time run first, in a few discrete queues; others stop for "
      "them.";
  struct Params {
    std::string thresholds = "3600";
    double promote_knob = 0;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("thresholds", &Params::thresholds, "GPU-seconds in ascending order, as in '3600,36000'",
          "GPU time at which a job falls into the next queue; one number fewer than there are queues.",
          [](std::string_view text) { return !read_thresholds(text).empty(); });
    t.add("promote_knob", &Params::promote_knob, 0, 1e6,
          "A job that has waited for more than this many times its run time returns to the first queue; 0 = never.");
  }
  explicit LasQueue(const Params& p) : thresholds_(read_thresholds(p.thresholds)), promote_knob_(p.promote_knob) {}

  void decide(const QueueView& view, QueueDecision* decision) override {
    ranking_.read(view, [&](const auto& job) { return rank(job, view.now); });
    if (view.waiting.empty()) return;
    ranking_.decide(view.free, decision);
    decision->ask_again = ranking_.next_change();
  }

 private:
  struct Note {
    Instant first_start = Instant::never();
    GpuTime forgiven{};  // Attained when last promoted.
    Duration ran{};      // Likewise.
  };

  // Empty: not a list of ascending positive numbers.
  static std::vector<GpuTime> read_thresholds(std::string_view text) {
    std::vector<GpuTime> out;
    while (true) {
      const std::size_t comma = text.find(',');
      const auto seconds = parse_double(text.substr(0, comma));
      if (!seconds || !(*seconds >= 1e-9 && *seconds <= 1e15)) return {};
      const GpuTime t{static_cast<Int128>(std::round(*seconds * 1e9))};
      if (!out.empty() && t <= out.back()) return {};
      out.push_back(t);
      if (comma == std::string_view::npos) return out;
      text.remove_prefix(comma + 1);
    }
  }
  std::size_t queue_of(GpuTime service) const {
    return static_cast<std::size_t>(std::upper_bound(thresholds_.begin(), thresholds_.end(), service) -
                                    thresholds_.begin());
  }

  Ranking::Rank rank(const WaitingJobView& job, Instant now) {
    Note& note = notes_[job.id];
    const auto queue = static_cast<Int128>(queue_of(job.attained - note.forgiven));
    if (queue == 0 || promote_knob_ == 0) return {queue, note.first_start.ns};
    const double patience = promote_knob_ * static_cast<double>((job.ran - note.ran).ns);
    const Instant due =
        patience < 4e18 ? job.waiting_since + Duration{static_cast<std::int64_t>(patience) + 1} : Instant::never();
    if (due > now) return {queue, note.first_start.ns, due};
    note.forgiven = job.attained;
    note.ran = job.ran;
    return {0, note.first_start.ns};
  }
  Ranking::Rank rank(const RunningJobView& job, Instant now) {
    Note& note = notes_[job.id];
    note.first_start = std::min(note.first_start, job.started);
    const std::size_t queue = queue_of(job.attained_at(now) - note.forgiven);
    Instant until = Instant::never();
    if (queue < thresholds_.size()) {
      until = reaches(thresholds_[queue] + note.forgiven, job.attained, job.gpus, job.since);
    }
    return {static_cast<Int128>(queue), note.first_start.ns, until};
  }

  std::vector<GpuTime> thresholds_;
  double promote_knob_;
  JobNotes<Note> notes_;
  Ranking ranking_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_LAS_H_
