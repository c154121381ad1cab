// Training queue: classes of priority, in which waiting jobs rise.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/training_queue/ranking.h"

namespace jevons {

// Class = the job's priority + one for every whole `age_scale` it has waited in all.  The highest class runs first; in
// a class those that run keep their GPUs and the others follow by submission.  So only a higher class stops a job, and
// a job's class stands still while it runs.  No estimates.
class PriorityAgingQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "priority_aging";
  static constexpr std::string_view kSummary =
      "Run the highest class first, stopping lower ones for it; a waiting job rises a class every age_scale.";
  struct Params {
    Duration age_scale = 12_h;  // Ours.
  };
  static void describe(ParamTable<Params>& t) {
    t.add("age_scale", &Params::age_scale, 1_ns, 8760_h, "Time of waiting that raises a job by one class.");
  }
  explicit PriorityAgingQueue(const Params& params) : scale_(params.age_scale) {}

  void decide(const QueueView& view, QueueDecision* decision) override {
    if (view.waiting.empty()) return;
    ranking_.clear();
    running_.clear();
    for (const RunningJobView& job : view.running) {
      const std::int64_t c = job.traits->priority + waited(job.submit, job.ran_at(view.now), view.now) / scale_.ns;
      const auto at = std::lower_bound(running_.begin(), running_.end(), c,
                                       [](const Class& k, std::int64_t number) { return k.number < number; });
      (at == running_.end() || at->number != c ? running_.insert(at, {c, Gpus{0}}) : at)->gpus += job.gpus;
      ranking_.add(job, -static_cast<Int128>(c), -1);
    }
    Gpus sum = view.free;
    for (Class& k : running_) k.gpus = sum += k.gpus;
    const bool blocked =
        std::any_of(view.waiting.begin(), view.waiting.end(), [](const WaitingJobView& w) { return w.blocked; });
    Instant next = Instant::never();
    for (const WaitingJobView& job : view.waiting) {
      const std::int64_t age = waited(job.submit, job.ran, view.now);
      const std::int64_t level = age / scale_.ns, c = job.traits->priority + level;
      ranking_.add(job, -static_cast<Int128>(c), job.submit.ns);
      const std::int64_t steps = steps_to_gpus(job.gpus, c, blocked);
      if (steps == kNever) continue;
      const std::int64_t rises_in = steps > kFar / scale_.ns ? kFar : steps * scale_.ns - (age - level * scale_.ns);
      if (rises_in < (Instant::never() - view.now).ns) next = std::min(next, view.now + Duration{rises_in});
    }
    ranking_.decide(view.free, decision);
    decision->ask_again = next;
  }

 private:
  struct Class {
    std::int64_t number;
    Gpus gpus;  // Of those that run in it or a lower one, and idle ones.
  };
  static constexpr std::int64_t kNever = 0;
  static constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;
  // Classes that a waiting job of class c must rise to pass so many running jobs that it fits: until then, if this round
  // comes to nothing, all stays as it is.  With jobs that are blocked, every rise above a running job is a new chance.
  std::int64_t steps_to_gpus(Gpus gpus, std::int64_t c, bool blocked) const {
    if (running_.empty()) return kNever;
    if (blocked) return std::max<std::int64_t>(1, running_.front().number + 1 - c);
    auto at = std::partition_point(running_.begin(), running_.end(), [&](const Class& k) { return k.gpus < gpus; });
    while (at != running_.end() && at->number < c) ++at;
    return at == running_.end() ? kNever : at->number + 1 - c;
  }
  static std::int64_t waited(Instant submit, Duration ran, Instant now) {
    return std::max<std::int64_t>(0, (now - submit - ran).ns);
  }
  Duration scale_;
  std::vector<Class> running_;  // Ascending; kept for its memory only.
  Ranking ranking_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_
