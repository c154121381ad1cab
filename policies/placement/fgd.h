// Placement: fragmentation gradient descent.
#ifndef JEVONS_POLICIES_PLACEMENT_FGD_H_
#define JEVONS_POLICIES_PLACEMENT_FGD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/params.h"
#include "policies/api/placement.h"
#include "policies/placement/fewest_nodes.h"
#include "policies/placement/fragmentation.h"
#include "policies/placement/gang.h"
#include "policies/placement/least_rise.h"

namespace jevons {

// Weng et al., "Beware of Fragmentation" (ATC'23): F of the cluster is the expected number of free GPUs that a task
// drawn from the workload cannot use; each task goes where F rises least.  The paper's CPUs and memory are not
// modelled.
//   - A gang that fits one node gets the node where F rises least; ties go to the least free, then to the lowest id.
//   - A larger one, which the paper does not have, gets the fewest nodes and, of such, those where F rises least.
//   - A share of a GPU goes to the room where F rises least (RoomFragments); ties go to the least room, then to the
//     first.  Where it opens a GPU, what it leaves of it is lost to the same tasks on every node: it is placed as one
//     GPU.
class FgdPlacement final : public Placement {
 public:
  static constexpr std::string_view kName = "fgd";
  static constexpr std::string_view kSummary =
      "Fragmentation gradient descent (ATC'23): go where the free GPUs that recent jobs could not use rise least.";
  struct Params {
    std::int64_t window = 1'000;
    bool mix_groups = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("window", &Params::window, 1, 1'000'000,
          "Jobs submitted last that stand for the workload (the scenario may tell of fewer); our choice.");
    t.add("mix_groups", &Params::mix_groups, kMixGroupsHelp);
  }
  explicit FgdPlacement(const Params& params) : params_(params) {}

  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    const std::size_t seen = std::min(gang.recent.size(), static_cast<std::size_t>(params_.window));
    // Nothing is known of the workload before the first job but that one.
    const Fragmentation f(seen > 0 ? gang.recent.last(seen) : std::span<const Gpus>(&gang.gpus, 1));
    if (const NodeView* node = least_rise_on_one_node(f, gang.gpus, nodes); node != nullptr) {
      shares->push_back({node->id, gang.gpus});
      return;
    }
    std::int64_t least = 0;
    for_each_set(by_group(nodes), gang.gpus, params_.mix_groups, [&](std::span<const NodeView> set) {
      std::vector<NodeShare> attempt = least_rise_on_fewest_nodes(f, gang.gpus, set);
      const std::int64_t rise = f.rise(set, attempt);
      if (!shares->empty() && (attempt.size() > shares->size() || (attempt.size() == shares->size() && rise >= least)))
        return;
      *shares = std::move(attempt);
      least = rise;
    });
  }

  std::optional<std::size_t> choose_room(const GangView& gang, std::span<const RoomView> rooms) const override {
    const std::size_t seen = std::min(gang.recent_shares.size(), static_cast<std::size_t>(params_.window));
    const RoomFragments f(gang.recent_shares.last(seen));
    return least_room_by(rooms, [&](const RoomView& r) { return std::pair(f.rise(r.room, gang.share), r.room); });
  }

 private:
  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_FGD_H_
