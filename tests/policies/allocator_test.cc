// Allocators by hand: triggers, waits, bounds, and who has to give way.
#include <gtest/gtest.h>

#include <limits>

#include "policies/allocator/timetable.h"
#include "policies/allocator/victims.h"
#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

PoolView pool(int nodes, double load, std::uint32_t id = 0) {
  PoolView p;
  p.id = PoolId{id};
  p.name = "chat";
  p.initial_nodes = p.target_nodes = p.ready_nodes = nodes;
  p.min_nodes = 2;
  p.max_nodes = 20;
  p.load_nodes = load;
  return p;
}

class Reviews {
 public:
  explicit Reviews(const std::string& name, const ParamText& params = {})
      : allocator_(make_policy(builtins().allocators, name, params)) {}

  const AllocatorDecision& at(Duration t, std::vector<PoolView> pools) {
    decision_.clear();
    allocator_->review({Instant{} + t, 60_s, pools, training_nodes, idle_nodes, waiting, jobs}, &decision_);
    return decision_;
  }
  int target(Duration t, const PoolView& p) { return at(t, {p}).targets.at(0).nodes; }

  Gpus waiting{8};
  int training_nodes = 20, idle_nodes = 0;
  std::vector<VictimView> jobs;

 private:
  std::unique_ptr<Allocator> allocator_;
  AllocatorDecision decision_;
};

TEST(StaticSplit, KeepsTheInitialNodesWithinBounds) {
  Reviews reviews("static_split");
  PoolView p = pool(5, 99);
  EXPECT_EQ(reviews.target(0_s, p), 5);
  p.initial_nodes = 50;
  EXPECT_EQ(reviews.target(60_s, p), 20);
  EXPECT_FALSE(reviews.at(120_s, {p}).may_preempt);
}

TEST(PriorityReclaim, GrowsToTheLoadAtOnce) {
  Reviews reviews("priority_reclaim", {{"high", "0.8"}});
  EXPECT_EQ(reviews.target(0_s, pool(5, 4.0)), 5);  // 4 / 0.8 = 5.
  EXPECT_EQ(reviews.target(0_s, pool(5, 8.01)), 11);
  EXPECT_EQ(reviews.target(0_s, pool(5, 1e300)), 20);
  EXPECT_TRUE(reviews.at(0_s, {pool(5, 8)}).may_preempt);
  EXPECT_FALSE(reviews.at(0_s, {pool(5, 4)}).may_preempt);
}

TEST(PriorityReclaim, GrowsAStepWhenMemoryQueuesOrTheSloSaySo) {
  const auto grown = [](auto change) {
    Reviews reviews("priority_reclaim", {{"step", "2"}});
    PoolView p = pool(5, 3);
    change(p);
    return reviews.target(0_s, p);
  };
  EXPECT_EQ(grown([](PoolView&) {}), 5);
  EXPECT_EQ(grown([](PoolView& p) { p.kv_use = 0.91; }), 7);
  EXPECT_EQ(grown([](PoolView& p) { p.held = 20, p.waiting = 20; }), 5);  // Eight a node is the bound.
  EXPECT_EQ(grown([](PoolView& p) { p.held = 20, p.waiting = 21; }), 7);
  EXPECT_EQ(grown([](PoolView& p) { p.slo_met = 0.94, p.finished = 9; }), 7);
  EXPECT_EQ(grown([](PoolView& p) { p.slo_met = 0, p.finished = 0; }), 5);  // Nothing finished: nothing known.
  EXPECT_EQ(grown([](PoolView& p) { p.kv_use = 1, p.ready_nodes = 4, p.coming_nodes = 1; }), 5);  // Help is on its way.
}

TEST(PriorityReclaim, WakesAPoolThatHasNoNodes) {
  Reviews reviews("priority_reclaim");
  PoolView p = pool(0, 0);
  p.min_nodes = 0;
  EXPECT_EQ(reviews.target(0_s, p), 0);
  p.held = 1;
  EXPECT_EQ(reviews.target(60_s, p), 1);
}

