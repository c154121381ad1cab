// Autoscaler: a fixed number of nodes.
#ifndef JEVONS_POLICIES_AUTOSCALER_FIXED_H_
#define JEVONS_POLICIES_AUTOSCALER_FIXED_H_

#include <string_view>

#include "base/params.h"
#include "policies/api/autoscaler.h"

namespace jevons {

class FixedAutoscaler final : public Autoscaler {
 public:
  static constexpr std::string_view kName = "fixed";
  static constexpr std::string_view kSummary = "Want the nodes that the scenario gives the pool, or a number of them.";
  struct Params {
    std::int64_t nodes = -1;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("nodes", &Params::nodes, -1, 1 << 20, "Nodes wanted; -1 = the pool's initial nodes.");
  }
  explicit FixedAutoscaler(const Params& params) : params_(params) {}

  std::int64_t desired(const AutoscalerView& view) override {
    return params_.nodes >= 0 ? params_.nodes : view.pool->initial_nodes;
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_AUTOSCALER_FIXED_H_
