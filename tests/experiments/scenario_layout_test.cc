// How a replica lies on its GPUs: defaults, what reaches the plan, and every layout that cannot be.
#include "sim/model/instance.h"
#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

constexpr const char* kTensor = "          tensor_parallel_size: 4\n";

class Layout : public ScenarioTest {
 protected:
  // The small scenario with `lines` in place of its group's tensor_parallel_size and `pool` among its pool's fields.
  static std::string dense(const std::string& lines, const std::string& pool = "min_nodes: 1") {
    return with(with(kGoodYaml, kTensor, lines), "min_nodes: 1", pool);
  }
  // DeepSeek-V3 on 32 nodes of 8 H800, one replica a node.
  static std::string experts(const std::string& group, const std::string& pool = "min_nodes: 1") {
    const std::string h800 =
        with(with(kGoodYaml, "gpu: H100, nodes: 4", "gpu: H800, nodes: 32"), "Llama-3.1-70B", "DeepSeek-V3");
    return with(with(h800, kTensor, "          " + group + "\n"), "min_nodes: 1", pool);
  }
  Result<Inputs> inputs(const std::string& text) const {
    const auto s = load("s.yaml", text);
    if (!s) return s.error();
    return s->inputs(0, 1, EngineOptions{});
  }
  // The plan of the only instance; fails the test where there is none.
  InstancePlan plan(const std::string& text) const {
    auto in = inputs(text);
    EXPECT_TRUE(in.ok()) << in.error().text();
    return in ? in->pools[0].instances[0].plan : InstancePlan{};
  }
};

TEST_F(Layout, TensorParallelFillsWhatIsLeftOfTheNode) {
  const auto tensor = [&](const std::string& lines) {
    const auto s = load("s.yaml", dense(lines));
    EXPECT_TRUE(s.ok()) << s.error().text();
    const std::string yaml = s ? s->resolved_yaml() : "";
    const std::string key = "tensor_parallel_size: ";
    const std::size_t at = yaml.find(key);
    return at == std::string::npos ? "" : yaml.substr(at + key.size(), 1);
  };
  EXPECT_EQ(tensor(""), "8");
  EXPECT_EQ(tensor("          pipeline_parallel_size: 2\n"), "4");
  EXPECT_EQ(tensor("          data_parallel_size: 2\n"), "4");
  EXPECT_EQ(tensor("          pipeline_parallel_size: 2\n          data_parallel_size: 1\n"), "4");
}

TEST_F(Layout, ReplicasAreTensorTimesPipelineTimesData) {
  const auto gpus = [&](const std::string& lines) {
    auto in = inputs(dense(lines));
    EXPECT_TRUE(in.ok()) << in.error().text();
    return in ? in->pools[0].instances[0].gpus_per_replica.value : 0;
  };
  EXPECT_EQ(gpus("          tensor_parallel_size: 2\n          pipeline_parallel_size: 2\n"), 4);
  EXPECT_EQ(gpus("          tensor_parallel_size: 4\n          data_parallel_size: 2\n"), 8);
  EXPECT_EQ(gpus("          data_parallel_size: 2\n"), 8);
}

// Everything that is asked for reaches the plan: it is the one that plan_instance makes of the same options.
TEST_F(Layout, AsPlannedByHand) {
  const std::string text =
      experts("{group: h100, data_parallel_size: 8, expert_parallel_size: 128}",
              "min_nodes: 1\n      engine: sglang_0.4\n      kv_cache_dtype: fp8\n      enable_dbo: true\n"
              "      expert_imbalance: 1.3\n      num_redundant_experts: 32\n      max_model_len: 8192\n"
              "      speculative: {num_speculative_tokens: 1, acceptance_rate: 0.85}");
  InstanceOptions o;
  o.layout = {.tensor = 1, .pipeline = 1, .data = 8, .expert = 128, .redundant_experts = 32, .gpus_per_node = 8};
  o.kv_bytes_per_element = 1;
  o.expert_imbalance = 1.3;
  o.overlap_microbatches = true;
  o.speculation = {1, 0.85};
  o.longest_context = Tokens{8192};
  const Catalogue c = Catalogue::builtin();
  const auto by_hand = plan_instance(*c.model("DeepSeek-V3"), *c.gpu("H800"), *c.stack("sglang_0.4"), o);
  ASSERT_TRUE(by_hand.ok()) << by_hand.error().message;
  const InstancePlan got = plan(with(text, "- group: h100\n          {group", "- {group"));
  EXPECT_EQ(got.kv_blocks, by_hand->kv_blocks);
  EXPECT_EQ(got.decode_tokens_per_s, by_hand->decode_tokens_per_s);
  EXPECT_EQ(got.prefill_tokens_per_s, by_hand->prefill_tokens_per_s);
  EXPECT_EQ(got.notes, by_hand->notes);
}

