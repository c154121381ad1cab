// Builds the network of gang_flow.h, and reads the placement off its flow.
#include "policies/placement/gang_flow.h"

#include <algorithm>

#include "base/check.h"
#include "policies/placement/flow.h"
#include "policies/placement/gang.h"

namespace jevons {
namespace {

constexpr std::int64_t kEighths = 8;

// Whether `id` is in the ascending `ids`.
bool among(std::span<const NodeId> ids, NodeId id) { return std::binary_search(ids.begin(), ids.end(), id); }

}  // namespace

std::vector<NodeId> preferred_nodes(const GangView& gang) {
  constexpr std::size_t kMost = 20;
  std::vector<NodeId> ids;
  for (const std::span<const NodeShare> from : {gang.holds, gang.ran_on}) {
    for (const NodeShare& share : from) {
      if (ids.size() < kMost && std::find(ids.begin(), ids.end(), share.node) == ids.end()) ids.push_back(share.node);
    }
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::int64_t GangFlow::leaf_cost(const GangFlowCosts& costs, Gpus gpus, std::int64_t free) {
  const std::int64_t lacking = std::max<std::int64_t>(gpus.value - free, 0);
  const std::int64_t eighths = (kEighths * lacking + gpus.value - 1) / gpus.value;
  return costs.leaf_spread * kScale * eighths / kEighths;
}

std::int64_t GangFlow::node_cost(const GangFlowCosts& costs, Gpus gpus, const NodeView& node) {
  const std::int64_t taken = std::min(gpus, node.free).value;
  return costs.node_spread * (kScale * (gpus.value - taken) / gpus.value) +
         costs.fragment * (kScale * (node.free.value - taken) / std::max(node.total, node.free).value);
}

GangFlow::GangFlow(const GangFlowCosts& costs, Gpus gpus, std::span<const NodeId> preferred,
                   std::span<const NodeView> set)
    : costs_(costs), gpus_(gpus) {
  classify(preferred, set);
  solve();
  for (const std::size_t own : own_) {
    const NodeClass& c = node_classes_[own];
    if (c.flow > 0) shares_.push_back({c.nodes.front().id, Gpus{static_cast<std::int32_t>(c.flow)}});
  }
  for (const LeafClass& leaf_class : leaf_classes_) take(leaf_class);
}

void GangFlow::classify(std::span<const NodeId> preferred, std::span<const NodeView> set) {
  const std::vector<NodeView> nodes = by_leaf(set);
  for (std::size_t first = 0; first < nodes.size();) {
    std::size_t last = first;
    std::int64_t free = 0;
    bool near = false;
    for (; last < nodes.size() && nodes[last].leaf == nodes[first].leaf; ++last) {
      free += nodes[last].free.value;
      near = near || among(preferred, nodes[last].id);
    }
    const std::size_t leaf = leaf_class(near, leaf_cost(costs_, gpus_, free));
    for (; first < last; ++first) {
      const NodeView& node = nodes[first];
      std::size_t at = node_classes_.size();
      if (near && among(preferred, node.id)) {
        own_.push_back(at);
        node_classes_.push_back({node.total, node.free, node_cost(costs_, gpus_, node), {}});
      } else {
        at = node_class(leaf, node);
      }
      node_classes_[at].nodes.push_back(node);
      node_classes_[at].room += node.free.value;
    }
  }
}

std::size_t GangFlow::leaf_class(bool preferred, std::int64_t cost) {
  const auto at = std::find_if(leaf_classes_.begin(), leaf_classes_.end(),
                               [&](const LeafClass& c) { return c.preferred == preferred && c.cost == cost; });
  if (at != leaf_classes_.end()) return static_cast<std::size_t>(at - leaf_classes_.begin());
  leaf_classes_.push_back({preferred, cost, {}});
  return leaf_classes_.size() - 1;
}

std::size_t GangFlow::node_class(std::size_t leaf_class, const NodeView& node) {
  std::vector<std::size_t>& candidates = leaf_classes_[leaf_class].node_classes;
  for (const std::size_t at : candidates) {
    if (node_classes_[at].free == node.free && node_classes_[at].total == node.total) return at;
  }
  candidates.push_back(node_classes_.size());
  node_classes_.push_back({node.total, node.free, node_cost(costs_, gpus_, node), {}});
  return candidates.back();
}

void GangFlow::solve() {
  enum : std::size_t { kSource, kSink, kJob, kCluster, kFirstLeaf };
  const std::size_t first_node = kFirstLeaf + leaf_classes_.size();
  const std::int64_t gang = gpus_.value;
  std::vector<FlowArc> arcs;
  for (std::size_t i = 0; i < node_classes_.size(); ++i) {
    arcs.push_back({first_node + i, kSink, node_classes_[i].room, node_classes_[i].cost});
  }
  arcs.push_back({kSource, kJob, gang, 0});
  arcs.push_back({kJob, kCluster, gang, costs_.remote * kScale});
  for (std::size_t i = 0; i < leaf_classes_.size(); ++i) {
    const LeafClass& c = leaf_classes_[i];
    if (c.preferred) arcs.push_back({kJob, kFirstLeaf + i, gang, costs_.leaf * kScale});
    arcs.push_back({kCluster, kFirstLeaf + i, gang, c.cost});
    for (const std::size_t node : c.node_classes) arcs.push_back({kFirstLeaf + i, first_node + node, gang, 0});
  }
  for (const std::size_t own : own_) arcs.push_back({kJob, first_node + own, gang, 0});
  cost_ = cheapest_flow(first_node + node_classes_.size(), &arcs);
  std::int64_t sent = 0;
  for (std::size_t i = 0; i < node_classes_.size(); ++i) sent += node_classes_[i].flow = arcs[i].flow;
  CHECK(sent == gang);
}

// Leaf by leaf, the one first that takes most of what is left to take; ties go to the lowest.
void GangFlow::take(const LeafClass& leaf_class) {
  const std::vector<std::size_t>& classes = leaf_class.node_classes;
  std::vector<Leaf> leaves;
  std::int64_t left = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const NodeClass& c = node_classes_[classes[i]];
    left += c.flow;
    if (c.flow == 0) continue;
    for (const NodeView& node : c.nodes) {
      auto at = std::lower_bound(leaves.begin(), leaves.end(), node.leaf,
                                 [](const Leaf& leaf, LeafId id) { return leaf.id < id; });
      if (at == leaves.end() || at->id != node.leaf) {
        at = leaves.insert(at, {node.leaf, std::vector<std::int64_t>(classes.size(), 0)});
      }
      at->room[i] += node.free.value;
    }
  }
  while (left > 0) {
    const Leaf* best = nullptr;
    std::int64_t most = 0;
    for (const Leaf& leaf : leaves) {
      std::int64_t takes = 0;
      for (std::size_t i = 0; i < classes.size(); ++i) takes += std::min(leaf.room[i], node_classes_[classes[i]].flow);
      if (takes > most) {
        most = takes;
        best = &leaf;
      }
    }
    CHECK(best != nullptr);
    for (const std::size_t at : classes) take_in_leaf(&node_classes_[at], best->id);
    leaves.erase(leaves.begin() + (best - leaves.data()));
    left -= most;
  }
}

void GangFlow::take_in_leaf(NodeClass* c, LeafId leaf) {
  auto at = std::lower_bound(c->nodes.begin(), c->nodes.end(), leaf,
                             [](const NodeView& node, LeafId id) { return node.leaf < id; });
  for (; c->flow > 0 && at != c->nodes.end() && at->leaf == leaf; ++at) {
    const std::int64_t here = std::min<std::int64_t>(c->flow, at->free.value);
    shares_.push_back({at->id, Gpus{static_cast<std::int32_t>(here)}});
    c->flow -= here;
  }
}

}  // namespace jevons
