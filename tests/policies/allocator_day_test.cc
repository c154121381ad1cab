// Allocators in a closed loop over a synthetic day: nodes take time to come, load follows a curve with noise, jobs
// wait.
//
// What is asked: serving has the nodes its load needs, training gets the trough, and nodes do not go to and fro.
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <functional>

#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

constexpr int kMinutes = 24 * 60;
constexpr int kTotal = 24;  // Nodes.
constexpr int kLoadingMinutes = 4;
constexpr int kDrainingMinutes = 3;

struct Day {
  int moves = 0;          // Reviews at which the target changed.
  int turns = 0;          // Changes in the other direction than the one before.
  int last_move = 0;      // Minute.
  int short_minutes = 0;  // The load was above what serves.
  double training = 0;    // Node hours.
  int fewest = kTotal, most = 0;
};

// `load`: nodes' worth of work at each minute.  `bearable`: load per node above which requests miss the SLO.
Day replay(const std::string& name, const ParamText& params, const std::function<double(int)>& load,
           double bearable = 0.9) {
  const auto allocator = make_policy(builtins().allocators, name, params);
  PoolView pool;
  pool.id = PoolId{0};
  pool.name = "chat";
  pool.initial_nodes = pool.target_nodes = pool.ready_nodes = 20;
  pool.min_nodes = 2;
  pool.max_nodes = kTotal;
  std::deque<int> coming, draining;  // Minute at which each is done.
  Day day;
  int direction = 0;
  for (int minute = 0; minute < kMinutes; ++minute) {
    while (!coming.empty() && coming.front() <= minute) coming.pop_front(), ++pool.ready_nodes;
    while (!draining.empty() && draining.front() <= minute) draining.pop_front();
    const double work = load(minute), share = work / std::max(1, pool.ready_nodes);
    pool.coming_nodes = static_cast<int>(coming.size());
    pool.draining_nodes = static_cast<int>(draining.size());
    pool.load_nodes = work;
    pool.kv_use = std::min(1.0, 0.8 * share);
    pool.finished = pool.arrived = 1000;
    pool.slo_met = share <= bearable ? 1.0 : 0.5;
    pool.running = static_cast<std::int64_t>(100 * work);
    const int held = pool.ready_nodes + pool.coming_nodes + pool.draining_nodes;
    AllocatorDecision decision;
    const VictimView job{JobId{0}, Gpus{8}, 1, Instant{0}, GpuTime{1}, {}};
    allocator->review({Instant{} + minute * 1_min, 60_s, {&pool, 1}, kTotal - held, 0, Gpus{64}, {&job, 1}}, &decision);
    const int target = decision.targets.at(0).nodes;
    const int way = target > pool.target_nodes ? 1 : target < pool.target_nodes ? -1 : 0;
    if (way != 0) {
      ++day.moves;
      day.turns += direction != 0 && way != direction ? 1 : 0;
      direction = way;
      day.last_move = minute;
    }
    pool.target_nodes = target;
    for (int have = pool.ready_nodes + pool.coming_nodes; have < target; ++have) {
      EXPECT_TRUE(decision.may_preempt && decision.victims.size() == 1);
      coming.push_back(minute + kLoadingMinutes);
    }
    for (int have = pool.ready_nodes + pool.coming_nodes; have > target; --have) {
      if (!coming.empty()) {
        coming.pop_back();
      } else {
        --pool.ready_nodes;
        draining.push_back(minute + kDrainingMinutes);
      }
    }
    day.short_minutes += work > pool.ready_nodes ? 1 : 0;
    day.training += (kTotal - target) / 60.0;
    day.fewest = std::min(day.fewest, target);
    day.most = std::max(day.most, target);
  }
  return day;
}

// From 3 nodes at four in the morning to 15 at four in the afternoon.
double diurnal(int minute) { return 9 - 6 * std::cos(2 * 3.14159265358979 * (minute - 240) / kMinutes); }

const std::pair<const char*, ParamText> kAdaptive[] = {{"priority_reclaim", {}}, {"capacity_loan", {}}};

TEST(AllocatorDay, SmoothDayTurnsAtTroughAndPeakOnly) {
  for (const auto& [name, params] : kAdaptive) {
    const Day day = replay(name, params, diurnal);
    EXPECT_LE(day.turns, 2) << name;
    EXPECT_EQ(day.short_minutes, 0) << name;
    EXPECT_LE(day.fewest, 7) << name;
    EXPECT_GE(day.most, 19) << name;
    EXPECT_GT(day.training, 200) << name;  // Of 576 node hours; 360 are left over by the load alone.
  }
}

TEST(AllocatorDay, NoiseMovesFewNodes) {
  for (const auto& [name, params] : kAdaptive) {
    RandomStream random(5, "noise");
    const Day day = replay(name, params, [&](int minute) { return diurnal(minute) * (1 + 0.1 * random.normal()); });
    EXPECT_LE(day.turns, 24) << name;  // Once an hour; the noise alone turns the load 900 times.
    EXPECT_LE(day.short_minutes, 2) << name;
    EXPECT_GT(day.training, 150) << name;
  }
}

TEST(AllocatorDay, ConstantLoadComesToRest) {
  for (const auto& [name, params] : kAdaptive) {
    for (double load = 0; load <= 24; load += 0.37) {
      const Day day = replay(name, params, [&](int) { return load; });
      EXPECT_LE(day.turns, 1) << name << " at " << load;
      EXPECT_LT(day.last_move, 6 * 60) << name << " at " << load;
    }
  }
}

// The load model says 0.8 a node is fine, but requests miss their SLO above 0.45.
TEST(AllocatorDay, LoadThatMisleadsDoesNotMakePriorityReclaimSwing) {
  for (double load = 1; load <= 10; load += 0.37) {
    const Day day = replay(
        "priority_reclaim", {}, [&](int) { return load; }, 0.45);
    EXPECT_LE(day.turns, 8) << load;  // Each of the day's four memories of six hours: down and up again once.
  }
}

TEST(AllocatorDay, AStepUpIsAnsweredWithinTheLoadingTime) {
  for (const auto& [name, params] : kAdaptive) {
    const Day day = replay(name, params, [](int minute) { return minute < 720 ? 3.0 : 15.0; });
    EXPECT_LE(day.short_minutes, kLoadingMinutes) << name;
    EXPECT_LE(day.turns, 1) << name;
  }
}

TEST(AllocatorDay, ScheduleMovesTwiceADay) {
  const Day day = replay("schedule", {{"table", "01:00=10,08:00=20"}}, diurnal);
  EXPECT_EQ(day.moves, 2);
  EXPECT_EQ(day.fewest, 10);
  EXPECT_EQ(day.most, 20);
}

TEST(AllocatorDay, StaticSplitNeverMoves) { EXPECT_EQ(replay("static_split", {}, diurnal).moves, 0); }

}  // namespace
}  // namespace jevons::testing
