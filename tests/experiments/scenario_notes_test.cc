// What a scenario says about the model behind its results; GPUs, models and stacks that are data only.
#include <algorithm>

#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

using Lines = std::vector<std::string>;

class Notes : public ScenarioTest {
 protected:
  Lines notes(const std::string& text) const {
    const auto s = load("s.yaml", text);
    EXPECT_TRUE(s.ok()) << s.error().text();
    return s ? s->notes() : Lines{};
  }
  static bool any(const Lines& lines, const std::string& part) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& l) { return l.find(part) != std::string::npos; });
  }
  // All of them, for a failure's message.
  static std::string joined(const Lines& lines) {
    std::string out;
    for (const std::string& l : lines) out += l + "\n";
    return out;
  }
};

// H100, vLLM's kernels, Llama: measured, and a fitted stack; the context is kept within the measured prompts.
TEST_F(Notes, NothingToSayOfWhatWasMeasured) {
  EXPECT_EQ(notes(with(kGoodYaml, "min_nodes: 1", "min_nodes: 1\n      engine: vllm_0.6\n      max_model_len: 16384")),
            Lines{});
}

TEST_F(Notes, LimitsAndStacksThatAreNotFitted) {
  const Lines got = notes(kGoodYaml);
  ASSERT_EQ(got.size(), 2u) << joined(got);
  EXPECT_TRUE(got[0].starts_with("chat: engine vllm_0.15 is derived for vLLM V1") && got[0].ends_with("not fitted"))
      << got[0];
  EXPECT_EQ(got[1], "chat on h100: prefill: isl may reach 131072, measured 16 to 16384");
}

TEST_F(Notes, WhatTwoPoolsShareIsSaidOnce) {
  const Lines got = notes(with(kGoodYaml, "  pools:\n",
                               "  pools:\n    - {name: code, model: Llama-3.1-70B, groups: [h100], "
                               "initial_nodes: 1}\n"));
  ASSERT_EQ(got.size(), 2u) << joined(got);
  EXPECT_TRUE(got[0].starts_with("code, chat: engine vllm_0.15 is")) << got[0];
  EXPECT_TRUE(got[1].starts_with("code on h100, chat on h100: prefill: isl")) << got[1];
}

TEST_F(Notes, DerivedConstantsAreNamedWithTheirSource) {
  const Lines got = notes(with(kGoodYaml, "gpu: H100,", "gpu: H800,"));
  EXPECT_TRUE(any(got,
                  "chat on h100: H800-SXM5-80GB: constants derived from h100, not measured on this GPU: "
                  "all_reduce, decode_bf16, gemm_bf16, prefill"))
      << joined(got);
}

TEST_F(Notes, ShapesOutsideWhatWasMeasured) {
  const Lines got = notes(with(kGoodYaml,
                               "model: Llama-3.1-70B\n      groups:\n        - group: h100\n          "
                               "tensor_parallel_size: 4",
                               "model: Llama-3.1-8B\n      max_num_batched_tokens: 65536\n      groups:\n        - "
                               "group: h100\n          tensor_parallel_size: 1"));
  EXPECT_TRUE(any(got, "gemm_bf16: m may reach 65536, measured 1 to 32768")) << joined(got);
  EXPECT_TRUE(any(got, "gemm_bf16: n 128256 lies outside the measured 256 to 65536")) << joined(got);
}

TEST_F(Notes, AnExpertGroupWiderThanThePoolMustBe) {
  const std::string unit =
      with(with(kGoodYaml, "gpu: H100, nodes: 4", "gpu: H100, nodes: 16"), "          tensor_parallel_size: 4\n",
           "          data_parallel_size: 8\n          expert_parallel_size: 128\n");
  const std::string text = with(unit, "Llama-3.1-70B", "DeepSeek-V3");
  EXPECT_TRUE(any(notes(text),
                  "chat on h100: times hold with the 16 nodes of an expert group of 128 GPUs; min_nodes "
                  "allows 1"));
  EXPECT_FALSE(any(notes(with(with(text, "initial_nodes: 2", "initial_nodes: 16"), "min_nodes: 1", "min_nodes: 16")),
                   "times hold with"));
}

TEST_F(Notes, TrainingOnDerivedConstants) {
  const std::string text =
      with(with(kGoodYaml, "run_time: 10min",
                "model: {name: Llama-3.1-8B, tokens: 1e9, global_batch: 64, parallel: {tensor: 2}}"),
           "training:", "training:\n  reference_gpu: H100");
  EXPECT_FALSE(any(notes(text), "training"));
  const Lines got = notes(with(text, "reference_gpu: H100", "reference_gpu: H800"));
  EXPECT_TRUE(any(got,
                  "training: H800-SXM5-80GB: constants derived from h100, not measured on this GPU: all_gather, "
                  "gemm_bf16, prefill, reduce_scatter"))
      << joined(got);
  const Lines scaled = notes(with(text, "gpu: A100", "gpu: H20"));
  EXPECT_TRUE(any(scaled, "training on a100: H20-SXM-96GB: run times scaled by peak FLOP/s and a constant MFU"))
      << joined(scaled);
}

