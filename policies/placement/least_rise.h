// Where the fragmentation of a cluster rises least when a gang comes: on one node, or on the fewest.
#ifndef JEVONS_POLICIES_PLACEMENT_LEAST_RISE_H_
#define JEVONS_POLICIES_PLACEMENT_LEAST_RISE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "policies/api/placement.h"
#include "policies/placement/fewest_nodes.h"
#include "policies/placement/fragmentation.h"
#include "policies/placement/gang.h"

namespace jevons {

// Ties go to the least free, then to the lowest id; null if no node holds the gang.
inline const NodeView* least_rise_on_one_node(const Fragmentation& f, Gpus gpus, std::span<const NodeView> nodes) {
  const NodeView* best = nullptr;
  std::int64_t least = 0;
  for (const NodeView& node : nodes) {
    if (node.free < gpus) continue;
    const std::int64_t rise = f.rise(node, gpus);
    if (best != nullptr && (rise > least || (rise == least && node.free >= best->free))) continue;
    best = &node;
    least = rise;
  }
  return best;
}

// The least rise on the fewest nodes, exactly, by dynamic programming.
//
// Let the k freest nodes be the fewest that hold the gang and `slack` what they have free beyond it.  Slack is less
// than the k-th node has free, so few placements use k nodes: each departure from "the k freest, whole" - a GPU left
// behind or a less free node instead - spends slack.  Classes of equal (free, total) are passed by descending free; a
// state is (nodes still to take, slack not yet spent), where slack = what the next freest nodes have beyond what is
// wanted.
class LeastRise {
 public:
  // Nodes may leave this many GPUs behind in all; with more (nodes of more than 17 GPUs) the answer is FewestNodes'.
  static constexpr std::int64_t kMostSlack = 16;

  LeastRise(const Fragmentation& f, Gpus gpus, std::span<const NodeView> set)
      : f_(&f), order_(by_free(set, FreeOrder::kMostFirst)) {
    sum_.push_back(0);
    for (const NodeView& node : order_) sum_.push_back(sum_.back() + node.free.value);
    count_ = static_cast<std::size_t>(std::lower_bound(sum_.begin(), sum_.end(), gpus.value) - sum_.begin());
    CHECK(count_ < sum_.size());
    slack_ = sum_[count_] - gpus.value;
    if (slack_ > kMostSlack) {
      shares_ = FewestNodes(gpus, set).shares;
      return;
    }
    find_classes();
    search();
  }
  std::vector<NodeShare> take_shares() { return std::move(shares_); }

 private:
  struct Class {
    std::size_t first, nodes;  // In `order_`.
    Gpus total, free;
  };
  struct Key {
    std::size_t wanted;  // Nodes still to take, of this class and the next ones.
    std::int64_t slack;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Step {  // The best way to a state: from `from`, taking `nodes` of the class before and leaving `behind` GPUs.
    std::int64_t cost;
    Key from;
    std::size_t nodes;
    std::int64_t behind;
  };
  using States = std::map<Key, Step>;  // Ordered, so that ties are decided alike.

  // The least F of `behind` GPUs left on at most `nodes` nodes of a class, at least one taken of each.
  class Leftovers {
   public:
    Leftovers(const Fragmentation& f, const Class& c, std::int64_t slack) : width_(slack + 1) {
      const auto size = static_cast<std::size_t>(width_ * width_);
      least_.assign(size, kImpossible);
      left_.assign(size, 0);
      for (std::int64_t nodes = 0; nodes <= slack; ++nodes) {
        least_[at(nodes, 0)] = 0;
        for (std::int64_t behind = 1; nodes > 0 && behind <= slack; ++behind) {
          for (std::int64_t here = 1; here <= std::min<std::int64_t>(behind, c.free.value - 1); ++here) {
            const std::int64_t others = least_[at(nodes - 1, behind - here)];
            if (others == kImpossible) continue;
            const std::int64_t sum = others + f.of(c.total, Gpus{static_cast<std::int32_t>(here)});
            if (sum >= least_[at(nodes, behind)]) continue;
            least_[at(nodes, behind)] = sum;
            left_[at(nodes, behind)] = here;
          }
        }
      }
    }
    std::int64_t least(std::size_t nodes, std::int64_t behind) const { return least_[at(capped(nodes), behind)]; }
    std::vector<std::int64_t> split(std::size_t nodes, std::int64_t behind) const {
      std::vector<std::int64_t> out;
      for (std::int64_t n = capped(nodes); behind > 0; --n) {
        out.push_back(left_[at(n, behind)]);
        behind -= out.back();
      }
      return out;
    }

