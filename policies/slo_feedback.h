// Controller: nodes follow the latency percentile's distance from its limit.
#ifndef JEVONS_POLICIES_SLO_FEEDBACK_H_
#define JEVONS_POLICIES_SLO_FEEDBACK_H_

#include <algorithm>
#include <cstdint>

#include "base/params.h"
#include "policies/pool_nodes.h"

namespace jevons {

// The defaults are this project's, chosen on the synthetic day of tests/policies/autoscaler_day_test.cc.
struct SloFeedbackParams {
  double slo_target = 0.9;
  double k_p = 4;
  double dead_band = 0.1;
  double shrink_below = 0.5;
  std::int64_t step_up = 4;
  std::int64_t step_down = 1;
  Duration cool_down = 3_min;
  std::int64_t stable = 10;
  Duration remember = 6_h;
  Duration idle_after = 10_min;
};

template <class Params>
void describe_slo_feedback(ParamTable<Params>& t) {
  using P = SloFeedbackParams;
  t.add("slo_target", &P::slo_target, 0.01, 100.0, "Share of the SLO's limit that the percentile may take.");
  t.add("k_p", &P::k_p, 0.0, 1e6, "Nodes to add per unit of percentile / target - 1.");
  t.add("dead_band", &P::dead_band, 0.0, 100.0, "Add none while percentile / target - 1 is at most this.");
  t.add("shrink_below", &P::shrink_below, 0.0, 1.0, "Shrink only while percentile / target is at most this.");
  t.add("step_up", &P::step_up, 1, 1 << 20, "Most nodes added at once.");
  t.add("step_down", &P::step_down, 1, 1 << 20, "Most nodes given up at once.");
  t.add("cool_down", &P::cool_down, Duration{0}, 168_h, "Least time between two changes.");
  t.add("stable", &P::stable, 1, 1 << 20, "Shrink only after this many review periods fit to shrink, one on another.");
  t.add("remember", &P::remember, Duration{0}, 8760_h,
        "How long a load per node at which the target was missed keeps it from shrinking back to that.");
  t.add("idle_after", &P::idle_after, Duration{0}, 168_h,
        "Give up the last node, where min_nodes is 0, after this long without requests.");
}

// nodes += k_p x (percentile / target - 1), target a share of the SLO's limit, the larger error of the 95th percentiles
// of TTFT and TPOT.  Up: beyond the dead band, at least one node and at most `step_up`, once the nodes that are coming
// serve.  Down: see the parameters; latency is flat until a pool is nearly full, so it remembers the load per node at
// which the target was missed and does not shrink to 0.9 of that or more.  Requests that wait while none finishes count
// as an error of 1.  A pool without an SLO keeps its nodes.
class SloFeedback {
 public:
  explicit SloFeedback(const SloFeedbackParams& params) : params_(params) {}

  // Called once a review.
  std::int64_t desired(const PoolView& pool, Instant now) {
    return sleep_.apply(pool, now, params_.idle_after, step(pool, now));
  }

 private:
  double error(const PoolView& pool) const {
    double share = 0;  // Of the limit.
    if (pool.slo_ttft > Duration{0}) share = std::max(share, pool.ttft_p95.seconds() / pool.slo_ttft.seconds());
    if (pool.slo_tpot > Duration{0}) share = std::max(share, pool.tpot_p95.seconds() / pool.slo_tpot.seconds());
    return pool.finished == 0 && queued(pool) > 0 ? 1 : share / params_.slo_target - 1;
  }

  std::int64_t step(const PoolView& pool, Instant now) {
    const std::int64_t base = within_bounds(pool, pool.target_nodes);
    if (pool.slo_ttft <= Duration{0} && pool.slo_tpot <= Duration{0}) return base;
    const double e = error(pool);
    const bool broken = e > params_.dead_band;
    if (broken) {
      ceiling_ = pool.load_nodes / std::max(1, pool.ready_nodes);
      ceiling_until_ = now + params_.remember;
    }
    good_ = e + 1 <= params_.shrink_below ? good_ + 1 : 0;
    if (moved_ && now - moved_at_ < params_.cool_down) return base;
    std::int64_t nodes = base;
    if (broken && !help_is_coming(pool)) {
      nodes += std::clamp<std::int64_t>(ceil_nodes(params_.k_p * e), 1, step_of(pool, params_.step_up));
    } else if (good_ >= params_.stable) {
      nodes -=
          std::clamp<std::int64_t>(ceil_nodes(params_.k_p * -e), step_of(pool, 1), step_of(pool, params_.step_down));
      const bool regretted = now < ceiling_until_ && pool.load_nodes >= 0.9 * ceiling_ * static_cast<double>(nodes);
      if (regretted || nodes < 0) nodes = base;
    }
    nodes = within_bounds(pool, nodes);
    if (nodes != base) {
      moved_ = true;
      moved_at_ = now;
      good_ = 0;
    }
    return nodes;
  }

  SloFeedbackParams params_;
  Sleep sleep_;
  std::int64_t good_ = 0;  // Reviews fit to shrink, one on another.
  bool moved_ = false;
  Instant moved_at_{};
  double ceiling_ = 0;
  Instant ceiling_until_{};
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_SLO_FEEDBACK_H_
