// Router: the replica with the fewest requests.
#ifndef JEVONS_POLICIES_ROUTER_LEAST_REQUESTS_H_
#define JEVONS_POLICIES_ROUTER_LEAST_REQUESTS_H_

#include <optional>
#include <string_view>

#include "base/params.h"
#include "policies/api/router.h"
#include "policies/router/load.h"

namespace jevons {

class LeastRequestsRouter final : public Router {
 public:
  static constexpr std::string_view kName = "least_requests";
  static constexpr std::string_view kSummary =
      "Send each request to the replica with the fewest requests, queued and running; ties go to the lowest id.";
  struct Params {
    bool by_speed = false;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("by_speed", &Params::by_speed,
          "Count requests per unit of the replica's relative speed (for pools of mixed GPU types).");
  }
  explicit LeastRequestsRouter(const Params& params) : params_(params) {}

  std::optional<ReplicaId> route(const RequestView&, const FleetView& fleet) override {
    const ReplicaView* best = least_loaded(fleet.ready, params_.by_speed);
    if (best == nullptr) return std::nullopt;
    return best->id;
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_LEAST_REQUESTS_H_
