// Allocators that give by priority, value or foresight, by hand.
#include <gtest/gtest.h>

#include "policies/allocator/erlang.h"
#include "policies/allocator/grant.h"
#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

PoolView pool(int nodes, double load = 1, std::uint32_t id = 0) {
  PoolView p;
  p.id = PoolId{id};
  p.initial_nodes = p.target_nodes = p.ready_nodes = nodes;
  p.max_nodes = 20;
  p.load_nodes = load;
  p.arrived = p.finished = p.running = 100;
  return p;
}

struct Review {
  AllocatorView view;
  std::vector<PoolView> pools;
  std::vector<VictimView> jobs;
  std::unique_ptr<Allocator> allocator;
  AllocatorDecision decision;

  explicit Review(const std::string& name, const ParamText& params = {})
      : allocator(make_policy(builtins().allocators, name, params)) {
    view.review_every = 60_s;
    view.training_nodes = 50;
    view.waiting_gpus = Gpus{800};
  }
  std::vector<int> at(Duration t, std::vector<PoolView> of) {
    pools = std::move(of);
    view.now = Instant{} + t;
    view.pools = pools;
    view.running_jobs = jobs;
    decision.clear();
    allocator->review(view, &decision);
    std::vector<int> nodes;
    for (const PoolTarget& target : decision.targets) nodes.push_back(target.nodes);
    return nodes;
  }
};
using Nodes = std::vector<int>;

std::vector<int> granted(std::vector<PoolView> pools, int training, std::vector<std::int64_t> wanted) {
  AllocatorView view;
  view.pools = pools;
  view.training_nodes = training;
  AllocatorDecision decision;
  grant_by_priority(view, wanted, &decision);
  std::vector<int> nodes;
  for (const PoolTarget& target : decision.targets) nodes.push_back(target.nodes);
  return nodes;
}

TEST(Grant, ByPriorityThenInProportion) {
  std::vector<PoolView> pools{pool(2, 1, 0), pool(2, 1, 1), pool(2, 1, 2)};  // With training's, six nodes more.
  EXPECT_EQ(granted(pools, 20, {5, 6, 7}), (Nodes{5, 6, 7}));
  // 26 nodes for 5 + 6 + 20 (max_nodes): 26 / 31 of each is 4.2, 5.03 and 16.8, and the one left over goes to the
  // first.
  EXPECT_EQ(granted(pools, 20, {5, 6, 99}), (Nodes{5, 5, 16}));
  pools[2].priority = 1;
  EXPECT_EQ(granted(pools, 4, {5, 5, 7}), (Nodes{2, 1, 7}));  // Three are left for two that want ten: 1.5 each.
  pools[0].min_nodes = 2;
  EXPECT_EQ(granted(pools, 4, {5, 5, 7}), (Nodes{3, 0, 7}));  // Two; one is left for 3 and 5: 0.4 and 0.6.
  pools[1].min_nodes = 4;
  EXPECT_EQ(granted(pools, 0, {5, 5, 7}), (Nodes{2, 4, 0}));  // The minima are everything.
  EXPECT_EQ(granted({}, 4, {}), Nodes{});
}

// Ten nodes, TPOT p95 in ms of 50 ms: above 45 guests go, up to 37.5 they come.
PoolView host(int open, int tpot_ms) {
  PoolView p = pool(10);
  p.guest_nodes = open;
  p.slo_tpot = 50_ms;
  p.tpot_p95 = tpot_ms * 1_ms;
  return p;
}
int open_at(Review* r, Duration t, const PoolView& p) {
  EXPECT_EQ(r->at(t, {p}), Nodes{10});
  return r->decision.guests.size() == 1 ? r->decision.guests[0].nodes : -1;
}

