// Kueue's quotas: the text, decisions by hand, and that no quota is ever exceeded.
#include <gtest/gtest.h>

#include "policies/training_queue/cohorts.h"
#include "tests/policies/shared_views.h"

namespace jevons::testing {
namespace {

QueueDecision decide(const SharedView& v, const std::string& quotas, ParamText params = {}) {
  params["quotas"] = quotas;
  QueueDecision decision;
  make_policy(builtins().training_queues, "quota", params)->decide(v.view(), &decision);
  return decision;
}

TEST(Cohorts, ReadsQuotas) {
  const auto c = Cohorts::parse("ml: prod=32 lend 8, dev=25% borrow 0.5 ; *=4 borrow 1 lend 2");
  ASSERT_TRUE(c.ok()) << c.error().text();
  ASSERT_EQ(c->size(), 2u);
  const Cohorts::Quota& prod = *c->find("prod");
  EXPECT_EQ(prod.nominal.of(Gpus{100}), Gpus{32});
  EXPECT_EQ(prod.lend.of(Gpus{100}), Gpus{8});
  EXPECT_EQ(prod.borrow.of(Gpus{100}), Cohorts::kUnlimited);
  EXPECT_EQ(c->find("dev")->nominal.of(Gpus{10}), Gpus{2});
  EXPECT_EQ(c->find("dev")->borrow.of(Gpus{10}), Gpus{5});
  EXPECT_EQ(c->find("who")->cohort, 1u);
  EXPECT_EQ(c->find("who")->lend.of(Gpus{10}), Gpus{2});
  EXPECT_EQ(Cohorts::parse("a=30%")->find("a")->nominal.of(Gpus{10}), Gpus{3});
  EXPECT_EQ(Cohorts::parse("a=1")->find("b"), nullptr);
}

TEST(Cohorts, RefusesTheRest) {
  for (const char* bad :
       {"", "a", "a=", "=1", "a=1 borrow", "a=1 lend x", "a=1 lend 1 lend 2", "a=1,a=2", "x:a=1;x:b=2", "a=1;b=2",
        "x:", ":a=1", "a=-1", "a=1.5", "a=150%", "a=1 2", "a=1 steal 2", "a=1,,b=2"}) {
    EXPECT_FALSE(Cohorts::parse(bad).ok()) << bad;
  }
}

const std::string kTwo = "a=4,b=4";  // One cohort of eight.

// a runs 4 = its nominal.  b's job 1 (4 GPUs) is within nominal, a's job 0 would borrow: job 1 first, then nothing is
// left to borrow.  With 2 more GPUs of b's idle (job 1 takes 2), a borrows them.
TEST(Quota, NominalFirstThenBorrowing) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}, {"b", Gpus{0}, {}}};
  v.free = Gpus{4};
  v.runs(100, 4, 0);
  v.waits(0, 2, 0);
  v.waits(1, 4, 1);
  EXPECT_EQ(ids_of(decide(v, kTwo).start), Ids{1});
  v.waiting[1].gpus = Gpus{2};
  EXPECT_EQ(ids_of(decide(v, kTwo).start), (Ids{1, 0}));
}

TEST(Quota, LimitsOfBorrowingAndLending) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}, {"b", Gpus{0}, {}}};
  v.free = Gpus{8};
  for (std::uint32_t i = 0; i < 8; ++i) v.waits(i, 1, 0);
  EXPECT_EQ(decide(v, "a=4,b=4").start.size(), 8u);
  EXPECT_EQ(decide(v, "a=4 borrow 1,b=4").start.size(), 5u);
  EXPECT_EQ(decide(v, "a=4,b=4 lend 2").start.size(), 6u);
  EXPECT_EQ(decide(v, "a=4 borrow 1,b=4 lend 2").start.size(), 5u);
  EXPECT_EQ(decide(v, "x:a=4;y:b=4").start.size(), 4u);  // Not one cohort.
  EXPECT_EQ(decide(v, "b=4").start.size(), 4u);          // Not named: borrows only.
  EXPECT_EQ(decide(v, "*=25%").start.size(), 4u);  // Each its own; b has 2 to lend, but so far only a and b exist:
}

TEST(Quota, ATenantWithoutJobsLendsToo) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}};
  v.free = Gpus{8};
  for (std::uint32_t i = 0; i < 8; ++i) v.waits(i, 1, 0);
  EXPECT_EQ(decide(v, "a=2,absent=4").start.size(), 6u);
}

