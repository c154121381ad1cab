// Laws of training queues: monotonicity of FCFS (check 31), the anomaly of EASY (32), the exhaustive optimum (12).
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "tests/policies/queue_instances.h"

namespace jevons::testing {
namespace {

std::vector<Instant> starts_of(const std::string& policy, const Instance& instance, const ParamText& params = {}) {
  const auto queue = make_queue(policy, params);
  return simulate_queue(instance.jobs, instance.capacity, queue.get());
}

TEST(QueueLaws, FcfsStartsNoJobLaterWhenAGpuIsAddedOrAJobRemovedOrShortened) {
  RandomStream random(31, "fcfs");
  for (int i = 0; i < 50'000; ++i) {
    const Instance instance = random_instance(random, true);
    const std::vector<Instant> before = starts_of("fcfs", instance);
    Instance more = instance;
    more.capacity += Gpus{1};
    const std::vector<Instant> with_gpu = starts_of("fcfs", more);
    const std::size_t changed = random.below(instance.jobs.size());
    Instance shorter = instance;
    shorter.jobs[changed].run =
        Duration{1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(shorter.jobs[changed].run.ns)))};
    const std::vector<Instant> shortened = starts_of("fcfs", shorter);
    Instance fewer = instance;
    fewer.jobs.erase(fewer.jobs.begin() + static_cast<std::ptrdiff_t>(changed));
    const std::vector<Instant> removed = starts_of("fcfs", fewer);
    for (std::size_t j = 0; j < before.size(); ++j) {
      ASSERT_LE(with_gpu[j], before[j]) << text_of(instance);
      ASSERT_LE(shortened[j], before[j]) << text_of(instance);
      if (j == changed) continue;
      ASSERT_LE(removed[j - (j > changed ? 1 : 0)], before[j]) << text_of(instance);
    }
  }
}

// design/checks.md, 32: the anomaly itself, (arrival, GPUs, run time) = (1,2,5) (3,2,3) (3,1,5).
TEST(QueueLaws, EasyFinishesLaterWithAFourthGpu) {
  Instance instance{{{Instant{1}, Gpus{2}, Duration{5}, Duration{5}},
                     {Instant{3}, Gpus{2}, Duration{3}, Duration{3}},
                     {Instant{3}, Gpus{1}, Duration{5}, Duration{5}}},
                    Gpus{3}};
  EXPECT_EQ(last_end(instance, starts_of("easy_backfill", instance)), Instant{9});
  instance.capacity = Gpus{4};
  EXPECT_EQ(last_end(instance, starts_of("easy_backfill", instance)), Instant{11});
}

// EASY promises the head a start; with estimates that are never too short it keeps the promise whatever is backfilled,
// so the first job that ever waits starts no later than under FCFS.
TEST(QueueLaws, EasyNeverDelaysTheFirstJobThatWaits) {
  RandomStream random(32, "easy");
  for (int i = 0; i < 20'000; ++i) {
    const Instance instance = random_instance(random, true);
    const std::vector<Instant> fcfs = starts_of("fcfs", instance), easy = starts_of("easy_backfill", instance);
    for (std::size_t j = 0; j < fcfs.size(); ++j) {
      if (fcfs[j] == instance.jobs[j].submit) continue;
      ASSERT_LE(easy[j], fcfs[j]) << text_of(instance);
      break;
    }
  }
}

struct Best {
  std::int64_t makespan = std::numeric_limits<std::int64_t>::max();
  std::int64_t sum_of_ends = std::numeric_limits<std::int64_t>::max();
};

