// Router: each ready replica in turn.
#ifndef JEVONS_POLICIES_ROUTER_ROUND_ROBIN_H_
#define JEVONS_POLICIES_ROUTER_ROUND_ROBIN_H_

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/params.h"
#include "policies/api/router.h"

namespace jevons {

// The turn is kept as the last id served, not as a count, so that replicas that come and go do not shift everyone's
// turn. While the fleet stands still, request i goes to replica i mod N.
class RoundRobinRouter final : public Router {
 public:
  static constexpr std::string_view kName = "round_robin";
  static constexpr std::string_view kSummary = "Send requests to the ready replicas in turn, by id.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit RoundRobinRouter(const Params&) {}

  std::optional<ReplicaId> route(const RequestView&, const FleetView& fleet) override {
    if (fleet.ready.empty()) return std::nullopt;
    auto turn = fleet.ready.begin();
    if (last_) {
      turn = std::upper_bound(fleet.ready.begin(), fleet.ready.end(), *last_,
                              [](ReplicaId id, const ReplicaView& r) { return id < r.id; });
      if (turn == fleet.ready.end()) turn = fleet.ready.begin();
    }
    last_ = turn->id;
    return last_;
  }

 private:
  std::optional<ReplicaId> last_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_ROUND_ROBIN_H_
