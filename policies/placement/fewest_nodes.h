// One way to put a gang on one set of nodes: on the fewest nodes, and of such nearly the fewest leaf switches.
#ifndef JEVONS_POLICIES_PLACEMENT_FEWEST_NODES_H_
#define JEVONS_POLICIES_PLACEMENT_FEWEST_NODES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policies/api/placement.h"
#include "policies/placement/gang.h"

namespace jevons {

// The number of nodes is the least possible (largest first is optimal).  The number of leaves is the least possible
// while all nodes used are equally free, the usual case of whole idle nodes; with mixed free counts it is a good guess.
class FewestNodes {
 public:
  std::vector<NodeShare> shares;

  // `set` has room for the gang, and only nodes with a free GPU.
  FewestNodes(Gpus gpus, std::span<const NodeView> set) : order_(by_free(set, FreeOrder::kMostFirst)) {
    std::int32_t left = gpus.value;
    for (std::size_t first = 0; first < order_.size() && left > 0;) {
      const std::int32_t free = order_[first].free.value;
      std::size_t last = first;
      while (last < order_.size() && order_[last].free.value == free) ++last;
      sort_by_leaf(first, last);
      const std::int32_t whole = std::min(left / free, static_cast<std::int32_t>(last - first));
      left -= whole * free;
      if (whole > 0) take_equal(first, last, whole, left < free ? left : 0);
      if (left > 0 && first + static_cast<std::size_t>(whole) < last) {
        take_remainder(first, Gpus{left});
        left = 0;
      }
      first = last;
    }
    CHECK(left == 0);
  }

  std::size_t leaves() const { return leaves_.size(); }

 private:
  struct Leaf {
    LeafId id;
    std::size_t first = 0;  // Of its run of equally free nodes in `order_`.
    std::int32_t nodes = 0;
    bool used = false;        // Already holds a part of the gang.
    bool holds_rest = false;  // Has another node for the remainder.
  };

  bool leaf_used(LeafId id) const { return std::binary_search(leaves_.begin(), leaves_.end(), id); }
  void use(const NodeView& node, Gpus gpus) {
    shares.push_back({node.id, gpus});
    const auto at = std::lower_bound(leaves_.begin(), leaves_.end(), node.leaf);
    if (at == leaves_.end() || *at != node.leaf) leaves_.insert(at, node.leaf);
  }
  // Of equally free nodes, which come by id.
  void sort_by_leaf(std::size_t first, std::size_t last) {
    const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(first),
               end = order_.begin() + static_cast<std::ptrdiff_t>(last);
    const auto earlier = [](const NodeView& a, const NodeView& b) { return a.leaf < b.leaf; };
    if (!std::is_sorted(begin, end, earlier)) std::stable_sort(begin, end, earlier);
  }

  // Takes `count` of the equally free nodes order_[first, last): from leaves already used, then from the largest until
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
        NodeView& node = order_[leaf->first++];
        use(node, node.free);
        node.free = Gpus{0};
      }
    }
  }
  std::vector<Leaf> leaf_runs(std::size_t first, std::size_t last) const {
    std::vector<Leaf> runs;
    for (std::size_t i = first; i < last; ++i) {
      const LeafId id = order_[i].leaf;
      if (runs.empty() || runs.back().id != id) runs.push_back({id, i, 0, leaf_used(id), false});
      ++runs.back().nodes;
    }
    return runs;
  }
  // Marks the leaves where a less free node, order_[last ..), holds the remainder.
  void mark_rest(std::vector<Leaf>& runs, std::size_t last, std::int32_t rest) const {
    auto at = runs.begin();
    for (std::size_t i = last; i < order_.size() && order_[i].free.value >= rest; ++i) {
      const LeafId id = order_[i].leaf;
      if (at == runs.end() || at->id != id) {
        at = std::lower_bound(runs.begin(), runs.end(), id, [](const Leaf& leaf, LeafId to) { return leaf.id < to; });
      }
      if (at != runs.end() && at->id == id) at->holds_rest = true;
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
  // One node of order_[first ..) holds it: in a leaf already used if possible, then the tightest, then the lowest
  // (leaf, id).
  void take_remainder(std::size_t first, Gpus rest) {
    const NodeView* best = nullptr;
    bool best_used = false;
    const auto better = [&](const NodeView& node, bool used) {
      if (best == nullptr || used != best_used) return best == nullptr || used;
      if (node.free != best->free) return node.free < best->free;
      return node.leaf != best->leaf ? node.leaf < best->leaf : node.id < best->id;
    };
    for (std::size_t i = first; i < order_.size(); ++i) {
      const NodeView& node = order_[i];
      if (node.free < rest) continue;
      const bool used = leaf_used(node.leaf);
      if (!better(node, used)) continue;
      best = &node;
      best_used = used;
    }
    CHECK(best != nullptr);
    use(*best, rest);
  }

  std::vector<NodeView> order_;  // By free descending, id; those considered so far by free, leaf, id.  Taken: 0 free.
  std::vector<LeafId> leaves_;   // Used, ascending.
};

// One node if that holds the gang, the least free of such; else the fewest.  `set` has room for it.
inline void pack(Gpus gpus, std::span<const NodeView> set, std::vector<NodeShare>* shares) {
  if (const NodeView* node = tightest(set, gpus); node != nullptr) {
    shares->push_back({node->id, gpus});
  } else {
    *shares = FewestNodes(gpus, set).shares;
  }
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_FEWEST_NODES_H_
