// Allocator: serving lends the nodes above its head-room.
#ifndef JEVONS_POLICIES_ALLOCATOR_CAPACITY_LOAN_H_
#define JEVONS_POLICIES_ALLOCATOR_CAPACITY_LOAN_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>

#include "base/params.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// The loan of Lyra (Li et al., EuroSys 2023): a pool keeps load_nodes / target_load plus head-room, lends whole nodes
// above that, and takes them back at once at the least preemption cost: elastic jobs give up what is beyond their base
// demand first, which stops nobody, and a job over several nodes counts once.  Hysteresis, so that noise in the load
// moves no node: it lends only down to the highest mark of the last `lend_after`, and reclaims, to the full mark, when
// the load has used the head-room up.
class CapacityLoanAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "capacity_loan";
  static constexpr std::string_view kSummary =
      "Serving keeps what its load needs plus head-room and lends training whole nodes above that after a while; it "
      "reclaims at once (Lyra, EuroSys 2023): first what elastic jobs can do without, then the nodes whose jobs lose "
      "the "
      "least.";
  // The defaults are this project's, chosen on the synthetic day of tests/policies/allocator_day_test.cc.
  struct Params {
    double target_load = 0.7;
    std::int64_t headroom = 1;
    Duration lend_after = 15_min;
    double slo_floor = 0.9;
    double queue_high = 8;
    bool only_when_wanted = true;
    std::int64_t exact_jobs = kExactJobs;
    bool notice = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("target_load", &Params::target_load, 0.01, 100.0,
          "Share of a kept node's full throughput that the load may take.");
    t.add("headroom", &Params::headroom, 0, 1 << 20,
          "Nodes kept beyond that; nothing is reclaimed until the load has used them up.");
    t.add("lend_after", &Params::lend_after, Duration{0}, 168_h, "Lend only what was above the mark for this long.");
    t.add("slo_floor", &Params::slo_floor, 0.0, 1.0,
          "Lend nothing while a smaller share of finished requests met the SLO.");
    t.add("queue_high", &Params::queue_high, 0.0, 1e9, "Grow a node when more requests wait per ready node.");
    t.add("only_when_wanted", &Params::only_when_wanted, "Lend only while training jobs wait for GPUs.");
    t.add("exact_jobs", &Params::exact_jobs, 0, 64,
          "Up to this many running jobs the nodes reclaimed are the cheapest set, by branch and bound; beyond, "
          "greedily.");
    t.add("notice", &Params::notice, kNoticeHelp);
  }
  explicit CapacityLoanAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    for (const PoolView& pool : view.pools) {
      const bool wanted = view.waiting_gpus > Gpus{0} || !params_.only_when_wanted;
      decision->targets.push_back({pool.id, target(pool, memory_[pool.id], view.now, wanted)});
    }
    reclaim_cheapest(view, params_.exact_jobs, params_.notice, decision);
  }

 private:
  struct Memory {
    HighestOf marks;
    bool watched = false;
    Instant watched_since{};  // Time without trouble began.
  };

  std::int32_t target(const PoolView& pool, Memory& memory, Instant now, bool wanted) const {
    const std::int32_t base = within_bounds(pool, pool.target_nodes);
    const std::int64_t need = ceil_nodes(pool.load_nodes / params_.target_load);
    const std::int32_t mark = within_bounds(pool, need + params_.headroom);
    const auto highest = static_cast<std::int32_t>(memory.marks.add(now, mark, params_.lend_after));
    const bool well = pool.held == 0 && (pool.finished == 0 || pool.slo_met >= params_.slo_floor);
    if (!well || !memory.watched) {
      memory.watched = true;
      memory.watched_since = now;
    }
    if (within_bounds(pool, need) > base) return mark;
    // Token rates say nothing of memory: a queue shows what they miss.  One node at a time.
    if (queued(pool) > params_.queue_high * std::max(1, pool.ready_nodes) && !help_is_coming(pool)) {
      return within_bounds(pool, std::max<std::int64_t>(mark, std::int64_t{base} + 1));
    }
    if (!well || !wanted || now - memory.watched_since < params_.lend_after) return base;
    return std::min(base, highest);  // Never lends into the head-room.
  }

  Params params_;
  std::map<PoolId, Memory> memory_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_CAPACITY_LOAN_H_
