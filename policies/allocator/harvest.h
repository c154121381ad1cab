// Allocator: training only ever has what serving leaves idle at this moment.
#ifndef JEVONS_POLICIES_ALLOCATOR_HARVEST_H_
#define JEVONS_POLICIES_ALLOCATOR_HARVEST_H_

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/allocator/grant.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// As clouds sell spare capacity ("spot", "harvest"): revoked at once and without notice.  A pool keeps what the highest
// load of the last role change (review period + load time) needs, what its queue needs at `queue_high` a node, and a
// reserve; all else is harvested, whether jobs wait or not.
class HarvestAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "harvest";
  static constexpr std::string_view kSummary =
      "Training only ever gets nodes that serving leaves idle, and loses them at once and without notice.";
  // The defaults are this project's.
  struct Params {
    double target_load = 0.8;
    std::int64_t reserve = 1;
    double queue_high = 8;
    bool on_events = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("target_load", &Params::target_load, 0.01, 100.0,
          "Share of a kept node's full throughput that the load may take.");
    t.add("reserve", &Params::reserve, 0, 1 << 20, "Idle nodes that a pool with requests keeps.");
    t.add("queue_high", &Params::queue_high, 0.001, 1e9, "Keep nodes until no more requests wait per node.");
    t.add("on_events", &Params::on_events, kOnEventsHelp);
  }
  explicit HarvestAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    std::vector<std::int64_t> wanted;
    for (const PoolView& pool : view.pools) {
      std::int64_t nodes = ceil_nodes(pool.load_nodes / params_.target_load) +
                           ceil_nodes(queued(pool) / params_.queue_high - std::max(1, pool.ready_nodes));
      if (!is_idle(pool)) nodes = std::max<std::int64_t>(1, nodes) + params_.reserve;
      wanted.push_back(needed_[pool.id].add(view.now, nodes, view.review_every + pool.load_time));
    }
    grant_by_priority(view, wanted, decision);
    reclaim_at_once(view, VictimRule::kLeastLoss, /*notice=*/false, decision);
  }

  AllocatorEvents wants() const override { return {.slo_broken = params_.on_events, .queue_jump = params_.on_events}; }

 private:
  Params params_;
  std::map<PoolId, HighestOf> needed_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_HARVEST_H_
