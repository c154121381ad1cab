// What a run gets: every field of the scenario arrives where it belongs, and seeds name their streams.
#include <cstdlib>

#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

class ScenarioInputs : public ScenarioTest {
 protected:
  Inputs inputs(const std::string& yaml, std::size_t policy = 0, std::uint64_t seed = 1) const {
    const auto s = load("s.yaml", yaml);
    EXPECT_TRUE(s.ok()) << s.error().text();
    auto in = s->inputs(policy, seed, EngineOptions{});
    EXPECT_TRUE(in.ok()) << in.error().text();
    return *std::move(in);
  }
  static std::vector<std::int64_t> arrivals(Inputs* in, std::size_t stream = 0) {
    std::vector<std::int64_t> out;
    Request r;
    while (*in->requests[stream].source->next(&r)) out.push_back(r.arrival.ns);
    return out;
  }
};

TEST_F(ScenarioInputs, Cluster) {
  const Inputs in = inputs(with(kGoodYaml, "nodes: 4}", "nodes: 4, nic_gbit_per_s: 100, price_usd_per_gpu_hour: 3}"));
  ASSERT_EQ(in.cluster.groups.size(), 2u);
  EXPECT_EQ(in.cluster.total_gpus().value, 48);
  EXPECT_DOUBLE_EQ(in.cluster.groups[0].nic_bytes_per_s, 8 * 12.5e9);
  EXPECT_DOUBLE_EQ(in.cluster.groups[0].price_usd_per_gpu_hour, 3);
  EXPECT_EQ(in.horizon, Instant{} + 1_h);
  EXPECT_EQ(in.review_every, 60_s);
}

TEST_F(ScenarioInputs, PowerOfAGroup) {
  const auto power = [&](const std::string& fields) {
    return inputs(with(kGoodYaml, "nodes: 4}", "nodes: 4" + fields + "}")).cluster.groups[0].power;
  };
  PowerDraw d = power("");  // The catalogue's H100.
  EXPECT_DOUBLE_EQ(d[PowerPhase::kIdle], 300);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kPrefill], 1100);
  EXPECT_LT(d[decode_phase(1)], d[decode_phase(256)]);
  d = power(", idle_watts: 200, busy_watts: 800");
  EXPECT_EQ(d.watts, two_level_draw(200, 800).watts);
  d = power(", busy_watts: 800, waiting_watts: 350, decode_watts: 600, training_watts: 900");
  EXPECT_DOUBLE_EQ(d[PowerPhase::kIdle], 300);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kLoading], 350);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kCheckpoint], 350);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kPrefill], 800);
  EXPECT_DOUBLE_EQ(d[decode_phase(1)], 600);
  EXPECT_DOUBLE_EQ(d[decode_phase(256)], 600);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kTraining], 900);
  d = power(", prefill_watts: 1000");
  EXPECT_DOUBLE_EQ(d[PowerPhase::kMixed], 1000);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kTraining], 967);
}

TEST_F(ScenarioInputs, Pool) {
  const Inputs in = inputs(
      with(kGoodYaml, "min_nodes: 1", "min_nodes: 1\n      num_gpu_blocks_override: 9000\n      drain_limit: 1min"));
  ASSERT_EQ(in.pools.size(), 1u);
  const PoolSetup& pool = in.pools[0];
  EXPECT_EQ(pool.name, "chat");
  ASSERT_EQ(pool.instances.size(), 1u);
  EXPECT_EQ(pool.instances[0].group.index, 0u);
  EXPECT_EQ(pool.instances[0].gpus_per_replica.value, 4);
  EXPECT_EQ(pool.instances[0].plan.kv_blocks.value, 9000);
  EXPECT_DOUBLE_EQ(pool.instances[0].speed, 1.0);
  EXPECT_EQ(pool.initial_nodes.value, 2);
  EXPECT_EQ(pool.max_nodes.value, 4);
  EXPECT_EQ(pool.slo.ttft, 2_s);
  EXPECT_EQ(pool.slo.tpot, 50_ms);
  EXPECT_EQ(pool.slo.e2e, 0_s);
  EXPECT_EQ(pool.drain_limit, 1_min);
  EXPECT_EQ(pool.router_name, "least_requests");
  EXPECT_EQ(pool.batcher_name, "vllm_v1");
  EXPECT_GT(pool.request_overhead, 0_s);
}

