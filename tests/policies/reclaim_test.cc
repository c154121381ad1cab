// Which nodes and jobs give way: by hand, against all subsets, and against a naive referee.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "policies/allocator/reclaim_search.h"
#include "policies/allocator/victims.h"
#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

struct Jobs {
  std::vector<std::vector<NodeShare>> shares;
  std::vector<VictimView> views;

  explicit Jobs(std::size_t most = 64) { shares.reserve(most); }  // Views point into it.
  // On `nodes`, `each` GPUs a node; 0 = rigid.
  VictimView& add(std::vector<std::uint32_t> nodes, int each, std::int64_t loss, int min_gpus = 0) {
    auto& own = shares.emplace_back();
    for (const std::uint32_t n : nodes) own.push_back({NodeId{n}, Gpus{each}});
    VictimView job;
    job.id = JobId{static_cast<std::uint32_t>(views.size())};
    job.nodes = static_cast<std::int32_t>(nodes.size());
    job.gpus = Gpus{each * job.nodes};
    job.lost_if_stopped = GpuTime{loss};
    job.min_gpus = Gpus{min_gpus};
    job.shares = own;
    return views.emplace_back(job);
  }
};

// What emptying these nodes stops: jobs that would keep less than their minimum.
Int128 cost_of(const std::vector<VictimView>& jobs, const std::set<std::uint32_t>& nodes) {
  Int128 cost = 0;
  for (const VictimView& job : jobs) {
    int gone = 0;
    for (const NodeShare& s : job.shares) gone += nodes.count(s.node.index) > 0 ? s.gpus.value : 0;
    const bool stays = gone == 0 || (job.min_gpus > Gpus{0} && job.gpus.value - gone >= job.min_gpus.value);
    cost += stays ? 0 : job.lost_if_stopped.gpu_ns;
  }
  return cost;
}

std::vector<std::uint32_t> nodes_for(const Jobs& jobs, std::int64_t wanted, std::int64_t exact = 20) {
  std::vector<std::uint32_t> ids;
  for (const NodeId id : choose_nodes(jobs.views, wanted, exact)) ids.push_back(id.index);
  return ids;
}
using Ids = std::vector<std::uint32_t>;

TEST(Reclaim, ElasticJobsWithdrawBeforeAnybodyStops) {
  Jobs jobs;
  jobs.add({0, 1, 2}, 8, 50, 8);  // Can give up two of its nodes.
  jobs.add({3}, 8, 10);
  jobs.add({4}, 8, 20);
  for (const std::int64_t exact : {0, 20}) {
    EXPECT_EQ(nodes_for(jobs, 2, exact), (Ids{0, 1, 3, 2, 4})) << exact;
    EXPECT_EQ(nodes_for(jobs, 3, exact), (Ids{0, 1, 3, 2, 4})) << exact;
  }
  // Four: withdraw from two and stop 10 + 20 = 30, cheaper than stopping the elastic one (three nodes for 50) and 10.
  Ids four = nodes_for(jobs, 4);
  four.resize(4);
  EXPECT_EQ(cost_of(jobs.views, {four.begin(), four.end()}), 30);
  // Two and a half nodes to give up are two.
  jobs.views[0].min_gpus = Gpus{4};
  EXPECT_EQ(nodes_for(jobs, 3), (Ids{0, 1, 3, 2, 4}));
}

