// Router: the replica with the smallest share of its KV memory held or promised.
#ifndef JEVONS_POLICIES_ROUTER_LEAST_KV_H_
#define JEVONS_POLICIES_ROUTER_LEAST_KV_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/params.h"
#include "policies/api/router.h"
#include "policies/router/load.h"

namespace jevons {

// Memory in use does not show the requests still queued, so a burst would go to one replica; their prompts count as
// promised.
class LeastKvRouter final : public Router {
 public:
  static constexpr std::string_view kName = "least_kv";
  static constexpr std::string_view kSummary =
      "Send each request to the replica with the smallest share of its KV memory held by requests or promised to "
      "queued "
      "prompts; ties go to the fewest requests, then to the lowest id.";
  struct Params {
    std::int64_t block_size = 16;  // vLLM's default.
  };
  static void describe(ParamTable<Params>& t) {
    t.add("block_size", &Params::block_size, 0, 1 << 20,
          "Tokens per KV block when counting queued prompts; 0 counts only the memory already held.");
  }
  explicit LeastKvRouter(const Params& params) : params_(params) {}

  std::optional<ReplicaId> route(const RequestView&, const FleetView& fleet) override {
    const ReplicaView* best = nullptr;
    Share best_share;
    for (const ReplicaView& r : fleet.ready) {
      const Share share = share_of(r, *fleet.probe);
      if (best == nullptr || less(share, best_share) ||
          (!less(best_share, share) && requests_at(r) < requests_at(*best))) {
        best = &r;
        best_share = share;
      }
    }
    if (best == nullptr) return std::nullopt;
    return best->id;
  }

 private:
  // Kept as a fraction, so that comparing is exact.  A replica without memory counts as full.
  struct Share {
    std::int64_t used = 1;
    std::int64_t total = 1;
  };
  static bool less(const Share& a, const Share& b) {
    return static_cast<Int128>(a.used) * b.total < static_cast<Int128>(b.used) * a.total;
  }
  Share share_of(const ReplicaView& r, const ReplicaProbe& probe) const {
    const Blocks total = probe.kv_total(r.id);
    if (total <= Blocks{0}) return {};
    Blocks used = probe.kv_used(r.id);
    if (params_.block_size > 0) used += Blocks{(r.waiting_tokens.value + params_.block_size - 1) / params_.block_size};
    return {used.value, total.value};
  }
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_LEAST_KV_H_
