// Router: the better of two replicas drawn at random.
#ifndef JEVONS_POLICIES_ROUTER_POWER_OF_TWO_H_
#define JEVONS_POLICIES_ROUTER_POWER_OF_TWO_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/params.h"
#include "base/rng.h"
#include "policies/api/router.h"
#include "policies/router/load.h"

namespace jevons {

// Mitzenmacher, "The power of two choices in randomized load balancing" (2001), choices without replacement.  A tie
// goes to the first drawn: going to the lowest id would fill an idle fleet from the front.
class PowerOfTwoRouter final : public Router {
 public:
  static constexpr std::string_view kName = "power_of_two";
  static constexpr std::string_view kSummary =
      "Draw two ready replicas at random and send the request to the one with fewer requests, queued and running.";
  struct Params {
    bool by_speed = false;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("by_speed", &Params::by_speed,
          "Count requests per unit of the replica's relative speed (for pools of mixed GPU types).");
  }
  PowerOfTwoRouter(const Params& params, RandomStream random) : params_(params), random_(random) {}

  std::optional<ReplicaId> route(const RequestView&, const FleetView& fleet) override {
    const std::size_t n = fleet.ready.size();
    if (n == 0) return std::nullopt;
    if (n == 1) return fleet.ready[0].id;
    const std::size_t i = static_cast<std::size_t>(random_.below(n));
    std::size_t j = static_cast<std::size_t>(random_.below(n - 1));
    if (j >= i) ++j;
    const ReplicaView& first = fleet.ready[i];
    const ReplicaView& second = fleet.ready[j];
    return less_loaded(second, first, params_.by_speed) ? second.id : first.id;
  }

 private:
  Params params_;
  RandomStream random_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_POWER_OF_TWO_H_
