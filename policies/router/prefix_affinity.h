// Router: requests with the same beginning go to the same replica, unless it is too loaded.
#ifndef JEVONS_POLICIES_ROUTER_PREFIX_AFFINITY_H_
#define JEVONS_POLICIES_ROUTER_PREFIX_AFFINITY_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/params.h"
#include "policies/api/router.h"
#include "policies/router/load.h"

namespace jevons {

// Rendezvous hashing (Thaler and Ravishankar, 1998): a replica that leaves moves only the prefixes it had.  The bound
// on load is that of "Consistent hashing with bounded loads" (Mirrokni, Thorup, Zadimoghaddam, 2018): at most
// ceil(load_factor x mean) requests, counting the new one; what is above goes to the least loaded replica.
class PrefixAffinityRouter final : public Router {
 public:
  static constexpr std::string_view kName = "prefix_affinity";
  static constexpr std::string_view kSummary =
      "Send requests whose prompts begin alike to one replica, by rendezvous hash of the first block hashes; to the "
      "replica "
      "with the fewest requests when that one is too loaded or the trace has no hashes.";
  struct Params {
    std::int64_t prefix_blocks = 1;
    double load_factor = 1.25;  // HAProxy: "reasonable values are from 125 to 200" per cent.
    std::int64_t min_requests = 8;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("prefix_blocks", &Params::prefix_blocks, 1, 1 << 20,
          "Leading block hashes of the prompt that name its prefix; a shorter prompt is named by all it has.");
    t.add("load_factor", &Params::load_factor, 1.0, 1e6,
          "A replica with more than this many times the mean number of requests is too loaded.");
    t.add("min_requests", &Params::min_requests, 0, 1 << 20,
          "A replica with at most this many requests, the new one included, is never too loaded.");
  }
  explicit PrefixAffinityRouter(const Params& params) : params_(params) {}

  std::optional<ReplicaId> route(const RequestView& request, const FleetView& fleet) override {
    if (fleet.ready.empty()) return std::nullopt;
    const ReplicaView* least = &fleet.ready[0];
    const ReplicaView* home = least;
    const bool hashed = !request.block_hashes.empty();
    const std::uint64_t key = hashed ? prefix_key(request) : 0;
    std::uint64_t best = 0;
    std::int64_t total = 1;  // The new request.
    for (const ReplicaView& r : fleet.ready) {
      total += requests_at(r);
      if (less_loaded(r, *least, false)) least = &r;
      if (const std::uint64_t weight = mix(key ^ ((r.id.index + 1) * kOdd)); weight > best) {
        best = weight;
        home = &r;
      }
    }
    if (!hashed || too_loaded(*home, total, fleet.ready.size())) return least->id;
    return home->id;
  }

 private:
  bool too_loaded(const ReplicaView& replica, std::int64_t total, std::size_t replicas) const {
    const std::int64_t with_new = requests_at(replica) + 1;
    if (with_new <= params_.min_requests) return false;
    const double mean = static_cast<double>(total) / static_cast<double>(replicas);
    return static_cast<double>(with_new) > std::ceil(params_.load_factor * mean);
  }
  std::uint64_t prefix_key(const RequestView& request) const {
    const std::size_t n = std::min(request.block_hashes.size(), static_cast<std::size_t>(params_.prefix_blocks));
    std::uint64_t key = n;
    for (std::size_t i = 0; i < n; ++i) key = mix(key ^ request.block_hashes[i]);
    return key;
  }
  static constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio.
  // The output function of SplitMix64 (Steele, Lea and Flood, 2014), a bijection.
  static std::uint64_t mix(std::uint64_t x) {
    x += kOdd;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ROUTER_PREFIX_AFFINITY_H_
