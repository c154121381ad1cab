// Router: weighs what a replica's cache saves against what it has to do already.
#ifndef JEVONS_POLICIES_ROUTER_PREFIX_AWARE_H_
#define JEVONS_POLICIES_ROUTER_PREFIX_AWARE_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/params.h"
#include "policies/api/router.h"
#include "policies/router/load.h"

namespace jevons {

// The cost of NVIDIA Dynamo's KV router (docs.nvidia.com/dynamo, "Routing Concepts"), at temperature 0:
//     prefill_weight x (tokens to prefill there, the request's without what the cache holds) / block_size + blocks held
// Our front end sees the prompts in queues, not how far running ones are prefilled, so that only the former count.
class PrefixAwareRouter final : public Router {
 public:
  static constexpr std::string_view kName = "prefix_aware";
  static constexpr std::string_view kSummary =
      "Send each request to the replica with the least to prefill (queued prompts and what its cache lacks of this "
      "one) "
      "plus KV blocks held, as NVIDIA Dynamo's router does; ties go to the fewest requests, then to the lowest id.";
  struct Params {
    double prefill_weight = 1;     // Dynamo's default.
    std::int64_t block_size = 16;  // vLLM's default.
  };
  static void describe(ParamTable<Params>& t) {
    t.add("prefill_weight", &Params::prefill_weight, 0.0, 1e6, "Weight of a block to prefill against one held.");
    t.add("block_size", &Params::block_size, 1, 1 << 20, "Tokens of a KV block.");
  }
  explicit PrefixAwareRouter(const Params& params) : params_(params) {}

  std::optional<ReplicaId> route(const RequestView& request, const FleetView& fleet) override {
    const ReplicaView* best = nullptr;
    double least = 0;
    for (const ReplicaView& r : fleet.ready) {
      const Tokens missing = request.prompt - fleet.probe->cached_prefix(r.id, request);
      const double prefill =
          static_cast<double>((r.waiting_tokens + missing).value) / static_cast<double>(params_.block_size);
      const double cost = params_.prefill_weight * prefill + static_cast<double>(fleet.probe->kv_used(r.id).value);
      if (best != nullptr && (cost > least || (cost == least && requests_at(r) >= requests_at(*best)))) continue;
      best = &r;
      least = cost;
    }
    if (best == nullptr) return std::nullopt;
    return best->id;
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_PREFIX_AWARE_H_
