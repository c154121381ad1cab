// Allocator: the bound that the others are measured against.
#ifndef JEVONS_POLICIES_ALLOCATOR_ORACLE_H_
#define JEVONS_POLICIES_ALLOCATOR_ORACLE_H_

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/allocator/grant.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// Reads the trace to come.  A pool has at every review the fewest nodes with which no load is too large that arrives
// before a node asked for at the next review could serve (review + load time + drain).  Of the nodes it has, it keeps
// those that it will need again within `keep`: to give one up and load it anew costs more than it brings.  Without a
// future it goes by the load of the last period.
class OracleAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "oracle";
  static constexpr bool kSeesFuture = true;
  static constexpr std::string_view kSummary =
      "A bound, not a result: it sees the requests to come and gives each pool the fewest nodes that will do.";
  struct Params {
    double target_load = 0.9;  // This project's.
    Duration drain = 2_min;    // This project's: long answers of tens of seconds, some in a queue.
    Duration keep = 30_min;    // This project's: a few times loading a node and restarting its jobs.
    bool notice = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("target_load", &Params::target_load, 0.01, 100.0,
          "Share of a node's full throughput that the load may take within the SLO.");
    t.add("drain", &Params::drain, Duration{0}, 24_h, "Time that a node given up takes to finish its requests.");
    t.add("keep", &Params::keep, Duration{0}, 24_h, "Keep a node that will be needed again within this.");
    t.add("notice", &Params::notice, kNoticeHelp);
  }
  explicit OracleAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    std::vector<std::int64_t> wanted;
    for (const PoolView& pool : view.pools) {
      const Instant until = view.now + view.review_every + pool.load_time + params_.drain;
      const bool somebody = pool.held + pool.waiting + pool.running > 0;  // Who has arrived must be served, too.
      const std::int64_t needed = std::max<std::int64_t>(nodes_until(view, pool, until), somebody ? 1 : 0);
      const std::int64_t kept =
          std::min<std::int64_t>(pool.target_nodes, nodes_until(view, pool, until + params_.keep));
      wanted.push_back(std::max(needed, kept));
    }
    grant_by_priority(view, wanted, decision);
    reclaim_at_once(view, VictimRule::kLeastLossPerNode, params_.notice, decision);
  }

 private:
  std::int64_t nodes_until(const AllocatorView& view, const PoolView& pool, Instant until) const {
    const double load = view.future == nullptr ? pool.load_nodes : view.future->peak_load(pool.id, view.now, until);
    return ceil_nodes(load / params_.target_load);
  }
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_ORACLE_H_
