// Training queue: classes of priority, in which waiting jobs rise.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_

#include <algorithm>
#include <cstdint>
#include <limits>
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
  explicit PriorityAgingQueue(const Params& params) : scale_(params.age_scale), far_steps_(kFar / scale_.ns) {}

  void decide(const QueueView& view, QueueDecision* decision) override {
    if (view.waiting.empty()) return;
    ranking_.clear();
    std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
    for (const RunningJobView& job : view.running) {
      const std::int64_t c = job.traits->priority + waited(job.submit, job.ran_at(view.now), view.now) / scale_.ns;
      lowest = std::min(lowest, c);
      ranking_.add(job, -static_cast<Int128>(c), -1);
    }
    Instant next = Instant::never();
    for (const WaitingJobView& job : view.waiting) {
      const std::int64_t age = waited(job.submit, job.ran, view.now);
      Level& level = levels_[job.id];
      if (age < level.from || age - level.from >= scale_.ns) level = {age / scale_.ns, age / scale_.ns * scale_.ns};
      const std::int64_t c = job.traits->priority + level.number;
      ranking_.add(job, -static_cast<Int128>(c), job.submit.ns);
      // Rising changes something only once it is above some running job.
      const std::int64_t steps = std::max<std::int64_t>(1, lowest == kNone ? 1 : lowest + 1 - c);
      const std::int64_t rises_in = steps > far_steps_ ? kFar : steps * scale_.ns - (age - level.from);
      if (lowest != kNone && rises_in < (Instant::never() - view.now).ns) {
        next = std::min(next, view.now + Duration{rises_in});
      }
    }
    ranking_.decide(view.free, decision);
    decision->ask_again = next;
  }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;
  struct Level {  // Whole scales of waiting, and the age that has just so many.
    std::int64_t number = 0, from = 0;
  };
  static std::int64_t waited(Instant submit, Duration ran, Instant now) {
    return std::max<std::int64_t>(0, (now - submit - ran).ns);
  }
  Duration scale_;
  std::int64_t far_steps_;
  JobNotes<Level> levels_;  // Of waiting jobs when last seen: it saves most divisions.
  Ranking ranking_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_PRIORITY_AGING_H_