TEST(PriorityReclaim, ShrinksAStepAfterAQuietWhileAndOnlyWhileJobsWait) {
  Reviews reviews("priority_reclaim", {{"stable", "10min"}, {"low", "0.6"}});
  EXPECT_EQ(reviews.target(0_min, pool(8, 2)), 8);
  EXPECT_EQ(reviews.target(9_min, pool(8, 2)), 8);
  EXPECT_EQ(reviews.target(10_min, pool(8, 2)), 7);
  EXPECT_EQ(reviews.target(11_min, pool(7, 2)), 7);  // The next step waits again.
  EXPECT_EQ(reviews.target(15_min, pool(7, 5)), 7);  // 5 > 0.6 x 6: not quiet, the wait starts anew.
  EXPECT_EQ(reviews.target(20_min, pool(7, 2)), 7);
  EXPECT_EQ(reviews.target(29_min, pool(7, 2)), 7);
  reviews.waiting = Gpus{0};
  EXPECT_EQ(reviews.target(40_min, pool(7, 2)), 7);
  reviews.waiting = Gpus{1};
  EXPECT_EQ(reviews.target(41_min, pool(7, 2)), 6);
}

TEST(PriorityReclaim, NeverLeavesABusyPoolWithoutNodes) {
  Reviews reviews("priority_reclaim", {{"stable", "0"}});
  PoolView p = pool(1, 0);
  p.min_nodes = 0;
  p.running = 1;
  EXPECT_EQ(reviews.target(0_s, p), 1);
  p.running = 0;
  EXPECT_EQ(reviews.target(60_s, p), 0);
}

TEST(PriorityReclaim, DoesNotGoBackToALoadPerNodeItRegretted) {
  Reviews reviews("priority_reclaim", {{"stable", "10min"}, {"remember", "2h"}, {"high", "0.8"}, {"low", "0.6"}});
  EXPECT_EQ(reviews.target(0_min, pool(8, 2)), 8);
  EXPECT_EQ(reviews.target(10_min, pool(8, 2)), 7);
  PoolView late = pool(7, 2);
  late.slo_met = 0.5, late.finished = 10;
  EXPECT_EQ(reviews.target(15_min, late), 8);  // Regretted at 2 / 7 of load per node.
  EXPECT_EQ(reviews.target(16_min, pool(8, 2)), 8);
  EXPECT_EQ(reviews.target(60_min, pool(8, 2)), 8);  // 2 > 2 / 7 x 0.75 x 7.
  EXPECT_EQ(reviews.target(61_min, pool(8, 1.4)), 8);
  EXPECT_EQ(reviews.target(71_min, pool(8, 1.4)), 7);
  EXPECT_EQ(reviews.target(80_min, pool(8, 2)), 8);
  EXPECT_EQ(reviews.target(135_min, pool(8, 2)), 8);  // Forgotten.
  EXPECT_EQ(reviews.target(145_min, pool(8, 2)), 7);
}

TEST(PriorityReclaim, ShrinksATargetThatCannotBeReached) {
  Reviews reviews("priority_reclaim", {{"stable", "10min"}});
  PoolView p = pool(8, 1);
  p.target_nodes = 20;  // Twelve nodes do not exist.
  EXPECT_EQ(reviews.target(0_min, p), 20);
  EXPECT_EQ(reviews.target(10_min, p), 19);
}

TEST(CapacityLoan, LendsWhatWasAboveTheMarkForAWhile) {
  Reviews reviews("capacity_loan", {{"target_load", "0.5"}, {"headroom", "1"}, {"lend_after", "15min"}});
  EXPECT_EQ(reviews.target(0_min, pool(12, 3)), 12);  // Mark: 3 / 0.5 + 1 = 7.
  EXPECT_EQ(reviews.target(5_min, pool(12, 4)), 12);  // Mark 9.
  EXPECT_EQ(reviews.target(14_min, pool(12, 2)), 12);
  EXPECT_EQ(reviews.target(15_min, pool(12, 2)), 9);   // Down to the highest of the last 15 minutes.
  EXPECT_EQ(reviews.target(21_min, pool(9, 2)), 5);    // The 9 is 16 minutes old, and so is the 7.
  EXPECT_EQ(reviews.target(22_min, pool(5, 2.5)), 5);  // Within the head-room.
  EXPECT_EQ(reviews.target(23_min, pool(5, 2.6)), 7);  // Beyond it: at once, and to the mark.
}

