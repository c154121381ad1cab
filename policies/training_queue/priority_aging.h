// Training queue: classes of priority, in which waiting jobs rise.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_

#include <algorithm>
#include <cstdint>
#include <string_view>

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
    ranking_.read(view, [&](const auto& job) { return rank(job, view.now); });
    if (view.waiting.empty()) return;
    ranking_.decide(view.free, decision);
    const JobRank* last = ranking_.last_running();
    if (last == nullptr) return;
    // Rising changes something only once it is above some running job.
    ranking_.for_each_until([&](Int128 first, Instant rises) {
      const Int128 above = rises.ns + std::max<Int128>(0, first - last->first) * scale_.ns;
      if (above < decision->ask_again.ns) decision->ask_again = Instant{static_cast<std::int64_t>(above)};
    });
  }

 private:
  Ranking::Rank rank(const WaitingJobView& job, Instant now) const {
    const Duration age = waited(job.submit, job.ran, now);
    const Duration rises_in = scale_ - Duration{age.ns % scale_.ns};
    const Instant rises = rises_in < Instant::never() - now ? now + rises_in : Instant::never();
    return {-class_of(*job.traits, age), job.submit.ns, rises};
  }
  Ranking::Rank rank(const RunningJobView& job, Instant now) const {
    return {-class_of(*job.traits, waited(job.submit, job.ran_at(now), now)), -1};
  }
  Int128 class_of(const JobTraits& traits, Duration age) const {
    return static_cast<Int128>(traits.priority) + age.ns / scale_.ns;
  }
  static Duration waited(Instant submit, Duration ran, Instant now) {
    return std::max(Duration{0}, now - submit - ran);
  }

  Duration scale_;
  Ranking ranking_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_