TEST(Colocate, OpensAPartOfTheNodesAfterEveryQuietWhile) {
  Review r("colocate");
  EXPECT_EQ(open_at(&r, 0_min, host(0, 20)), 0);
  EXPECT_EQ(open_at(&r, 9_min, host(0, 20)), 0);
  EXPECT_EQ(open_at(&r, 10_min, host(0, 37)), 3);  // 10 x 0.25, rounded up.
  EXPECT_EQ(open_at(&r, 11_min, host(3, 40)), 3);  // Between the two limits: the while begins anew.
  EXPECT_EQ(open_at(&r, 12_min, host(3, 37)), 3);
  EXPECT_EQ(open_at(&r, 21_min, host(3, 37)), 3);
  EXPECT_EQ(open_at(&r, 22_min, host(3, 37)), 6);
  EXPECT_EQ(open_at(&r, 32_min, host(6, 37)), 9);
  EXPECT_EQ(open_at(&r, 42_min, host(9, 37)), 10);
}

TEST(Colocate, SendsAllAwayWhenTheSloIsInDanger) {
  Review r("colocate", {{"stable", "0s"}, {"most", "0.55"}});
  EXPECT_EQ(open_at(&r, 0_min, host(4, 20)), 5);  // 10 x 0.55, rounded down.
  r.view.on_period = false;
  EXPECT_EQ(open_at(&r, 1_min, host(2, 20)), 2) << "never more on an event";
  EXPECT_EQ(open_at(&r, 1_min, host(5, 46)), 0);
  PoolView slow = host(5, 20);
  slow.slo_ttft = 1_s;
  slow.ttft_p95 = 901_ms;
  EXPECT_EQ(open_at(&r, 1_min, slow), 0);
  PoolView broken = host(5, 20);
  broken.slo_met = 0.94;
  EXPECT_EQ(open_at(&r, 1_min, broken), 0);
  broken.finished = 19;  // Too few to tell.
  EXPECT_EQ(open_at(&r, 1_min, broken), 5);
  PoolView crowded = host(5, 20);
  crowded.held = 81;
  EXPECT_EQ(open_at(&r, 1_min, crowded), 0);
}

TEST(Colocate, LeavesPoolsThatTakeNoneAlone) {
  Review r("colocate", {{"stable", "0s"}});
  EXPECT_EQ(open_at(&r, 0_min, host(-1, 20)), -1);
}

TEST(Autoscale, GivesWhatIsDesired) {
  Review r("autoscale");
  PoolView wants = pool(5), silent = pool(4, 1, 1);
  wants.desired_nodes = 9;
  EXPECT_EQ(r.at(0_s, {wants, silent}), (Nodes{9, 4}));
  EXPECT_TRUE(r.decision.may_preempt && r.decision.give_notice);
  wants.desired_nodes = 3;
  EXPECT_EQ(r.at(1_min, {wants, silent}), (Nodes{3, 4}));
  EXPECT_FALSE(r.decision.may_preempt);
}

TEST(Harvest, KeepsTheNeedOfARoleChangeAndGivesNoNotice) {
  Review r("harvest", {{"target_load", "0.5"}, {"reserve", "1"}, {"queue_high", "8"}});
  PoolView p = pool(5, 1.5);
  p.load_time = 2_min;
  EXPECT_EQ(r.at(0_min, {p}), Nodes{4});  // 3 + 1, at once.
  p.load_nodes = 4;
  EXPECT_EQ(r.at(1_min, {p}), Nodes{9});
  EXPECT_TRUE(r.decision.may_preempt);
  EXPECT_FALSE(r.decision.give_notice);
  p.load_nodes = 1;
  EXPECT_EQ(r.at(4_min, {p}), Nodes{9});  // Three minutes: one review and the load time.
  EXPECT_EQ(r.at(5_min, {p}), Nodes{3});
  p.waiting = 50;
  EXPECT_EQ(r.at(6_min, {p}), Nodes{5});  // 2 + (ceil(50 / 8) - 5) + 1.
  PoolView idle = pool(5, 0);
  idle.arrived = idle.running = 0;
  EXPECT_EQ(Review("harvest").at(0_s, {idle}), Nodes{0});
}