TEST(Quota, PriorityThenSubmission) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}};
  v.free = Gpus{3};
  v.waits(0, 1, 0, 0);
  v.waits(1, 1, 0, 5);
  v.waits(2, 1, 0, 5);
  v.waits(3, 1, 0, 0);
  EXPECT_EQ(ids_of(decide(v, "*=100%").start), (Ids{1, 2, 0}));
}

TEST(Quota, StrictFifoHoldsUpTheTenantOnly) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}, {"b", Gpus{0}, {}}};
  v.free = Gpus{8};
  v.waits(0, 9, 0);
  v.waits(1, 1, 0);
  v.waits(2, 1, 1);
  EXPECT_EQ(ids_of(decide(v, kTwo).start), (Ids{1, 2}));
  EXPECT_EQ(ids_of(decide(v, kTwo, {{"head_blocks", "true"}}).start), Ids{2});
}

// a holds 8 of which 4 are b's: jobs of 2 GPUs started at 1, 2, 3, 4; priority 0 but for job 103, which has 1.  b wants
// 2: job 102 is the latest of the lowest priority.  b wants 4: 102 and 101.
TEST(Quota, ReclaimsLowestPriorityThenLatestStart) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}, {"b", Gpus{0}, {}}};
  for (std::uint32_t i = 0; i < 4; ++i) v.runs(100 + i, 2, 0, i == 3 ? 1 : 0, Instant{1 + i});
  v.waits(0, 2, 1);
  QueueDecision d = decide(v, kTwo);
  EXPECT_EQ(ids_of(d.preempt), Ids{102});
  EXPECT_EQ(ids_of(d.start), Ids{0});
  v.waiting[0].gpus = Gpus{4};
  d = decide(v, kTwo);
  EXPECT_EQ(ids_of(d.preempt), (Ids{101, 102}));
  EXPECT_EQ(ids_of(d.start), Ids{0});
  EXPECT_TRUE(decide(v, kTwo, {{"reclaim", "false"}}).preempt.empty());
  v.waiting[0].gpus = Gpus{5};  // Beyond its nominal quota: would have to borrow, and who borrows stops nobody.
  EXPECT_TRUE(decide(v, kTwo).preempt.empty());
  EXPECT_TRUE(decide(v, kTwo).start.empty());
}

// Victims by latest start: 101 (1 GPU), then 100 (4): a then holds 3 <= 4 and borrows no more.  100 alone is enough for
// b's 4, so 101 goes on.
TEST(Quota, WhoNeedNotHaveBeenStoppedGoesOn) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}, {"b", Gpus{0}, {}}};
  v.runs(99, 3, 0, 0, Instant{1});
  v.runs(100, 4, 0, 0, Instant{2});
  v.runs(101, 1, 0, 0, Instant{3});
  v.waits(0, 4, 1);
  const QueueDecision d = decide(v, kTwo);
  EXPECT_EQ(ids_of(d.preempt), Ids{100});
  EXPECT_EQ(ids_of(d.start), Ids{0});
}

TEST(Quota, NobodyIsStoppedInVain) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}, {"b", Gpus{0}, {}}, {"c", Gpus{0}, {}}};
  v.runs(100, 5, 0, 0, Instant{1});  // Borrows one.
  v.runs(101, 3, 2, 0, Instant{1});  // c is in no cohort with them: those GPUs are overcommitted.
  v.waits(0, 4, 1);
  // Stopping 100 frees 5, of which b takes 4.
  EXPECT_EQ(ids_of(decide(v, "x:a=4,b=4;y:c=4").preempt), Ids{100});
  v.running[0].gpus = Gpus{4};  // No longer borrows.
  v.running[1].gpus = Gpus{4};
  EXPECT_TRUE(decide(v, "x:a=4,b=4;y:c=4").preempt.empty());
}

TEST(Quota, StartedOrStoppedAtThisInstantStays) {
  SharedView v;
  v.tenants = {{"a", Gpus{0}, {}}, {"b", Gpus{0}, {}}};
  v.runs(100, 8, 0, 0, v.now);
  v.waits(0, 4, 1);
  EXPECT_TRUE(decide(v, kTwo).preempt.empty());
  v.running.clear();
  v.free = Gpus{8};
  v.waiting[0].preemptions = 1;
  v.waiting[0].waiting_since = v.now;
  EXPECT_TRUE(decide(v, kTwo).start.empty());
}

struct Random {
  std::vector<ElasticJob> jobs;
  ElasticCluster cluster;
  std::vector<int> nominal, borrow, lend;
  std::string quotas;
};

