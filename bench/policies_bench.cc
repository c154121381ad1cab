// What one decision of every training queue, placement and allocator costs on 2,000 nodes: default parameters, 8,000
// running jobs of one node, 5,000 waiting ones, four pools.
//
// Queues see a full cluster, of which three GPUs are free; placements the nodes with what the running jobs leave of
// them.  Policies that remember are asked again and again about the same views, a minute of simulated time apart.
// Queues are told what has changed, as by the simulator: all jobs have come before the first decision, which is not
// measured; before each other one job has started and been stopped again.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "policies/catalogue.h"

namespace jevons {
namespace {

constexpr std::uint32_t kNodes = 2'000, kNodesPerLeaf = 16, kRunning = 8'000, kWaiting = 5'000, kPools = 4, kGroups = 4;
constexpr Instant kStart{1'000'000'000'000'000};

std::int32_t draw(RandomStream* random, std::int32_t low, std::int32_t high) {
  return low + static_cast<std::int32_t>(random->below(static_cast<std::uint64_t>(high - low + 1)));
}

// Four running jobs of one to two GPUs on each node; the waiting ones ask for 1 to 64.
struct Views {
  std::vector<JobTraits> traits{kGroups};
  std::vector<WaitingJobView> waiting;
  std::vector<RunningJobView> running;
  std::vector<NodeShare> shares;
  std::vector<VictimView> victims;
  std::vector<QueueGroupView> groups;
  std::vector<TenantView> tenants;
  std::vector<EndedJobView> ended;
  std::vector<PoolView> pools;
  std::vector<NodeView> nodes;
  std::vector<Gpus> recent;
  QueueView queue;
  AllocatorView review;

  Views() {
    RandomStream random(1, "views");
    static constexpr const char* kTenants[] = {"a", "b", "c", "d"};
    for (std::uint32_t i = 0; i < kGroups; ++i) {
      traits[i].tenant = i;
      traits[i].priority = static_cast<std::int32_t>(i);
      groups.push_back({GroupId{i}, Gpus{0}, Gpus{0}, 2.0});
      tenants.push_back({kTenants[i], Gpus{3'000}, Gpus{3'000} * 24_h});
    }
    std::vector<Gpus> busy(kNodes, Gpus{0});
    shares.reserve(kRunning);
    for (std::uint32_t i = 0; i < kRunning; ++i) add_running(&random, i, kTenants[i % kGroups], &busy);
    for (std::uint32_t i = 0; i < kWaiting; ++i) {
      const Gpus gpus{1 << random.below(7)};
      const Instant submit = kStart - Duration{static_cast<std::int64_t>(kWaiting - i) * 1'000'000'000};
      waiting.push_back({JobId{kRunning + i}, submit, gpus, draw(&random, 1, 100'000) * 1_s, kTenants[i % kGroups]});
      waiting.back().waiting_since = submit;
      waiting.back().traits = &traits[i % kGroups];
      if (recent.size() < 1'000) recent.push_back(gpus);
    }
    for (std::uint32_t i = 0; i < 8; ++i) ended.push_back({JobId{i}, Gpus{2}, Gpus{2} * 3_h, 3_h});
    for (std::uint32_t i = 0; i < kNodes; ++i) {
      const Gpus left = Gpus{8} - busy[i];
      if (left > Gpus{0})
        nodes.push_back({NodeId{i}, GroupId{i * kGroups / kNodes}, LeafId{i / kNodesPerLeaf}, Gpus{8}, left});
    }
    Gpus held{0};
    for (const RunningJobView& job : running) {
      groups[job.group.index].capacity += job.gpus;
      held += job.gpus;
    }
    groups[0].free = Gpus{3};
    groups[0].capacity += Gpus{3};
    for (std::uint32_t i = 0; i < kPools; ++i) add_pool(i);
    queue = {kStart, Gpus{3}, held + Gpus{3}, waiting, running, groups, tenants, ended};
    review.now = kStart;
    review.review_every = 60_s;
    review.pools = pools;
    review.training_nodes = kNodes - 4 * 100;
    review.idle_training_nodes = 5;
    review.waiting_gpus = Gpus{5'000};
    review.running_jobs = victims;
    review.waiting_jobs = waiting;
    review.usd_per_training_gpu_hour = 2;
    review.notice = 60_s;
  }

 private:
  void add_running(RandomStream* random, std::uint32_t i, std::string_view tenant, std::vector<Gpus>* busy) {
    const NodeId node{i % kNodes};
    const Gpus gpus{draw(random, 1, 2)};
    (*busy)[node.index] += gpus;
    const Instant started = kStart - Duration{static_cast<std::int64_t>(kRunning - i) * 1'000'000'000};
    RunningJobView job{JobId{i}, started, started, kStart + draw(random, 1, 50'000) * 1_s, gpus};
    job.asked = gpus;
    job.tenant = tenant;
    job.since = started;
    job.group = GroupId{node.index * kGroups / kNodes};
    job.traits = &traits[i % kGroups];
    running.push_back(job);
    shares.push_back({node, gpus});
    VictimView victim{JobId{i}, gpus, 1, started, gpus * (draw(random, 1, 3'600) * 1_s)};
    victim.shares = std::span<const NodeShare>(&shares.back(), 1);
    victim.priority = traits[i % kGroups].priority;
    victim.left = job.expected_end - kStart;
    victims.push_back(victim);
  }
  void add_pool(std::uint32_t i) {
    static constexpr const char* kNames[] = {"one", "two", "three", "four"};
    PoolView p;
    p.id = PoolId{i};
    p.name = kNames[i];
    p.initial_nodes = p.target_nodes = p.ready_nodes = 100;
    p.min_nodes = 50;
    p.max_nodes = 500;
    p.waiting = 100;
    p.running = 5'000;
    p.kv_use = 0.5;
    p.load_nodes = i % 2 == 0 ? 130.0 : 40.0;  // Two pools must grow, two may shrink.
    p.slo_met = 0.99;
    p.finished = p.arrived = 10'000;
    p.load_time = 60_s;
    p.slo_ttft = 2_s;
    p.slo_tpot = 50_ms;
    p.ttft_p95 = 1_s;
    p.tpot_p95 = 40_ms;
    p.prompt = p.output = Tokens{1'000'000};
    p.usd_per_node_hour = 20;
    p.earned_usd = 30;
    pools.push_back(p);
  }
};

const Views& views() {
  static const Views all;
  return all;
}

// `ask` takes the policy, the time and how often it was asked before; the first time is not measured.
template <class Api, class Ask>
void add(const PolicyCatalogue<Api>& catalogue, const std::string& kind, Ask ask) {
  for (const auto& [name, entry] : catalogue.entries()) {
    const auto run = [&make = entry.make, name = name, ask](benchmark::State& state) {
      auto policy = make({}, RandomStream(1, name));
      if (!policy) return state.SkipWithError(policy.error().text().c_str());
      Instant now = kStart;
      std::size_t asked = 0;
      ask(policy->get(), now, asked);
      for (auto _ : state) {
        now = now + 60_s;
        ask(policy->get(), now, ++asked);
      }
    };
    benchmark::RegisterBenchmark((kind + "/" + name).c_str(), run)->Unit(benchmark::kMicrosecond);
  }
}

void ask_queue(TrainingQueue* queue, Instant now, std::size_t asked) {
  QueueView view = views().queue;
  view.now = now;
  WaitingChanges changes{.come = view.waiting};
  if (asked > 0) {
    changes.come = view.waiting.subspan(asked % view.waiting.size(), 1);
    changes.gone = std::span(&changes.come.front().id, 1);
  }
  view.changes = changes;
  QueueDecision decision;
  queue->decide(view, &decision);
  benchmark::DoNotOptimize(decision);
}
void ask_placement(Placement* placement, std::int32_t gpus) {
  GangView gang(Gpus{gpus});
  gang.recent = views().recent;
  std::vector<NodeShare> shares;
  placement->place(gang, views().nodes, &shares);
  benchmark::DoNotOptimize(shares);
}
void ask_allocator(Allocator* allocator, Instant now, std::size_t) {
  AllocatorView view = views().review;
  view.now = now;
  AllocatorDecision decision;
  allocator->review(view, &decision);
  benchmark::DoNotOptimize(decision);
}

}  // namespace
}  // namespace jevons

int main(int argc, char** argv) {
  using namespace jevons;
  const Policies policies = builtin_policies();
  add(policies.training_queues, "training_queue", ask_queue);
  add(policies.placements, "placement_of_8", [](Placement* p, Instant, std::size_t) { ask_placement(p, 8); });
  add(policies.placements, "placement_of_512", [](Placement* p, Instant, std::size_t) { ask_placement(p, 512); });
  add(policies.allocators, "allocator", ask_allocator);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
