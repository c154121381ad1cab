// Router: the longest cached prefix, while loads are even.
#ifndef JEVONS_POLICIES_ROUTER_CACHE_AWARE_H_
#define JEVONS_POLICIES_ROUTER_CACHE_AWARE_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/params.h"
#include "policies/api/router.h"
#include "policies/router/load.h"

namespace jevons {

// SGLang's cache_aware policy (lightseekorg/smg, docs/getting-started/load-balancing.md).  Loads are uneven when the
// most loaded replica has both balance_abs more requests than the least loaded and balance_rel times as many: then the
// least loaded gets the request.  Else the replica whose cache holds the most of the prompt, if that is at least
// cache_threshold of it; else the one with the most free KV memory (there: with the smallest tree).  SGLang guesses the
// caches from what it sent where; here they are as they are.
class CacheAwareRouter final : public Router {
 public:
  static constexpr std::string_view kName = "cache_aware";
  static constexpr std::string_view kSummary =
      "While loads are even, send each request where the most of its prompt is cached, or, with little cached "
      "anywhere, "
      "where the most KV memory is free; else to the replica with the fewest requests (SGLang's cache_aware).";
  struct Params {
    double cache_threshold = 0.3;  // These are smg's defaults.
    std::int64_t balance_abs = 64;
    double balance_rel = 1.5;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("cache_threshold", &Params::cache_threshold, 0.0, 1.0, "Least share of the prompt for which a cache counts.");
    t.add("balance_abs", &Params::balance_abs, 0, 1 << 20, "Loads this many requests apart may be uneven.");
    t.add("balance_rel", &Params::balance_rel, 1.0, 1e6, "Loads this many times apart may be uneven.");
  }
  explicit CacheAwareRouter(const Params& params) : params_(params) {}

  std::optional<ReplicaId> route(const RequestView& request, const FleetView& fleet) override {
    const ReplicaView* least = least_loaded(fleet.ready, false);
    if (least == nullptr) return std::nullopt;
    if (uneven(fleet, requests_at(*least))) return least->id;
    const ReplicaView *longest = nullptr, *roomiest = nullptr;
    Tokens most_cached{0};
    Blocks most_free{0};
    for (const ReplicaView& r : fleet.ready) {
      const Tokens cached = fleet.probe->cached_prefix(r.id, request);
      const Blocks free = fleet.probe->kv_total(r.id) - fleet.probe->kv_used(r.id);
      if (longest == nullptr || cached > most_cached) {
        longest = &r;
        most_cached = cached;
      }
      if (roomiest == nullptr || free > most_free) {
        roomiest = &r;
        most_free = free;
      }
    }
    const bool enough = most_cached > Tokens{0} && ratio(most_cached, request.prompt) >= params_.cache_threshold;
    return enough ? longest->id : roomiest->id;
  }

 private:
  bool uneven(const FleetView& fleet, std::int64_t least) const {
    std::int64_t most = least;
    for (const ReplicaView& r : fleet.ready) most = std::max(most, requests_at(r));
    return most - least > params_.balance_abs &&
           static_cast<double>(most) > params_.balance_rel * static_cast<double>(least);
  }
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_CACHE_AWARE_H_
