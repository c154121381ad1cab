// Preemptive training queues and conservative backfilling against referees written separately, instant by instant
// (check 11); hand-worked orders of those whose ranks come from tables.
#include <gtest/gtest.h>

#include <functional>

#include "tests/policies/queue_instances.h"

namespace jevons::testing {
namespace {

// All jobs, one nanosecond at a time, with nothing but their counters.  Every instant is looked at, so a policy that
// forgets to ask for its turn when a threshold is crossed is found out.
class Referee {
 public:
  struct Job {
    QueueJob asked;
    std::int64_t ran = 0;  // In all.
    bool runs = false, came = false, over = false;
    std::int64_t first_start = -1, stopped = -1;  // `stopped`: or came.
    std::int64_t began = 0, began_with = 0;       // Of this run: when, and with what estimate left.
    std::int64_t forgiven = 0;                    // `ran` when last promoted (LAS).
    std::int64_t end = -1;
    std::int64_t estimate_left() const { return std::max<std::int64_t>(asked.estimate.ns - ran, 1); }
  };
  explicit Referee(const Instance& instance) : capacity_(instance.capacity.value) {
    for (const QueueJob& j : instance.jobs) {
      jobs_.emplace_back();
      jobs_.back().asked = j;
    }
  }

  // Who runs from now on: a list of positions, to be filled.
  using Rule = std::function<std::vector<std::size_t>(Referee&)>;
  std::vector<std::int64_t> run(const Rule& rule) {
    std::size_t left = jobs_.size();
    for (now_ = 0; left > 0; ++now_) {
      event_ = false;
      for (Job& j : jobs_) {
        if (j.runs && j.ran == j.asked.run.ns) {
          j.runs = false;
          j.over = event_ = true;
          j.end = now_;
          --left;
        }
        if (j.asked.submit.ns == now_) {
          j.came = event_ = true;
          j.stopped = now_;
        }
      }
      const std::vector<std::size_t> chosen = rule(*this);
      for (std::size_t i = 0; i < jobs_.size(); ++i) set(i, std::count(chosen.begin(), chosen.end(), i) > 0);
      for (Job& j : jobs_) j.ran += j.runs ? 1 : 0;
    }
    std::vector<std::int64_t> ends;
    for (const Job& j : jobs_) ends.push_back(j.end);
    return ends;
  }

  // By (key, submission): those that fit, one after the other.
  std::vector<std::size_t> walk(const std::function<std::pair<std::int64_t, std::int64_t>(const Job&)>& key) const {
    std::vector<std::pair<std::pair<std::int64_t, std::int64_t>, std::size_t>> order;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (jobs_[i].came && !jobs_[i].over) order.push_back({key(jobs_[i]), i});
    }
    std::sort(order.begin(), order.end());
    std::vector<std::size_t> chosen;
    int free = capacity_;
    for (const auto& [rank, i] : order) {
      if (jobs_[i].asked.gpus.value > free) continue;
      free -= jobs_[i].asked.gpus.value;
      chosen.push_back(i);
    }
    return chosen;
  }
  std::vector<std::size_t> as_before() const {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (jobs_[i].runs) chosen.push_back(i);
    }
    return chosen;
  }
  std::vector<Job>& jobs() { return jobs_; }
  std::int64_t now() const { return now_; }
  bool event() const { return event_; }
  int capacity() const { return capacity_; }

 private:
  void set(std::size_t i, bool runs) {
    Job& j = jobs_[i];
    if (runs && !j.runs) {
      if (j.first_start < 0) j.first_start = now_;
      j.began = now_;
      j.began_with = j.estimate_left();
    }
    if (!runs && j.runs) j.stopped = now_;
    j.runs = runs;
  }
  std::vector<Job> jobs_;
  int capacity_;
  std::int64_t now_ = 0;
  bool event_ = false;
};

std::vector<std::size_t> srtf(Referee& r, bool weighed) {
  if (!r.event()) return r.as_before();
  return r.walk([&](const Referee::Job& j) {
    const std::int64_t left =
        j.runs ? std::max<std::int64_t>(j.began_with - (r.now() - j.began), 0) : j.estimate_left();
    return std::pair(left * (weighed ? j.asked.gpus.value : 1), j.asked.submit.ns);
  });
}