   private:
    std::int64_t capped(std::size_t nodes) const { return std::min(static_cast<std::int64_t>(nodes), width_ - 1); }
    std::size_t at(std::int64_t nodes, std::int64_t behind) const {
      return static_cast<std::size_t>(nodes * width_ + behind);
    }
    std::int64_t width_;
    std::vector<std::int64_t> least_, left_;
  };
  static constexpr std::int64_t kImpossible = std::numeric_limits<std::int64_t>::max();

  void find_classes() {
    for (std::size_t first = 0; first < order_.size();) {
      const Gpus free = order_[first].free;
      if (first >= count_ && free.value < order_[count_ - 1].free.value - slack_) return;  // Too few, even if whole.
      std::size_t last = first;
      while (last < order_.size() && order_[last].free == free) ++last;
      const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(first),
                 end = order_.begin() + static_cast<std::ptrdiff_t>(last);
      const auto smaller = [](const NodeView& a, const NodeView& b) { return a.total < b.total; };
      if (!std::is_sorted(begin, end, smaller)) std::stable_sort(begin, end, smaller);
      for (; first < last; ++classes_.back().nodes, ++first) {
        const Gpus total = order_[first].total;
        if (classes_.empty() || classes_.back().free != free || classes_.back().total != total)
          classes_.push_back({first, 0, total, free});
      }
    }
  }

  void search() {
    std::vector<States> before;  // Each class.
    std::vector<Leftovers> leftovers;
    before.push_back({{{count_, slack_}, {0, {}, 0, 0}}});
    for (const Class& c : classes_) {
      leftovers.emplace_back(*f_, c, slack_);
      States after;
      for (const auto& [key, step] : before.back()) take_from(c, leftovers.back(), key, step.cost, &after);
      before.push_back(std::move(after));
    }
    Key key{0, 0};
    for (std::size_t i = classes_.size(); i > 0; --i) {
      const auto at = before[i].find(key);
      CHECK(at != before[i].end());
      carry_out(classes_[i - 1], leftovers[i - 1], at->second);
      key = at->second.from;
    }
  }

  // All that can be taken of class `c` from one state; fewest last, as slack runs out.
  void take_from(const Class& c, const Leftovers& leftovers, const Key& key, std::int64_t cost, States* after) const {
    const std::size_t next = c.first + c.nodes;
    const std::int64_t best = sum_[c.first + key.wanted] - sum_[c.first];  // Free on the next freest.
    const std::int64_t whole = f_->of(c.total, c.free);
    for (std::size_t nodes = std::min(c.nodes, key.wanted) + 1; nodes-- > 0;) {
      const std::size_t wanted = key.wanted - nodes;
      if (next + wanted >= sum_.size()) return;  // Not that many are left.
      const std::int64_t lost =
          best - static_cast<std::int64_t>(nodes) * c.free.value - (sum_[next + wanted] - sum_[next]);
      if (lost > key.slack) return;
      for (std::int64_t behind = 0; lost + behind <= key.slack; ++behind) {
        const std::int64_t left = leftovers.least(nodes, behind);
        if (left == kImpossible) continue;
        const Step step{cost + left - static_cast<std::int64_t>(nodes) * whole, key, nodes, behind};
        const auto [at, fresh] = after->try_emplace({wanted, key.slack - lost - behind}, step);
        if (!fresh && step.cost < at->second.cost) at->second = step;
      }
    }
  }

  void carry_out(const Class& c, const Leftovers& leftovers, const Step& step) {
    const std::vector<std::int64_t> left = leftovers.split(step.nodes, step.behind);
    for (std::size_t i = 0; i < step.nodes; ++i) {
      const std::size_t back = step.nodes - 1 - i;  // The last nodes leave something.
      const std::int64_t here = c.free.value - (back < left.size() ? left[back] : 0);
      shares_.push_back({order_[c.first + i].id, Gpus{static_cast<std::int32_t>(here)}});
    }
  }

  const Fragmentation* f_;
  std::vector<NodeView> order_;    // By free descending, total, id.
  std::vector<std::int64_t> sum_;  // Free GPUs of the first nodes of `order_`.
  std::size_t count_ = 0;          // The fewest nodes.
  std::int64_t slack_ = 0;
  std::vector<Class> classes_;
  std::vector<NodeShare> shares_;
};

// `set` has room for the gang, and only nodes with a free GPU.
inline std::vector<NodeShare> least_rise_on_fewest_nodes(const Fragmentation& f, Gpus gpus,
                                                         std::span<const NodeView> set) {
  return LeastRise(f, gpus, set).take_shares();
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_PLACEMENT_LEAST_RISE_H_
