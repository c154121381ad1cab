// Which training jobs give way.
#include "policies/allocator/victims.h"

#include <algorithm>
#include <array>
#include <bit>

#include "policies/allocator/reclaim_search.h"

namespace jevons {
namespace {

constexpr std::size_t kExactCells = 250'000;  // Jobs times nodes: under a millisecond.

std::int64_t weight_of(const VictimView& job, VictimRule rule) {
  return rule == VictimRule::kLeastLossPerNode ? std::max(1, job.nodes) : 1;
}

struct Key {
  std::uint64_t cost = 0;  // The bits of a double >= 0, which order as it does.
  std::uint32_t job = 0;
};

// By cost, stable.  For thousands of keys several times as fast as comparing.
void radix_sort(std::vector<Key>* keys) {
  constexpr int kBits = 11;
  std::vector<Key> other(keys->size());
  for (int shift = 0; shift < 64; shift += kBits) {
    const auto digit = [&](const Key& key) { return key.cost >> shift & ((1u << kBits) - 1); };
    std::array<std::uint32_t, (1u << kBits) + 1> first{};
    for (const Key& key : *keys) ++first[digit(key) + 1];
    if (std::find(first.begin(), first.end(), keys->size()) != first.end()) continue;  // All the same.
    for (std::size_t d = 1; d < first.size(); ++d) first[d] += first[d - 1];
    for (const Key& key : *keys) other[first[digit(key)]++] = key;
    keys->swap(other);
  }
}

// Positions of the jobs that are not leaving, cheapest first: by the rounded cost, and where that is too close to tell
// exactly.
std::vector<std::uint32_t> sorted(std::span<const VictimView> jobs, VictimRule rule) {
  std::vector<Key> keys;
  keys.reserve(jobs.size());
  for (std::uint32_t j = 0; j < jobs.size(); ++j) {
    if (jobs[j].leaving) continue;
    const double lost = static_cast<double>(std::max<Int128>(0, jobs[j].lost_if_stopped.gpu_ns));
    keys.push_back({std::bit_cast<std::uint64_t>(lost / static_cast<double>(weight_of(jobs[j], rule))), j});
  }
  radix_sort(&keys);
  const auto exactly = [&](const Key& x, const Key& y) {
    const VictimView &a = jobs[x.job], &b = jobs[y.job];
    const Int128 cost_a = a.lost_if_stopped.gpu_ns * weight_of(b, rule);
    const Int128 cost_b = b.lost_if_stopped.gpu_ns * weight_of(a, rule);
    if (cost_a != cost_b) return cost_a < cost_b;
    if (a.started != b.started) return a.started > b.started;
    return a.id < b.id;
  };
  constexpr std::uint64_t kRounding = 4;  // Units in the last place: two roundings on either side are 2 at most.
  for (std::size_t from = 0, to = 1; to <= keys.size(); ++to) {
    if (to < keys.size() && keys[to].cost - keys[to - 1].cost <= kRounding) continue;
    if (to - from > 1) {
      std::sort(keys.begin() + static_cast<std::ptrdiff_t>(from), keys.begin() + static_cast<std::ptrdiff_t>(to),
                exactly);
    }
    from = to;
  }
  std::vector<std::uint32_t> order;
  order.reserve(keys.size());
  for (const Key& key : keys) order.push_back(key.job);
  return order;
}

// Those that can be among the best set: of jobs that return equally many nodes the cheapest, as many as are wanted, and
// of those that return enough alone the one that loses least.
std::vector<std::uint32_t> candidates(std::span<const VictimView> jobs, const std::vector<std::uint32_t>& order,
                                      std::int64_t wanted) {
  std::vector<std::int64_t> returned(static_cast<std::size_t>(wanted), 0);  // By nodes of a job, of those taken.
  std::vector<std::uint32_t> best;
  const std::uint32_t none = static_cast<std::uint32_t>(jobs.size());
  std::uint32_t enough = none;
  for (const std::uint32_t j : order) {
    const std::int64_t nodes = jobs[j].nodes;
    if (nodes >= wanted) {
      if (enough == none || jobs[j].lost_if_stopped < jobs[enough].lost_if_stopped) enough = j;
    } else if (nodes > 0 && returned[static_cast<std::size_t>(nodes)] < wanted) {
      returned[static_cast<std::size_t>(nodes)] += nodes;
      best.push_back(j);
    }
  }
  if (enough != none) best.push_back(enough);
  return best;
}

// Those of `items` that together return at least `wanted` nodes for the least loss, no two sharing a node.
std::vector<std::uint32_t> exact_cover(std::span<const VictimView> jobs, const std::vector<std::uint32_t>& items,
                                       std::int64_t wanted) {
  const std::size_t width = static_cast<std::size_t>(wanted) + 1;
  const auto after = [&](std::size_t item, std::size_t n) {  // Nodes still wanted once it is stopped.
    const std::size_t nodes = static_cast<std::size_t>(jobs[items[item]].nodes);
    return n > nodes ? n - nodes : 0;
  };
  // least[n]: the least loss that returns n nodes or more, of the jobs seen so far; -1 where they cannot.
  std::vector<Int128> least(width, -1);
  least[0] = 0;
  std::vector<char> takes(items.size() * width, 0);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Int128 own = jobs[items[i]].lost_if_stopped.gpu_ns;
    for (std::size_t n = width - 1; n > 0; --n) {
      const Int128 before = least[after(i, n)];
      if (before < 0) continue;
      const Int128 loss = before + own;
      if (least[n] >= 0 && least[n] <= loss) continue;
      least[n] = loss;
      takes[i * width + n] = 1;
    }
  }
  std::vector<std::uint32_t> chosen;
  std::size_t n = width - 1;
  for (std::size_t i = items.size(); i-- > 0 && n > 0;) {
    if (takes[i * width + n] == 0) continue;
    chosen.push_back(items[i]);
    n = after(i, n);
  }
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

// The chosen first, then the others in order.
std::vector<JobId> ids_of(std::span<const VictimView> jobs, const std::vector<std::uint32_t>& order,
                          const std::vector<std::uint32_t>& first) {
  std::vector<char> chosen(jobs.size(), 0);
  std::vector<JobId> ids;
  ids.reserve(order.size());
  for (const std::uint32_t j : first) {
    chosen[j] = 1;
    ids.push_back(jobs[j].id);
  }
  for (const std::uint32_t j : order) {
    if (chosen[j] == 0) ids.push_back(jobs[j].id);
  }
  return ids;
}

}  // namespace

std::vector<JobId> choose_victims(std::span<const VictimView> jobs, std::int64_t wanted, VictimRule rule) {
  const std::vector<std::uint32_t> order = sorted(jobs, rule);
  NodePicker picker(jobs, rule, /*may_withdraw=*/false);
  if (picker.occupancy().any_shared()) return ids_of(jobs, order, picker.pick(wanted).jobs);
  std::int64_t all = 0;
  for (const std::uint32_t j : order) all += std::max(0, jobs[j].nodes);
  if (rule == VictimRule::kLeastLoss || wanted <= 0 || wanted >= all) return ids_of(jobs, order, {});
  const std::vector<std::uint32_t> items = candidates(jobs, order, wanted);
  if (items.size() * static_cast<std::size_t>(wanted) > kExactCells) return ids_of(jobs, order, {});
  return ids_of(jobs, order, exact_cover(jobs, items, wanted));
}

std::vector<NodeId> choose_nodes(std::span<const VictimView> jobs, std::int64_t wanted, std::int64_t exact_jobs) {
  NodePicker picker(jobs, VictimRule::kLeastLossPerNode, /*may_withdraw=*/true);
  const Occupancy& occupancy = picker.occupancy();
  NodePicker::Picked picked = picker.pick(wanted);
  if (std::ssize(jobs) <= exact_jobs && std::ssize(picked.nodes) >= wanted)
    picked.nodes = cheapest_nodes(jobs, occupancy, wanted, std::move(picked.nodes));
  // The others follow, the cheapest to empty first: some of the chosen may not suit the pool.
  std::vector<char> chosen(occupancy.nodes(), 0);
  std::vector<NodeId> ids;
  ids.reserve(occupancy.nodes());
  for (const std::uint32_t node : picked.nodes) {
    chosen[node] = 1;
    ids.push_back(occupancy.id(node));
  }
  std::vector<std::pair<double, std::uint32_t>> rest;
  for (std::uint32_t node = 0; node < occupancy.nodes(); ++node) {
    if (chosen[node] != 0) continue;
    double cost = 0;
    for (const Occupancy::Use use : occupancy.on(node)) {
      cost +=
          static_cast<double>(jobs[use.at].lost_if_stopped.gpu_ns) / static_cast<double>(occupancy.of(use.at).size());
    }
    rest.emplace_back(cost, node);
  }
  std::sort(rest.begin(), rest.end());
  for (const auto& [cost, node] : rest) ids.push_back(occupancy.id(node));
  return ids;
}

}  // namespace jevons
