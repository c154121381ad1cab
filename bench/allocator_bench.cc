// One decision of every allocator on a large cluster: 2,000 nodes of 8 GPUs, 4 pools, 8,000 running and 2,000 waiting
// jobs.  "steady": no pool needs more than it has.  "growing": each wants a few nodes more and none is idle, so jobs
// must give way.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "policies/allocator/victims.h"
#include "policies/catalogue.h"

namespace jevons {
namespace {

constexpr std::uint32_t kPools = 4, kPoolNodes = 100, kTrainingNodes = 1600, kRunning = 8000, kWaiting = 2000;

// Five jobs of 1 or 2 GPUs a node, 1,600 nodes, all busy.
struct Cluster {
  std::vector<PoolView> pools;
  std::vector<std::vector<NodeShare>> shares;
  std::vector<VictimView> running;
  std::vector<WaitingJobView> waiting;
  AllocatorView view;

  explicit Cluster(double load) : shares(kRunning) {
    RandomStream random(1, "cluster");
    for (std::uint32_t i = 0; i < kPools; ++i) {
      PoolView p;
      p.id = PoolId{i};
      p.name = "pool";
      p.initial_nodes = p.target_nodes = p.ready_nodes = kPoolNodes;
      p.min_nodes = 10;
      p.max_nodes = 2000;
      p.load_nodes = load;
      p.desired_nodes = static_cast<std::int32_t>(load / 0.7);
      p.running = 10'000;
      p.arrived = p.finished = 5'000;
      p.slo_ttft = 2_s;
      p.ttft_p95 = load > 70 ? 3_s : 1_s;
      p.load_time = 2_min;
      p.earned_usd = 10 * load / 60;
      p.usd_per_node_hour = 16;
      pools.push_back(p);
    }
    for (std::uint32_t j = 0; j < kRunning; ++j) {
      const Gpus gpus{j % 5 < 3 ? 2 : 1};
      shares[j] = {{NodeId{j / 5}, gpus}};
      running.push_back({JobId{j}, gpus, 1, Instant{static_cast<std::int64_t>(random.below(1'000'000))},
                         GpuTime{static_cast<std::int64_t>(random.below(3'600'000'000'000))}, shares[j]});
      running.back().min_gpus = Gpus{j % 3 == 0 ? 1 : 0};
    }
    for (std::uint32_t j = 0; j < kWaiting; ++j)
      waiting.push_back({JobId{kRunning + j}, Instant{j}, Gpus{8}, 1_h, "tenant"});
    view = {Instant{0}, 60_s, pools, kTrainingNodes, 0, Gpus{8 * kWaiting}, running, waiting};
    view.usd_per_training_gpu_hour = 0.2;
  }
};

void decide(benchmark::State& state, const std::string& name, double load) {
  Cluster cluster(load);
  const Policies policies = builtin_policies();
  const auto allocator = std::move(policies.allocators.make(name, {}, RandomStream(1, name)).value());
  AllocatorDecision decision;
  std::size_t listed = 0;
  for (auto _ : state) {
    decision.clear();
    cluster.view.now = cluster.view.now + 60_s;
    allocator->review(cluster.view, &decision);
    benchmark::DoNotOptimize(decision);
    listed = decision.victims.size() + decision.reclaim.size();
  }
  state.counters["victims"] = static_cast<double>(listed);
}

// Choosing alone, by rule.
void choose(benchmark::State& state) {
  const Cluster cluster(60);
  for (auto _ : state) {
    if (state.range(1) == 0) {
      benchmark::DoNotOptimize(choose_victims(cluster.running, state.range(0), VictimRule::kLeastLoss));
    } else if (state.range(1) == 1) {
      benchmark::DoNotOptimize(choose_victims(cluster.running, state.range(0), VictimRule::kLeastLossPerNode));
    } else {
      benchmark::DoNotOptimize(choose_nodes(cluster.running, state.range(0), 20));
    }
  }
}
BENCHMARK(choose)->ArgNames({"nodes", "rule"})->ArgsProduct({{1, 100, 1000}, {0, 1, 2}});

// The most jobs that are searched exactly, on nodes they share.
void branch_and_bound(benchmark::State& state) {
  RandomStream random(2, "jobs");
  std::vector<std::vector<NodeShare>> shares(20);
  std::vector<VictimView> jobs;
  for (std::uint32_t j = 0; j < 20; ++j) {
    for (std::uint32_t k = 0, first = static_cast<std::uint32_t>(random.below(40)); k < 1 + j % 8; ++k)
      shares[j].push_back({NodeId{first + k}, Gpus{2}});
    jobs.push_back({JobId{j}, Gpus{2 * (1 + static_cast<std::int32_t>(j) % 8)}, static_cast<std::int32_t>(1 + j % 8),
                    Instant{0}, GpuTime{static_cast<std::int64_t>(random.below(1'000'000))}, shares[j]});
    jobs.back().min_gpus = Gpus{j % 2 == 0 ? 2 : 0};
  }
  for (auto _ : state) benchmark::DoNotOptimize(choose_nodes(jobs, state.range(0), 20));
}
BENCHMARK(branch_and_bound)->ArgName("nodes")->Arg(4)->Arg(12)->Arg(24);

}  // namespace
}  // namespace jevons

int main(int argc, char** argv) {
  const jevons::Policies policies = jevons::builtin_policies();
  for (const auto& [name, entry] : policies.allocators.entries()) {
    for (const auto& [what, load] : {std::pair{"steady", 60.0}, std::pair{"growing", 95.0}}) {
      const std::string policy = name;
      const double nodes = load;
      benchmark::RegisterBenchmark((policy + "/" + what).c_str(),
                                   [policy, nodes](benchmark::State& state) { jevons::decide(state, policy, nodes); });
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
