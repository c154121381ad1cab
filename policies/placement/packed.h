// Placement: the fewest nodes, then the fewest leaf switches, then the best fit.
#ifndef JEVONS_POLICIES_PLACEMENT_PACKED_H_
#define JEVONS_POLICIES_PLACEMENT_PACKED_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/placement.h"
#include "policies/placement/gang.h"

namespace jevons {

// The number of nodes is the least possible (largest first is optimal).  The number of leaves is the least possible
// while all nodes used are equally free, the usual case of whole idle nodes; with mixed free counts it is a good guess.
class PackedPlacement final : public Placement {
 public:
  static constexpr std::string_view kName = "packed";
  static constexpr std::string_view kSummary =
      "Use the fewest nodes, then the fewest leaf switches; a job that fits one node goes where the least stays free.";
  struct Params {
    bool mix_groups = true;
  };
  static void describe(ParamTable<Params>& t) { t.add("mix_groups", &Params::mix_groups, kMixGroupsHelp); }
  explicit PackedPlacement(const Params& params) : params_(params) {}

  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    const Gpus gpus = gang.gpus;
    if (const NodeView* node = tightest(nodes, gpus); node != nullptr) {
      shares->push_back({node->id, gpus});
      return;
    }
    std::size_t fewest_leaves = 0;
    for_each_set(by_group(nodes), gpus, params_.mix_groups, [&](std::span<const NodeView> set) {
      Attempt attempt(gpus, set);
      const std::size_t used = attempt.shares.size(), leaves = attempt.leaves_used();
      if (!shares->empty() && (used > shares->size() || (used == shares->size() && leaves >= fewest_leaves))) return;
      *shares = std::move(attempt.shares);
      fewest_leaves = leaves;
    });
  }

 private:
  // One way to put a gang on one set of nodes, which together have room for it.
  struct Attempt {
    struct Candidate {
      NodeView node;
      bool taken = false;
    };
    struct Leaf {
      LeafId id;
      std::size_t first = 0;  // Of its run of equally free nodes in `order`.
      std::int32_t nodes = 0;
      bool used = false;        // Already holds a part of the gang.
      bool holds_rest = false;  // Has another node for the remainder.
    };
    std::vector<Candidate> order;  // By free descending, leaf, id.
    std::vector<LeafId> leaves;    // Used, ascending.
    std::vector<NodeShare> shares;

    Attempt(Gpus gpus, std::span<const NodeView> set) {
      order.reserve(set.size());
      for (const NodeView& node : set) order.push_back({node});
      std::sort(order.begin(), order.end(), [](const Candidate& a, const Candidate& b) {
        if (a.node.free != b.node.free) return a.node.free > b.node.free;
        return a.node.leaf != b.node.leaf ? a.node.leaf < b.node.leaf : a.node.id < b.node.id;
      });
      std::int32_t left = gpus.value;
      for (std::size_t first = 0; first < order.size() && left > 0;) {
        const std::int32_t free = order[first].node.free.value;
        std::size_t last = first;
        while (last < order.size() && order[last].node.free.value == free) ++last;
        const std::int32_t whole = std::min(left / free, static_cast<std::int32_t>(last - first));
        left -= whole * free;
        take_equal(first, last, whole, left < free ? left : 0);
        if (left > 0 && first + static_cast<std::size_t>(whole) < last) {
          take_remainder(Gpus{left});
          left = 0;
        }
        first = last;
      }
      CHECK(left == 0);
    }

    std::size_t leaves_used() const { return leaves.size(); }

    bool leaf_used(LeafId id) const { return std::binary_search(leaves.begin(), leaves.end(), id); }
    void use(Candidate& candidate, Gpus gpus) {
      candidate.taken = true;
      shares.push_back({candidate.node.id, gpus});
      const auto at = std::lower_bound(leaves.begin(), leaves.end(), candidate.node.leaf);
      if (at == leaves.end() || *at != candidate.node.leaf) leaves.insert(at, candidate.node.leaf);
    }

    // Takes `count` of the equally free nodes order[first, last): from leaves already used, then from the largest until
    // one leaf holds what is left, which is the fewest.  `rest` GPUs will be wanted afterwards.
    void take_equal(std::size_t first, std::size_t last, std::int32_t count, std::int32_t rest) {
      std::vector<Leaf> runs = leaf_runs(first, last);
      if (rest > 0) mark_rest(runs, last, rest);
      std::sort(runs.begin(), runs.end(), [](const Leaf& a, const Leaf& b) {
        if (a.used != b.used) return a.used;
        return a.nodes != b.nodes ? a.nodes > b.nodes : a.id < b.id;
      });
      for (std::size_t i = 0; count > 0; ++i) {
        CHECK(i < runs.size());
        Leaf* leaf = &runs[i];
        if (!leaf->used && leaf->nodes >= count) {
          leaf = &*std::min_element(runs.begin() + static_cast<std::ptrdiff_t>(i), runs.end(),
                                    [&](const Leaf& a, const Leaf& b) { return preferred(a, b, count, rest); });
        }
        for (; count > 0 && leaf->nodes > 0; --count, --leaf->nodes) {
          Candidate& candidate = order[leaf->first++];
          use(candidate, candidate.node.free);
        }
      }
    }
    std::vector<Leaf> leaf_runs(std::size_t first, std::size_t last) const {
      std::vector<Leaf> runs;
      for (std::size_t i = first; i < last; ++i) {
        const LeafId id = order[i].node.leaf;
        if (runs.empty() || runs.back().id != id) runs.push_back({id, i, 0, leaf_used(id), false});
        ++runs.back().nodes;
      }
      return runs;
    }
    // Marks the leaves where a less free node, order[last ..), holds the remainder.
    void mark_rest(std::vector<Leaf>& runs, std::size_t last, std::int32_t rest) const {
      for (std::size_t i = last; i < order.size() && order[i].node.free.value >= rest; ++i) {
        const auto at = std::lower_bound(runs.begin(), runs.end(), order[i].node.leaf,
                                         [](const Leaf& leaf, LeafId id) { return leaf.id < id; });
        if (at != runs.end() && at->id == order[i].node.leaf) at->holds_rest = true;
      }
    }
    // Of unused leaves: one that holds all that is wanted, remainder included, then one that holds `count` nodes, the
    // tightest of such.  Ties go to the lowest id.
    static bool preferred(const Leaf& a, const Leaf& b, std::int32_t count, std::int32_t rest) {
      const auto grade = [&](const Leaf& leaf) {
        if (leaf.nodes < count) return 0;
        return rest == 0 || leaf.nodes > count || leaf.holds_rest ? 2 : 1;
      };
      if (grade(a) != grade(b)) return grade(a) > grade(b);
      return a.nodes != b.nodes ? a.nodes < b.nodes : a.id < b.id;
    }
    // One node holds it: in a leaf already used if possible, then the tightest, then the lowest (leaf, id).
    void take_remainder(Gpus rest) {
      Candidate* best = nullptr;
      bool best_used = false;
      for (Candidate& candidate : order) {
        if (candidate.taken || candidate.node.free < rest) continue;
        const bool used = leaf_used(candidate.node.leaf);
        if (best == nullptr || (used && !best_used) || (used == best_used && candidate.node.free < best->node.free)) {
          best = &candidate;
          best_used = used;
        }
      }
      CHECK(best != nullptr);
      use(*best, rest);
    }
  };

  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_PACKED_H_
