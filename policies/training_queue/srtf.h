// Training queue: shortest remaining time first, preemptive.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_SRTF_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_SRTF_H_

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/params.h"
#include "policies/training_queue/ranking.h"

namespace jevons {

// "shortest" of Tiresias' simulator (Gu et al., NSDI 2019) and, with weight_gpus, its "shortest-gpu" (SRSF: remaining
// time x GPUs), by estimate.  A job that runs beyond its estimate has nothing left.  Restoring a checkpoint and steps
// lost count as remaining time of a job that waits, but not against one that has just been started: else the two would
// change places for ever.
class SrtfQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "srtf";
  static constexpr std::string_view kSummary =
      "Run the jobs with the smallest estimated remaining time, stopping others for them.";
  struct Params {
    bool weight_gpus = false;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("weight_gpus", &Params::weight_gpus, "Compare remaining time x GPUs (SRSF) instead of remaining time.");
  }
  explicit SrtfQueue(const Params& params) : params_(params) {}

  void decide(const QueueView& view, QueueDecision* decision) override {
    ranking_.read(view, [&](const auto& job) { return rank(job, view.now); });
    if (!view.waiting.empty()) ranking_.decide(view.free, decision);
  }

 private:
  Ranking::Rank rank(const WaitingJobView& job, Instant) {
    when_waiting_[job.id] = job.remaining_estimate;
    return {weighed(job.remaining_estimate, job.gpus), job.submit.ns};
  }
  Ranking::Rank rank(const RunningJobView& job, Instant now) {
    return {weighed(remaining(job, now), job.asked > Gpus{0} ? job.asked : job.gpus), job.submit.ns, now};
  }
  Int128 weighed(Duration remaining, Gpus gpus) const {
    return static_cast<Int128>(remaining.ns) * (params_.weight_gpus ? gpus.value : 1);
  }
  // Run time on the GPUs asked.
  Duration remaining(const RunningJobView& job, Instant now) {
    Duration wall = std::max(job.expected_end - now, Duration{0});
    if (job.speed != 1.0) wall = {static_cast<std::int64_t>(std::min(9e18, static_cast<double>(wall.ns) * job.speed))};
    const Duration before = when_waiting_[job.id];
    return before > Duration{0} ? std::min(wall, before) : wall;
  }

  Params params_;
  Ranking ranking_;
  JobNotes<Duration> when_waiting_;  // Remaining estimate when last seen waiting.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_SRTF_H_
