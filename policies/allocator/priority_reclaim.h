// Allocator: serving comes first and takes nodes back at once; training has what is left.
#ifndef JEVONS_POLICIES_ALLOCATOR_PRIORITY_RECLAIM_H_
#define JEVONS_POLICIES_ALLOCATOR_PRIORITY_RECLAIM_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>

#include "base/params.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// Up: to load_nodes / high at once; by `step` when memory, queues or the SLO say that the load misleads, and then not
// again until those nodes serve.  Down: one `step` after `stable` time in which the load would have fitted under `low`
// of the smaller pool and nothing else was wrong.  low < high is what keeps it from swinging on load.  What the load
// does not show it learns: trouble within twice `stable` of a step down makes the load per node at which it came the
// new `high` (and `low` in proportion) for stepping down, for as long as it remembers.
// On an event (`on_events`) it goes up in the same way, but never down.
class PriorityReclaimAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "priority_reclaim";
  static constexpr std::string_view kSummary =
      "Serving takes nodes back at once when load, memory, queues or the SLO ask for it, stopping the jobs that lose "
      "the least work; it gives nodes to training one step at a time after a quiet while.";
  // The defaults are this project's, chosen on the synthetic day of tests/policies/allocator_day_test.cc.
  struct Params {
    double high = 0.8;
    double low = 0.6;
    double kv_high = 0.9;
    double queue_high = 8;
    double slo_floor = 0.95;
    Duration stable = 10_min;
    Duration remember = 6_h;
    std::int64_t step = 1;
    bool only_when_wanted = true;
    bool notice = true;
    bool on_events = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("high", &Params::high, 0.01, 100.0, "Grow so that the offered load is at most this share of the nodes.");
    t.add("low", &Params::low, 0.0, 100.0,
          "Shrink only if the load stays at or below this share of the nodes kept (and of high).");
    t.add("kv_high", &Params::kv_high, 0.0, 1.0, "Grow a step when a larger share of the KV memory is in use.");
    t.add("queue_high", &Params::queue_high, 0.0, 1e9, "Grow a step when more requests wait per ready node.");
    t.add("slo_floor", &Params::slo_floor, 0.0, 1.0,
          "Grow a step when a smaller share of finished requests met the SLO.");
    t.add("stable", &Params::stable, Duration{0}, 168_h, "Shrink only after this much time of low load.");
    t.add("remember", &Params::remember, Duration{0}, 8760_h,
          "How long a step down that was regretted keeps it from going back to that load per node.");
    t.add("step", &Params::step, 1, 1 << 20, "Nodes of one step.");
    t.add("only_when_wanted", &Params::only_when_wanted, "Shrink only while training jobs wait for GPUs.");
    t.add("notice", &Params::notice, kNoticeHelp);
    t.add("on_events", &Params::on_events, kOnEventsHelp);
  }
  explicit PriorityReclaimAllocator(const Params& params) : params_(params) {
    params_.low = std::min(params_.low, params_.high);
  }

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    for (const PoolView& pool : view.pools) {
      const std::int64_t nodes = target(pool, memory_[pool.id], view);
      decision->targets.push_back({pool.id, within_bounds(pool, nodes)});
    }
    reclaim_at_once(view, VictimRule::kLeastLoss, params_.notice, decision);
  }

  AllocatorEvents wants() const override { return {.slo_broken = params_.on_events, .queue_jump = params_.on_events}; }

 private:
  struct Memory {
    bool quiet = false;
    Instant quiet_since{};
    bool shrank = false;
    Instant shrank_at{};
    double ceiling = 0;  // Load per node that was regretted,
    Instant ceiling_until{};
  };

  std::int64_t target(const PoolView& pool, Memory& memory, const AllocatorView& view) const {
    const std::int64_t base = within_bounds(pool, pool.target_nodes);
    const std::int64_t by_load = ceil_nodes(pool.load_nodes / params_.high);
    const bool pressed = under_pressure(pool);
    std::int64_t grown = std::max(base, by_load);
    if (pressed && !help_is_coming(pool)) grown = std::max(grown, base + step_of(pool, params_.step));
    if (within_bounds(pool, grown) > base) {
      if (by_load <= base) regret(pool, memory, view.now);
      memory.quiet = false;
      return grown;
    }
    if (!view.on_period) return base;
    return shrink(pool, memory, view.now, base, !pressed, view.waiting_gpus > Gpus{0});
  }

  bool under_pressure(const PoolView& pool) const {
    return pool.kv_use > params_.kv_high || queued(pool) > params_.queue_high * std::max(1, pool.ready_nodes) ||
           (pool.ready_nodes == 0 && queued(pool) > 0) || (pool.finished > 0 && pool.slo_met < params_.slo_floor);
  }

  std::int64_t shrink(const PoolView& pool, Memory& memory, Instant now, std::int64_t base, bool calm,
                      bool wanted) const {
    const std::int64_t smaller = within_bounds(pool, base - step_of(pool, params_.step));
    if (!calm || smaller >= base || !fits(pool, memory, now, smaller)) {
      memory.quiet = false;
      return base;
    }
    if (!memory.quiet) {
      memory.quiet = true;
      memory.quiet_since = now;
    }
    if (now - memory.quiet_since < params_.stable || (params_.only_when_wanted && !wanted)) return base;
    memory.shrank = true;
    memory.shrank_at = now;
    memory.quiet_since = now;
    return smaller;
  }

  // Whether the present load would leave `smaller` nodes quiet.
  bool fits(const PoolView& pool, const Memory& memory, Instant now, std::int64_t smaller) const {
    const double kept = static_cast<double>(smaller);
    if (smaller == 0) return pool.load_nodes <= 0 && pool.held + pool.waiting + pool.running == 0;
    double low = params_.low;
    if (now < memory.ceiling_until) low = std::min(low, memory.ceiling * (params_.low / params_.high));
    return pool.load_nodes <= low * kept && pool.kv_use * pool.ready_nodes <= params_.kv_high * kept;
  }

  // Trouble soon after shrinking: the shrink was a mistake.
  void regret(const PoolView& pool, Memory& memory, Instant now) const {
    if (memory.shrank && now - memory.shrank_at <= 2 * params_.stable) {
      memory.ceiling = pool.load_nodes / std::max(1, pool.ready_nodes);
      memory.ceiling_until = now + params_.remember;
    }
    memory.shrank = false;
  }

  Params params_;
  std::map<PoolId, Memory> memory_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_PRIORITY_RECLAIM_H_