// Token rates alone starved a pool whose limit was memory: its queue grew for hours at a low load.
TEST(CapacityLoan, GrowsANodeAtATimeWhenRequestsQueueAtALowLoad) {
  Reviews reviews("capacity_loan", {});
  PoolView late = pool(12, 2);
  late.held = 8 * 12;
  EXPECT_EQ(reviews.target(0_min, late), 12);
  ++late.held;
  EXPECT_EQ(reviews.target(0_min, late), 13);
  late.target_nodes = 13;
  EXPECT_EQ(reviews.target(1_min, late), 13) << "the thirteenth is still to come";
}

TEST(CapacityLoan, LendsNothingInTroubleOrWithoutATaker) {
  Reviews reviews("capacity_loan", {{"lend_after", "15min"}});
  PoolView late = pool(12, 2);
  late.held = 1;
  EXPECT_EQ(reviews.target(0_min, pool(12, 2)), 12);
  EXPECT_EQ(reviews.target(10_min, late), 12);
  EXPECT_EQ(reviews.target(16_min, pool(12, 2)), 12);  // Six minutes since the trouble.
  reviews.waiting = Gpus{0};
  EXPECT_EQ(reviews.target(26_min, pool(12, 2)), 12);
  reviews.waiting = Gpus{1};
  EXPECT_EQ(reviews.target(27_min, pool(12, 2)), 4);  // ceil(2 / 0.7) + 1.
}

TEST(TrainingFirst, PoolsShareWhatTrainingDoesNotAskFor) {
  Reviews reviews("training_first", {{"stable", "0"}});
  reviews.idle_nodes = 10;
  reviews.waiting = Gpus{17};  // Three nodes.
  const auto& d = reviews.at(0_s, {pool(2, 9, 0), pool(2, 9, 1)});
  EXPECT_EQ(d.targets.at(0).nodes, 6);  // 7 spare: 4 and 3.
  EXPECT_EQ(d.targets.at(1).nodes, 5);
  EXPECT_FALSE(d.may_preempt);
  reviews.waiting = Gpus{1000};
  EXPECT_EQ(reviews.target(60_s, pool(9, 9)), 2);
}

TEST(TrainingFirst, GrowsOnlyByWhatStaysSpare) {
  Reviews reviews("training_first", {{"stable", "10min"}});
  reviews.waiting = Gpus{0};
  reviews.idle_nodes = 6;
  EXPECT_EQ(reviews.target(0_min, pool(2, 9)), 2);
  reviews.idle_nodes = 4;
  EXPECT_EQ(reviews.target(5_min, pool(2, 9)), 2);
  reviews.idle_nodes = 6;
  EXPECT_EQ(reviews.target(10_min, pool(2, 9)), 6);
}

TEST(Timetable, IsReadAsWritten) {
  const auto t = Timetable::parse("00:00=0.3,08:00=100%;chat: 06:30=4, 22:15=0");
  ASSERT_TRUE(t.ok());
  const auto at = [&](std::string_view name, Duration time) { return Timetable::nodes_at(*t->find(name), time, 30); };
  EXPECT_EQ(at("code", 0_h), 9);
  EXPECT_EQ(at("code", 8_h - 1_ns), 9);
  EXPECT_EQ(at("code", 8_h), 30);
  EXPECT_EQ(at("chat", 0_h), 0);  // The last of the day before.
  EXPECT_EQ(at("chat", 6_h + 30_min), 4);
  EXPECT_EQ(at("chat", 23_h), 0);
  EXPECT_EQ(Timetable::nodes_at(*Timetable::parse("00:00=0.1")->find("x"), 0_h, 30),
            3);  // Not ceil(3.0000000000000004).
}