Random random_case(RandomStream& random) {
  Random r;
  const auto up_to = [&](int most) { return static_cast<int>(random.below(static_cast<std::uint64_t>(most) + 1)); };
  int sum = 0;
  const std::uint32_t tenants = 2 + static_cast<std::uint32_t>(up_to(2));
  for (std::uint32_t t = 0; t < tenants; ++t) {
    r.nominal.push_back(1 + up_to(5));
    r.borrow.push_back(up_to(4));
    r.lend.push_back(up_to(6));
    sum += r.nominal.back();
    const std::string name = "t" + std::to_string(t);
    r.cluster.tenants.push_back(name);
    r.quotas += (t == 0 ? "" : ",") + name + "=" + std::to_string(r.nominal[t]) + " borrow " +
                std::to_string(r.borrow[t]) + " lend " + std::to_string(r.lend[t]);
  }
  r.cluster.groups = {{GroupId{0}, Gpus{sum}, Gpus{sum}}};
  Instant at{0};
  for (int n = 5 + up_to(25); n > 0; --n) {
    at = at + Duration{up_to(4)};
    const auto t = static_cast<std::uint32_t>(up_to(static_cast<int>(tenants) - 1));
    const int most = r.nominal[t] + std::min(r.borrow[t], 1);
    r.jobs.push_back({at, Gpus{1 + up_to(most - 1)}, Duration{1 + up_to(12)}});
    r.jobs.back().traits.tenant = t;
    r.jobs.back().traits.priority = up_to(2);
  }
  return r;
}

// At every instant: U <= N + B; what all hold beyond their own fits into what is lent; and once the decisions are made
// no job that is within its nominal quota waits while a GPU that it could have is held by a borrower, save those of
// this very instant: capacity is the sum of the nominal quotas, so nominal demand is always served.
TEST(Quota, NeverExceededAndNominalDemandIsServedAtOnce) {
  RandomStream random(9, "quota");
  for (int i = 0; i < 3000; ++i) {
    Random r = random_case(random);
    r.cluster.after_decisions = [&](const QueueView& view) {
      std::vector<int> held(r.nominal.size());
      for (const RunningJobView& job : view.running) held[job.traits->tenant] += job.gpus.value;
      int lent = 0, beyond = 0;
      for (std::size_t t = 0; t < held.size(); ++t) {
        ASSERT_LE(held[t], r.nominal[t] + r.borrow[t]) << r.quotas;
        lent += std::min(r.nominal[t], r.lend[t]);
        beyond += std::max(0, held[t] - std::max(0, r.nominal[t] - r.lend[t]));
      }
      ASSERT_LE(beyond, lent) << r.quotas;
      for (const WaitingJobView& job : view.waiting) {
        const std::size_t t = job.traits->tenant;
        const bool just_stopped = job.preemptions > 0 && job.waiting_since == view.now;
        if (held[t] + job.gpus.value > r.nominal[t] || just_stopped) continue;
        const bool fresh = std::any_of(view.running.begin(), view.running.end(), [&](const auto& x) {
          return x.started == view.now && held[x.traits->tenant] > r.nominal[x.traits->tenant];
        });
        ASSERT_TRUE(fresh) << "job " << job.id.index << " of " << r.quotas << " at " << view.now.ns << " in " << i;
      }
    };
    const auto queue = make_policy(builtins().training_queues, "quota", {{"quotas", r.quotas}});
    simulate_elastic(r.jobs, r.cluster, queue.get());
    if (HasFatalFailure()) return;
  }
}

// Without limits the cohort conserves work: no GPU is idle while a job waits that fits.
TEST(Quota, NoGpuIsIdleWhileAJobThatFitsWaits) {
  RandomStream random(10, "idle");
  for (int i = 0; i < 2000; ++i) {
    Random r = random_case(random);
    r.cluster.after_decisions = [&](const QueueView& view) {
      for (const WaitingJobView& job : view.waiting) {
        if (job.preemptions > 0 && job.waiting_since == view.now) continue;
        ASSERT_GT(job.gpus, view.free) << i;
      }
    };
    std::string quotas;
    for (std::size_t t = 0; t < r.nominal.size(); ++t) {
      quotas += (t == 0 ? "t" : ",t") + std::to_string(t) + "=" + std::to_string(r.nominal[t]);
    }
    const auto queue = make_policy(builtins().training_queues, "quota", {{"quotas", quotas}});
    for (const ElasticOutcome& o : simulate_elastic(r.jobs, r.cluster, queue.get())) {
      ASSERT_NE(o.end, Instant::never());
    }
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace jevons::testing
