// A pool in a closed loop with its allocator over synthetic days: nodes take time to come, requests miss their SLO
// above a load per node, jobs wait.
#ifndef JEVONS_TESTS_POLICIES_POOL_DAY_H_
#define JEVONS_TESTS_POLICIES_POOL_DAY_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "tests/policies/builtins.h"

namespace jevons::testing {

inline constexpr int kMinutes = 24 * 60;
inline constexpr int kTotal = 24;  // Nodes.
inline constexpr int kLoadingMinutes = 4;
inline constexpr int kDrainingMinutes = 3;

// Of the last day.
struct Day {
  int moves = 0;          // Reviews at which the target changed.
  int turns = 0;          // Changes in the other direction than the one before.
  int last_move = 0;      // Minute.
  int short_minutes = 0;  // The load was above what serves.
  int late_minutes = 0;   // The load per node was above what the SLO bears.
  double training = 0;    // Node hours.
  int fewest = kTotal, most = 0;
};

using Load = std::function<double(int)>;  // Nodes' worth of work at each minute.

class LoadToCome final : public FutureView {
 public:
  explicit LoadToCome(Load load) : load_(std::move(load)) {}
  double peak_load(PoolId, Instant from, Instant to) const override {
    double peak = 0;
    for (Instant t = from; t < to; t = t + 1_min) peak = std::max(peak, load_(static_cast<int>(t.ns / (1_min).ns)));
    return peak;
  }

 private:
  Load load_;
};

class DayRun {
 public:
  int days = 1;
  double bearable = 0.9;  // Load per node above which requests miss the SLO.
  int min_nodes = 2;
  bool sees_future = false;
  double usd_per_training_gpu_hour = 2;

  Day allocator(const std::string& name, const ParamText& params, const Load& load) {
    return run(make_policy(builtins().allocators, name, params).get(), nullptr, load);
  }
  // Under the allocator `autoscale`.
  Day autoscaler(const std::string& name, const ParamText& params, const Load& load) {
    const auto autoscaler = make_policy(builtins().autoscalers, name, params);
    return run(make_policy(builtins().allocators, "autoscale").get(), autoscaler.get(), load);
  }

 private:
  // Flat at a fifth of the limit, then a straight line through the limit at the bearable load.
  Duration latency(double share, Duration limit) const {
    const double use = share / bearable;
    return duration_from_seconds(limit.seconds() * (use <= 0.7 ? 0.2 : 0.2 + 0.8 * (use - 0.7) / 0.3));
  }

  void observe(double work) {
    const double share = work / std::max(1, pool_.ready_nodes);
    pool_.coming_nodes = static_cast<int>(coming_.size());
    pool_.draining_nodes = static_cast<int>(draining_.size());
    pool_.load_nodes = work;
    pool_.kv_use = std::min(1.0, 0.8 * share);
    pool_.finished = pool_.ready_nodes > 0 && work > 0 ? 1000 : 0;
    pool_.arrived = work > 0 ? 1000 : 0;
    pool_.slo_met = share <= bearable ? 1.0 : 0.5;
    pool_.slo_ttft = 2_s;
    pool_.ttft_p95 = pool_.finished > 0 ? latency(std::min(share, 1e3), 2_s) : Duration{0};
    pool_.running = pool_.ready_nodes > 0 ? static_cast<std::int64_t>(std::ceil(100 * work)) : 0;
    pool_.held = pool_.ready_nodes == 0 ? static_cast<std::int64_t>(std::ceil(100 * work)) : 0;
    // A wait forms when the nodes are full.
    pool_.waiting = share > 1 ? static_cast<std::int64_t>(100 * (work - pool_.ready_nodes)) : 0;
    pool_.earned_usd = pool_.finished > 0 ? 50.0 / 60 * work * pool_.slo_met : 0;  // 50 dollars a node hour.
  }

  void move_to(int target, int minute, const AllocatorDecision& decision) {
    int have = pool_.ready_nodes + pool_.coming_nodes;
    for (; have < target && !draining_.empty(); ++have) {
      draining_.pop_back();
      ++pool_.ready_nodes;
    }
    for (; have < target; ++have) {
      EXPECT_TRUE(decision.may_preempt && decision.victims.size() == 1);
      coming_.push_back(minute + kLoadingMinutes);
    }
    for (; have > target; --have) {
      if (!coming_.empty()) {
        coming_.pop_back();
      } else {
        --pool_.ready_nodes;
        draining_.push_back(minute + kDrainingMinutes);
      }
    }
  }

  Day run(Allocator* allocator, Autoscaler* autoscaler, const Load& load) {
    const LoadToCome future(load);
    pool_ = {};
    coming_.clear();
    draining_.clear();
    pool_.id = PoolId{0};
    pool_.name = "chat";
    pool_.initial_nodes = pool_.target_nodes = pool_.ready_nodes = 20;
    pool_.min_nodes = min_nodes;
    pool_.max_nodes = kTotal;
    pool_.load_time = kLoadingMinutes * 1_min;
    pool_.usd_per_node_hour = 16;
    Day day;
    int direction = 0;
    for (int minute = 0; minute < days * kMinutes; ++minute) {
      if (minute % kMinutes == 0) day = {};
      while (!coming_.empty() && coming_.front() <= minute) coming_.pop_front(), ++pool_.ready_nodes;
      while (!draining_.empty() && draining_.front() <= minute) draining_.pop_front();
      const double work = load(minute);
      observe(work);
      const Instant now = Instant{} + minute * 1_min;
      if (autoscaler != nullptr) {
        const std::int64_t wanted = autoscaler->desired({now, 60_s, &pool_});
        pool_.desired_nodes = static_cast<int>(std::clamp<std::int64_t>(wanted, min_nodes, kTotal));
      }
      const int held = pool_.ready_nodes + pool_.coming_nodes + pool_.draining_nodes;
      AllocatorDecision decision;
      const VictimView job{JobId{0}, Gpus{8}, 1, Instant{0}, GpuTime{1}, {}};
      AllocatorView view{now, 60_s, {&pool_, 1}, kTotal - held, 0, Gpus{64}, {&job, 1}};
      view.usd_per_training_gpu_hour = usd_per_training_gpu_hour;
      if (sees_future) view.future = &future;
      allocator->review(view, &decision);
      const int target = decision.targets.at(0).nodes;
      const int way = target > pool_.target_nodes ? 1 : target < pool_.target_nodes ? -1 : 0;
      if (way != 0) {
        ++day.moves;
        day.turns += direction != 0 && way != direction ? 1 : 0;
        direction = way;
        day.last_move = minute % kMinutes;
      }
      pool_.target_nodes = target;
      move_to(target, minute, decision);
      day.short_minutes += work > pool_.ready_nodes ? 1 : 0;
      day.late_minutes += work > bearable * pool_.ready_nodes ? 1 : 0;
      day.training += (kTotal - target) / 60.0;
      day.fewest = std::min(day.fewest, target);
      day.most = std::max(day.most, target);
    }
    return day;
  }

  PoolView pool_;
  std::deque<int> coming_, draining_;  // Minute at which each is done.
};

// From 3 nodes at four in the morning to 15 at four in the afternoon.
inline double diurnal(int minute) { return 9 - 6 * std::cos(2 * 3.14159265358979 * (minute - 240) / kMinutes); }

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_POLICIES_POOL_DAY_H_
