// Training queue: base demands first, then extra GPUs where they save most time.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_LYRA_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_LYRA_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "base/scaling.h"
#include "policies/api/training_queue.h"

namespace jevons {

// The job side of Lyra (Li et al., EuroSys 2023, section 5), in two phases.
//   1. Base demands: the GPUs that rigid jobs ask for, and the least that others run on.  What running elastic jobs
//      hold beyond theirs counts as free.  Shortest first, by the estimated time on the base demand; one that does not
//      fit is passed over.
//   2. Flexible demands: what is left goes to the elastic jobs that run and to the elastic and moldable ones that
//      start, as a multiple-choice knapsack: of each job one choice of extra GPUs, whose profit is the estimated time
//      it saves over the base demand.  Changing the GPUs of a running job costs `resize_cost` of its profit.  A dynamic
//      programme over the GPUs left; exact, except that beyond 4 million steps GPUs are counted in larger portions.
class LyraQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "lyra";
  static constexpr std::string_view kSummary =
      "Shortest job first on base demands; the GPUs left over go to elastic jobs where they save most time (Lyra, "
      "EuroSys 2023).";
  struct Params {
    Duration resize_cost = 1_min;  // This project's: stopping, reading a checkpoint and starting again.
    Duration grow_every{0};        // Lyra has none: its scheduler runs every few minutes.
  };
  static void describe(ParamTable<Params>& t) {
    t.add("resize_cost", &Params::resize_cost, Duration{0}, 24_h,
          "Change the GPUs of a running job only for more saved time than this.");
    t.add("grow_every", &Params::grow_every, Duration{0}, 24_h,
          "Give a running job more GPUs at most once in this; every change stops its steps for a while.");
  }
  explicit LyraQueue(const Params& params) : params_(params) {}

  bool wants_every_change() const override { return true; }  // Freed GPUs serve flexible demands.

  void decide(const QueueView& view, QueueDecision* decision) override {
    groups_.clear();
    std::int64_t left = view.free.value;
    for (const RunningJobView& job : view.running) {
      // Who was changed at this instant does not shrink: else two jobs might pass GPUs that suit one of them back and
      // forth for ever.
      const Gpus base = job.since == view.now ? job.gpus : least_gpus(*job.traits, asked_of(job));
      if (job.traits->flexibility != Flexibility::kElastic || job.gpus < base || job.leaving) continue;
      left += (job.gpus - base).value;
      const double work = std::max<double>(0, static_cast<double>((job.expected_end - view.now).ns)) * job.speed;
      groups_.push_back(
          {job.id, job.traits, asked_of(job), base, most_gpus(*job.traits, asked_of(job)), job.gpus, work, job.since});
    }
    running_ = groups_.size();
    start_bases(view, &left);
    share_out(left);
    for (std::size_t g = 0; g < groups_.size(); ++g) carry_out(groups_[g], g >= running_, view.now, decision);
  }

 private:
  // A job with a choice, or one that starts.
  struct Group {
    JobId id;
    const JobTraits* traits;
    Gpus asked, base, most;
    Gpus now;     // 0: it starts.
    double work;  // Nanoseconds on the GPUs asked.
    Instant since{};
    std::int64_t extra = 0;
    double seconds(std::int64_t gpus) const {
      const double speed = relative_speed(traits->scaling, asked, Gpus{static_cast<std::int32_t>(gpus)});
      return speed > 0 ? work / 1e9 / speed : 1e18;
    }
  };

  static Gpus asked_of(const RunningJobView& job) { return job.asked > Gpus{0} ? job.asked : job.gpus; }

