// Check 43, the chaos monkey: one small scenario, and each process, node and leaf switch in it fails at each instant at
// which anything happens.  (Links have no failures of their own in this model.)  The auditor is on; whatever fails, all
// work is done in the end, exactly once, and what was broken was so for as long as its repair takes.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/asked_policies.h"
#include "tests/support/in_child.h"
#include "tests/support/jobs.h"
#include "tests/support/scale.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

constexpr std::int64_t kNodes = 4, kGpusPerNode = 4, kGpus = kNodes * kGpusPerNode, kNodesPerLeaf = 2;
constexpr Instant kHorizon = Instant{} + 400_s;
constexpr Duration kRepair = 20_s;
constexpr int kRequests = 40;

// A pool that asks for a second node from 30 s to 60 s, rigid jobs that fill the rest and write checkpoints, requests.
Inputs scenario() {
  Inputs in = empty_inputs({node_group("n", kNodes, kGpusPerNode)});
  auto cluster = make_cluster({node_group("n", kNodes, kGpusPerNode)}, {.nodes_per_leaf = Nodes{kNodesPerLeaf}},
                              {.read_bytes_per_s = 20e9, .write_bytes_per_s = 10e9});
  CHECK(cluster.ok());
  in.cluster = *std::move(cluster);
  PoolSetup pool = fixed_pool({instance(0, 2, 128, {.base = 8_ms, .per_token = 20_us, .per_sequence = 1_ms})}, 1);
  pool.max_nodes = Nodes{2};
  in.pools.push_back(std::move(pool));
  std::vector<Request> requests;
  for (int i = 0; i < kRequests; ++i) {
    requests.push_back(request(Instant{} + 1_s + i * Duration{2'137'000'000}, 200 + 23 * i, 60 + 11 * i));
  }
  add_requests(&in, 0, std::move(requests));
  in.training.jobs = {job(Instant{} + 1_s, 8, 40_s, "wide"), job(Instant{} + 2_s, 4, 50_s, "node"),
                      job(Instant{} + 5_s, 2, 30_s, "half"), job(Instant{} + 45_s, 4, 20_s, "late")};
  in.training.checkpoint_interval = 12_s;
  in.training.checkpoint_bytes_per_gpu = 2e9;
  in.training.restart_overhead = 2_s;
  in.review_every = 10_s;
  in.allocator = std::make_unique<AskedAllocator>([](const AllocatorView& v, AllocatorDecision* d) {
    const bool busy = v.now >= Instant{} + 30_s && v.now < Instant{} + 60_s;
    d->targets.push_back({PoolId{0}, busy ? 2 : 1});
    d->may_preempt = true;
  });
  in.horizon = kHorizon;
  return in;
}

// When anything happens, 1 s (the first arrival) or later.
class Instants final : public Observer {
 public:
  void on_request_arrival(Instant t, RequestId, PoolId, Tokens, Tokens) override { at_.insert(t); }
  void on_request_end(Instant t, const RequestRecord& r) override { at_.insert({t, r.scheduled, r.first_token}); }
  void on_job_arrival(Instant t, JobId, Gpus) override { at_.insert(t); }
  void on_job_start(Instant t, const GangStart&) override { at_.insert(t); }
  void on_job_stop(Instant t, JobId, bool) override { at_.insert(t); }
  void on_node_taken(Instant t, NodeId, PoolId) override { at_.insert(t); }
  void on_node_given_back(Instant t, NodeId, PoolId) override { at_.insert(t); }
  void on_replica_start(Instant t, ReplicaId, NodeId, Blocks) override { at_.insert(t); }
  void on_replica_end(Instant t, ReplicaId, Blocks) override { at_.insert(t); }
  void on_replica_phase(Instant t, ReplicaId, Gpus, PowerPhase) override { at_.insert(t); }
  void on_flow_start(Instant t, std::uint64_t, Bytes) override { at_.insert(t); }
  void on_flow_end(Instant t, std::uint64_t, Bytes, bool) override { at_.insert(t); }
  void on_gpu_time(Instant, const GpuStretch& s) override { at_.insert({s.from, s.to}); }
  std::string text() const {
    std::string out;
    for (const Instant t : at_) {
      if (t >= Instant{} + 1_s && t < Instant{} + 150_s) out += std::to_string(t.ns) + ' ';
    }
    return out;
  }

 private:
  std::set<Instant> at_;
};

std::vector<Instant> instants() {
  const ChildResult r = in_child([] {
    Instants seen;
    Inputs in = scenario();
    in.observers.push_back(&seen);
    return simulate(std::move(in)).ok() ? seen.text() : std::string();
  });
  std::vector<Instant> out;
  for (std::size_t from = 0; from < r.bytes.size(); from = r.bytes.find(' ', from) + 1) {
    out.push_back(Instant{std::stoll(r.bytes.substr(from))});
  }
  return out;
}

// What sim/faults draws for a cause: a gap in mean gaps, the GPU, the next gap.
struct Draws {
  double first = 0, next = 0;
  std::int64_t gpu = 0;
  explicit Draws(std::uint64_t seed) {
    RandomStream random(seed, "faults/f");
    first = random.exponential(1.0);
    gpu = static_cast<std::int64_t>(random.below(kGpus));
    next = random.exponential(1.0);
  }
};

// For each device (`gpus_each` GPUs), a seed whose first failure strikes it and whose second is 400 times as far off:
// it comes after the horizon wherever from 1 s on the rate puts the first.
std::vector<std::uint64_t> seeds(std::int64_t gpus_each) {
  std::vector<std::uint64_t> found;
  for (std::uint64_t seed = 1; found.size() < static_cast<std::size_t>(kGpus / gpus_each); ++seed) {
    const Draws d(seed);
    if (d.gpu / gpus_each == static_cast<std::int64_t>(found.size()) && d.next > 400 * d.first) found.push_back(seed);
  }
  return found;
}

struct FaultAt final : Observer {
  void on_fault(Instant t, std::uint32_t, std::int32_t, GpuTime) override { at.push_back(t); }
  std::vector<Instant> at;
};

// Empty, or what is wrong.
std::string strike(FaultScope scope, std::int64_t gpus_each, std::uint64_t seed, Instant at) {
  Inputs in = scenario();
  in.faults.seed = seed;
  const double per_gpu_hour = Draws(seed).first * 3600 / (static_cast<double>(kGpus) * (at - Instant{}).seconds());
  in.faults.causes = {{"f", scope, per_gpu_hour, kRepair}};
  GpuTime asked{};
  for (const TrainingJob& j : in.training.jobs) asked += j.gpus * j.run_time;
  const auto jobs = in.training.jobs.size();
  FaultAt fault;
  in.observers.push_back(&fault);
  const auto result = simulate(std::move(in));
  if (!result) return result.error().text();
  const TrainingResult& t = result->training;
  const GpuTime broken =
      scope == FaultScope::kProcess ? GpuTime{} : Gpus{static_cast<std::int32_t>(gpus_each)} * kRepair;
  if (fault.at != std::vector<Instant>{at}) return "not one failure, then";
  if (t.completed != jobs || result->serving.completed != kRequests) return "work is left";
  if (t.useful != asked) return "training done is not training asked";
  if (result->serving.produced != result->serving.output) return "tokens made are not tokens asked";
  if (result->ledger.by_purpose[static_cast<std::size_t>(Purpose::kFailed)] != broken) return "broken for another time";
  if (result->faults[0].lost != t.lost_to_failures || t.lost_to_failures > result->lost())
    return "lost work is not told";
  if ((t.failures == 0) != (result->faults[0].jobs_stopped == 0)) return "stops are not told";
  return "";
}

void strike_everything(FaultScope scope, std::int64_t gpus_each) {
  const std::vector<Instant> when = instants();
  const std::vector<std::uint64_t> devices = seeds(gpus_each);
  ASSERT_GT(when.size(), 100U);
  const std::uint64_t all = when.size() * devices.size(), some = std::min(all, scaled(all));
  for (std::uint64_t i = 0; i < some; ++i) {
    const std::uint64_t n = i * all / some;  // All, or as many spread evenly.
    const Instant at = when[n / devices.size()];
    const std::uint64_t seed = devices[n % devices.size()];
    const ChildResult r = in_child([&] { return strike(scope, gpus_each, seed, at); });
    ASSERT_EQ(r.bytes, "") << "device " << n % devices.size() << " at " << at.ns << " ns";
  }
}

TEST(Chaos, EachProcessFailsAtEachInstant) { strike_everything(FaultScope::kProcess, 1); }
TEST(Chaos, EachNodeFailsAtEachInstant) { strike_everything(FaultScope::kNode, kGpusPerNode); }
TEST(Chaos, EachLeafFailsAtEachInstant) { strike_everything(FaultScope::kLeaf, kGpusPerNode * kNodesPerLeaf); }

}  // namespace
}  // namespace jevons::testing