// Thresholds 6 and 15 GPU-nanoseconds; promoted after waiting more than `knob` times the run time.
std::vector<std::size_t> las(Referee& r, int knob) {
  const auto queue = [](const Referee::Job& j) {
    const std::int64_t service = j.asked.gpus.value * (j.ran - j.forgiven);
    return (service >= 6 ? 1 : 0) + (service >= 15 ? 1 : 0);
  };
  for (Referee::Job& j : r.jobs()) {
    const bool waits = j.came && !j.over && !j.runs;
    if (waits && knob > 0 && queue(j) > 0 && r.now() - j.stopped > knob * (j.ran - j.forgiven)) j.forgiven = j.ran;
  }
  return r.walk([&](const Referee::Job& j) {
    return std::pair<std::int64_t, std::int64_t>(queue(j), j.first_start < 0 ? 1'000'000 : j.first_start);
  });
}

std::vector<std::size_t> aging(Referee& r, int scale) {
  return r.walk([&](const Referee::Job& j) {
    const std::int64_t waited = r.now() - j.asked.submit.ns - j.ran;
    return std::pair(-(j.asked.priority + waited / scale), j.runs ? -1 : j.asked.submit.ns);
  });
}

// From scratch at every event: each waiting job, in order of submission, gets the earliest instant at which it fits.
std::vector<std::size_t> conservative(Referee& r) {
  std::vector<std::size_t> chosen = r.as_before();
  if (!r.event()) return chosen;
  std::vector<int> used(400, 0);  // From now on.
  const auto take = [&](std::int64_t from, std::int64_t length, int gpus) {
    for (std::int64_t t = from; t < from + length; ++t) used[static_cast<std::size_t>(t)] += gpus;
  };
  for (const std::size_t i : chosen) {
    const Referee::Job& j = r.jobs()[i];
    take(0, std::max<std::int64_t>(j.began + j.began_with - r.now(), 1), j.asked.gpus.value);
  }
  for (std::size_t i = 0; i < r.jobs().size(); ++i) {
    const Referee::Job& j = r.jobs()[i];
    if (!j.came || j.over || j.runs) continue;
    std::int64_t start = 0;
    for (std::int64_t t = 0; t < start + j.estimate_left(); ++t) {
      if (used[static_cast<std::size_t>(t)] + j.asked.gpus.value > r.capacity()) start = t + 1;
    }
    take(start, j.estimate_left(), j.asked.gpus.value);
    if (start == 0) chosen.push_back(i);
  }
  return chosen;
}

void compare(const std::string& name, const ParamText& params, const Referee::Rule& rule, int instances) {
  RandomStream random(11, name);
  std::size_t preemptions = 0;
  for (int i = 0; i < instances; ++i) {
    Instance instance = random_instance(random, i % 2 == 0);
    for (QueueJob& j : instance.jobs) j.priority = static_cast<std::int32_t>(random.below(3));
    const auto queue = make_queue(name, params);
    const QueueRun ours = run_queue(instance.jobs, instance.capacity, queue.get());
    preemptions += ours.preemptions;
    std::vector<std::int64_t> ends;
    for (const Instant t : ours.ends) ends.push_back(t.ns);
    ASSERT_EQ(ends, Referee(instance).run(rule)) << "instance " << i << ": " << text_of(instance);
  }
  EXPECT_EQ(preemptions > 0, name != "conservative_backfill");
}

TEST(QueueReferee, SrtfEndsEveryJobExactlyWhenTheRefereeDoes) {
  compare(
      "srtf", {}, [](Referee& r) { return srtf(r, false); }, 50'000);
}
TEST(QueueReferee, SrsfEndsEveryJobExactlyWhenTheRefereeDoes) {
  compare(
      "srtf", {{"weight_gpus", "true"}}, [](Referee& r) { return srtf(r, true); }, 50'000);
}
TEST(QueueReferee, ConservativeBackfillEndsEveryJobExactlyWhenTheRefereeDoes) {
  compare("conservative_backfill", {}, conservative, 50'000);
}
TEST(QueueReferee, LasEndsEveryJobExactlyWhenTheRefereeDoes) {
  compare(
      "las", {{"thresholds", "6e-9,15e-9"}}, [](Referee& r) { return las(r, 0); }, 30'000);
}
TEST(QueueReferee, LasThatPromotesEndsEveryJobExactlyWhenTheRefereeDoes) {
  compare(
      "las", {{"thresholds", "6e-9,15e-9"}, {"promote_knob", "1"}}, [](Referee& r) { return las(r, 1); }, 30'000);
}
TEST(QueueReferee, PriorityAgingEndsEveryJobExactlyWhenTheRefereeDoes) {
  compare(
      "priority_aging", {{"age_scale", "4ns"}}, [](Referee& r) { return aging(r, 4); }, 30'000);
}

}  // namespace
}  // namespace jevons::testing