TEST_F(Layout, EachOptionIsHeard) {
  const InstancePlan plain = plan(dense(kTensor));
  const auto pool = [&](const std::string& field) { return plan(dense(kTensor, "min_nodes: 1\n      " + field)); };
  // Half the bytes an element, twice the tokens but for rounding.
  EXPECT_NEAR(static_cast<double>(pool("kv_cache_dtype: fp8").kv_blocks.value),
              2.0 * static_cast<double>(plain.kv_blocks.value), 2);
  EXPECT_EQ(pool("kv_cache_dtype: bf16").kv_blocks, plain.kv_blocks);
  EXPECT_GT(pool("speculative: {num_speculative_tokens: 1, acceptance_rate: 1}").decode_tokens_per_s,
            plain.decode_tokens_per_s);
  EXPECT_NE(pool("enable_dbo: true").prefill_tokens_per_s, plain.prefill_tokens_per_s);
}

// One sequence lies in one rank, so it cannot have the memory of all.
TEST_F(Layout, TheLongestSequenceIsThatOfARank) {
  const std::string text = dense("          tensor_parallel_size: 4\n          data_parallel_size: 2\n",
                                 "min_nodes: 1\n      max_model_len: 1601\n      num_gpu_blocks_override: 200");
  EXPECT_EQ(error_of("s.yaml", text),
            "s.yaml:17:7: serving.pools[0].max_model_len: expected at most 1600, the tokens that the KV cache of a "
            "data-parallel rank of a replica on 'h100' holds, got 1601");
  EXPECT_EQ(error_of("s.yaml", with(text, "1601", "1600")), "");
  const auto s = load("s.yaml", with(text, "      max_model_len: 1601\n", ""));
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_NE(s->resolved_yaml().find("max_model_len: 1600\n"), std::string::npos);
}

TEST_F(Layout, WhatDoesNotFitTheNode) {
  EXPECT_EQ(error_of("s.yaml", dense("          tensor_parallel_size: 4\n          data_parallel_size: 4\n")),
            "s.yaml:12:11: serving.pools[0].groups[0]: expected tensor x pipeline x data to divide gpus_per_node (8), "
            "got 4 x 1 x 4");
  EXPECT_EQ(error_of("s.yaml", dense("          pipeline_parallel_size: 3\n")),
            "s.yaml:12:11: serving.pools[0].groups[0]: expected tensor x pipeline x data to divide gpus_per_node (8), "
            "got 2 x 3 x 1");
  EXPECT_EQ(error_of("s.yaml", dense("          data_parallel_size: 0\n")),
            "s.yaml:13:11: serving.pools[0].groups[0].data_parallel_size: expected a whole number from 1 to 1024, got "
            "0");
}