TEST(Timetable, BadTextIsRefused) {
  for (const char* text : {"",
                           ";",
                           "08:00",
                           "8:00=1",
                           "24:00=1",
                           "08:60=1",
                           "08:00=",
                           "08:00=-1",
                           "08:00=1.5",
                           "08:00=101%",
                           "08:00=x",
                           "08:00=1,08:00=2",
                           "09:00=1,08:00=2",
                           "a:",
                           "a:08:00",
                           ":08:00=1",
                           "08:00=1,,09:00=1",
                           "08:00=1;09:00=2",
                           "a:08:00=1;a:09:00=1",
                           "08:00=nan",
                           "08:00=1e99",
                           "0x:00=1",
                           "08:00==1",
                           "%",
                           "=%",
                           "08:00=%"}) {
    EXPECT_FALSE(Timetable::parse(text).ok()) << "'" << text << "'";
    EXPECT_FALSE(builtins().allocators.make("schedule", {{"table", text}}, RandomStream(1, "t")).ok()) << text;
  }
}

TEST(Schedule, FollowsTheTimeOfDayWithItsLead) {
  Reviews reviews("schedule", {{"table", "00:00=0.25,08:00=1.0"}, {"start_of_day", "7h"}, {"lead", "10min"}});
  EXPECT_EQ(reviews.target(0_min, pool(5, 0)), 5);  // 07:00.
  EXPECT_EQ(reviews.target(49_min, pool(5, 0)), 5);
  EXPECT_EQ(reviews.target(50_min, pool(5, 0)), 20);         // 07:50, ten minutes ahead.
  EXPECT_EQ(reviews.target(16_h + 50_min, pool(5, 0)), 20);  // 23:50: giving back is not done ahead.
  EXPECT_EQ(reviews.target(17_h, pool(5, 0)), 5);
  EXPECT_EQ(reviews.target(24_h + 17_h, pool(5, 0)), 5);
}

TEST(Schedule, PoolWithoutATableKeepsItsNodesAndAnUnknownPoolIsReported) {
  Reviews known("schedule", {{"table", "code:00:00=4"}});
  PoolView code = pool(9, 0, 1);
  code.name = "code";
  const auto& d = known.at(0_s, {pool(7, 0), code});
  ASSERT_EQ(d.targets.size(), 2u);
  EXPECT_EQ(d.targets[0].nodes, 7);
  EXPECT_EQ(d.targets[1].nodes, 4);
  Reviews typo("schedule", {{"table", "cod:00:00=4"}});
  EXPECT_FALSE(typo.at(0_s, {pool(7, 0), code}).targets.back().pool.valid());  // Ends the run with this policy's name.
}

VictimView victim(std::uint32_t id, int nodes, std::int64_t loss, std::int64_t started = 0) {
  return {JobId{id}, Gpus{8 * nodes}, nodes, Instant{started}, GpuTime{loss}, {}};
}
std::vector<std::uint32_t> chosen(const std::vector<VictimView>& jobs, std::int64_t wanted, VictimRule rule) {
  std::vector<std::uint32_t> ids;
  for (const JobId id : choose_victims(jobs, wanted, rule)) ids.push_back(id.index);
  return ids;
}
using Ids = std::vector<std::uint32_t>;

TEST(Victims, LeastLossThenLatestStartThenLowestId) {
  const std::vector<VictimView> jobs{victim(1, 1, 50), victim(2, 4, 10, 5), victim(3, 1, 10, 9), victim(4, 1, 10, 9)};
  EXPECT_EQ(chosen(jobs, 1, VictimRule::kLeastLoss), (Ids{3, 4, 2, 1}));
}

TEST(Victims, PerNodeTakesTheCheapestSetThatReturnsEnough) {
  // Four nodes wanted.  Per node the cheapest is 1 (3 nodes for 30), but 1 and another cost at least 50; 3 alone
  // costs 45.
  const std::vector<VictimView> jobs{victim(1, 3, 30), victim(2, 1, 20), victim(3, 4, 45)};
  EXPECT_EQ(chosen(jobs, 4, VictimRule::kLeastLossPerNode), (Ids{3, 1, 2}));
  EXPECT_EQ(chosen(jobs, 99, VictimRule::kLeastLossPerNode), (Ids{1, 3, 2}));
  EXPECT_EQ(chosen({}, 4, VictimRule::kLeastLossPerNode), Ids{});
}

