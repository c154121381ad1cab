// Placement: the same local ranks on nodes of the fewest leaf groups.
#ifndef JEVONS_POLICIES_PLACEMENT_RAIL_ALIGNED_H_
#define JEVONS_POLICIES_PLACEMENT_RAIL_ALIGNED_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/params.h"
#include "policies/api/placement.h"
#include "policies/placement/fewest_nodes.h"
#include "policies/placement/gang.h"

namespace jevons {

// On a rail-optimised network GPU r of every node of a leaf group hangs on the same switch, so that a collective among
// equal local ranks crosses no spine while its nodes share a leaf.  Placements of gang g come in three ranks, the
// first that exists wins:
//   0  one node, or c >= 2 GPUs on each of g/c nodes: all ranks line up;
//   1  c on all nodes but one, which has the rest: the ranks of the rest line up;
//   2  the fewest nodes, as free GPUs allow.
// Within ranks 0 and 1: exactly the fewest leaves, of such the fewest nodes; then the tightest leaf that finishes it,
// and inside a leaf the fullest nodes, so that whole nodes stay whole.
class RailAlignedPlacement final : public Placement {
 public:
  static constexpr std::string_view kName = "rail_aligned";
  static constexpr std::string_view kSummary =
      "Put the same number of GPUs on each node, so that local ranks line up, in the fewest leaf groups, then nodes.";
  struct Params {
    bool mix_groups = true;
  };
  static void describe(ParamTable<Params>& t) { t.add("mix_groups", &Params::mix_groups, kMixGroupsHelp); }
  explicit RailAlignedPlacement(const Params& params) : params_(params) {}

  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    if (const NodeView* node = tightest(nodes, gang.gpus); node != nullptr) {
      shares->push_back({node->id, gang.gpus});
      return;
    }
    const std::vector<NodeView> sorted = by_group(nodes);
    std::optional<Plan> best;
    std::span<const NodeView> best_set;
    for_each_set(sorted, gang.gpus, params_.mix_groups, [&](std::span<const NodeView> set) {
      const Plan plan = best_plan(gang.gpus, set);
      if (best && !(plan < *best)) return;
      best = plan;
      best_set = set;
    });
    if (!best) return;
    if (best->rank == 2) {
      pack(gang.gpus, best_set, shares);
    } else {
      carry_out(*best, best_set, shares);
    }
  }

 private:
  struct Plan {
    int rank;
    std::size_t leaves, nodes;  // Nodes: with those of the rest.
    std::int32_t each, rest;    // GPUs on all nodes; on one more, 0 = there is none.
    friend bool operator<(const Plan& a, const Plan& b) {
      return std::tie(a.rank, a.leaves, a.nodes) < std::tie(b.rank, b.leaves, b.nodes);
    }
  };
  struct Leaf {
    LeafId id;
    std::size_t whole = 0;  // Nodes with `each` GPUs free or more.
    bool has_rest = false;  // A node with less, but `rest`.
  };

  // No node of `set` holds the gang, all together do.
  static Plan best_plan(Gpus gpus, std::span<const NodeView> set) {
    const std::vector<NodeView> nodes = by_leaf(set);
    std::vector<std::int32_t> frees;  // Distinct, descending.
    for (const NodeView& node : by_free(set, FreeOrder::kMostFirst)) {
      if (frees.empty() || frees.back() != node.free.value) frees.push_back(node.free.value);
    }
    Plan best{2, 0, 0, 0, 0};
    const auto consider = [&](int rank, std::int32_t each, std::int32_t rest) {
      const auto whole = static_cast<std::size_t>((gpus.value - rest) / each);
      if (whole > set.size()) return;
      const std::vector<Leaf> leaves = leaves_of(nodes, each, rest);
      if (const std::size_t used = fewest_leaves(leaves, whole, rest > 0); used > 0) {
        const Plan plan{rank, used, whole + (rest > 0 ? 1 : 0), each, rest};
        if (plan < best) best = plan;
      }
    };
    const auto most_nodes = static_cast<std::int32_t>(std::min<std::size_t>(set.size(), 1u << 30));
    for (std::int32_t n = 2; n <= std::min(most_nodes, gpus.value / 2); ++n) {
      if (gpus.value % n == 0 && gpus.value / n <= frees.front()) consider(0, gpus.value / n, 0);
    }
    if (best.rank == 0) return best;
    // Raising `each` to the least free of its nodes only makes the rest smaller, so no other value need be tried.
    for (const std::int32_t each : frees) consider(1, each, gpus.value % each);
    return best;
  }

