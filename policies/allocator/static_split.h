// Allocator: nothing ever moves.
#ifndef JEVONS_POLICIES_ALLOCATOR_STATIC_SPLIT_H_
#define JEVONS_POLICIES_ALLOCATOR_STATIC_SPLIT_H_

#include <string_view>

#include "base/params.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

class StaticSplitAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "static_split";
  static constexpr std::string_view kSummary =
      "Keep the nodes that the scenario gives each pool; training has the rest.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit StaticSplitAllocator(const Params&) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    for (const PoolView& pool : view.pools) {
      decision->targets.push_back({pool.id, within_bounds(pool, pool.initial_nodes)});
    }
  }
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_STATIC_SPLIT_H_
