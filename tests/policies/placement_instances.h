// Small clusters for tests of placements, and every placement there is on them.
#ifndef JEVONS_TESTS_POLICIES_PLACEMENT_INSTANCES_H_
#define JEVONS_TESTS_POLICIES_PLACEMENT_INSTANCES_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/policies/builtins.h"

namespace jevons::testing {

inline NodeView node(std::uint32_t id, int free, std::uint32_t leaf = 0, std::uint32_t group = 0, int total = 8) {
  return {NodeId{id}, GroupId{group}, LeafId{leaf}, Gpus{total}, Gpus{free}};
}

using Shares = std::vector<std::pair<std::uint32_t, int>>;  // (node, GPUs), ascending.

inline Shares place(const std::string& name, const GangView& gang, const std::vector<NodeView>& nodes,
                    const ParamText& params = {}) {
  std::vector<NodeShare> shares;
  make_policy(builtins().placements, name, params)->place(gang, nodes, &shares);
  Shares out;
  for (const NodeShare& s : shares) out.emplace_back(s.node.index, s.gpus.value);
  std::sort(out.begin(), out.end());
  return out;
}
inline Shares place(const std::string& name, int gpus, const std::vector<NodeView>& nodes,
                    const ParamText& params = {}) {
  return place(name, GangView(Gpus{gpus}), nodes, params);
}

// Up to six nodes of 3 or 4 GPUs, or four of 7 or 8: ids 0, 1, ..., up to three leaves, one group; and a gang that
// fits.
struct SmallCluster {
  std::vector<NodeView> nodes;
  int gpus = 0;

  explicit SmallCluster(RandomStream& random) {
    int sum = 0;
    const bool large = random.below(3) == 0;
    for (std::uint32_t id = 0, n = 1 + static_cast<std::uint32_t>(random.below(large ? 4 : 6)); id < n; ++id) {
      // Unlike nodes in one group: harder than any real one.
      const int total = (large ? 8 : 4) - (random.below(3) == 0 ? 1 : 0);
      const int free = static_cast<int>(1 + random.below(static_cast<std::uint64_t>(total)));
      nodes.push_back(node(id, free, static_cast<std::uint32_t>(random.below(3)), 0, total));
      sum += free;
    }
    gpus = static_cast<int>(1 + random.below(static_cast<std::uint64_t>(sum)));
  }
};

// Calls visit(GPUs taken of each node) for every way to place `gpus`.
template <class Visit>
void for_each_placement(const std::vector<NodeView>& nodes, int gpus, Visit visit) {
  std::vector<int> taken(nodes.size(), 0);
  const auto fill = [&](const auto& self, std::size_t at, int left) -> void {
    if (at == nodes.size()) {
      if (left == 0) visit(std::as_const(taken));
      return;
    }
    for (taken[at] = 0; taken[at] <= std::min(left, nodes[at].free.value); ++taken[at]) {
      self(self, at + 1, left - taken[at]);
    }
    taken[at] = 0;
  };
  fill(fill, 0, gpus);
}

// The same as what place() returned, for nodes with ids 0, 1, ...
inline std::vector<int> taken_of(const Shares& shares, std::size_t nodes) {
  std::vector<int> taken(nodes, 0);
  for (const auto& [id, gpus] : shares) taken.at(id) = gpus;
  return taken;
}

inline int nodes_used(const std::vector<int>& taken) {
  return static_cast<int>(taken.size()) - static_cast<int>(std::count(taken.begin(), taken.end(), 0));
}
inline int leaves_used(const std::vector<NodeView>& nodes, const std::vector<int>& taken) {
  std::vector<LeafId> leaves;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (taken[i] > 0) leaves.push_back(nodes[i].leaf);
  }
  std::sort(leaves.begin(), leaves.end());
  return static_cast<int>(std::unique(leaves.begin(), leaves.end()) - leaves.begin());
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_POLICIES_PLACEMENT_INSTANCES_H_
