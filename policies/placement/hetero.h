// Placement: the GPU type that gives most for its price.
#ifndef JEVONS_POLICIES_PLACEMENT_HETERO_H_
#define JEVONS_POLICIES_PLACEMENT_HETERO_H_

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/params.h"
#include "policies/api/placement.h"
#include "policies/placement/fewest_nodes.h"
#include "policies/placement/gang.h"

namespace jevons {

// Worth of a group to a job = its speed there / dollars per GPU-hour: the throughput per dollar of Gavel's cost policy
// (Narayanan et al., OSDI'20, section 4.2), for one job at a time.  Ties go to the lower group.
class HeteroPlacement final : public Placement {
 public:
  static constexpr std::string_view kName = "hetero";
  static constexpr std::string_view kSummary =
      "Use the group with the most throughput per dollar for this job that can hold it; there the fewest nodes.";
  struct Params {
    bool by_price = true;
    bool mix_groups = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("by_price", &Params::by_price,
          "Divide the job's speed on a group by the group's price; if not, or if prices are unknown, speed alone "
          "counts.");
    t.add("mix_groups", &Params::mix_groups,
          "Whether a gang that no group can hold now may span groups: the best ones that together can, by worth.");
  }
  explicit HeteroPlacement(const Params& params) : params_(params) {}

  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    const std::vector<NodeView> sorted = by_group(nodes);
    std::vector<Offer> offers;
    for_each_group(sorted, [&](std::span<const NodeView> group) {
      offers.push_back({worth(gang, group.front().group), group, free_gpus(group)});
    });
    std::stable_sort(offers.begin(), offers.end(), [](const Offer& a, const Offer& b) { return a.worth > b.worth; });
    for (const Offer& offer : offers) {
      if (offer.free >= gang.gpus.value) return pack(gang.gpus, offer.nodes, shares);
    }
    if (!params_.mix_groups) return;
    std::vector<NodeView> together;
    std::int64_t free = 0;
    for (const Offer& offer : offers) {
      together.insert(together.end(), offer.nodes.begin(), offer.nodes.end());
      free += offer.free;
      if (free >= gang.gpus.value) return pack(gang.gpus, together, shares);
    }
  }

  // The least room of those on the group worth most.
  std::optional<std::size_t> choose_room(const GangView& gang, std::span<const RoomView> rooms) const override {
    return least_room_by(rooms, [&](const RoomView& r) { return std::pair(-worth(gang, r.group), r.room); });
  }

 private:
  struct Offer {
    double worth;
    std::span<const NodeView> nodes;
    std::int64_t free;
  };
  // A group that costs nothing is worth more than any other in which the job runs at all.
  double worth(const GangView& gang, GroupId group) const {
    const auto of = [&](std::span<const double> values, double missing) {
      return group.index < values.size() ? values[group.index] : missing;
    };
    const double speed = of(gang.speed_by_group, 1.0);
    const double usd = params_.by_price ? of(gang.usd_by_group, 1.0) : 1.0;
    if (!(speed > 0)) return 0;
    return usd > 0 ? speed / usd : std::numeric_limits<double>::infinity();
  }
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_HETERO_H_