constexpr const char* kOwnCatalogue = R"(gpus:
  Z1:
    aliases: [zed]
    kernels: [z1, me]
    bf16_flops: [500e12, me]
    fp8_flops: [0, me]
    memory: [96GB, me]
    memory_bytes_per_s: [3e12, me]
    link_bytes_per_s: [300e9, me]
    nic_bytes_per_s: [50e9, me]
    tdp_watts: [500, me]
    idle_watts: [100, me]
    price_usd_per_gpu_hour: [1.5, me]
kernels:
  z1:
    measured_on: Z1
    bf16_flops: 500e12
    link_bytes_per_s: 300e9
    mine:
      gemm_bf16:
        source: "my bench, 2026-06"
        range: {m: [1, 4096], n: [256, 65536], k: [256, 65536]}
        compute: 0.7
        memory: 0.8
        exponent: 1.5
        overhead_s: 5e-6
        depth_s: 1e-6
        shallow: 50
        padding: 0
        quantise: 0
stacks:
  my_engine:
    source: "mine, not fitted"
    step_s: 1e-3
    sequence_s: 10e-6
    request_s: 5e-3
    kernels: mine
    collectives: vllm
)";
constexpr const char* kOwnModel = R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096,
  "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
  "vocab_size": 64000, "max_position_embeddings": 16384, "torch_dtype": "bfloat16", "tie_word_embeddings": false})";

// A GPU, its kernels, an engine and a model that Jevons has never heard of run without a line of C++.
TEST_F(Notes, GpuModelAndStackOfTheScenariosOwn) {
  write("own.yaml", kOwnCatalogue);
  write("config.json", kOwnModel);
  std::string text =
      with(kGoodYaml,
           "cluster:", "catalogue: {files: [own.yaml], hugging_face: [{name: Mine, config: config.json}]}\ncluster:");
  text = with(with(text, "gpu: H100,", "gpu: zed,"), "model: Llama-3.1-70B", "model: Mine\n      engine: my_engine");
  const auto s = load("s.yaml", text);
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_NE(s->resolved_yaml().find("engine: my_engine"), std::string::npos);
  EXPECT_NE(s->resolved_yaml().find("gpu: Z1"), std::string::npos);
  const auto again = load("again.yaml", s->resolved_yaml());
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(again->hash(), s->hash());

  const auto in = s->inputs(0, 1, EngineOptions{});
  ASSERT_TRUE(in.ok()) << in.error().text();
  EXPECT_GT(in->pools[0].instances[0].plan.decode_tokens_per_s, 0);
  EXPECT_EQ(in->pools[0].request_overhead, 5_ms);
  const Lines got = s->notes();
  EXPECT_TRUE(any(got, "chat: engine my_engine is mine, not fitted")) << joined(got);
  EXPECT_TRUE(any(got,
                  "chat on h100: Z1: constants derived from h100/vllm, not measured on this GPU: all_reduce, "
                  "decode_bf16, prefill"))
      << joined(got);
  EXPECT_TRUE(any(got, "gemm_bf16: m may reach 8192, measured 1 to 4096")) << joined(got);
  // The engine's own name is known to errors, too.
  EXPECT_EQ(error_of("s.yaml", with(text, "engine: my_engine", "engine: my_engin")),
            "s.yaml:12:7: serving.pools[0].engine: unknown serving stack 'my_engin' (did you mean 'my_engine'?)");
}

// Not even its kernels: everything comes from the GPU that was measured most.
TEST_F(Notes, AGpuOfNumbersAlone) {
  std::string gpu = with(kOwnCatalogue, "    kernels: [z1, me]\n", "");
  gpu.resize(gpu.find("kernels:\n  z1"));
  write("own.yaml", gpu);
  const Lines got =
      notes(with(with(kGoodYaml, "cluster:", "catalogue: {files: [own.yaml]}\ncluster:"), "gpu: H100,", "gpu: Z1,"));
  EXPECT_TRUE(any(got,
                  "Z1: constants derived from h100, not measured on this GPU: all_reduce, decode_bf16, "
                  "gemm_bf16, prefill"))
      << joined(got);
}

TEST_F(Notes, TimesOfATableAreNotTheModels) {
  // All that the pool can form: 256 sequences of 131,072 tokens, 8,192 tokens in an iteration.
  std::string table = "decode,decode_context,prefill_tokens,ms\n";
  for (const char* decode : {"0,", "256,"}) {
    for (const char* context : {"0,", "33554432,"}) {
      for (const char* prefill : {"0,", "8192,"}) table += std::string(decode) + context + prefill + "1\n";
    }
  }
  write("t.csv", table);
  const auto s = load("s.yaml", with(kGoodYaml, "min_nodes: 1", "iteration_table: {format: grid, file: t.csv}"));
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_EQ(s->notes(), Lines{"chat: iteration times come from iteration_table, not from the model"});
}

}  // namespace
}  // namespace jevons
