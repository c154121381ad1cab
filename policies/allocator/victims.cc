// Which training jobs give way.
#include "policies/allocator/victims.h"

namespace jevons {
namespace {

using Order = std::vector<VictimView>;

// Cost of one against the other, each divided by what it returns; ties to the latest start.
bool cheaper(Int128 cost_a, std::int64_t nodes_a, Instant started_a, Int128 cost_b, std::int64_t nodes_b,
             Instant started_b) {
  const Int128 a = cost_a * nodes_b, b = cost_b * nodes_a;
  return a != b ? a < b : started_a > started_b;
}

Order sorted(std::span<const VictimView> jobs, VictimRule rule) {
  Order order(jobs.begin(), jobs.end());
  const auto weight = [&](const VictimView& job) {
    return rule == VictimRule::kLeastLossPerNode ? std::int64_t{std::max(1, job.nodes)} : 1;
  };
  std::sort(order.begin(), order.end(), [&](const VictimView& a, const VictimView& b) {
    const Int128 cost_a = a.lost_if_stopped.gpu_ns, cost_b = b.lost_if_stopped.gpu_ns;
    if (cheaper(cost_a, weight(a), a.started, cost_b, weight(b), b.started)) return true;
    if (cheaper(cost_b, weight(b), b.started, cost_a, weight(a), a.started)) return false;
    return a.id < b.id;
  });
  return order;
}

// The jobs of `order` that together return at least `wanted` nodes for the least loss, no two sharing a node.
std::vector<bool> exact_cover(const Order& order, std::int64_t wanted) {
  std::vector<bool> chosen(order.size(), false);
  const std::size_t width = static_cast<std::size_t>(wanted) + 1;
  const auto after = [&](std::size_t job, std::size_t n) {  // Nodes still wanted once it is stopped.
    const std::size_t nodes = static_cast<std::size_t>(std::max(0, order[job].nodes));
    return n > nodes ? n - nodes : 0;
  };
  // least[n]: the least loss that returns n nodes or more, of the jobs seen so far; -1 where they cannot.
  std::vector<Int128> least(width, -1);
  least[0] = 0;
  std::vector<bool> takes(order.size() * width, false);
  for (std::size_t j = 0; j < order.size(); ++j) {
    for (std::size_t n = width - 1; n > 0; --n) {
      const Int128 before = least[after(j, n)];
      if (before < 0) continue;
      const Int128 loss = before + order[j].lost_if_stopped.gpu_ns;
      if (least[n] >= 0 && least[n] <= loss) continue;
      least[n] = loss;
      takes[j * width + n] = true;
    }
  }
  std::size_t n = width - 1;
  for (std::size_t j = order.size(); j-- > 0 && n > 0;) {
    if (!takes[j * width + n]) continue;
    chosen[j] = true;
    n = after(j, n);
  }
  return chosen;
}

// Nodes and the jobs on them, as positions, and which jobs are stopped so far.
class NodePicker {
 public:
  NodePicker(const Order& order, VictimRule rule)
      : order_(order), rule_(rule), nodes_of_(order.size()), stopped_(order.size()) {
    std::vector<std::pair<NodeId, std::size_t>> held;
    for (std::size_t j = 0; j < order.size(); ++j) {
      for (const NodeShare& share : order[j].shares) held.emplace_back(share.node, j);
    }
    std::sort(held.begin(), held.end());
    for (std::size_t i = 0; i < held.size(); ++i) {
      if (i == 0 || held[i].first != held[i - 1].first) jobs_on_.emplace_back();
      jobs_on_.back().push_back(held[i].second);
      nodes_of_[held[i].second].push_back(jobs_on_.size() - 1);
    }
    for (const auto& jobs : jobs_on_) left_.push_back(jobs.size());
    counted_.assign(jobs_on_.size(), 0);
  }

  bool shares_nodes() const {
    return std::any_of(jobs_on_.begin(), jobs_on_.end(), [](const auto& jobs) { return jobs.size() > 1; });
  }

  // Jobs, in the order in which to stop them, that return `wanted` nodes if all jobs together can.
  std::vector<std::size_t> pick(std::int64_t wanted) {
    std::vector<std::size_t> picked;
    std::int64_t returned = 0;
    while (returned < wanted) {
      Offer best;
      for (std::size_t node = 0; node < jobs_on_.size(); ++node) {
        if (left_[node] == 0) continue;
        const Offer offer = offer_of(node, wanted - returned);
        if (best.weight == 0 ||
            cheaper(offer.cost, offer.weight, offer.started, best.cost, best.weight, best.started)) {
          best = offer;
        }
      }
      if (best.weight == 0) break;
      for (const std::size_t job : jobs_on_[best.node]) {
        if (stopped_[job]) continue;
        returned += stop(job);
        picked.push_back(job);
      }
    }
    drop_needless(&picked, returned - wanted);
    return picked;
  }

