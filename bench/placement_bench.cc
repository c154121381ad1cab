// Every placement on 2,000 nodes of 8 GPUs in leaves of 16: time of one place() call.
//
// Three clusters: `idle` (all GPUs free), `mixed` (0 to 8 GPUs of each node free, evenly drawn) and `groups` (mixed, in
// four groups of alike nodes).  All fields of the gang are filled, as in a run.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "policies/catalogue.h"

namespace jevons {
namespace {

constexpr std::uint32_t kNodes = 2'000, kNodesPerLeaf = 16;
enum class Kind { kIdle, kMixed, kGroups };

std::vector<NodeView> cluster(Kind kind) {
  RandomStream random(1, "cluster");
  std::vector<NodeView> nodes;
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    const Gpus free{kind == Kind::kIdle ? 8 : static_cast<std::int32_t>(random.below(9))};
    const GroupId group{kind == Kind::kGroups ? i * 4 / kNodes : 0};
    if (free > Gpus{0}) nodes.push_back({NodeId{i}, group, LeafId{i / kNodesPerLeaf}, Gpus{8}, free});
  }
  return nodes;
}

void place(benchmark::State& state, const Placement& placement, Kind kind, std::int32_t gpus) {
  const std::vector<NodeView> nodes = cluster(kind);
  std::vector<Gpus> recent;
  RandomStream random(2, "recent");
  for (int i = 0; i < 1'000; ++i) recent.push_back(Gpus{1 << random.below(7)});
  const std::vector<NodeShare> ran_on{{NodeId{40}, Gpus{4}}, {NodeId{900}, Gpus{4}}};
  const std::vector<double> speed{1, 2, 3, 4}, usd{1, 1.5, 4, 3};
  GangView gang(Gpus{gpus});
  gang.job = JobId{1};
  gang.ran_on = ran_on;
  gang.speed_by_group = speed;
  gang.usd_by_group = usd;
  gang.recent = recent;
  std::vector<NodeShare> shares;
  for (auto _ : state) {
    shares.clear();
    placement.place(gang, nodes, &shares);
    benchmark::DoNotOptimize(shares.data());
  }
  if (shares.empty()) state.SkipWithError("the gang was not placed");
}

}  // namespace
}  // namespace jevons

int main(int argc, char** argv) {
  using namespace jevons;
  const Policies policies = builtin_policies();
  std::vector<std::unique_ptr<Placement>> made;
  for (const auto& [name, entry] : policies.placements.entries()) {
    auto placement = policies.placements.make(name, {}, RandomStream(1, name));
    CHECK(placement.ok());
    made.push_back(std::move(*placement));
    for (const auto& [label, kind] :
         {std::pair{"idle", Kind::kIdle}, {"mixed", Kind::kMixed}, {"groups", Kind::kGroups}}) {
      for (const std::int32_t gpus : {1, 8, 12, 512}) {
        benchmark::RegisterBenchmark(
            (name + "/" + label + "/" + std::to_string(gpus)).c_str(),
            [p = made.back().get(), k = kind, gpus](benchmark::State& state) { place(state, *p, k, gpus); });
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
