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
// before a node asked for at the next review could serve (review + load time), or before one given up now could be
// back (drain + load time more).  Without a future it goes by the load of the last period.
class OracleAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "oracle";
  static constexpr bool kSeesFuture = true;
  static constexpr std::string_view kSummary =
      "A bound, not a result: it sees the requests to come and gives each pool the fewest nodes that will do.";
  struct Params {
    double target_load = 0.9;  // This project's.
    Duration drain = 2_min;    // This project's: long answers of tens of seconds, some in a queue.
    bool notice = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("target_load", &Params::target_load, 0.01, 100.0,
          "Share of a node's full throughput that the load may take within the SLO.");
    t.add("drain", &Params::drain, Duration{0}, 24_h, "Time that a node given up takes to finish its requests.");
    t.add("notice", &Params::notice, kNoticeHelp);
  }
  explicit OracleAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    std::vector<std::int64_t> wanted;
    for (const PoolView& pool : view.pools) {
      const Instant until = view.now + view.review_every + pool.load_time + params_.drain;
      const double load = view.future == nullptr ? pool.load_nodes : view.future->peak_load(pool.id, view.now, until);
      const bool somebody = pool.held + pool.waiting + pool.running > 0;  // Who has arrived must be served, too.
      wanted.push_back(std::max<std::int64_t>(ceil_nodes(load / params_.target_load), somebody ? 1 : 0));
    }
    grant_by_priority(view, wanted, decision);
    reclaim_at_once(view, VictimRule::kLeastLossPerNode, params_.notice, decision);
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_ORACLE_H_
