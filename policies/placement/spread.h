// Placement: as many nodes as possible.
#ifndef JEVONS_POLICIES_PLACEMENT_SPREAD_H_
#define JEVONS_POLICIES_PLACEMENT_SPREAD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/placement.h"
#include "policies/placement/gang.h"

namespace jevons {

class SpreadPlacement final : public Placement {
 public:
  static constexpr std::string_view kName = "spread";
  static constexpr std::string_view kSummary =
      "Use the most nodes, as evenly as their free GPUs allow; the emptiest nodes where not all are needed.";
  struct Params {
    bool mix_groups = true;
  };
  static void describe(ParamTable<Params>& t) { t.add("mix_groups", &Params::mix_groups, kMixGroupsHelp); }
  explicit SpreadPlacement(const Params& params) : params_(params) {}

  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    const Gpus gpus = gang.gpus;
    const std::vector<NodeView> sorted = by_group(nodes);
    std::span<const NodeView> chosen;
    for_each_set(sorted, gpus, params_.mix_groups, [&](std::span<const NodeView> set) {
      if (better(set, chosen, gpus)) chosen = set;
    });
    if (!chosen.empty()) fill_evenly(gpus, chosen, shares);
  }

  std::optional<std::size_t> choose_room(const GangView&, std::span<const RoomView> rooms) const override {
    return least_room_by(rooms, [](const RoomView& r) { return -r.room.value; });
  }

 private:
  // More nodes used, then more free GPUs, then the first group.
  static bool better(std::span<const NodeView> set, std::span<const NodeView> chosen, Gpus gpus) {
    const auto used = [&](std::span<const NodeView> nodes) {
      return std::min(static_cast<std::int64_t>(nodes.size()), std::int64_t{gpus.value});
    };
    if (chosen.empty() || used(set) != used(chosen)) return chosen.empty() || used(set) > used(chosen);
    return free_gpus(set) > free_gpus(chosen);
  }

  // Water-filling: every node gives min(free, level), where `level` is the highest that does not exceed the gang; the
  // nodes with the most free GPUs beyond it give one more until the gang is whole.
  static void fill_evenly(Gpus gpus, std::span<const NodeView> set, std::vector<NodeShare>* shares) {
    const std::vector<NodeView> order = by_free(set, FreeOrder::kMostFirst);
    const auto filled = [&](std::int64_t level) {
      std::int64_t sum = 0;
      for (const NodeView& node : order) sum += std::min(std::int64_t{node.free.value}, level);
      return sum;
    };
    std::int64_t low = 0, high = std::int64_t{gpus.value} + 1;  // filled(low) <= gpus; the answer is below `high`.
    while (high - low > 1) {
      const std::int64_t middle = low + (high - low) / 2;
      (filled(middle) <= gpus.value ? low : high) = middle;
    }
    std::int64_t rest = gpus.value - filled(low);
    for (const NodeView& node : order) {
      std::int64_t here = std::min(std::int64_t{node.free.value}, low);
      if (rest > 0 && node.free.value > low) {
        ++here;
        --rest;
      }
      if (here > 0) shares->push_back({node.id, Gpus{static_cast<std::int32_t>(here)}});
    }
  }
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_SPREAD_H_