 private:
  struct Offer {
    std::size_t node = 0;
    Int128 cost = 0;
    std::int64_t weight = 0;             // 0: no offer.
    Instant started = Instant::never();  // Of its oldest job.
  };

  Offer offer_of(std::size_t node, std::int64_t wanted) {
    Offer offer{node, 0, 1, Instant::never()};
    std::int64_t returned = 0;
    for (const std::size_t job : jobs_on_[node]) {
      if (stopped_[job]) continue;
      offer.cost += order_[job].lost_if_stopped.gpu_ns;
      offer.started = std::min(offer.started, order_[job].started);
      if (rule_ == VictimRule::kLeastLoss) continue;
      for (const std::size_t other : nodes_of_[job]) returned += ++counted_[other] == left_[other] ? 1 : 0;
    }
    if (rule_ == VictimRule::kLeastLoss) return offer;
    for (const std::size_t job : jobs_on_[node]) {
      for (const std::size_t other : nodes_of_[job]) counted_[other] = 0;
    }
    offer.weight = std::clamp<std::int64_t>(returned, 1, wanted);
    return offer;
  }

  std::int64_t stop(std::size_t job) {
    stopped_[job] = true;
    std::int64_t returned = 0;
    for (const std::size_t node : nodes_of_[job]) returned += --left_[node] == 0 ? 1 : 0;
    return returned;
  }

  // Lets the dearest jobs go on whose nodes are not needed after all.
  void drop_needless(std::vector<std::size_t>* picked, std::int64_t surplus) {
    std::vector<std::size_t> dearest = *picked;  // Positions in `order_`, which is sorted by cost.
    std::sort(dearest.rbegin(), dearest.rend());
    for (const std::size_t job : dearest) {
      std::int64_t needed = 0;
      for (const std::size_t node : nodes_of_[job]) needed += left_[node] == 0 ? 1 : 0;
      if (needed > surplus) continue;
      surplus -= needed;
      for (const std::size_t node : nodes_of_[job]) ++left_[node];
      picked->erase(std::find(picked->begin(), picked->end(), job));
    }
  }

  const Order& order_;
  VictimRule rule_;
  std::vector<std::vector<std::size_t>> nodes_of_;  // By job.
  std::vector<bool> stopped_;                       // By job.
  std::vector<std::vector<std::size_t>> jobs_on_;   // By node.
  std::vector<std::size_t> left_;                   // By node: jobs not stopped.
  std::vector<std::size_t> counted_;                // By node: scratch of offer_of(), else 0.
};

// The chosen first, then the others, both as they come.
std::vector<JobId> ids_of(const Order& order, const std::vector<std::size_t>& first) {
  std::vector<bool> chosen(order.size(), false);
  std::vector<JobId> ids;
  ids.reserve(order.size());
  for (const std::size_t j : first) {
    chosen[j] = true;
    ids.push_back(order[j].id);
  }
  for (std::size_t j = 0; j < order.size(); ++j) {
    if (!chosen[j]) ids.push_back(order[j].id);
  }
  return ids;
}

}  // namespace

std::vector<JobId> choose_victims(std::span<const VictimView> jobs, std::int64_t wanted, VictimRule rule) {
  constexpr std::int64_t kExactCells = 1'000'000;
  const Order order = sorted(jobs, rule);
  NodePicker picker(order, rule);
  if (picker.shares_nodes()) return ids_of(order, picker.pick(wanted));
  std::vector<std::size_t> first;
  std::int64_t all = 0;
  for (const VictimView& job : order) all += std::max(0, job.nodes);
  const bool exact = rule == VictimRule::kLeastLossPerNode && 0 < wanted && wanted < all;
  if (exact && wanted <= kExactCells / static_cast<std::int64_t>(order.size())) {
    const std::vector<bool> chosen = exact_cover(order, wanted);
    for (std::size_t j = 0; j < order.size(); ++j) {
      if (chosen[j]) first.push_back(j);
    }
  }
  return ids_of(order, first);
}

}  // namespace jevons
