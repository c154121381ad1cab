// A cluster that is nothing but a number of GPUs, and one training queue: start times under a policy, in 60 lines.
//
// At each instant: ends, then arrivals, then decisions until the policy has no more.  Every answer is checked.
#ifndef JEVONS_TESTS_SUPPORT_QUEUE_SIMULATOR_H_
#define JEVONS_TESTS_SUPPORT_QUEUE_SIMULATOR_H_

#include <algorithm>
#include <set>
#include <vector>

#include "base/check.h"
#include "policies/api/training_queue.h"

namespace jevons::testing {

struct QueueJob {
  Instant submit;
  Gpus gpus;
  Duration run;
  Duration estimate;
};

// `jobs` by submit time; each needs at most `capacity`.  Returns the start of each job.
inline std::vector<Instant> simulate_queue(const std::vector<QueueJob>& jobs, Gpus capacity, TrainingQueue* queue) {
  std::vector<Instant> starts(jobs.size(), Instant::never());
  std::set<std::pair<Instant, std::uint32_t>> ends;
  std::vector<WaitingJobView> waiting;
  std::vector<RunningJobView> running;
  QueueDecision decision;
  Gpus free = capacity;
  std::size_t next = 0;
  while (next < jobs.size() || !ends.empty()) {
    const Instant arrival = next < jobs.size() ? jobs[next].submit : Instant::never();
    const Instant now = ends.empty() ? arrival : std::min(arrival, ends.begin()->first);
    while (!ends.empty() && ends.begin()->first == now) {
      const JobId id{ends.begin()->second};
      free += jobs[id.index].gpus;
      ends.erase(ends.begin());
      running.erase(std::find_if(running.begin(), running.end(), [&](const auto& r) { return r.id == id; }));
    }
    for (; next < jobs.size() && jobs[next].submit == now; ++next) {
      const QueueJob& j = jobs[next];
      waiting.push_back({JobId{static_cast<std::uint32_t>(next)}, j.submit, j.gpus, j.estimate, {}, 0, false});
    }
    do {
      decision.clear();
      queue->decide({now, free, capacity, waiting, running}, &decision);
      CHECK(decision.preempt.empty());
      for (const auto& [id, gpus, group] : decision.start) {
        const auto it = std::find_if(waiting.begin(), waiting.end(), [&](const auto& w) { return w.id == id; });
        CHECK(it != waiting.end() && it->gpus <= free);
        free -= it->gpus;
        starts[id.index] = now;
        ends.emplace(now + jobs[id.index].run, id.index);
        const RunningJobView view{id, it->submit, now, now + it->remaining_estimate, it->gpus};
        running.insert(std::upper_bound(running.begin(), running.end(), view,
                                        [](const auto& a, const auto& b) {
                                          return a.started != b.started ? a.started < b.started : a.id < b.id;
                                        }),
                       view);
        waiting.erase(it);
      }
    } while (!decision.start.empty());
  }
  CHECK(waiting.empty());
  return starts;
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_QUEUE_SIMULATOR_H_