struct Step final : FutureView {
  double peak_load(PoolId, Instant from, Instant to) const override {
    EXPECT_LT(from, to);
    return to > Instant{} + 10_min ? 8 : 2;  // The load of 8 comes at ten minutes.
  }
};

TEST(Oracle, TakesTheHighestLoadUntilANodeCouldBeBack) {
  Review r("oracle", {{"target_load", "0.5"}, {"drain", "2min"}, {"keep", "0s"}});
  const Step future;
  r.view.future = &future;
  PoolView p = pool(5, 99);
  p.load_time = 4_min;
  EXPECT_EQ(r.at(3_min, {p}), Nodes{4});  // Until 3 + 1 + 4 + 2 = 10 minutes, exclusive.
  EXPECT_EQ(r.at(4_min, {p}), Nodes{16});
  r.view.future = nullptr;
  p.load_nodes = 3;
  EXPECT_EQ(r.at(5_min, {p}), Nodes{6});
  EXPECT_TRUE(builtins().allocators.entries().find("oracle")->second.sees_future);
}

// As above, but the five nodes it has will be needed again at ten minutes, which is within a minute more.
TEST(Oracle, KeepsTheNodesThatItWillNeedAgainSoon) {
  Review r("oracle", {{"target_load", "0.5"}, {"drain", "2min"}, {"keep", "1min"}});
  const Step future;
  r.view.future = &future;
  PoolView p = pool(5, 99);
  p.load_time = 4_min;
  EXPECT_EQ(r.at(2_min, {p}), Nodes{4});
  EXPECT_EQ(r.at(3_min, {p}), Nodes{5});
}

TEST(Oracle, WithoutAFutureGivesByPriorityAndLoad) {
  Review r("oracle", {{"target_load", "1"}});
  r.view.training_nodes = 4;
  PoolView low = pool(2, 8, 0), high = pool(2, 6, 1);
  high.priority = 1;
  EXPECT_EQ(r.at(0_s, {low, high}), (Nodes{2, 6}));
}

TEST(Erlang, IsTheBFormula) {
  // B(c) at 1 Erlang: 1, 1/2, 1/5, 1/16, 1/65 (1/c! over the sum of 1/k!).
  const std::vector<double> served = served_at_once(1, 1, 4);
  const double expected[] = {0, 1.0 / 2, 4.0 / 5, 15.0 / 16, 64.0 / 65};
  for (int n = 0; n <= 4; ++n) EXPECT_DOUBLE_EQ(served[static_cast<std::size_t>(n)], expected[n]);
  EXPECT_DOUBLE_EQ(served_at_once(0.5, 2, 2)[1], 4.0 / 5);  // Two servers a node, one Erlang.
  EXPECT_EQ(served_at_once(0, 8, 2), (std::vector<double>{1, 1, 1}));
  const std::vector<double> swamped = served_at_once(1000, 8, 10);  // About n / a.
  for (std::size_t n = 0; n <= 10; ++n) EXPECT_NEAR(swamped[n], static_cast<double>(n) / 1000, 1e-4);
}

// 100 dollars an hour if all is served: V = 0, 50, 80, 93.75, 98.46, 99.69, 99.95 by nodes.
PoolView earner(int nodes, std::uint32_t id = 0, double usd_an_hour = 100) {
  PoolView p = pool(nodes, 1, id);
  p.earned_usd = usd_an_hour / 60;
  p.finished = 0;  // Nothing is learnt of what a node bears, so that the formula stands.
  return p;
}
Review valued(double usd_per_gpu_hour) {
  Review r("marginal_value", {{"servers", "1"}});
  r.view.usd_per_training_gpu_hour = usd_per_gpu_hour;
  return r;
}