TEST(Reclaim, AJobOverSeveralNodesCountsOnce) {
  Jobs jobs;
  jobs.add({0, 1, 2}, 8, 30);
  jobs.add({3}, 8, 11);
  jobs.add({4}, 8, 12);
  jobs.add({5}, 8, 13);
  // Three nodes: the gang for 30, or 11 + 12 + 13 = 36.  Two: 11 + 12 = 23.  One: 11.
  EXPECT_EQ(nodes_for(jobs, 1), (Ids{3, 0, 1, 2, 4, 5}));
  Ids two = nodes_for(jobs, 2), three = nodes_for(jobs, 3);
  EXPECT_EQ(cost_of(jobs.views, {two.begin(), two.begin() + 2}), 23);
  EXPECT_EQ(cost_of(jobs.views, {three.begin(), three.begin() + 3}), 30);
  // Greedy (Lyra's own way): the gang is the cheapest per node at 10 if three are wanted, at 15 if two are.
  EXPECT_EQ(nodes_for(jobs, 3, 0), (Ids{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(nodes_for(jobs, 2, 0), (Ids{3, 4, 0, 1, 2, 5}));
}

TEST(Reclaim, JobsOnNoticeAreNeitherAskedNorStopped) {
  Jobs jobs;
  jobs.add({0}, 8, 1).leaving = true;
  jobs.add({1}, 4, 5);
  jobs.add({1}, 4, 1).leaving = true;
  jobs.add({2}, 8, 9);
  EXPECT_EQ(nodes_for(jobs, 1), (Ids{1, 2}));
  std::vector<JobId> victims = choose_victims(jobs.views, 1, VictimRule::kLeastLoss);
  EXPECT_EQ(victims, (std::vector<JobId>{JobId{1}, JobId{3}}));
  EXPECT_TRUE(choose_nodes({}, 3, 20).empty());
}

Jobs random_jobs(RandomStream& random, std::uint32_t most_jobs, std::uint32_t most_nodes, bool elastic) {
  Jobs jobs;
  const auto pick = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random.below(n)); };
  const std::uint32_t nodes = 2 + pick(most_nodes - 1);
  for (std::uint32_t n = 1 + pick(most_jobs); n > 0; --n) {
    Ids own;
    const std::uint32_t density = 1 + pick(6);
    for (std::uint32_t at = 0; at < nodes; ++at)
      if (pick(density) == 0) own.push_back(at);
    if (own.empty()) own.push_back(pick(nodes));
    const int each = static_cast<int>(1 + pick(3));
    const int all = each * static_cast<int>(own.size());
    const int least = elastic && pick(2) == 0 ? static_cast<int>(1 + pick(static_cast<std::uint32_t>(all))) : 0;
    jobs.add(own, each, static_cast<std::int64_t>(pick(40)), least).started = Instant{pick(4)};
    auto& shares = jobs.shares.back();
    for (NodeShare& s : shares) {  // Not the same on every node.
      const int more = static_cast<int>(pick(3));
      s.gpus += Gpus{more};
      jobs.views.back().gpus += Gpus{more};
    }
  }
  return jobs;
}

TEST(Reclaim, BranchAndBoundIsTheOptimumOfAllSetsOfNodes) {
  RandomStream random(31, "sets");
  int cheaper_than_greedy = 0;
  for (int i = 0; i < 1'500; ++i) {
    const Jobs jobs = random_jobs(random, 9, 9, true);
    const Occupancy occupancy(jobs.views);
    const std::uint32_t nodes = occupancy.nodes();
    const std::uint32_t wanted = 1 + static_cast<std::uint32_t>(random.below(nodes));
    Int128 best = std::numeric_limits<std::int64_t>::max();
    for (unsigned set = 0; set < 1u << nodes; ++set) {
      std::set<std::uint32_t> ids;
      for (std::uint32_t n = 0; n < nodes; ++n)
        if ((set >> n & 1u) != 0) ids.insert(occupancy.id(n).index);
      if (ids.size() == wanted) best = std::min(best, cost_of(jobs.views, ids));
    }
    const Ids chosen = nodes_for(jobs, wanted), greedy = nodes_for(jobs, wanted, 0);
    ASSERT_EQ(std::set<std::uint32_t>(chosen.begin(), chosen.end()).size(), nodes) << i;
    ASSERT_EQ(chosen.size(), nodes) << i;
    ASSERT_TRUE(cost_of(jobs.views, {chosen.begin(), chosen.begin() + wanted}) == best) << i;
    const Int128 of_greedy = cost_of(jobs.views, {greedy.begin(), greedy.begin() + wanted});
    ASSERT_TRUE(of_greedy >= best) << i;
    cheaper_than_greedy += of_greedy > best ? 1 : 0;
  }
  EXPECT_GT(cheaper_than_greedy, 20);  // Else the search is of no use, or the cases are too easy.
}

// NodePicker's rule with everything looked at again before each pick, and no heap.
class Referee {
 public:
  Referee(const std::vector<VictimView>& jobs, VictimRule rule, bool may_withdraw) : jobs_(jobs), rule_(rule) {
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      slack_.push_back(may_withdraw && jobs[j].min_gpus > Gpus{0} ? (jobs[j].gpus - jobs[j].min_gpus).value : 0);
      for (const NodeShare& s : jobs[j].shares) on_[s.node.index].push_back({j, s.gpus.value});
    }
  }
  // Nodes in the order returned, before what is not needed is left out.
  Ids pick(std::int64_t wanted) {
    Ids order;
    while (std::ssize(order) < wanted && !on_.empty()) {
      const std::map<std::uint32_t, Uses>::const_iterator best = cheapest(wanted - std::ssize(order));
      const std::uint32_t node = best->first;
      const Uses uses = best->second;
      for (const auto& [job, gpus] : uses) {
        if (gpus <= slack_[job]) {
          slack_[job] -= gpus;
          leave(node, job, &order);
        } else {
          for (const NodeShare& s : jobs_[job].shares) leave(s.node.index, job, &order);
        }
      }
    }
    return order;
  }

 private:
  using Uses = std::vector<std::pair<std::size_t, int>>;

  void leave(std::uint32_t node, std::size_t job, Ids* order) {
    const auto it = on_.find(node);
    if (it == on_.end()) return;
    std::erase_if(it->second, [&](const auto& use) { return use.first == job; });
    if (!it->second.empty()) return;
    on_.erase(it);
    order->push_back(node);
  }

  std::map<std::uint32_t, Uses>::const_iterator cheapest(std::int64_t wanted) const {
    auto best = on_.end();
    Int128 best_cost = 0;
    std::int64_t best_weight = 1;
    Instant best_started{};
    for (auto it = on_.begin(); it != on_.end(); ++it) {
      std::set<std::size_t> stopped;
      Int128 cost = 0;
      Instant started = Instant::never();
      for (const auto& [job, gpus] : it->second) {
        if (gpus <= slack_[job]) continue;
        stopped.insert(job);
        cost += jobs_[job].lost_if_stopped.gpu_ns;
        started = std::min(started, jobs_[job].started);
      }
      std::int64_t weight = 1;
      for (const auto& [other, uses] : on_) {
        weight += other != it->first &&
                  std::all_of(uses.begin(), uses.end(), [&](const auto& use) { return stopped.count(use.first) > 0; });
      }
      weight = rule_ == VictimRule::kLeastLoss ? 1 : std::min(weight, wanted);
      if (best != on_.end() && !cheaper(cost, weight, started, best_cost, best_weight, best_started)) continue;
      best = it;
      best_cost = cost, best_weight = weight, best_started = started;
    }
    return best;
  }

  const std::vector<VictimView>& jobs_;
  VictimRule rule_;
  std::vector<int> slack_;
  std::map<std::uint32_t, Uses> on_;
};

