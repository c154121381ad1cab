// Layers: what is refused, the form by hand, and how well models are foretold that no fit has seen.
#include "validation/layer_rows.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/validation/measured_data.h"

namespace jevons {
namespace {

// A folder with the file of these rows.
SmallData small_data(const std::string& rows) {
  const std::string header =
      "gpu,model,tp,num_tokens,input_layernorm_ms,attn_pre_proj_ms,attn_rope_ms,attn_post_proj_ms,"
      "post_attention_layernorm_ms,mlp_up_proj_ms,mlp_act_ms,mlp_down_proj_ms,add_ms,layer_ms\n";
  return {kLayersFile, header + rows};
}

TEST(LayerData, RowsThatMislead) {
  const SmallData small = small_data(
      "a100,Llama-2-7b-hf,1,8,0.004,0.063,0.005,0.025,0.004,0.111,0.008,0.061,0.002,0.283\n"  // Good.
      "a100,phi-2,1,8,0.007,0.031,0.005,0.012,,0.038,0.002,0.041,0.004,0.14\n"                // No second norm: good.
      "a40,Llama-2-7b-hf,1,8,0.004,0.063,0.005,0.025,0.004,0.111,0.008,0.061,0.002,0.283\n"
      "a100,GPT-5,1,8,0.004,0.063,0.005,0.025,0.004,0.111,0.008,0.061,0.002,0.283\n"
      "a100,Llama-2-7b-hf,1,8,0.004,0.063,0.005,0.025,,0.111,0.008,0.061,0.002,0.279\n"
      "a100,Llama-2-7b-hf,1,8,0.004,0.063,0.005,0.025,0.004,0.111,0.008,0.061,0.002,0.5\n"
      "a100,Llama-2-7b-hf,1,0,0.004,0.063,0.005,0.025,0.004,0.111,0.008,0.061,0.002,0.283\n"
      // 405 MB in 0.15 ms are 2.7 TB/s; its 3.3 TFLOP at 4,096 tokens take 10.6 ms at least.
      "a100,Llama-2-7b-hf,1,8,0.004,0.003,0.005,0.025,0.004,0.038,0.008,0.061,0.002,0.15\n"
      "h100,Llama-2-7b-hf,1,8192,0.1,0.4,0.1,0.2,0.1,1.0,0.1,0.8,0.2,3.0\n"
      // 405 MB / 16 are 25 MB.
      "a100,Llama-2-7b-hf,16,8,0.004,0.063,0.005,0.025,0.004,0.111,0.008,0.061,0.002,0.283\n");
  const auto read = read_layers(small.folder(), Catalogue::builtin());
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->rejected, (std::map<std::string, int>{{"of another GPU", 1},
                                                        {"of an unknown model", 1},
                                                        {"an op without a time", 1},
                                                        {"not the sum of its ops", 1},
                                                        {"no tokens, GPUs or time", 1},
                                                        {"faster than the memory", 1},
                                                        {"faster than the peak", 1},
                                                        {"weights fit into the L2 cache", 1}}));
  EXPECT_EQ(read->by_gpu.at("a100").size(), 2U);
  EXPECT_TRUE(read->by_gpu.at("h100").empty());
}

TEST(LayerData, DamagedFilesSayWhere) {
  const SmallData bad = small_data("a100,Llama-2-7b-hf,1,8,0.004,x,0.005,0.025,0.004,0.111,0.008,0.061,0.002,0.283\n");
  const auto read = read_layers(bad.folder(), Catalogue::builtin());
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().text().find("expected attn_pre_proj_ms to be a number, got 'x'"), std::string::npos)
      << read.error().text();
  const ValidationRows rows = layer_rows(bad.folder());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_FALSE(rows[0].no_data.empty());
}

// At the ideal constants a layer of Llama-2-7B at 1,024 tokens: 202.4 M parameters, 414.5 GFLOP, 1.329 ms on A100, plus
// one pass over (10 x 4,096 + 3 x 11,008 + 3 x 96 x 128) x 2 bytes x 1,024 tokens: 0.111 ms.
TEST(LayerTime, ByHand) {
  LayerConstants ideal;
  ideal.gemm = {1, 1, 1e3, 0, 0, 0, 0, 0};
  ideal.passes = 1;
  const GpuSpec gpu = *Catalogue::builtin().gpu("A100-SXM4-80GB");
  const double elements = 10.0 * 4096 + 3.0 * 11008 + 3.0 * 96 * 128;
  const double parameters = 4.0 * 4096 * 4096 + 3.0 * 4096 * 11008;
  const double expected = 2 * parameters * 1024 / gpu.bf16_flops + 2 * 1024 * elements / gpu.memory_bytes_per_s;
  EXPECT_NEAR(layer_s(ideal, gpu, {1, 1, 1024, 0}) / expected, 1, 1e-3);
  EXPECT_NEAR(expected, 1.44e-3, 0.01e-3);
}

// Times made by the form itself, for two models; the constants of one foretell the other.
TEST(LayerFit, FindsItsOwnConstants) {
  const GpuSpec gpu = *Catalogue::builtin().gpu("H100-SXM5-80GB");
  LayerConstants truth;
  truth.gemm = {0.75, 0.9, 2, 3e-6, 1.5e-6, 120, 0.6, 0};
  truth.passes = 1.6;
  std::vector<MeasuredLayer> layers;
  for (const std::size_t model : {0U, 1U, 2U}) {
    for (const double tensor : {1.0, 4.0}) {
      for (double tokens = 1; tokens <= 4096; tokens *= 1.3) {
        layers.push_back({model, tensor, std::floor(tokens), 0});
        layers.back().seconds = layer_s(truth, gpu, layers.back());
      }
    }
  }
  const LayerConstants found = fit_layers(layers, gpu, 1);
  for (const MeasuredLayer& l : layers) {
    EXPECT_NEAR(layer_s(found, gpu, l) / l.seconds, 1, 0.005) << l.model << " " << l.tokens;
  }
}

TEST(LayerRows, WithoutDataSaySo) {
  for (const ValidationRow& r : layer_rows(DataFolder("/nowhere"))) EXPECT_EQ(r.no_data, kLayersFile);
}

TEST(LayerRows, ModelsLeftOut) {
  if (!shared_data().has(kLayersFile)) GTEST_SKIP() << "skipped: no data";
  const auto read = read_layers(shared_data(), Catalogue::builtin());
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->by_gpu.at("a100").size() + read->by_gpu.at("h100").size() + 3393, 12003U) << "A40";
  const ValidationRows rows = layer_rows(shared_data());
  ASSERT_EQ(rows.size(), 6U);
  for (const ValidationRow& r : rows) {
    std::printf("%-20s %6.2f %% (p95 %.1f) of %d: %s\n", r.id.c_str(), 100 * r.error, 100 * r.p95,
                static_cast<int>(r.count), r.note.c_str());
    EXPECT_EQ(r.split, Split::kNeverFitted);
    EXPECT_LT(r.error, r.allowed + 0.005) << r.id;
  }
}

}  // namespace
}  // namespace jevons
