// Allocator: small training jobs run beside the replicas, on as many serving nodes as the SLO bears.
#ifndef JEVONS_POLICIES_ALLOCATOR_COLOCATE_H_
#define JEVONS_POLICIES_ALLOCATOR_COLOCATE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>

#include "base/params.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// Nodes never move (static_split).  A pool that takes guests is pressed when the 95th percentile of TTFT or TPOT passes
// `leave` of its limit, when the SLO is broken, or when more than kQueuePerNode requests a ready node wait: all guests
// go at once.  After `stable` time in which both percentiles stayed at or below `join` of their limits, a part of the
// nodes is opened, and another after as much time again.  Between `join` and `leave` nothing changes.
class ColocateAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "colocate";
  static constexpr std::string_view kSummary =
      "Nodes stay as the scenario gives them; jobs marked as guests train beside the replicas of pools that allow it, "
      "and "
      "leave at once when the SLO is in danger.";
  // The defaults are this project's.
  struct Params {
    double leave = 0.9;
    double join = 0.75;
    Duration stable = 10_min;
    double step = 0.25;
    double most = 1;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("leave", &Params::leave, 0.0, 100.0,
          "Guests go when the 95th percentile of TTFT or TPOT passes this share of its limit.");
    t.add("join", &Params::join, 0.0, 100.0, "They come only while both stay at or below this share (and leave's).");
    t.add("stable", &Params::stable, Duration{0}, 168_h, "For this long, before each step.");
    t.add("step", &Params::step, 0.001, 1.0, "Share of the serving nodes opened in a step, rounded up.");
    t.add("most", &Params::most, 0.0, 1.0,
          "Most of the serving nodes that are open, as a share of them, rounded down.");
  }
  explicit ColocateAllocator(const Params& params) : params_(params) {
    params_.join = std::min(params_.join, params_.leave);
  }

  AllocatorEvents wants() const override { return {.slo_broken = true, .queue_jump = true}; }

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    for (const PoolView& pool : view.pools) {
      decision->targets.push_back({pool.id, within_bounds(pool, pool.initial_nodes)});
      if (pool.guest_nodes < 0) continue;
      decision->guests.push_back({pool.id, open_nodes(pool, memory_[pool.id], view)});
    }
  }

 private:
  struct Memory {
    bool calm = false;
    Instant since{};
  };

  std::int32_t open_nodes(const PoolView& pool, Memory& memory, const AllocatorView& view) const {
    const double worst = std::max(share(pool.ttft_p95, pool.slo_ttft), share(pool.tpot_p95, pool.slo_tpot));
    const bool broken = pool.finished >= kSloSample && pool.slo_met < kSloShare;
    const bool crowded = queued(pool) > static_cast<double>(kQueuePerNode) * pool.ready_nodes;
    if (broken || crowded || worst > params_.leave) {
      memory.calm = false;
      return 0;
    }
    const auto most = static_cast<std::int32_t>(params_.most * pool.ready_nodes);
    const std::int32_t now_open = std::min(pool.guest_nodes, most);
    if (!view.on_period) return now_open;
    if (worst > params_.join) {
      memory.calm = false;
      return now_open;
    }
    if (!memory.calm) memory = {true, view.now};
    if (view.now - memory.since < params_.stable) return now_open;
    memory.since = view.now;
    const auto step = static_cast<std::int32_t>(std::ceil(params_.step * pool.ready_nodes));
    return std::min(most, now_open + step);
  }
  static double share(Duration p95, Duration limit) {
    return limit > Duration{0} ? static_cast<double>(p95.ns) / static_cast<double>(limit.ns) : 0;
  }

  Params params_;
  std::map<PoolId, Memory> memory_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_COLOCATE_H_
