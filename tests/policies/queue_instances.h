// Small random instances for tests of training queues, and schedules of them in words.
#ifndef JEVONS_TESTS_POLICIES_QUEUE_INSTANCES_H_
#define JEVONS_TESTS_POLICIES_QUEUE_INSTANCES_H_

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/policies/builtins.h"
#include "tests/support/queue_simulator.h"

namespace jevons::testing {

struct Instance {
  std::vector<QueueJob> jobs;
  Gpus capacity{1};
};

// Few GPUs, few distinct times: ties and tight fits are the rule.  Estimates are right, too long or too short.
inline Instance random_instance(RandomStream& random, bool exact_estimates) {
  Instance instance;
  instance.capacity = Gpus{static_cast<std::int32_t>(1 + random.below(6))};
  const std::size_t n = 1 + random.below(9);
  for (std::size_t i = 0; i < n; ++i) {
    QueueJob job;
    job.submit = Instant{static_cast<std::int64_t>(random.below(12))};
    job.gpus = Gpus{static_cast<std::int32_t>(1 + random.below(static_cast<std::uint64_t>(instance.capacity.value)))};
    job.run = Duration{static_cast<std::int64_t>(1 + random.below(9))};
    job.estimate = exact_estimates ? job.run : Duration{static_cast<std::int64_t>(1 + random.below(12))};
    instance.jobs.push_back(job);
  }
  std::stable_sort(instance.jobs.begin(), instance.jobs.end(),
                   [](const QueueJob& a, const QueueJob& b) { return a.submit < b.submit; });
  return instance;
}

inline std::string text_of(const Instance& instance) {
  std::string out = std::to_string(instance.capacity.value) + " GPUs; (submit, gpus, run, estimate)";
  for (const QueueJob& j : instance.jobs) {
    out += " (" + std::to_string(j.submit.ns) + "," + std::to_string(j.gpus.value) + "," + std::to_string(j.run.ns) +
           "," + std::to_string(j.estimate.ns) + ")";
  }
  return out;
}

inline std::unique_ptr<TrainingQueue> make_queue(const std::string& name, const ParamText& params = {}) {
  return make_policy(builtins().training_queues, name, params);
}

inline Instant last_end(const Instance& instance, const std::vector<Instant>& starts) {
  Instant last{0};
  for (std::size_t i = 0; i < starts.size(); ++i) last = std::max(last, starts[i] + instance.jobs[i].run);
  return last;
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_POLICIES_QUEUE_INSTANCES_H_
