// Router: any ready replica, each as likely.
#ifndef JEVONS_POLICIES_ROUTER_RANDOM_H_
#define JEVONS_POLICIES_ROUTER_RANDOM_H_

#include <optional>
#include <string_view>

#include "base/params.h"
#include "base/rng.h"
#include "policies/api/router.h"

namespace jevons {

class RandomRouter final : public Router {
 public:
  static constexpr std::string_view kName = "random";
  static constexpr std::string_view kSummary = "Send each request to a ready replica drawn at random.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  RandomRouter(const Params&, RandomStream random) : random_(random) {}

  std::optional<ReplicaId> route(const RequestView&, const FleetView& fleet) override {
    if (fleet.ready.empty()) return std::nullopt;
    return fleet.ready[random_.below(fleet.ready.size())].id;
  }

 private:
  RandomStream random_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_RANDOM_H_
