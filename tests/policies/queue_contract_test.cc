// Every training queue that ships, on random views with all that a view can hold (groups, tenants, elastic and moldable
// jobs, deadlines, priorities, jobs that cannot be placed): the answers keep the contract of the API, at a clock that
// goes on, and the same inputs give the same answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <vector>

#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

constexpr int kViews = 3000;

std::int32_t up_to(RandomStream& random, std::int64_t most) {
  return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(most) + 1));
}

struct RichView {
  std::deque<JobTraits> traits;
  std::vector<WaitingJobView> waiting;
  std::vector<RunningJobView> running;
  std::vector<QueueGroupView> groups;
  std::vector<TenantView> tenants;
  std::vector<PromisedJobView> promised;
  QueueView view;

  // What a job is does not change from view to view.
  static Gpus asked_by(std::uint32_t id) { return Gpus{1 + static_cast<std::int32_t>(id * 7 % 9)}; }
  const JobTraits* traits_of(std::uint32_t id) {
    RandomStream random(id, "job");
    const Gpus asked = asked_by(id);
    JobTraits t;
    t.tenant = static_cast<std::uint32_t>(up_to(random, 2));
    t.priority = up_to(random, 4) - 2;
    if (random.below(3) == 0) t.deadline = Instant{0} + up_to(random, 400'000) * 1_s;
    t.flexibility = static_cast<Flexibility>(random.below(3));
    if (t.flexibility != Flexibility::kRigid && random.below(4) > 0) {
      t.min_gpus = Gpus{1 + up_to(random, asked.value - 1)};
      t.max_gpus = asked + Gpus{up_to(random, 8)};
      double speed = 0.2;
      for (int g = 1; g < 12; g += 1 + up_to(random, 3)) t.scaling.push_back({Gpus{g}, speed += random.uniform()});
    }
    if (random.below(2) == 0)
      t.speed_by_group = {0.5 + random.uniform(), random.below(3) == 0 ? 0.0 : random.uniform()};
    t.cpus = random.below(2) == 0 ? 0 : 8 * random.uniform();
    t.memory = Bytes{up_to(random, 3) * 1'000'000};
    traits.push_back(std::move(t));
    return &traits.back();
  }

  RichView(RandomStream& random, Instant now) {
    for (std::uint32_t g = 0; g < 2; ++g) groups.push_back({GroupId{g}, Gpus{up_to(random, 8)}, {}, 2.0 + g});
    std::uint32_t id = static_cast<std::uint32_t>(up_to(random, 20));  // Some of the last view's come again.
    for (int n = up_to(random, 10); n > 0; --n, id += 1 + static_cast<std::uint32_t>(up_to(random, 2))) {
      const Duration estimate = random.below(50) == 0 ? Duration::max() : (1 + up_to(random, 4000)) * 1_s;
      waiting.push_back({JobId{id}, Instant{id}, asked_by(id), estimate, "t", up_to(random, 1), random.below(6) == 0});
      waiting.back().traits = traits_of(id);
      waiting.back().ran = up_to(random, 900) * 1_s;
      waiting.back().waiting_since = random.below(4) == 0 ? now : Instant{id};
    }
    for (QueueGroupView& g : groups) g.capacity = g.free;
    for (int n = up_to(random, 6); n > 0; --n, ++id) {
      RunningJobView r{JobId{id}, Instant{0}, now, now + (up_to(random, 3000) - 300) * 1_s, asked_by(id)};
      if (random.below(5) > 0) r.started = Instant{up_to(random, 999)};
      r.since = r.started;
      r.asked = r.gpus;
      r.traits = traits_of(id);
      const Gpus least = least_gpus(*r.traits, r.asked), most = most_gpus(*r.traits, r.asked);
      r.gpus = least + Gpus{up_to(random, (most - least).value)};
      r.ran = up_to(random, 900) * 1_s;
      r.group = GroupId{static_cast<std::uint32_t>(random.below(2))};
      groups[r.group.index].capacity += r.gpus;
      RandomStream notice(id, "notice");
      r.leaving = notice.below(4) == 0;
      running.push_back(r);
    }
    if (running.size() > 3) {  // One of them has not started, but waits for those that leave.
      const RunningJobView r = running.back();
      running.pop_back();
      promised.push_back({{r.id, r.submit, r.asked, 100_s, "t"}, r.gpus});
      promised.back().job.traits = r.traits;
    }
    std::sort(running.begin(), running.end(), [](const auto& a, const auto& b) {
      return a.started != b.started ? a.started < b.started : a.id < b.id;
    });
    for (std::uint32_t t = 0; t < 3; ++t)
      tenants.push_back({"t", Gpus{0}, Gpus{up_to(random, 9)} * (now - Instant{0})});
    view = {now,    groups[0].free + groups[1].free, groups[0].capacity + groups[1].capacity, waiting, running, groups,
            tenants};
    view.cpus = random.below(2) == 0 ? 0 : 64;
    view.promised = promised;
    view.memory = Bytes{random.below(2) == 0 ? 0 : 8'000'000};
  }
};

bool in_range(const JobTraits& t, Gpus asked, Gpus gpus) {
  return gpus >= least_gpus(t, asked) && gpus <= most_gpus(t, asked);
}

// The GPUs that the decision leaves idle; a contract broken is a failure.
void check(const std::string& name, const RichView& v, const QueueDecision& d) {
  std::set<JobId> named;
  Gpus left = v.view.free;
  const auto running = [&](JobId id) {
    return std::find_if(v.running.begin(), v.running.end(), [&](const auto& r) { return r.id == id; });
  };
  for (const JobId id : d.preempt) {
    ASSERT_TRUE(running(id) != v.running.end() && named.insert(id).second) << name;
    ASSERT_FALSE(running(id)->leaving) << name;  // Legal, but vain.
    left += running(id)->gpus;
  }
  for (const JobId id : d.refuse) {
    const auto waits = [&](const auto& w) { return w.id == id; };
    ASSERT_TRUE(std::any_of(v.waiting.begin(), v.waiting.end(), waits) && named.insert(id).second) << name;
  }
  for (const JobStart& s : d.start) {
    const auto it = std::find_if(v.waiting.begin(), v.waiting.end(), [&](const auto& w) { return w.id == s.job; });
    ASSERT_TRUE(it != v.waiting.end() && !it->blocked && named.insert(s.job).second) << name;
    const Gpus gpus = s.gpus == Gpus{0} ? it->gpus : s.gpus;
    ASSERT_TRUE(s.gpus == Gpus{0} || in_range(*it->traits, it->gpus, gpus)) << name;
    ASSERT_TRUE(!s.group.valid() || s.group.index < 2) << name;
    left -= gpus;
  }
  for (const JobResize& r : d.resize) {
    const auto it = running(r.job);
    ASSERT_TRUE(it != v.running.end() && !it->leaving && named.insert(r.job).second) << name;
    ASSERT_EQ(it->traits->flexibility, Flexibility::kElastic) << name;
    ASSERT_TRUE(in_range(*it->traits, it->asked, r.gpus)) << name;
    left -= r.gpus - it->gpus;
  }
  ASSERT_GE(left, Gpus{0}) << name;
  ASSERT_GT(d.ask_again, v.view.now) << name;
}

void run_views(const std::string& name, const ParamText& params) {
  const auto queue = make_policy(builtins().training_queues, name, params),
             again = make_policy(builtins().training_queues, name, params);
  RandomStream random(29, "rich");
  Instant now{1000};
  for (int i = 0; i < kViews; ++i) {
    if (random.below(4) > 0) now = now + up_to(random, 8) * 60_s;
    const RichView v(random, now);
    QueueDecision decision, other;
    queue->decide(v.view, &decision);
    again->decide(v.view, &other);
    ASSERT_TRUE(decision.start == other.start && decision.preempt == other.preempt && decision.resize == other.resize &&
                decision.refuse == other.refuse && decision.ask_again == other.ask_again)
        << name;
    check(name, v, decision);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(QueueContract, EveryAnswerIsLegal) {
  for (const auto& [name, entry] : builtins().training_queues.entries()) run_views(name, {});
}

TEST(QueueContract, OtherObjectivesAndShortRoundsToo) {
  run_views("max_min", {{"objective", "makespan"}, {"round", "60s"}});
  run_views("max_min", {{"objective", "cost"}, {"round", "60s"}});
  run_views("max_min", {{"by_gpus", "false"}, {"round", "1s"}});
  run_views("deadline", {{"slot", "1s"}, {"late_jobs", "best_effort"}});
  run_views("deadline", {{"slot", "7s"}, {"restart_cost", "0s"}});
  run_views("goodput", {{"round", "1s"}});
  run_views("quota", {{"quotas", "a: t=4 borrow 2 lend 1"}});
}

}  // namespace
}  // namespace jevons::testing