TEST(Victims, PerNodeIsTheOptimumOfAllSets) {
  RandomStream random(12, "victims");
  for (int i = 0; i < 2'000; ++i) {
    std::vector<VictimView> jobs;
    int all = 0;
    for (std::uint32_t id = 0, n = 1 + static_cast<std::uint32_t>(random.below(9)); id < n; ++id) {
      jobs.push_back(victim(id, static_cast<int>(1 + random.below(6)), static_cast<std::int64_t>(random.below(40))));
      all += jobs.back().nodes;
    }
    if (all < 2) continue;
    const int wanted = static_cast<int>(1 + random.below(static_cast<std::uint64_t>(all - 1)));
    Int128 best = std::numeric_limits<std::int64_t>::max();
    for (unsigned set = 0; set < 1u << jobs.size(); ++set) {
      int nodes = 0;
      Int128 loss = 0;
      for (std::size_t j = 0; j < jobs.size(); ++j) {
        if ((set >> j & 1u) != 0) nodes += jobs[j].nodes, loss += jobs[j].lost_if_stopped.gpu_ns;
      }
      if (nodes >= wanted) best = std::min(best, loss);
    }
    int nodes = 0;
    Int128 loss = 0;
    for (const std::uint32_t id : chosen(jobs, wanted, VictimRule::kLeastLossPerNode)) {
      if (nodes >= wanted) break;
      nodes += jobs[id].nodes;
      loss += jobs[id].lost_if_stopped.gpu_ns;
    }
    ASSERT_TRUE(loss == best) << i;
  }
}

// Eight one-GPU jobs fill a node; stopping the cheapest eight of all would return none.
TEST(Victims, SmallJobsAreStoppedNodeByNode) {
  std::vector<NodeShare> shares;
  for (std::uint32_t id = 0; id < 16; ++id) shares.push_back({NodeId{id % 2}, Gpus{1}});
  std::vector<VictimView> jobs;
  for (std::uint32_t id = 0; id < 16; ++id) {
    // Node 0 costs 8 x 10, node 1 costs 7 x 1 + 100.
    const std::int64_t loss = id % 2 == 0 ? 10 : id == 15 ? 100 : 1;
    jobs.push_back({JobId{id}, Gpus{1}, 1, Instant{0}, GpuTime{loss}, std::span<const NodeShare>(&shares[id], 1)});
  }
  for (const VictimRule rule : {VictimRule::kLeastLoss, VictimRule::kLeastLossPerNode}) {
    Ids ids = chosen(jobs, 1, rule);
    ASSERT_EQ(ids.size(), 16u);
    ids.resize(8);
    EXPECT_EQ(ids, (Ids{0, 2, 4, 6, 8, 10, 12, 14}));
  }
}

// A gang that returns three nodes makes the cheaper one, picked before it, needless.
TEST(Victims, WhatIsNotNeededAfterAllGoesOn) {
  const std::vector<NodeShare> a{{NodeId{0}, Gpus{8}}},
      b{{NodeId{1}, Gpus{8}}, {NodeId{2}, Gpus{8}}, {NodeId{3}, Gpus{8}}};
  const std::vector<NodeShare> shared{{NodeId{4}, Gpus{4}}};
  const std::vector<VictimView> jobs{{JobId{1}, Gpus{8}, 1, Instant{0}, GpuTime{10}, a},
                                     {JobId{2}, Gpus{24}, 3, Instant{0}, GpuTime{30}, b},
                                     {JobId{3}, Gpus{4}, 1, Instant{0}, GpuTime{100}, shared},
                                     {JobId{4}, Gpus{4}, 1, Instant{0}, GpuTime{101}, shared}};
  EXPECT_EQ(chosen(jobs, 1, VictimRule::kLeastLoss), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(chosen(jobs, 3, VictimRule::kLeastLoss), (Ids{2, 1, 3, 4}));
  EXPECT_EQ(chosen(jobs, 5, VictimRule::kLeastLossPerNode), (Ids{1, 2, 3, 4}));
}

}  // namespace
}  // namespace jevons::testing
