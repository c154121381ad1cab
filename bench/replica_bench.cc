// One iteration of one replica: its time, k steps in closed form, and the whole loop of a replica under load.
#include <benchmark/benchmark.h>

#include "policies/catalogue.h"
#include "sim/model/decode_span.h"
#include "sim/model/instance.h"
#include "sim/serving/replica.h"
#include "topologies/catalogue.h"

namespace jevons {
namespace {

InstancePlan llama_70b_on_8_h100() {
  const Catalogue catalogue = Catalogue::builtin();
  return plan_instance(catalogue.model("Llama-3.1-70B").value(), catalogue.gpu("H100").value(),
                       catalogue.stack("vllm_0.15").value(), {})
      .value();
}

void iteration_time(benchmark::State& state) {
  const LinearIterationModel model = llama_70b_on_8_h100().time;
  IterationShape shape{.tokens = 64, .decode = 64, .decode_context = 64'000};
  for (auto _ : state) {
    benchmark::DoNotOptimize(model.time(shape));
    shape.decode_context += 64;
    shape.tokens = 64 + (shape.decode_context & 1023);
  }
}
BENCHMARK(iteration_time);

void steps_in_closed_form(benchmark::State& state) {
  const LinearIterationModel model = llama_70b_on_8_h100().time;
  const DecodeSpan span{model.step(64, 64'000), model.step_growth(64)};
  std::int64_t k = 1;
  for (auto _ : state) {
    benchmark::DoNotOptimize(span.sum(k));
    k = k % 500 + 1;
  }
}
BENCHMARK(steps_in_closed_form);

void steps_until_an_instant(benchmark::State& state) {
  const LinearIterationModel model = llama_70b_on_8_h100().time;
  const DecodeSpan span{model.step(64, 64'000), model.step_growth(64)};
  std::int64_t k = 1;
  for (auto _ : state) {
    benchmark::DoNotOptimize(span.steps_within(span.sum(k), 1'000));
    k = k % 500 + 1;
  }
}
BENCHMARK(steps_until_an_instant);

// Where the wires are the floor of the first steps, as with overlapping micro-batches.
void steps_on_a_floor(benchmark::State& state) {
  const LinearIterationModel model = llama_70b_on_8_h100().time;
  const FixedTime first = model.step(64, 64'000), growth = model.step_growth(64);
  const DecodeSpan span{first, growth, first + 100 * growth};
  std::int64_t k = 1;
  for (auto _ : state) {
    benchmark::DoNotOptimize(span.sum(k));
    k = k % 500 + 1;
  }
}
BENCHMARK(steps_on_a_floor);

// The tables of one instance, the catalogue read beforehand; the second model has experts on 144 GPUs, two overlapping
// micro-batches and a drafted token, which is the most there is to fill.
void fill_instance_table(benchmark::State& state) {
  const Catalogue catalogue = Catalogue::builtin();
  const ModelSpec model = catalogue.model(state.range(0) == 0 ? "Llama-3.1-70B" : "DeepSeek-V3").value();
  const GpuSpec gpu = catalogue.gpu(state.range(0) == 0 ? "H100" : "H800").value();
  const StackSpec stack = catalogue.stack("vllm_0.15").value();
  InstanceOptions options;
  if (state.range(0) != 0) {
    options.layout.tensor = 1;
    options.layout.data = 8;
    options.layout.expert = 144;
    options.layout.redundant_experts = 32;
    options.overlap_microbatches = true;
    options.speculation = {1, 0.8};
  }
  for (auto _ : state) benchmark::DoNotOptimize(plan_instance(model, gpu, stack, options).value().kv_blocks);
}
BENCHMARK(fill_instance_table)->ArgName("experts")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// A request arrives whenever one finishes, so that the batch stays at `range` requests.
class ClosedLoop final : public ReplicaOwner {
 public:
  explicit ClosedLoop(RequestTable* requests) : requests_(requests) {}
  void request_finished(RequestSlot request, Instant) override {
    requests_->remove(request);
    ++finished;
  }
  std::int64_t finished = 0;

 private:
  RequestTable* requests_;
};

void replica_closed_loop(benchmark::State& state) {
  const InstancePlan plan = llama_70b_on_8_h100();
  const Policies policies = builtin_policies();
  const auto batcher = std::move(policies.batchers.make("vllm_v1", {}, RandomStream(1, "batcher")).value());
  const BatchLimits limits;
  Calendar calendar;
  RequestTable requests;
  const Observers observers;
  ClosedLoop owner(&requests);
  RandomStream random(1, "lengths");
  const ReplicaSetup setup{.id = ReplicaId{0},
                           .node = NodeId{0},
                           .group = GroupId{0},
                           .gpus = Gpus{8},
                           .kv_blocks = plan.kv_blocks,
                           .fast_forward = state.range(1) != 0,
                           .time = &plan.time,
                           .limits = &limits,
                           .batcher = batcher.get(),
                           .batcher_name = "vllm_v1"};
  Replica replica(setup, Instant{0}, &calendar, &requests, &observers, &owner);
  std::int64_t started = 0;
  const auto top_up = [&] {
    while (started - owner.finished < state.range(0)) {
      const RequestSlot slot = requests.add();
      RequestState& r = requests[slot];
      r.asked.prompt = {static_cast<std::int64_t>(200 + random.below(1'800))};
      r.asked.output = {static_cast<std::int64_t>(50 + random.below(350))};
      r.record.output = r.asked.output;
      r.record.scheduled = r.record.first_token = Instant::never();
      ++started;
      replica.enqueue(slot, calendar.now());
    }
  };
  top_up();
  for (auto _ : state) {
    const std::int64_t before = owner.finished;
    while (owner.finished == before) replica.on_iteration_end(calendar.pop().time);
    top_up();
  }
  state.SetItemsProcessed(owner.finished);
  state.counters["requests/s"] = benchmark::Counter(static_cast<double>(owner.finished), benchmark::Counter::kIsRate);
}
BENCHMARK(replica_closed_loop)
    ->ArgNames({"batch", "fast_forward"})
    ->Args({32, 1})
    ->Args({32, 0})
    ->Args({128, 1})
    ->Args({128, 0});

}  // namespace
}  // namespace jevons
