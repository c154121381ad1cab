// The built-in catalogue: published parameter counts, a source and a date behind every figure, figures that make sense.
#include "topologies/catalogue.h"

#include <gtest/gtest.h>

#include <cmath>

#include "topologies/catalogue_fields.h"

namespace jevons {
namespace {

TEST(Catalogue, ParametersMatchPublishedTotals) {
  const Catalogue c = Catalogue::builtin();
  // Published totals: safetensors metadata of each Hugging Face repository, or the model card.
  const std::map<std::string, double> published{
      {"Llama-2-7B", 6.738e9},         {"Llama-2-70B", 68.977e9},         {"Llama-3.1-8B", 8.030e9},
      {"Llama-3.1-70B", 70.554e9},     {"Llama-3.1-405B", 405.853e9},     {"Mistral-7B", 7.242e9},
      {"Mixtral-8x7B", 46.703e9},      {"Mistral-Large-2407", 122.610e9}, {"Qwen2.5-72B", 72.706e9},
      {"DeepSeek-V3", 671.03e9},       {"DeepSeek-R1", 671.03e9},         {"Llama-3.1-405B-FP8", 405.853e9},
      {"Llama-3.1-70B-FP8", 70.554e9}, {"GPT-3-175B", 174.6e9},           {"BLOOM-176B", 176.247e9}};
  for (const auto& [name, parameters] : published) {
    const auto m = c.model(name);
    ASSERT_TRUE(m.ok()) << name;
    EXPECT_NEAR(m->parameters() / parameters, 1, 0.01) << name;
  }
  // Exact where the config says everything: Llama-2-7B has 6,738,415,616.
  EXPECT_EQ(c.model("Llama-2-7B")->parameters(), 6738415616.0);
  EXPECT_EQ(c.model("Llama-3.1-8B")->parameters(), 8030261248.0);
}

TEST(Catalogue, UngatedMlpHasTwoMatrices) {
  const ModelSpec gpt = *Catalogue::builtin().model("GPT-3-175B");
  // Per layer 4 h^2 + 2 x 4 h^2 + 2 h of norms, one more norm, tied embeddings.
  const double h = 12288;
  EXPECT_EQ(gpt.parameters(), 96 * (12 * h * h + 2 * h) + h + 50257 * h);
  Catalogue c = Catalogue::builtin();
  const Status bad = c.add_yaml("models:\n  X:\n    like: GPT-3-175B\n    gated_mlp: maybe\n", "my.yaml");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().text(), "my.yaml:4: models.X.gated_mlp: expected true or false, got 'maybe'");
  ASSERT_TRUE(c.add_yaml("models:\n  X:\n    like: GPT-3-175B\n    gated_mlp: true\n", "my.yaml").ok());
  EXPECT_EQ(c.model("X")->parameters(), gpt.parameters() + 96 * 4 * h * h);
}

TEST(Catalogue, ActiveParametersOfMixtures) {
  const Catalogue c = Catalogue::builtin();
  EXPECT_NEAR(c.model("DeepSeek-V3")->active_parameters(), 37e9, 1e9);       // Technical report: 37 B activated.
  EXPECT_NEAR(c.model("Mixtral-8x7B")->active_parameters(), 12.9e9, 0.3e9);  // Mistral: 12.9 B.
  const auto dense = *c.model("Llama-2-7B");
  EXPECT_EQ(dense.active_parameters(), dense.parameters() - 32000.0 * 4096);
}

TEST(Catalogue, KvBytesByHand) {
  const Catalogue c = Catalogue::builtin();
  EXPECT_EQ(c.model("Llama-3.1-70B")->kv_bytes_per_token().value, 80 * 2 * 8 * 128 * 2);  // 327,680.
  EXPECT_EQ(c.model("DeepSeek-V3")->kv_bytes_per_token().value, 61 * (512 + 64) * 2);     // 70,272.
  EXPECT_EQ(c.model("Llama-3.1-70B")->weight_bytes().value, 2 * 70553706496);
  // FP8: one byte, embeddings and head two.
  EXPECT_EQ(c.model("Llama-3.1-70B-FP8")->weight_bytes().value, 70553706496 + 2LL * 128256 * 8192);
}

TEST(Catalogue, NamesTheGpusTheScenariosUse) {
  const Catalogue c = Catalogue::builtin();
  const std::map<std::string, std::string> names{
      {"H100", "H100-SXM5-80GB"},    {"H100-PCIe", "H100-PCIe-80GB"},    {"A100", "A100-SXM4-80GB"},
      {"A100-40", "A100-SXM4-40GB"}, {"A100-80", "A100-SXM4-80GB"},      {"A100-PCIe", "A100-PCIe-80GB"},
      {"H800", "H800-SXM5-80GB"},    {"H200", "H200-SXM-141GB"},         {"H20", "H20-SXM-96GB"},
      {"B200", "B200-SXM-180GB"},    {"a100-40-pcie", "A100-PCIe-40GB"}, {"h100-sxm5-80gb", "H100-SXM5-80GB"}};
  for (const auto& [alias, name] : names) {
    const auto g = c.gpu(alias);
    ASSERT_TRUE(g.ok()) << alias;
    EXPECT_EQ(g->name, name);
  }
  EXPECT_EQ(c.model("meta-llama/Llama-3.1-70B-Instruct")->name, "Llama-3.1-70B");
  EXPECT_EQ(c.gpu("H10").error().message, "unknown GPU 'H10' (did you mean 'H100'?)");
}

bool has_year(const std::string& source) {
  for (std::size_t i = 0; i + 4 <= source.size(); ++i) {
    if (source.compare(i, 2, "20") == 0 && std::isdigit(source[i + 2]) != 0 && std::isdigit(source[i + 3]) != 0)
      return true;
  }
  return false;
}

TEST(Catalogue, EveryFigureHasASourceAndADate) {
  const Catalogue c = Catalogue::builtin();
  for (const std::string& name : c.gpu_names()) {
    const GpuSpec g = *c.gpu(name);
    for (const GpuField& f : gpu_fields()) {
      if (g.*f.field == 0) continue;  // Not there, or an override that is not given.
      const auto it = g.sources.find(std::string(f.name));
      ASSERT_NE(it, g.sources.end()) << name << "." << f.name;
      EXPECT_TRUE(has_year(it->second)) << name << "." << f.name << ": " << it->second;
    }
    EXPECT_TRUE(has_year(g.sources.at("memory"))) << name;
  }
  for (const std::string& name : c.model_names()) EXPECT_TRUE(has_year(c.model(name)->source)) << name;
}

TEST(Catalogue, FiguresMakeSense) {
  const Catalogue c = Catalogue::builtin();
  for (const std::string& name : c.gpu_names()) {
    const GpuSpec g = *c.gpu(name);
    EXPECT_TRUE(g.fp8_flops == 0 || std::abs(g.fp8_flops / g.bf16_flops - 2) < 0.01) << name;
    EXPECT_LT(g.idle_watts, g.tdp_watts) << name;
    EXPECT_GT(g.price_usd_per_gpu_hour, 0) << name;
    // Balance point of every part sold for this work: 30 to 400 FLOP a byte.
    EXPECT_GT(g.bf16_flops / g.memory_bytes_per_s, 30) << name;
    EXPECT_LT(g.bf16_flops / g.memory_bytes_per_s, 400) << name;
  }
}

TEST(Catalogue, PartsWithoutMeasurementsTakeConstantsAndSaySo) {
  const Catalogue c = Catalogue::builtin();
  const GpuSpec h100 = *c.gpu("H100"), h20 = *c.gpu("H20");
  const ResolvedKernels own = kernels_of(h100, "vllm", "vllm"), taken = kernels_of(h20, "vllm", "vllm");
  EXPECT_EQ(taken.gemm_bf16.memory, own.gemm_bf16.memory);
  EXPECT_FALSE(own.derived.contains("gemm_bf16"));
  EXPECT_EQ(taken.derived.at("gemm_bf16"), "h100");
  EXPECT_TRUE(h20.sources.at("kernels").starts_with("as H100-SXM5-80GB: ")) << h20.sources.at("kernels");
  EXPECT_FALSE(h20.sources.at("bf16_flops").starts_with("as "));
}

}  // namespace
}  // namespace jevons