TEST(NodePicker, PicksWhatLookingAtEverythingPicks) {
  RandomStream random(32, "picks");
  int compared = 0;
  for (int i = 0; i < 4'000; ++i) {
    const Jobs jobs = random_jobs(random, 12, 14, i % 2 == 0);
    const VictimRule rule = i % 3 == 0 ? VictimRule::kLeastLoss : VictimRule::kLeastLossPerNode;
    const std::int64_t wanted = static_cast<std::int64_t>(1 + random.below(10));
    const Ids expected = Referee(jobs.views, rule, true).pick(wanted);
    NodePicker picker(jobs.views, rule, true);
    const NodePicker::Picked picked = picker.pick(wanted);
    Ids ids;
    for (const std::uint32_t n : picked.nodes) ids.push_back(picker.occupancy().id(n).index);
    ASSERT_GE(std::ssize(ids), std::min(wanted, std::ssize(expected))) << i;
    // It may have left some out again; what is there is in order, and where nothing was in excess it is everything.
    std::size_t at = 0;
    for (const std::uint32_t id : ids) {
      while (at < expected.size() && expected[at] != id) ++at;
      ASSERT_LT(at, expected.size()) << i;
    }
    if (std::ssize(expected) > wanted) continue;
    ++compared;
    ASSERT_EQ(ids, expected) << i;
  }
  EXPECT_GT(compared, 2'000);
}

TEST(Victims, OrderIsExactHoweverCloseTheCosts) {
  RandomStream random(33, "order");
  for (int round = 0; round < 20; ++round) {
    Jobs jobs(400);
    for (std::uint32_t j = 0; j < 400; ++j) {
      Ids own;
      for (std::uint32_t k = 0; k < 1 + random.below(3); ++k) own.push_back(10 * j + k);
      // Beyond 2^53, where doubles of neighbours are the same.
      const auto loss = static_cast<std::int64_t>((std::uint64_t{1} << 60) + random.below(300)) * std::ssize(own);
      jobs.add(own, 8, loss).started = Instant{static_cast<std::int64_t>(random.below(3))};
    }
    for (const VictimRule rule : {VictimRule::kLeastLoss, VictimRule::kLeastLossPerNode}) {
      std::vector<VictimView> expected = jobs.views;
      std::sort(expected.begin(), expected.end(), [&](const VictimView& a, const VictimView& b) {
        const bool per_node = rule == VictimRule::kLeastLossPerNode;
        const Int128 x = a.lost_if_stopped.gpu_ns * (per_node ? b.nodes : 1);
        const Int128 y = b.lost_if_stopped.gpu_ns * (per_node ? a.nodes : 1);
        return x != y ? x < y : a.started != b.started ? a.started > b.started : a.id < b.id;
      });
      const std::vector<JobId> order = choose_victims(jobs.views, 0, rule);
      ASSERT_EQ(order.size(), expected.size());
      for (std::size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], expected[i].id) << round << " " << i;
    }
  }
}

