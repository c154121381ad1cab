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

void fill_instance_table(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(llama_70b_on_8_h100().kv_blocks);
}
BENCHMARK(fill_instance_table)->Unit(benchmark::kMillisecond);

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
