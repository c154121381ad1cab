// Training queues against referees written separately, second by second and as plainly as the papers say it (check 11).
#include <gtest/gtest.h>

#include "tests/policies/queue_instances.h"

namespace jevons::testing {
namespace {

// The whole schedule, one instant at a time, with no data structure but the list of jobs.
class Referee {
 public:
  explicit Referee(const Instance& instance) : jobs_(instance.jobs), capacity_(instance.capacity.value) {
    starts_.assign(jobs_.size(), -1);
  }

  template <class Rule>
  std::vector<Instant> run(Rule rule) {
    std::size_t left = jobs_.size();
    for (now_ = 0; left > 0; ++now_) {
      if (!something_happens()) continue;  // Nobody asks a queue at other instants.
      for (int started = 1; started >= 0;) {
        started = rule(*this);
        if (started >= 0) {
          starts_[static_cast<std::size_t>(started)] = now_;
          --left;
        }
      }
    }
    std::vector<Instant> out;
    for (const std::int64_t s : starts_) out.push_back(Instant{s});
    return out;
  }

  bool something_happens() const {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (jobs_[i].submit.ns == now_ || (starts_[i] >= 0 && starts_[i] + jobs_[i].run.ns == now_)) return true;
    }
    return false;
  }
  int size() const { return static_cast<int>(jobs_.size()); }
  const QueueJob& job(int i) const { return jobs_[static_cast<std::size_t>(i)]; }
  bool waits(int i) const { return starts_[static_cast<std::size_t>(i)] < 0 && job(i).submit.ns <= now_; }
  bool runs(int i) const {
    const std::int64_t s = starts_[static_cast<std::size_t>(i)];
    return s >= 0 && now_ < s + job(i).run.ns;
  }
  int free_now() const {
    int free = capacity_;
    for (int i = 0; i < size(); ++i) free -= runs(i) ? job(i).gpus.value : 0;
    return free;
  }
  bool fits(int i) const { return job(i).gpus.value <= free_now(); }
  int first_waiting() const {
    for (int i = 0; i < size(); ++i) {
      if (waits(i)) return i;
    }
    return -1;
  }
  // By estimate.  What is over its estimate ends in a moment.
  std::int64_t expected_end(int i) const {
    return std::max(starts_[static_cast<std::size_t>(i)] + job(i).estimate.ns, now_ + 1);
  }
  int free_at(std::int64_t t) const {
    int free = capacity_;
    for (int i = 0; i < size(); ++i) free -= runs(i) && expected_end(i) > t ? job(i).gpus.value : 0;
    return free;
  }
  std::int64_t now() const { return now_; }

 private:
  std::vector<QueueJob> jobs_;
  int capacity_;
  std::vector<std::int64_t> starts_;
  std::int64_t now_ = 0;
};

int fcfs(const Referee& r) {
  const int head = r.first_waiting();
  return head >= 0 && r.fits(head) ? head : -1;
}

int first_fit(const Referee& r) {
  for (int i = 0; i < r.size(); ++i) {
    if (r.waits(i) && r.fits(i)) return i;
  }
  return -1;
}

int shortest(const Referee& r, bool must_fit) {
  int best = -1;
  for (int i = 0; i < r.size(); ++i) {
    if (!r.waits(i) || (must_fit && !r.fits(i))) continue;
    if (best < 0 || r.job(i).estimate < r.job(best).estimate) best = i;
  }
  return best >= 0 && r.fits(best) ? best : -1;
}

// Mu'alem and Feitelson (2001): the head's shadow time is the first instant at which, if nothing else started, it would
// fit. Starting one job at a time and looking again is the same as once through the queue: a job that ends by the
// shadow time leaves it and the extra GPUs where they were, and one that uses extra GPUs is then itself among those
// that run then.
int easy(const Referee& r) {
  const int head = r.first_waiting();
  if (head < 0 || r.fits(head)) return head;
  std::int64_t shadow = r.now();
  while (r.free_at(shadow) < r.job(head).gpus.value) ++shadow;
  const int extra = r.free_at(shadow) - r.job(head).gpus.value;
  for (int i = 0; i < r.size(); ++i) {
    if (i == head || !r.waits(i) || !r.fits(i)) continue;
    if (r.now() + r.job(i).estimate.ns <= shadow || r.job(i).gpus.value <= extra) return i;
  }
  return -1;
}

template <class Rule>
void compare(const std::string& name, const ParamText& params, Rule rule, int instances) {
  RandomStream random(11, name);
  for (int i = 0; i < instances; ++i) {
    const Instance instance = random_instance(random, i % 2 == 0);
    const auto queue = make_queue(name, params);
    const std::vector<Instant> ours = simulate_queue(instance.jobs, instance.capacity, queue.get());
    const std::vector<Instant> theirs = Referee(instance).run(rule);
    ASSERT_EQ(ours, theirs) << "instance " << i << ": " << text_of(instance);
  }
}

TEST(QueueReferee, EasyBackfillStartsEveryJobExactlyWhenThePaperDoes) { compare("easy_backfill", {}, easy, 100'000); }
TEST(QueueReferee, FcfsStartsEveryJobExactlyWhenTheRefereeDoes) { compare("fcfs", {}, fcfs, 20'000); }
TEST(QueueReferee, FirstFitStartsEveryJobExactlyWhenTheRefereeDoes) { compare("first_fit", {}, first_fit, 20'000); }
TEST(QueueReferee, SjfThatBlocksStartsEveryJobExactlyWhenTheRefereeDoes) {
  compare(
      "sjf", {}, [](const Referee& r) { return shortest(r, false); }, 20'000);
}
TEST(QueueReferee, SjfThatSkipsStartsEveryJobExactlyWhenTheRefereeDoes) {
  compare(
      "sjf", {{"head_blocks", "false"}}, [](const Referee& r) { return shortest(r, true); }, 20'000);
}

}  // namespace
}  // namespace jevons::testing
