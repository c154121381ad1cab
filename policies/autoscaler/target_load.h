// Autoscaler: a target load per node.
#ifndef JEVONS_POLICIES_AUTOSCALER_TARGET_LOAD_H_
#define JEVONS_POLICIES_AUTOSCALER_TARGET_LOAD_H_

#include <cmath>
#include <string_view>

#include "base/params.h"
#include "policies/api/autoscaler.h"
#include "policies/pool_nodes.h"

namespace jevons {

// The rule of the Kubernetes horizontal pod autoscaler (kubernetes.io, "Algorithm details"): ceil(nodes x load per
// node / target), nothing within a tolerance of 10 % of the target, and on the way down the highest recommendation of
// the last 5 minutes; those two are its defaults.
class TargetLoadAutoscaler final : public Autoscaler {
 public:
  static constexpr std::string_view kName = "target_load";
  static constexpr std::string_view kSummary =
      "Want the nodes that bring the load of each to a target, as Kubernetes' horizontal pod autoscaler does.";
  struct Params {
    double target = 0.7;  // This project's; the same as capacity_loan's.
    double tolerance = 0.1;
    Duration stable = 5_min;
    Duration idle_after = 10_min;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("target", &Params::target, 0.01, 100.0, "Share of a node's full throughput that the load may take.");
    t.add("tolerance", &Params::tolerance, 0.0, 1.0, "Change nothing while the load is this close to the target.");
    t.add("stable", &Params::stable, Duration{0}, 168_h, "Shrink to the most nodes that were wanted in this long.");
    t.add("idle_after", &Params::idle_after, Duration{0}, 168_h,
          "Give up the last node, where min_nodes is 0, after this long without requests.");
  }
  explicit TargetLoadAutoscaler(const Params& params) : params_(params) {}

  std::int64_t desired(const AutoscalerView& view) override {
    const PoolView& pool = *view.pool;
    const std::int64_t base = within_bounds(pool, pool.target_nodes);
    const double ratio = base > 0 ? pool.load_nodes / (static_cast<double>(base) * params_.target) : 0;
    const bool close = base > 0 && std::abs(ratio - 1) <= params_.tolerance;
    const std::int64_t nodes = close ? base : ceil_nodes(pool.load_nodes / params_.target);
    const std::int64_t highest = recent_.add(view.now, nodes, params_.stable);
    return sleep_.apply(pool, view.now, params_.idle_after, std::max(nodes, std::min(base, highest)));
  }

 private:
  Params params_;
  HighestOf recent_;
  Sleep sleep_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_AUTOSCALER_TARGET_LOAD_H_
