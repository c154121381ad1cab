// A cluster that is nothing but a number of GPUs, and one training queue: what it does with a list of jobs.
//
// At each instant: ends, then arrivals, then decisions until the policy has no more.  Stopping and starting again is
// free, and no work is lost.  Every answer is checked.
#ifndef JEVONS_TESTS_SUPPORT_QUEUE_SIMULATOR_H_
#define JEVONS_TESTS_SUPPORT_QUEUE_SIMULATOR_H_

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "policies/api/training_queue.h"

namespace jevons::testing {

struct QueueJob {
  Instant submit;
  Gpus gpus;
  Duration run;
  Duration estimate;
  std::int32_t priority = 0;
};

struct QueueRun {
  std::vector<Instant> starts, ends;  // First start and end of each job.
  std::size_t preemptions = 0;
  std::size_t calls = 0;  // Of the policy.
};

class QueueSimulator {
 public:
  // `jobs` by submit time; each needs at most `capacity`.
  QueueSimulator(const std::vector<QueueJob>& jobs, Gpus capacity, TrainingQueue* queue)
      : jobs_(jobs), capacity_(capacity), free_(capacity), queue_(queue), states_(jobs.size()), traits_(jobs.size()) {
    run_.starts.assign(jobs.size(), Instant::never());
    run_.ends = run_.starts;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      states_[i].left = jobs[i].run;
      states_[i].estimate_left = jobs[i].estimate;
      traits_[i].priority = jobs[i].priority;
    }
  }

  QueueRun run() {
    while (next_ < jobs_.size() || !ends_.empty()) {
      const Instant arrival = next_ < jobs_.size() ? jobs_[next_].submit : Instant::never();
      const Instant end = ends_.empty() ? Instant::never() : ends_.begin()->first;
      now_ = std::min({arrival, end, ask_});
      while (!ends_.empty() && ends_.begin()->first == now_) complete(JobId{ends_.begin()->second});
      for (; next_ < jobs_.size() && jobs_[next_].submit == now_; ++next_) {
        wait(JobId{static_cast<std::uint32_t>(next_)});
      }
      decide();
    }
    CHECK(waiting_.empty());
    return std::move(run_);
  }

 private:
  struct State {
    Duration left{}, estimate_left{}, ran{};
    GpuTime attained{};
    std::int32_t preemptions = 0;
    Instant started{};
  };

  void decide() {
    const std::size_t limit = 4 * (waiting_.size() + running_.size()) + 16;
    for (std::size_t round = 0;; ++round) {
      CHECK(round <= limit);  // Round in circles.
      QueueDecision d;
      ++run_.calls;
      queue_->decide({.now = now_,
                      .free = free_,
                      .capacity = capacity_,
                      .waiting = waiting_,
                      .running = running_,
                      .ended = ended_},
                     &d);
      ended_.clear();
      CHECK(d.resize.empty());
      for (const JobId id : d.preempt) stop(id);
      for (const JobStart& start : d.start) {
        CHECK(std::find(d.preempt.begin(), d.preempt.end(), start.job) == d.preempt.end());
        begin(start.job);
      }
      ask_ = d.ask_again;
      CHECK(ask_ > now_);
      if (d.preempt.empty() && d.start.empty()) return;
    }
  }

  void wait(JobId id) {
    const State& s = states_[id.index];
    WaitingJobView view{.id = id,
                        .submit = jobs_[id.index].submit,
                        .gpus = jobs_[id.index].gpus,
                        .remaining_estimate = std::max(s.estimate_left, Duration{1}),
                        .tenant = {}};
    view.preemptions = s.preemptions;
    view.attained = s.attained;
    view.ran = s.ran;
    view.waiting_since = now_;
    view.traits = &traits_[id.index];
    const auto at =
        std::lower_bound(waiting_.begin(), waiting_.end(), id, [](const auto& w, JobId i) { return w.id < i; });
    waiting_.insert(at, view);
  }
  void begin(JobId id) {
    const auto w =
        std::lower_bound(waiting_.begin(), waiting_.end(), id, [](const auto& v, JobId i) { return v.id < i; });
    CHECK(w != waiting_.end() && w->id == id && w->gpus <= free_);
    State& s = states_[id.index];
    free_ -= w->gpus;
    s.started = now_;
    run_.starts[id.index] = std::min(run_.starts[id.index], now_);
    ends_.emplace(now_ + s.left, id.index);
    RunningJobView view{.id = id, .submit = w->submit, .started = now_, .expected_end = {}, .gpus = w->gpus};
    view.expected_end =
        w->remaining_estimate >= Instant::never() - now_ ? Instant::never() : now_ + w->remaining_estimate;
    view.asked = w->gpus;
    view.since = now_;
    view.attained = s.attained;
    view.ran = s.ran;
    view.traits = w->traits;
    const auto before = [](const auto& a, const auto& b) {
      return std::tie(a.started, a.id) < std::tie(b.started, b.id);
    };
    running_.insert(std::upper_bound(running_.begin(), running_.end(), view, before), view);
    waiting_.erase(w);
  }
  void leave(JobId id) {
    const auto r = std::find_if(running_.begin(), running_.end(), [&](const auto& v) { return v.id == id; });
    CHECK(r != running_.end());
    running_.erase(r);
    State& s = states_[id.index];
    const Duration ran = now_ - s.started;
    ends_.erase({s.started + s.left, id.index});
    free_ += jobs_[id.index].gpus;
    s.ran += ran;
    s.attained += jobs_[id.index].gpus * ran;
    s.left = s.left - ran;
    s.estimate_left = s.estimate_left - ran;
  }
  void complete(JobId id) {
    leave(id);
    run_.ends[id.index] = now_;
    ended_.push_back({id, jobs_[id.index].gpus, states_[id.index].attained, states_[id.index].ran});
  }
  void stop(JobId id) {
    leave(id);
    ++states_[id.index].preemptions;
    ++run_.preemptions;
    wait(id);
  }

  const std::vector<QueueJob>& jobs_;
  Gpus capacity_, free_;
  TrainingQueue* queue_;
  std::vector<State> states_;
  std::vector<JobTraits> traits_;
  std::set<std::pair<Instant, std::uint32_t>> ends_;
  std::vector<WaitingJobView> waiting_;
  std::vector<RunningJobView> running_;
  std::vector<EndedJobView> ended_;
  std::size_t next_ = 0;
  Instant now_{}, ask_ = Instant::never();
  QueueRun run_;
};

inline QueueRun run_queue(const std::vector<QueueJob>& jobs, Gpus capacity, TrainingQueue* queue) {
  return QueueSimulator(jobs, capacity, queue).run();
}

// The first start of each job.
inline std::vector<Instant> simulate_queue(const std::vector<QueueJob>& jobs, Gpus capacity, TrainingQueue* queue) {
  return run_queue(jobs, capacity, queue).starts;
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_QUEUE_SIMULATOR_H_