// For measures that only get worse when a job ends later, some order of placing each job at its earliest feasible time
// is optimal; so all orders are tried.
Best optimum(const Instance& instance) {
  Best best;
  std::vector<std::size_t> order(instance.jobs.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    std::vector<int> used(64, 0);
    std::int64_t makespan = 0, sum = 0;
    for (const std::size_t i : order) {
      const QueueJob& job = instance.jobs[i];
      std::int64_t start = job.submit.ns;
      for (std::int64_t t = start; t < start + job.run.ns; ++t) {
        if (used[static_cast<std::size_t>(t)] + job.gpus.value > instance.capacity.value) start = t + 1;
      }
      for (std::int64_t t = start; t < start + job.run.ns; ++t) used[static_cast<std::size_t>(t)] += job.gpus.value;
      makespan = std::max(makespan, start + job.run.ns);
      sum += start + job.run.ns;
    }
    best.makespan = std::min(best.makespan, makespan);
    best.sum_of_ends = std::min(best.sum_of_ends, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

void expect_no_better(const Instance& instance) {
  const Best best = optimum(instance);
  const bool list_bound = std::all_of(instance.jobs.begin(), instance.jobs.end(),
                                      [](const QueueJob& j) { return j.gpus == Gpus{1} && j.submit == Instant{0}; });
  const std::pair<std::string, ParamText> policies[] = {{"fcfs", {}},          {"first_fit", {}},
                                                        {"easy_backfill", {}}, {"conservative_backfill", {}},
                                                        {"sjf", {}},           {"sjf", {{"head_blocks", "false"}}}};
  for (const auto& [name, params] : policies) {
    const std::vector<Instant> starts = starts_of(name, instance, params);
    const std::int64_t makespan = last_end(instance, starts).ns;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < starts.size(); ++i) sum += starts[i].ns + instance.jobs[i].run.ns;
    ASSERT_GE(makespan, best.makespan) << name << ": " << text_of(instance);
    ASSERT_GE(sum, best.sum_of_ends) << name << ": " << text_of(instance);
    if (!list_bound) continue;
    // Graham (1969), (2 - 1/m) x optimum; and SJF is optimal for the mean on equal machines.
    const std::int64_t m = instance.capacity.value;
    ASSERT_LE(makespan * m, (2 * m - 1) * best.makespan) << name << ": " << text_of(instance);
    if (name != "sjf") continue;
    ASSERT_EQ(sum, best.sum_of_ends) << text_of(instance);
  }
}

// Every multiset of up to `most` jobs with these submit times, sizes and run times.
void each_instance(Instance* instance, std::size_t most, int from, int submits, int runs) {
  if (!instance->jobs.empty()) expect_no_better(*instance);
  if (::testing::Test::HasFatalFailure() || instance->jobs.size() == most) return;
  const int sizes = instance->capacity.value;
  for (int kind = from; kind < submits * sizes * runs; ++kind) {
    const Duration run{1 + kind % runs};
    instance->jobs.push_back({Instant{kind / (runs * sizes)}, Gpus{1 + kind / runs % sizes}, run, run});
    each_instance(instance, most, kind, submits, runs);
    instance->jobs.pop_back();
  }
}

TEST(QueueLaws, NoPolicyBeatsTheOptimumOfEverySmallInstance) {
  struct Grid {
    int gpus;
    std::size_t jobs;
    int submits, runs;
  };
  for (const Grid& grid : {Grid{1, 5, 2, 3}, Grid{2, 4, 2, 3}, Grid{2, 5, 1, 3}, Grid{3, 4, 2, 2}, Grid{4, 4, 1, 3}}) {
    Instance instance;
    instance.capacity = Gpus{grid.gpus};
    each_instance(&instance, grid.jobs, 0, grid.submits, grid.runs);
  }
}

TEST(QueueLaws, NoPolicyBeatsTheOptimumOfFiveJobsOnFourGpus) {
  RandomStream random(12, "optimum");
  for (int i = 0; i < 2'000; ++i) {
    Instance instance;
    instance.capacity = Gpus{4};
    const bool narrow = i % 4 == 0;  // Graham's case.
    for (int j = 0; j < 5; ++j) {
      const Duration run{static_cast<std::int64_t>(1 + random.below(6))};
      instance.jobs.push_back({Instant{narrow ? 0 : static_cast<std::int64_t>(random.below(5))},
                               Gpus{narrow ? 1 : static_cast<std::int32_t>(1 + random.below(4))}, run, run});
    }
    std::stable_sort(instance.jobs.begin(), instance.jobs.end(),
                     [](const QueueJob& a, const QueueJob& b) { return a.submit < b.submit; });
    expect_no_better(instance);
  }
}

// The least sum of ends and the least makespan when jobs may be stopped at any nanosecond for nothing: every set of
// jobs that fits, at every instant, once for each state.
class PreemptiveOptimum {
 public:
  static constexpr std::int64_t kAllCame = 4;  // No job is submitted later; from then on the instant does not matter.
  explicit PreemptiveOptimum(const Instance& instance) : instance_(instance) {}
  Best from(std::int64_t now, std::vector<std::int64_t> left) {
    if (std::all_of(left.begin(), left.end(), [](std::int64_t l) { return l == 0; })) return {0, 0};
    const auto known = known_.find({now, left});
    if (known != known_.end()) return known->second;
    Best best;
    for (unsigned set = 0; set < 1u << left.size(); ++set) {
      std::vector<std::int64_t> then = left;
      int gpus = 0;
      bool may = true;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if ((set >> i & 1u) == 0) continue;
        gpus += instance_.jobs[i].gpus.value;
        may = may && left[i] > 0 && instance_.jobs[i].submit.ns <= now;
        --then[i];
      }
      if (!may || gpus > instance_.capacity.value || (set == 0 && now >= kAllCame)) continue;
      const Best rest = from(std::min(now + 1, kAllCame), then);
      best.makespan = std::min(best.makespan, 1 + rest.makespan);
      best.sum_of_ends = std::min(best.sum_of_ends, unfinished(left) + rest.sum_of_ends);
    }
    return known_[{now, left}] = best;
  }

 private:
  static std::int64_t unfinished(const std::vector<std::int64_t>& left) {
    return std::count_if(left.begin(), left.end(), [](std::int64_t l) { return l > 0; });
  }
  Instance instance_;
  std::map<std::pair<std::int64_t, std::vector<std::int64_t>>, Best> known_;
};

// On one GPU SRTF is the optimum of the mean (Schrage, 1968).
TEST(QueueLaws, NoPreemptivePolicyBeatsThePreemptiveOptimum) {
  RandomStream random(12, "preemptive optimum");
  const std::pair<std::string, ParamText> policies[] = {{"srtf", {}},
                                                        {"srtf", {{"weight_gpus", "true"}}},
                                                        {"las", {{"thresholds", "2e-9,5e-9"}, {"promote_knob", "1"}}},
                                                        {"gittins", {}},
                                                        {"priority_aging", {{"age_scale", "2ns"}}}};
  for (int i = 0; i < 200; ++i) {
    Instance instance;
    instance.capacity = Gpus{i % 4 + 1};
    std::vector<std::int64_t> left;
    for (int j = 0; j < 4 + i % 8 / 4; ++j) {
      const Duration run{static_cast<std::int64_t>(1 + random.below(3))};
      const auto gpus = 1 + random.below(static_cast<std::uint64_t>(instance.capacity.value));
      instance.jobs.push_back({Instant{static_cast<std::int64_t>(random.below(4))},
                               Gpus{static_cast<std::int32_t>(gpus)}, run, run,
                               static_cast<std::int32_t>(random.below(2))});
    }
    std::stable_sort(instance.jobs.begin(), instance.jobs.end(),
                     [](const QueueJob& a, const QueueJob& b) { return a.submit < b.submit; });
    for (const QueueJob& j : instance.jobs) left.push_back(j.run.ns);
    const Best best = PreemptiveOptimum(instance).from(0, left);
    for (const auto& [name, params] : policies) {
      const QueueRun run = run_queue(instance.jobs, instance.capacity, make_queue(name, params).get());
      std::int64_t sum = 0, makespan = 0;
      for (const Instant end : run.ends) {
        sum += end.ns;
        makespan = std::max(makespan, end.ns);
      }
      ASSERT_GE(makespan, best.makespan) << name << ": " << text_of(instance);
      ASSERT_GE(sum, best.sum_of_ends) << name << ": " << text_of(instance);
      if (name != "srtf" || instance.capacity != Gpus{1}) continue;
      ASSERT_EQ(sum, best.sum_of_ends) << text_of(instance);
    }
  }
}

}  // namespace
}  // namespace jevons::testing
