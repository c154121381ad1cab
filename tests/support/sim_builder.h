// Builds Inputs of simulate() by hand: small clusters, pools with chosen coefficients, requests from a vector.
#ifndef JEVONS_TESTS_SUPPORT_SIM_BUILDER_H_
#define JEVONS_TESTS_SUPPORT_SIM_BUILDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "policies/catalogue.h"
#include "sim/simulation.h"

namespace jevons::testing {

// Requests of a vector, in its order.
class VectorSource final : public RequestSource {
 public:
  explicit VectorSource(std::vector<Request> requests) : requests_(std::move(requests)) {}
  Result<bool> next(Request* out) override {
    if (next_ == requests_.size()) return false;
    *out = requests_[next_++];
    ++counts_.rows;
    ++counts_.kept;
    return true;
  }
  const ReadCounts& counts() const override { return counts_; }

 private:
  std::vector<Request> requests_;
  std::size_t next_ = 0;
  ReadCounts counts_;
};

// One queue for all replicas: a request is held at the front until some replica has room for it in its batch.
class FirstRoomRouter final : public Router {
 public:
  explicit FirstRoomRouter(std::int32_t batch = 1) : batch_(batch) {}
  std::optional<ReplicaId> route(const RequestView&, const FleetView& fleet) override {
    for (const ReplicaView& r : fleet.ready) {
      if (r.waiting + r.running < batch_) return r.id;
    }
    return std::nullopt;
  }

 private:
  std::int32_t batch_;
};

// The `name` policy of a kind, with parameters; the builtin ones never fail with good parameters.
template <class Api>
std::unique_ptr<Api> make_policy(const PolicyCatalogue<Api>& kind, const std::string& name,
                                 const ParamText& params = {}, std::uint64_t seed = 1) {
  auto made = kind.make(name, params, RandomStream(seed, name));
  CHECK(made.ok());
  return std::move(*made);
}

inline NodeGroup node_group(std::string name, std::int32_t nodes, std::int32_t gpus_per_node) {
  NodeGroup g;
  g.name = std::move(name);
  g.nodes = Nodes{nodes};
  g.gpus_per_node = Gpus{gpus_per_node};
  g.price_usd_per_gpu_hour = 2.5;
  g.nic_bytes_per_s = 100e9;
  g.power = two_level_draw(120, 700);
  g.power[PowerPhase::kPrefill] = 710;  // Different, so that a phase taken for another shows.
  for (int n = 0; n < kDecodeOctaves; ++n)
    g.power.watts[index_of(PowerPhase::kDecode) + static_cast<std::size_t>(n)] = 400 + 10 * n;
  return g;
}

// Times in whole nanoseconds.
struct Coefficients {
  Duration base{};          // Per iteration.
  Duration per_token{};     // Of the batch: prompt tokens and decodes.
  Duration per_sequence{};  // Per decoding sequence.
  Duration per_kv_token{};
  Duration per_chunk_kv{};
};

inline FixedTime fixed(Duration d) { return d.ns << kFractionBits; }

inline LinearIterationModel linear_model(const Coefficients& c) {
  LinearIterationModel m;
  m.by_tokens = {0, fixed(c.base + c.per_token), fixed(c.base + 2 * c.per_token)};  // The slope carries on.
  m.per_sequence = fixed(c.per_sequence);
  m.per_kv_token = fixed(c.per_kv_token);
  m.per_chunk_kv = fixed(c.per_chunk_kv);
  return m;
}

inline PoolInstance instance(std::uint32_t group, std::int32_t gpus_per_replica, std::int64_t kv_blocks,
                             const Coefficients& c) {
  PoolInstance i;
  i.group = GroupId{group};
  i.gpus_per_replica = Gpus{gpus_per_replica};
  i.plan.time = linear_model(c);
  i.plan.kv_blocks = Blocks{kv_blocks};
  i.plan.weights = Bytes{16'000'000'000};
  i.plan.prefill_tokens_per_s = 20'000;
  i.plan.decode_tokens_per_s = 2'000;
  return i;
}

inline Request request(Instant arrival, std::int64_t prompt, std::int64_t output) {
  Request r;
  r.arrival = arrival;
  r.prompt = Tokens{prompt};
  r.output = Tokens{output};
  return r;
}

// Everything but pools and work, audited: static split, FCFS training, packed placement.
inline Inputs empty_inputs(std::vector<NodeGroup> groups) {
  const Policies policies = builtin_policies();
  Inputs in;
  const std::size_t kinds = groups.size();
  auto cluster = make_cluster(std::move(groups), FabricSpec{}, StorageSpec{});
  CHECK(cluster.ok());
  in.cluster = std::move(*cluster);
  in.training.speed_by_group.assign(kinds, 1.0);
  in.training.queue_name = "fcfs";
  in.training.queue = make_policy(policies.training_queues, "fcfs");
  in.training.placement_name = "packed";
  in.training.placement = make_policy(policies.placements, "packed");
  in.allocator_name = "static_split";
  in.allocator = make_policy(policies.allocators, "static_split");
  in.engine.audit = true;
  return in;
}

// A pool that holds `nodes` nodes for good, with nothing in its way: vLLM's batcher, huge limits.
inline PoolSetup fixed_pool(std::vector<PoolInstance> instances, std::int32_t nodes) {
  const Policies policies = builtin_policies();
  PoolSetup p;
  p.name = "pool";
  p.instances = std::move(instances);
  p.limits.max_num_seqs = 1 << 20;
  p.limits.max_num_batched_tokens = Tokens{1LL << 40};
  p.limits.max_model_len = Tokens{1LL << 40};
  p.initial_nodes = p.min_nodes = p.max_nodes = Nodes{nodes};
  p.router_name = "round_robin";
  p.router = make_policy(policies.routers, "round_robin");
  p.batcher_name = "vllm_v1";
  p.batcher = make_policy(policies.batchers, "vllm_v1");
  return p;
}

inline void add_requests(Inputs* in, std::uint32_t pool, std::vector<Request> requests) {
  in->requests.push_back({"stream" + std::to_string(in->requests.size()), PoolId{pool},
                          std::make_unique<VectorSource>(std::move(requests))});
}

// Keeps every request's and job's record.
class Records final : public Observer {
 public:
  void on_request_end(Instant, const RequestRecord& r) override { requests.push_back(r); }
  void on_job_end(Instant, const JobRecord& r) override { jobs.push_back(r); }
  std::vector<RequestRecord> requests;  // In order of ending.
  std::vector<JobRecord> jobs;          // Their names are not to be looked at after the run.
};

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_SIM_BUILDER_H_