  void start_bases(const QueueView& view, std::int64_t* left) {
    std::vector<Group> waiting;
    for (const WaitingJobView& job : view.waiting) {
      if (job.blocked) continue;
      const Gpus base = least_gpus(*job.traits, job.gpus);
      if (base.value > *left) continue;  // Nothing frees more.
      waiting.push_back({job.id, job.traits, job.gpus, base, most_gpus(*job.traits, job.gpus), Gpus{0},
                         static_cast<double>(job.remaining_estimate.ns)});
    }
    std::stable_sort(waiting.begin(), waiting.end(),
                     [](const Group& a, const Group& b) { return a.seconds(a.base.value) < b.seconds(b.base.value); });
    for (const Group& job : waiting) {
      if (job.base.value > *left) continue;
      *left -= job.base.value;
      groups_.push_back(job);
    }
  }

  double profit(const Group& group, std::int64_t extra) const {
    const std::int64_t gpus = group.base.value + extra;
    const double saved = group.seconds(group.base.value) - group.seconds(gpus);
    const bool resized = group.now > Gpus{0} && gpus != group.now.value;
    return saved - (resized ? params_.resize_cost.seconds() : 0);
  }

  // Every choice of a group: none, all, what it has, and multiples of `unit` between.
  void list_choices(const Group& group, std::int64_t left, std::int64_t unit) {
    choices_.clear();
    const std::int64_t most = std::min(left, std::int64_t{(group.most - group.base).value});
    for (std::int64_t extra = 0; extra <= most; extra += unit) choices_.push_back(extra);
    if (choices_.back() != most) choices_.push_back(most);
    const std::int64_t has = (group.now - group.base).value;
    if (has > 0 && has <= most) choices_.push_back(has);
  }

  void share_out(std::int64_t left) {
    std::vector<std::size_t> flexible;
    std::int64_t range = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (groups_[g].most <= groups_[g].base) continue;
      flexible.push_back(g);
      range += (groups_[g].most - groups_[g].base).value;
    }
    left = std::min(left, range);
    if (left <= 0) return;
    constexpr std::int64_t kMostSteps = 4'000'000;
    std::int64_t unit = 1;  // GPUs in which the programme counts.
    while ((range / unit + 3 * std::ssize(flexible)) * (left / unit + 1) > kMostSteps && unit < left) unit *= 2;
    const auto width = static_cast<std::size_t>(left / unit) + 1;
    const auto weight = [&](std::int64_t extra) { return static_cast<std::size_t>((extra + unit - 1) / unit); };
    std::vector<double> best(width, 0), next(width);  // By units at most.
    std::vector<std::int32_t> taken(flexible.size() * width, 0);
    for (std::size_t f = 0; f < flexible.size(); ++f) {
      list_choices(groups_[flexible[f]], left, unit);
      std::fill(next.begin(), next.end(), -1e300);
      for (const std::int64_t extra : choices_) {
        const double gain = profit(groups_[flexible[f]], extra);
        for (std::size_t r = weight(extra); r < width; ++r) {
          const double value = best[r - weight(extra)] + gain;
          if (value <= next[r]) continue;  // Of equals the first, which is the smallest.
          next[r] = value;
          taken[f * width + r] = static_cast<std::int32_t>(extra);
        }
      }
      best.swap(next);
    }
    std::size_t r = width - 1;
    for (std::size_t f = flexible.size(); f-- > 0;) {
      groups_[flexible[f]].extra = taken[f * width + r];
      r -= weight(groups_[flexible[f]].extra);
    }
  }

  void carry_out(const Group& group, bool starts, Instant now, QueueDecision* decision) const {
    const Gpus gpus = group.base + Gpus{static_cast<std::int32_t>(group.extra)};
    if (starts) {
      decision->start.push_back(JobStart(group.id, gpus == group.asked ? Gpus{0} : gpus));
    } else if (gpus > group.now && now < group.since + params_.grow_every) {
      decision->ask_again = std::min(decision->ask_again, group.since + params_.grow_every);
    } else if (gpus != group.now) {
      decision->resize.push_back({group.id, gpus});
    }
  }

  Params params_;
  std::vector<Group> groups_;  // Running elastic jobs, then those that start, in order.
  std::size_t running_ = 0;
  std::vector<std::int64_t> choices_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_LYRA_H_