// A block of 16 tokens is 80 layers x 8 heads x 128 x 2 x 2 bytes x 16 / 4 GPUs = 1,310,720 bytes on each.
TEST_F(ScenarioInputs, WhatIsSetAsideForGuestsIsNotKvCache) {
  const PoolSetup alone = std::move(inputs(kGoodYaml).pools[0]);
  const Inputs in =
      inputs(with(kGoodYaml, "min_nodes: 1",
                  "min_nodes: 1\n      colocation: {memory_per_gpu: 1310720000B, guest_speed_idle: 0.8}"));
  const PoolSetup& pool = in.pools[0];
  EXPECT_EQ(pool.instances[0].plan.kv_blocks, alone.instances[0].plan.kv_blocks - Blocks{1000});
  EXPECT_EQ(pool.colocation.memory, Bytes{1'310'720'000});
  EXPECT_DOUBLE_EQ(pool.colocation.serving_slowdown, 1.072);
  EXPECT_DOUBLE_EQ(pool.colocation.guest_speed_idle, 0.8);
  EXPECT_DOUBLE_EQ(pool.colocation.guest_speed_busy, 0.5);
  EXPECT_EQ(alone.colocation.memory, Bytes{0});
}

TEST_F(ScenarioInputs, SmallJobsOfASourceMayBeGuests) {
  const Inputs in = inputs(with(kGoodYaml, "        - {name: one, gpus: 8, run_time: 10min}",
                                "        - {name: one, gpus: 8, run_time: 10min}\n"
                                "        - {name: two, gpus: 4, run_time: 10min}\n"
                                "      guests: {memory_per_gpu: 16GB, max_gpus: 4}"));
  ASSERT_EQ(in.training.jobs.size(), 2U);
  EXPECT_EQ(in.training.jobs[0].guest_memory, Bytes{0});
  EXPECT_EQ(in.training.jobs[1].guest_memory, Bytes{16'000'000'000});
}

TEST_F(ScenarioInputs, SpeedsOfReplicasAreRelative) {
  const Inputs in = inputs(
      with(kGoodYaml, "          tensor_parallel_size: 4\n", "          tensor_parallel_size: 8\n        - a100\n"));
  ASSERT_EQ(in.pools[0].instances.size(), 2u);
  EXPECT_DOUBLE_EQ(in.pools[0].instances[0].speed, 1.0);
  EXPECT_LT(in.pools[0].instances[1].speed, 1.0);
  EXPECT_GT(in.pools[0].instances[1].speed, 0.2);
}

TEST_F(ScenarioInputs, PoliciesOverrideWhatTheScenarioSays) {
  const std::string yaml = with(kGoodYaml, "label: loan", R"(label: loan
    queue: fcfs
    placement: spread
    router: random
    batcher: vllm_v0
    pools: [{pool: chat, router: round_robin}])");
  const Inputs first = inputs(yaml, 0), second = inputs(yaml, 1);
  EXPECT_EQ(first.allocator_name, "static_split");
  EXPECT_EQ(first.training.queue_name, "easy_backfill");
  EXPECT_EQ(first.training.placement_name, "packed");
  EXPECT_EQ(second.allocator_name, "capacity_loan");
  EXPECT_EQ(second.training.queue_name, "fcfs");
  EXPECT_EQ(second.training.placement_name, "spread");
  EXPECT_EQ(second.pools[0].router_name, "round_robin");
  EXPECT_EQ(second.pools[0].batcher_name, "vllm_v0");
}

TEST_F(ScenarioInputs, AdmissionTariffAndWhoSendsReachTheRun) {
  std::string yaml = with(kGoodYaml, "min_nodes: 1", R"(min_nodes: 1
      admission: {name: queue_limit, params: {total: 3}}
      priority: 2
      max_waiting_per_replica: 5
      tariff: {usd_per_million_prompt_tokens: 0.5, usd_per_million_output_tokens: 2})");
  yaml =
      with(yaml, "      pool: chat\n", "      pool: chat\n      tenant: acme\n      priority: 7\n      paid: false\n");
  yaml = with(yaml, "label: loan", "label: loan\n    admission: predictive");
  const Inputs own = inputs(yaml, 0), policys = inputs(yaml, 1);
  EXPECT_EQ(own.pools[0].admission_name, "queue_limit");
  EXPECT_EQ(own.pools[0].autoscaler, nullptr);
  EXPECT_EQ(own.pools[0].priority, 2);
  EXPECT_EQ(own.pools[0].max_waiting_per_replica, 5);
  EXPECT_DOUBLE_EQ(own.pools[0].tariff.usd_per_million_prompt_tokens, 0.5);
  EXPECT_DOUBLE_EQ(own.pools[0].tariff.usd_per_million_output_tokens, 2);
  EXPECT_EQ(own.requests[0].tenant, "acme");
  EXPECT_EQ(own.requests[0].priority, 7);
  EXPECT_FALSE(own.requests[0].paid);
  EXPECT_EQ(policys.pools[0].admission_name, "predictive");
  const Inputs one = inputs(with(yaml, "admission: predictive", "pools: [{pool: chat, admission: unbounded}]"), 1);
  EXPECT_EQ(one.pools[0].admission_name, "unbounded");
  const Inputs plain = inputs(kGoodYaml);
  EXPECT_EQ(plain.pools[0].admission, nullptr);
  EXPECT_TRUE(plain.requests[0].paid);
}

// Autoscalers are for the catalogue to have; the scenario chooses among what is there.
struct TwoNodes final : Autoscaler {
  static constexpr std::string_view kName = "two_nodes", kSummary = "Two.";
  struct Params {
    std::int64_t nodes = 2;
  };
  static void describe(ParamTable<Params>& t) { t.add("nodes", &Params::nodes, 0, 9, "Nodes."); }
  explicit TwoNodes(const Params& p) : params(p) {}
  std::int64_t desired(const AutoscalerView&) override { return params.nodes; }
  Params params;
};

TEST_F(ScenarioInputs, AutoscalersAreChosenLikeRouters) {
  Policies policies = builtin_policies();
  policies.autoscalers.add<TwoNodes>();
  const std::string yaml =
      with(with(kGoodYaml, "min_nodes: 1", "min_nodes: 1\n      autoscaler: two_nodes"), "label: loan",
           "label: loan\n    pools: [{pool: chat, autoscaler: {name: two_nodes, params: {nodes: 4}}}]");
  const auto bad = Scenario::load(write("bad.yaml", with(yaml, "nodes: 4}}", "nodes: 10}}")), policies);
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(
      bad.error().text().find("policies[1].pools[0].autoscaler.params.nodes: expected a whole number from 0 to 9"),
      std::string::npos)
      << bad.error().text();
  const auto scenario = Scenario::load(write("a.yaml", yaml), policies);
  ASSERT_TRUE(scenario.ok()) << scenario.error().text();
  for (const auto& [policy, nodes] : {std::pair{0U, 2}, std::pair{1U, 4}}) {
    const auto in = scenario->inputs(policy, 1, EngineOptions{});
    ASSERT_TRUE(in.ok()) << in.error().text();
    EXPECT_EQ(in->pools[0].autoscaler_name, "two_nodes");
    EXPECT_EQ(in->pools[0].autoscaler->desired({}), nodes);
  }
}

TEST_F(ScenarioInputs, ArrivalsNeverChangeBecauseAPolicyDid) {
  Inputs a = inputs(kGoodYaml, 0, 5), b = inputs(kGoodYaml, 1, 5), c = inputs(kGoodYaml, 0, 6);
  const auto times = arrivals(&a);
  EXPECT_GT(times.size(), 6'500u);  // 7,200 expected, standard deviation 85.
  EXPECT_LT(times.size(), 7'900u);
  EXPECT_EQ(times, arrivals(&b));
  EXPECT_NE(times, arrivals(&c));
  EXPECT_LT(times.back(), (1_h).ns);
}

TEST_F(ScenarioInputs, AStreamKeepsItsArrivalsWhenAnotherIsAdded) {
  Inputs alone = inputs(kGoodYaml);
  Inputs both = inputs(with(kGoodYaml, "  streams:\n", R"(  streams:
    - {name: more, pool: chat, generate: {arrivals: {rate: 1}, prompt: 10, output: 10}}
)"));
  ASSERT_EQ(both.requests.size(), 2u);
  EXPECT_EQ(arrivals(&alone, 0), arrivals(&both, 1));
}

TEST_F(ScenarioInputs, TransformsApplyInOrder) {
  const auto transformed = [&](const std::string& list) {
    Inputs in = inputs(with(kGoodYaml, "generate: {", "transforms: " + list + "\n      generate: {limit: 100, "));
    return arrivals(&in);
  };
  const auto plain = transformed("[]");
  ASSERT_EQ(plain.size(), 100u);
  const auto scaled = transformed("[{time_scale: 2}, {shift: 1s}]");
  ASSERT_EQ(scaled.size(), 100u);
  EXPECT_EQ(scaled[7], 2 * plain[7] + 1'000'000'000);
  EXPECT_EQ(transformed("[{shift: 1s}, {time_scale: 2}]")[7], 2 * (plain[7] + 1'000'000'000));
  EXPECT_EQ(transformed("[{limit: 10}, {repeat: {every: 1h, times: 3}}]").size(), 30u);
  EXPECT_EQ(transformed("[{repeat: {every: 1h, times: 3}}, {limit: 10}]").size(), 10u);
}

TEST_F(ScenarioInputs, JobsOfAllSourcesBySubmitTime) {
  const Inputs in = inputs(with(kGoodYaml, "  jobs:\n", R"(  jobs:
    - name: later
      list:
        - {name: b, submit: 10min, gpus: 4, run_time: 1h, estimate: 2h, parameters: 7e9, tenant: t}
        - {name: a, submit: 5min, gpus: 4, run_time: 1h}
      transforms: [{gpu_scale: 0.5}]
)"));
  ASSERT_EQ(in.training.jobs.size(), 3u);
  EXPECT_EQ(in.training.jobs[0].name, "one");
  EXPECT_EQ(in.training.jobs[1].name, "a");
  EXPECT_EQ(in.training.jobs[1].estimate, 1_h);
  const TrainingJob& b = in.training.jobs[2];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.submit, Instant{} + 10_min);
  EXPECT_EQ(b.gpus.value, 2);
  EXPECT_EQ(b.estimate, 2_h);
  EXPECT_DOUBLE_EQ(b.parameters, 7e9);
  EXPECT_EQ(b.tenant, "t");
}

TEST_F(ScenarioInputs, TrainingSpeeds) {
  const auto speeds = [&](const std::string& extra) {
    return inputs(with(kGoodYaml, "training:", "training:" + extra)).training.speed_by_group;
  };
  EXPECT_EQ(speeds(""), (std::vector<double>{1, 1}));
  EXPECT_EQ(speeds("\n  groups: [a100]"), (std::vector<double>{0, 1}));
  EXPECT_EQ(speeds("\n  groups: [{group: h100, speed: 2.5}]"), (std::vector<double>{2.5, 0}));
  const auto scaled = speeds("\n  reference_gpu: A100");
  EXPECT_DOUBLE_EQ(scaled[1], 1.0);
  EXPECT_NEAR(scaled[0], 989.0 / 312.0, 0.01);  // Ratio of the BF16 peaks.
  const auto mfu = speeds("\n  reference_gpu: A100\n  mfu: 0.4\n  groups: [a100, {group: h100, mfu: 0.2}]");
  EXPECT_NEAR(mfu[0], 989.0 / 312.0 / 2, 0.01);
}

TEST_F(ScenarioInputs, IterationTables) {
  const std::string vidur =
      "serving.pools[0]={name: chat, model: Llama-2-70B, groups: [{group: a100, tensor_parallel_size: 4}], "
      "initial_nodes: 2, batcher: vllm_v0, max_num_seqs: 128, max_num_batched_tokens: 4096, "
      "enable_chunked_prefill: false, num_gpu_blocks_override: 32768, iteration_table: {"
      "per_token_ops: '${JEVONS_DATA}/peers/vidur_llama2_70b_a100_tp4x4/per_token_ops_ms.csv.gz', "
      "attn_prefill: '${JEVONS_DATA}/peers/vidur_llama2_70b_a100_tp4x4/attn_prefill_ms.csv.gz', "
      "attn_decode: '${JEVONS_DATA}/peers/vidur_llama2_70b_a100_tp4x4/attn_decode_ms.csv.gz'}}";
  if (std::getenv("JEVONS_DATA") == nullptr) {
    const std::string data = std::string(JEVONS_SOURCE_DIR) + "/../shared/data";
    if (!std::filesystem::exists(data)) GTEST_SKIP() << "skipped: no data";
    ::setenv("JEVONS_DATA", data.c_str(), 1);
  }
  const auto s = load("s.yaml", kGoodYaml, {vidur});
  ASSERT_TRUE(s.ok()) << s.error().text();
  const auto in = s->inputs(0, 1, EngineOptions{});
  ASSERT_TRUE(in.ok()) << in.error().text();
  ASSERT_NE(in->pools[0].table, nullptr);
  IterationShape one;
  one.tokens = one.decode = 1;
  one.decode_context = 100;
  EXPECT_GT(in->pools[0].table->time(one), 0);
  // A pool that could leave the table is refused.
  const auto large = load("s.yaml", kGoodYaml, {vidur, "serving.pools[0].max_num_seqs=200"});
  EXPECT_FALSE(large.ok());
  const auto missing = error_of("s.yaml", kGoodYaml, {"serving.pools[0].iteration_table={format: grid}"});
  EXPECT_NE(missing.find("serving.pools[0].iteration_table.file: missing (expected a file name for format grid)"),
            std::string::npos)
      << missing;
}

TEST_F(ScenarioInputs, WithoutAHorizonTheRunEndsWithItsWork) {
  const Inputs in = inputs(with(with(kGoodYaml, "horizon: 1h\n", ""), "generate: {", "generate: {limit: 5, "));
  EXPECT_EQ(in.horizon, Instant::never());
}

}  // namespace
}  // namespace jevons
