// What share of requests a pool of n nodes serves in time: a formula until it has been seen.
#ifndef JEVONS_POLICIES_ALLOCATOR_ATTAINMENT_H_
#define JEVONS_POLICIES_ALLOCATOR_ATTAINMENT_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "policies/allocator/erlang.h"
#include "policies/api/allocator.h"

namespace jevons {

// Learns the share of requests in time by load per node, in bins of 0.05: the exponential mean of what reviews saw,
// forgotten `remember` after the last.  Where nothing was seen Erlang's formula holds, but not below what was seen at a
// higher load per node.  More nodes never serve less.
class Attainment {
 public:
  void learn(const PoolView& pool, Instant now) {
    if (pool.finished <= 0 || pool.ready_nodes <= 0) return;
    Bin& bin = bins_[bin_of(pool.load_nodes / pool.ready_nodes)];
    constexpr double kNewest = 0.2;  // Weight of the newest review; this project's.
    bin.met = bin.seen ? bin.met + kNewest * (pool.slo_met - bin.met) : pool.slo_met;
    bin.seen = true;
    bin.at = now;
  }

  // For n = 0 .. most nodes.
  std::vector<double> curve(double load, std::int64_t servers_per_node, std::int64_t most, Instant now,
                            Duration remember) {
    for (Bin& bin : bins_) bin.seen = bin.seen && now - bin.at <= remember;
    std::array<double, kBins + 1> beyond{};  // The best seen at this load per node or more.
    for (std::size_t b = kBins; b-- > 0;) beyond[b] = std::max(beyond[b + 1], bins_[b].seen ? bins_[b].met : 0);
    std::vector<double> served = served_at_once(load, servers_per_node, most);
    double least = 1;
    for (std::int64_t n = most; n > 0; --n) {
      double& share = served[static_cast<std::size_t>(n)];
      const std::size_t b = bin_of(load / static_cast<double>(n));
      least = std::min(least, bins_[b].seen ? bins_[b].met : std::max(share, beyond[b]));
      share = least;
    }
    return served;
  }

 private:
  static constexpr std::size_t kBins = 41;  // The last is that of twice a node's throughput and more.
  struct Bin {
    double met = 1;
    bool seen = false;
    Instant at{};
  };
  static std::size_t bin_of(double load_per_node) {
    if (!(load_per_node > 0)) return 0;
    return static_cast<std::size_t>(std::min(load_per_node * 20, static_cast<double>(kBins - 1)));
  }
  std::array<Bin, kBins> bins_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_ATTAINMENT_H_