TEST_F(Layout, WhatTheModelDoesNotHave) {
  EXPECT_EQ(error_of("s.yaml", dense("          expert_parallel_size: 8\n")),
            "s.yaml:12:11: serving.pools[0].groups[0]: Llama-3.1-70B has no experts to share among 8 GPUs");
  EXPECT_EQ(error_of("s.yaml", dense(kTensor, "min_nodes: 1\n      expert_imbalance: 1.5")),
            "s.yaml:16:7: serving.pools[0].expert_imbalance: expected 1 for Llama-3.1-70B, a model without experts, "
            "got 1.5");
  const std::string deep = with(dense("          pipeline_parallel_size: 81\n          tensor_parallel_size: 1\n"),
                                "gpu: H100, nodes: 4", "gpu: H100, nodes: 4, gpus_per_node: 81");
  EXPECT_EQ(error_of("s.yaml", deep),
            "s.yaml:12:11: serving.pools[0].groups[0]: expected at most 80 pipeline stages, the layers of "
            "Llama-3.1-70B, got 81");
}

TEST_F(Layout, ExpertGroupsThatCannotBe) {
  const std::string ok = experts("data_parallel_size: 8\n          expert_parallel_size: 128");
  EXPECT_EQ(error_of("s.yaml", ok), "");
  EXPECT_EQ(error_of("s.yaml", with(ok, "128", "264")),
            "s.yaml:14:11: serving.pools[0].groups[0].expert_parallel_size: expected at most the GPUs of 'h100' (256), "
            "got 264");
  EXPECT_EQ(error_of("s.yaml", with(ok, "128", "100")),
            "s.yaml:12:11: serving.pools[0].groups[0]: an expert group of 100 GPUs is no multiple of the replica's 8 "
            "(tensor x data)");
  EXPECT_EQ(error_of("s.yaml", with(ok, "min_nodes: 1", "num_redundant_experts: -1")),
            "s.yaml:16:7: serving.pools[0].num_redundant_experts: expected a whole number from 0 to 65536, got -1");
  EXPECT_EQ(error_of("s.yaml", dense(kTensor, "num_redundant_experts: 32")),
            "s.yaml:15:7: serving.pools[0].num_redundant_experts: expected 0, as expert_parallel_size is 1 on 'h100', "
            "got 32");
}

TEST_F(Layout, OptionsOutOfRange) {
  const auto error = [&](const std::string& field) { return error_of("s.yaml", dense(kTensor, field)); };
  EXPECT_EQ(error("kv_cache_dtype: fp16"),
            "s.yaml:15:7: serving.pools[0].kv_cache_dtype: expected auto, bf16 or fp8, got 'fp16' (did you mean "
            "'bf16'?)");
  EXPECT_EQ(error("expert_imbalance: 0.5"),
            "s.yaml:15:7: serving.pools[0].expert_imbalance: expected a number from 1 to 1000, got 0.5");
  EXPECT_EQ(error("speculative: {num_speculative_tokens: 0, acceptance_rate: 0.5}"),
            "s.yaml:15:21: serving.pools[0].speculative.num_speculative_tokens: expected a whole number from 1 to 64, "
            "got 0");
  EXPECT_EQ(error("speculative: {num_speculative_tokens: 2}"),
            "s.yaml:15:7: serving.pools[0].speculative.acceptance_rate: missing (expected a number from 0 to 1)");
  EXPECT_EQ(error_of("s.yaml",
                     dense("          tensor_parallel_size: 1\n          data_parallel_size: 8\n", "enable_dbo: true")),
            "s.yaml:16:7: serving.pools[0].enable_dbo: nothing to overlap, expected tensor_parallel_size or "
            "expert_parallel_size above 1 on 'h100'");
}

TEST_F(Layout, MeasuredTimesLeaveNothingToModel) {
  write("t.csv", "decode,decode_context,prefill_tokens,ms\n");
  const auto error = [&](const std::string& field) {
    return error_of("s.yaml", dense(kTensor, "iteration_table: {format: grid, file: t.csv}\n      " + field));
  };
  for (const char* field :
       {"speculative: {num_speculative_tokens: 1, acceptance_rate: 0.5}", "enable_dbo: true", "expert_imbalance: 2"}) {
    const std::string name(field, std::string(field).find(':'));
    EXPECT_EQ(error(field), "s.yaml:16:7: serving.pools[0]." + name +
                                ": has no effect on the times of iteration_table, expected one of the two");
  }
}

}  // namespace
}  // namespace jevons
