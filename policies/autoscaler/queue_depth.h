// Autoscaler: requests that wait per node.
#ifndef JEVONS_POLICIES_AUTOSCALER_QUEUE_DEPTH_H_
#define JEVONS_POLICIES_AUTOSCALER_QUEUE_DEPTH_H_

#include <algorithm>
#include <string_view>

#include "base/params.h"
#include "policies/api/autoscaler.h"
#include "policies/pool_nodes.h"

namespace jevons {

// Up: when more than `high` requests wait per ready node, to the nodes that would bring it back to `high`, at most
// `step_up` at once, and not again until those serve.  Down: one node after `stable` in which at most `low` waited per
// node kept and the memory in use would have fitted into those.  A queue says nothing of how near it is to forming, so
// it shrinks until one does: at a load that stays it goes down and up again once per `stable`, no more often.
class QueueDepthAutoscaler final : public Autoscaler {
 public:
  static constexpr std::string_view kName = "queue_depth";
  static constexpr std::string_view kSummary = "Want more nodes while requests queue, and fewer after a while of none.";
  // The defaults are this project's.
  struct Params {
    double high = 4;
    double low = 0.5;
    double kv_high = 0.8;
    std::int64_t step_up = 4;
    Duration stable = 15_min;
    Duration idle_after = 10_min;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("high", &Params::high, 0.001, 1e9, "Grow when more requests wait per ready node.");
    t.add("low", &Params::low, 0.0, 1e9, "Shrink only while at most this many wait per node kept.");
    t.add("kv_high", &Params::kv_high, 0.0, 1.0,
          "Shrink only if at most this share of the memory of the nodes kept would be in use.");
    t.add("step_up", &Params::step_up, 1, 1 << 20, "Most nodes added at once.");
    t.add("stable", &Params::stable, Duration{0}, 168_h, "Shrink a node after this long of few waiting.");
    t.add("idle_after", &Params::idle_after, Duration{0}, 168_h,
          "Give up the last node, where min_nodes is 0, after this long without requests.");
  }
  explicit QueueDepthAutoscaler(const Params& params) : params_(params) {
    params_.low = std::min(params_.low, params_.high);
  }

  std::int64_t desired(const AutoscalerView& view) override {
    return sleep_.apply(*view.pool, view.now, params_.idle_after, step(*view.pool, view.now));
  }

 private:
  std::int64_t step(const PoolView& pool, Instant now) {
    const std::int64_t base = within_bounds(pool, pool.target_nodes);
    if (queued(pool) > params_.high * std::max(1, pool.ready_nodes)) {
      quiet_ = false;
      if (help_is_coming(pool)) return base;
      const std::int64_t missing = ceil_nodes(queued(pool) / params_.high) - pool.ready_nodes;
      return base + std::clamp<std::int64_t>(missing, 1, step_of(pool, params_.step_up));
    }
    const double kept = static_cast<double>(base - step_of(pool, 1));
    if (kept < 1 || queued(pool) > params_.low * kept || pool.kv_use * pool.ready_nodes > params_.kv_high * kept) {
      quiet_ = false;
      return base;
    }
    if (!quiet_) since_ = now;
    quiet_ = true;
    if (now - since_ < params_.stable) return base;
    since_ = now;
    return base - step_of(pool, 1);
  }

  Params params_;
  bool quiet_ = false;
  Instant since_{};
  Sleep sleep_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_AUTOSCALER_QUEUE_DEPTH_H_
