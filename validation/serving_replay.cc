// Replaying public serving runs.
#include "validation/serving_replay.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include "experiments/workers.h"
#include "policies/catalogue.h"
#include "sim/simulation.h"
#include "traces/reader.h"
#include "validation/table.h"

namespace jevons {
namespace {

constexpr std::int64_t kUnchunkedLength = 24'272, kChunk = 512;

// Token-weighted, as vLLM's counters are: time of all output tokens after the first over their number.
class Means final : public Observer {
 public:
  void on_request_end(Instant, const RequestRecord& r) override {
    if (r.reason != FinishReason::kCompleted) return;
    ++requests_;
    ttft_ns_ += static_cast<double>((r.first_token - r.arrival).ns);
    decode_ns_ += static_cast<double>((r.finish - r.first_token).ns);
    tokens_ += static_cast<double>(r.output.value - 1);
  }
  ServedFigures figures() const { return {ttft_ns_ / 1e9 / requests_, tokens_ > 0 ? decode_ns_ / 1e9 / tokens_ : 0}; }

 private:
  double requests_ = 0, ttft_ns_ = 0, decode_ns_ = 0, tokens_ = 0;
};

template <class Api>
std::unique_ptr<Api> make(const PolicyCatalogue<Api>& catalogue, const char* name) {
  return std::move(catalogue.make(name, {}, RandomStream(1, name)).value());
}

Result<PoolSetup> pool_of(const ServedRun& run, const Catalogue& catalogue, const StackSpec& stack, const GpuSpec& gpu,
                          const Policies& policies) {
  const auto model = catalogue.model(run.model);
  if (!model) return model.error();
  const bool chunked = run.tensor > 2;
  InstanceOptions options;
  options.layout.tensor = run.tensor;
  options.max_num_batched_tokens = Tokens{chunked ? kChunk : kUnchunkedLength};
  if (!chunked) options.gpu_memory_utilization = 1;  // Then max_model_len was set to the tokens that were left.
  auto plan = plan_instance(*model, gpu, stack, options);
  if (!plan) return plan.error();
  if (!chunked) plan->kv_blocks = Blocks{kUnchunkedLength / options.block_size.value};
  PoolSetup pool;
  pool.name = run.name;
  pool.instances.push_back({GroupId{0}, *std::move(plan), Gpus{run.tensor}, 1.0});
  pool.limits.max_num_batched_tokens = options.max_num_batched_tokens;
  pool.limits.max_model_len = Tokens{kUnchunkedLength};
  pool.limits.enable_chunked_prefill = chunked;
  pool.enable_prefix_caching = false;
  pool.request_overhead = duration_from_seconds(stack.request_s);
  pool.initial_nodes = pool.min_nodes = pool.max_nodes = Nodes{1};
  pool.router_name = "round_robin";
  pool.router = make(policies.routers, "round_robin");
  pool.batcher_name = chunked ? "vllm_v1" : "vllm_v0";
  pool.batcher = make(policies.batchers, chunked ? "vllm_v1" : "vllm_v0");
  return pool;
}

Result<ServedFigures> replay(const DataFolder& data, const Catalogue& catalogue, const StackSpec& stack,
                             const ServedRun& run) {
  const Policies policies = builtin_policies();
  const auto gpu = catalogue.gpu("H100-SXM5-80GB");
  if (!gpu) return gpu.error();
  NodeGroup group;
  group.name = "h100";
  group.gpu = *gpu;
  group.nodes = Nodes{1};
  group.gpus_per_node = Gpus{run.tensor};
  group.nic_bytes_per_s = gpu->nic_bytes_per_s * run.tensor;
  auto cluster = make_cluster({group}, {}, {});
  if (!cluster) return cluster.error();
  Inputs in;
  in.cluster = *std::move(cluster);
  auto pool = pool_of(run, catalogue, stack, *gpu, policies);
  if (!pool) return pool.error();
  in.pools.push_back(*std::move(pool));
  auto source = open_requests(data.file("perf/apex_traces/" + run.name + ".csv"));
  if (!source) return source.error();
  in.requests.push_back({run.name, PoolId{0}, *std::move(source)});
  in.training.speed_by_group = {0.0};
  in.training.queue = make(policies.training_queues, "fcfs");
  in.training.placement = make(policies.placements, "packed");
  in.allocator_name = "static_split";
  in.allocator = make(policies.allocators, "static_split");
  Means means;
  in.observers.push_back(&means);
  const auto result = simulate(std::move(in));
  if (!result) return result.error();
  return means.figures();
}

// The first replica of each trace and number of GPUs; of FP8 runs only those on 4 GPUs.
void mark_fitted(std::vector<ServedRun>* runs) {
  std::set<std::string> seen;
  for (ServedRun& run : *runs) {
    const std::string trace = run.name.substr(0, run.name.find("TP"));  // "llama_creation_025_2DP4".
    run.fitted = seen.insert(trace).second && (!run.fp8() || run.tensor == 4);
  }
}

}  // namespace

Result<std::vector<ServedRun>> read_served_runs(const DataFolder& data) {
  auto table = Table::read(data.file(kServedRunsFile), {"run", "model", "tp", "mean_ttft_s", "tpot_s_per_token"});
  if (!table) return table.error();
  std::vector<ServedRun> runs;
  for (std::size_t i = 0; i < table->rows(); ++i) {
    ServedRun run;
    run.name = table->text(i, 0).substr(0, table->text(i, 0).rfind(".csv"));
    run.model = table->text(i, 1).starts_with("Mistral") ? "Mistral-Large-2407-FP8" : table->text(i, 1);
    const auto tp = table->number(i, 2), ttft = table->number(i, 3), tpot = table->number(i, 4);
    for (const auto& v : {tp, ttft, tpot}) {
      if (!v) return v.error();
    }
    run.tensor = static_cast<std::int32_t>(*tp);
    run.ttft_s = *ttft;
    run.tpot_s = *tpot;
    runs.push_back(std::move(run));
  }
  mark_fitted(&runs);
  return runs;
}

Result<std::vector<ServedFigures>> replay_served_runs(const DataFolder& data, const Catalogue& catalogue,
                                                      const StackSpec& stack, const std::vector<ServedRun>& runs) {
  std::vector<ServedFigures> figures(runs.size());
  std::optional<Error> failed;
  WorkerPlan plan;
  plan.tasks = runs.size();
  plan.jobs = 2;
  plan.work = [&](std::size_t task, WorkerLink&) {
    const auto f = replay(data, catalogue, stack, runs[task]);
    if (!f) return "!" + f.error().text();
    std::string bytes(sizeof(ServedFigures), '\0');
    std::memcpy(bytes.data(), &*f, sizeof(ServedFigures));
    return "=" + bytes;
  };
  plan.on_end = [&](std::size_t task, const WorkerOutcome& outcome) {
    const std::string& a = outcome.answer;
    if (outcome.kind == WorkerOutcome::kAnswered && a.size() == 1 + sizeof(ServedFigures) && a[0] == '=') {
      std::memcpy(&figures[task], a.data() + 1, sizeof(ServedFigures));
      return true;
    }
    const std::string why = outcome.kind == WorkerOutcome::kAnswered ? a.substr(1) : "the replay " + outcome.error;
    if (!failed) failed = Error{why, runs[task].name};
    return false;
  };
  run_in_workers(plan);
  if (failed) return *failed;
  return figures;
}

}  // namespace jevons