  // Largest first; of equal ones those with room for the rest, then the lowest.
  static std::vector<Leaf> leaves_of(std::span<const NodeView> nodes, std::int32_t each, std::int32_t rest) {
    std::vector<Leaf> leaves;
    for (const NodeView& node : nodes) {
      if (leaves.empty() || leaves.back().id != node.leaf) leaves.push_back({node.leaf});
      if (node.free.value >= each) ++leaves.back().whole;
      if (node.free.value < each && node.free.value >= rest) leaves.back().has_rest = true;
    }
    std::sort(leaves.begin(), leaves.end(), [](const Leaf& a, const Leaf& b) {
      if (a.whole != b.whole) return a.whole > b.whole;
      return a.has_rest != b.has_rest ? a.has_rest : a.id < b.id;
    });
    return leaves;
  }

  // Leaves that hold `whole` nodes, and one more for the rest if wanted; 0 = all of them do not.  The largest n leaves
  // hold the most nodes; when that is just enough, every choice of n leaves that holds as many differs only among
  // those as large as the smallest, of which the order puts the ones with room for the rest first.
  static std::size_t fewest_leaves(std::span<const Leaf> leaves, std::size_t whole, bool rest) {
    std::size_t held = 0;
    bool room = !rest;
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      held += leaves[i].whole;
      room = room || leaves[i].has_rest;
      if (held > whole || (held == whole && room)) return i + 1;
      if (held == whole) {
        const auto holds = [](const Leaf& leaf) { return leaf.whole > 0 || leaf.has_rest; };
        return std::any_of(leaves.begin() + static_cast<std::ptrdiff_t>(i) + 1, leaves.end(), holds) ? i + 2 : 0;
      }
    }
    return 0;
  }

  // The largest leaves, and as the last one the smallest that finishes it.
  static void carry_out(const Plan& plan, std::span<const NodeView> set, std::vector<NodeShare>* shares) {
    std::vector<NodeView> nodes = by_leaf(set);
    std::vector<Leaf> leaves = leaves_of(nodes, plan.each, plan.rest);
    const std::size_t whole = plan.nodes - (plan.rest > 0 ? 1 : 0), before = plan.leaves - 1;
    std::size_t left = whole;
    bool room = plan.rest == 0;
    for (std::size_t i = 0; i < before; ++i) {
      left -= std::min(left, leaves[i].whole);
      room = room || leaves[i].has_rest;
    }
    const Leaf* last = nullptr;
    for (std::size_t i = before; i < leaves.size(); ++i) {
      const Leaf& leaf = leaves[i];
      const bool finishes = leaf.whole > left || (leaf.whole == left && (room || leaf.has_rest));
      if (finishes && (last == nullptr || leaf.whole < last->whole)) last = &leaf;
    }
    CHECK(last != nullptr);
    std::vector<LeafId> used{last->id};
    for (std::size_t i = 0; i < before; ++i) used.push_back(leaves[i].id);
    std::sort(used.begin(), used.end());
    std::erase_if(nodes, [&](const NodeView& n) { return !std::binary_search(used.begin(), used.end(), n.leaf); });
    take_fullest(plan, last->id, left, nodes, shares);
  }

  // All nodes with `each` GPUs free of every leaf but the last, `left` of that one; then the rest where it fits best.
  static void take_fullest(const Plan& plan, LeafId last, std::size_t left, std::span<const NodeView> nodes,
                           std::vector<NodeShare>* shares) {
    const NodeView* rest = nullptr;
    const std::vector<NodeView> order = by_free(nodes, FreeOrder::kLeastFirst);
    for (const NodeView& node : order) {
      if (node.free.value >= plan.each && (node.leaf != last || left > 0)) {
        shares->push_back({node.id, Gpus{plan.each}});
        if (node.leaf == last) --left;
      } else if (plan.rest > 0 && node.free.value >= plan.rest && rest == nullptr) {
        rest = &node;
      }
    }
    if (rest != nullptr) shares->push_back({rest->id, Gpus{plan.rest}});
  }

  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_RAIL_ALIGNED_H_