PoolView wants(int held, int target, int idle = -1) {
  PoolView p;
  p.id = PoolId{0};
  p.ready_nodes = held;
  p.target_nodes = target;
  p.max_nodes = 99;
  p.idle_nodes = idle;
  return p;
}

TEST(NodesToReclaim, AreThoseBeyondWhatComesAnyway) {
  const auto wanted = [](PoolView pool, int idle) {
    AllocatorDecision d;
    d.targets.push_back({pool.id, pool.target_nodes});
    AllocatorView view;
    view.pools = {&pool, 1};
    view.idle_training_nodes = idle;
    return nodes_to_reclaim(view, d);
  };
  EXPECT_EQ(wanted(wants(5, 9), 0), 4);
  EXPECT_EQ(wanted(wants(5, 9), 3), 1);
  EXPECT_EQ(wanted(wants(5, 9), 7), 1);     // The idle nodes may be of the wrong kind.
  EXPECT_EQ(wanted(wants(5, 9, 7), 7), 0);  // They are not.
  EXPECT_EQ(wanted(wants(5, 9, 1), 7), 3);  // One is right.
  EXPECT_EQ(wanted(wants(9, 9), 0), 0);
  EXPECT_EQ(wanted(wants(10, 9), 0), 0);
  PoolView coming = wants(5, 9);
  coming.leaving_nodes = 1, coming.draining_nodes = 2, coming.coming_nodes = 1;
  EXPECT_EQ(wanted(coming, 0), 0);
}

}  // namespace
}  // namespace jevons::testing
