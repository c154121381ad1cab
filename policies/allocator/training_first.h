// Allocator: training has what it asks for; serving gets the rest.
#ifndef JEVONS_POLICIES_ALLOCATOR_TRAINING_FIRST_H_
#define JEVONS_POLICIES_ALLOCATOR_TRAINING_FIRST_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// Serving gives nodes up at once (their requests finish first) and gets them only after they were spare for `stable`:
// the other end of the scale from priority_reclaim.  No job is ever stopped.
class TrainingFirstAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "training_first";
  static constexpr std::string_view kSummary =
      "Every pool keeps its minimum; of the other nodes training takes what its jobs ask for and the pools share the "
      "rest.";
  struct Params {
    std::int64_t gpus_per_node = 8;  // DGX/HGX A100, H100, H200 and B200 all have eight.
    Duration stable = 10_min;
    bool on_events = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("gpus_per_node", &Params::gpus_per_node, 1, 1 << 20, "GPUs by which waiting jobs are counted in nodes.");
    t.add("stable", &Params::stable, Duration{0}, 168_h, "Pools grow only by what was spare for this long.");
    t.add("on_events", &Params::on_events, "Give nodes up as soon as a job comes, and not only every review_every.");
  }
  explicit TrainingFirstAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    const std::vector<std::int32_t> shares = share(view, spare(view));
    for (std::size_t i = 0; i < view.pools.size(); ++i) {
      const PoolView& pool = view.pools[i];
      decision->targets.push_back({pool.id, steady(pool, memory_[pool.id], shares[i], view.now)});
    }
  }

  AllocatorEvents wants() const override { return {.job_arrived = params_.on_events}; }

 private:
  struct Memory {
    bool above = false;  // The share has been above the target since `since`,
    Instant since{};
    std::int32_t lowest = 0;  // and this is the lowest it was.
  };

  // Nodes that neither training asks for nor a pool's minimum needs.
  std::int64_t spare(const AllocatorView& view) const {
    std::int64_t nodes = view.idle_training_nodes;
    for (const PoolView& pool : view.pools) nodes += nodes_held(pool) + pool.draining_nodes - pool.min_nodes;
    return nodes - (view.waiting_gpus.value + params_.gpus_per_node - 1) / params_.gpus_per_node;
  }

  // One by one to the pool that has got the smallest part of what it may grow by; ties to the lowest id.
  static std::vector<std::int32_t> share(const AllocatorView& view, std::int64_t nodes) {
    std::vector<std::int32_t> shares;
    for (const PoolView& pool : view.pools) shares.push_back(pool.min_nodes);
    for (; nodes > 0; --nodes) {
      std::size_t best = shares.size();
      for (std::size_t i = 0; i < shares.size(); ++i) {
        if (shares[i] < view.pools[i].max_nodes && (best == shares.size() || less_given(view, shares, i, best)))
          best = i;
      }
      if (best == shares.size()) break;
      ++shares[best];
    }
    return shares;
  }
  static bool less_given(const AllocatorView& view, const std::vector<std::int32_t>& shares, std::size_t a,
                         std::size_t b) {
    const auto given = [&](std::size_t i) { return std::int64_t{shares[i]} - view.pools[i].min_nodes; };
    const auto room = [&](std::size_t i) { return std::int64_t{view.pools[i].max_nodes} - view.pools[i].min_nodes; };
    return given(a) * room(b) < given(b) * room(a);
  }

  std::int32_t steady(const PoolView& pool, Memory& memory, std::int32_t share, Instant now) const {
    const std::int32_t base = within_bounds(pool, pool.target_nodes);
    share = within_bounds(pool, share);
    if (share <= base) {
      memory.above = false;
      return share;
    }
    if (!memory.above) memory = {true, now, share};
    memory.lowest = std::min(memory.lowest, share);
    if (now - memory.since < params_.stable) return base;
    const std::int32_t grown = within_bounds(pool, memory.lowest);
    memory = {grown < share, now, share};
    return grown;
  }

  Params params_;
  std::map<PoolId, Memory> memory_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_TRAINING_FIRST_H_