TEST(MarginalValue, GrowsWhileANodeEarnsMoreThanInTraining) {
  // 8 dollars a node hour in training.  From 1: +30 - 8, +13.75 - 8, then +4.71 - 8.
  EXPECT_EQ(valued(1).at(0_s, {earner(1)}), Nodes{3});
  EXPECT_EQ(valued(2).at(0_s, {earner(1)}), Nodes{2});  // 16: the third would cost 2.25.
  EXPECT_EQ(valued(4).at(0_s, {earner(1)}), Nodes{1});  // 32: the second would cost 2.
}

TEST(MarginalValue, IdleNodesCostOnlyTheMove) {
  Review r = valued(1);
  r.view.idle_training_nodes = 50;
  PoolView p = earner(1);
  p.load_time = 6_min;  // A tenth of 8 dollars, in an hour: 0.80.
  // From 1: 30, 13.75, 4.71, 1.22, then 0.25 < 0.80.
  EXPECT_EQ(r.at(0_s, {p}), Nodes{5});
}

TEST(MarginalValue, ShrinksForJobsThatWaitButNotBeyondThem) {
  // From 5: -1.22 + 8, -4.71 + 8, then -13.75 + 8.
  EXPECT_EQ(valued(1).at(0_s, {earner(5)}), Nodes{3});
  Review r = valued(1);
  r.view.waiting_gpus = Gpus{8};  // One node's worth.
  EXPECT_EQ(r.at(0_s, {earner(5)}), Nodes{4});
  r.view.waiting_gpus = Gpus{0};
  EXPECT_EQ(r.at(1_min, {earner(5)}), Nodes{5});  // Nobody is there to take it; what one more earns, 0.25, costs 8.
}

TEST(MarginalValue, ALostJobIsPartOfTheMove) {
  Review r = valued(1);
  VictimView job{JobId{0}, Gpus{8}, 1, Instant{0}, Gpus{8} * 1_h, {}};
  r.jobs = {job};  // Stopping it loses 8 GPU hours, 8 dollars: the third node would gain 13.75 - 8 - 8.
  EXPECT_EQ(r.at(0_s, {earner(1)}), Nodes{2});
}

TEST(MarginalValue, LearnsHowMuchANodeBears) {
  Review r = valued(7);  // 56 dollars a node hour: by Erlang's formula one node of a load of 1 stays one, 30 < 56.
  PoolView late = earner(1, 0, 10), well = earner(2);
  late.finished = well.finished = 100;
  late.slo_met = 0.1;                        // A tenth in time at a load of 1 a node; 100 dollars if all were.
  EXPECT_EQ(r.at(0_min, {late}), Nodes{2});  // 100 x (0.8 - 0.1) > 56; the third node, 100 x (0.94 - 0.8) < 56.
  EXPECT_EQ(r.at(1_min, {well}), Nodes{2});  // At 0.5 a node all are: the second node is worth 90.
  EXPECT_EQ(r.at(6_h, {well}), Nodes{2});
  EXPECT_EQ(r.at(6_h + 1_min, {well}), Nodes{1});  // Forgotten: by the formula it is worth 100 - 50 < 56.
}

TEST(MarginalValue, WhenAllWantMoreTheDollarsDecide) {
  Review r = valued(0);  // Nothing said of training's worth, and nodes are free: each wants all.
  r.view.training_nodes = 0;
  // Worth of each node: 50, 30, 13.75 and 25, 15, 6.9.
  EXPECT_EQ(r.at(0_s, {earner(2, 0), earner(2, 1, 50)}), (Nodes{2, 2}));
  r.view.training_nodes = 1;
  EXPECT_EQ(valued(0).at(0_s, {}), Nodes{});
  EXPECT_EQ(r.at(1_min, {earner(2, 0), earner(2, 1, 50)}), (Nodes{3, 2}));
}

TEST(MarginalValue, GoesByLoadUntilSomethingIsEarned) {
  EXPECT_EQ(valued(1).at(0_s, {pool(5, 6.5)}), Nodes{10});  // 6.5 / 0.7 = 9.3.
}

}  // namespace
}  // namespace jevons::testing
