// Single kernels by hand, the order between sizes, and that nothing beats the data sheet.
#include "sim/model/kernels.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace jevons {
namespace {

constexpr Precision kBf16{1e15, 2, 2};

TEST(Kernels, GemmByHand) {
  // No overlap (q = 1): 2 x 256 x 1024 x 2048 FLOP at 0.5 of 1e15 with half of the share lost at k = 2048, twice 1.0737
  // us x 2; (256 x 2048 + 1024 x 2048 + 256 x 1024) x 2 bytes at 0.8 of 1e12.
  GemmConstants c{0.5, 0.8, 1, 3e-6, 1e-6, 2048, 0, 0};
  const double compute = 2.0 * 256 * 1024 * 2048 / 0.5e15 * 2;
  const double memory = 2.0 * (256 * 2048 + 1024 * 2048 + 256 * 1024) / 0.8e12;
  EXPECT_NEAR(gemm_s(c, kBf16, 1e12, 256, 1024, 2048), compute + memory + 3e-6 + std::log2(3) * 1e-6, 1e-15);
  // 257 rows pay for 512 when padding is 1, for 384.5 when it is a half; 256 rows for 256.
  c = {1, 1, 100, 0, 0, 0, 1, 0};
  const double row = 2.0 * 4096 * 4096 / 1e15;
  EXPECT_NEAR(gemm_s(c, kBf16, 1e15, 257, 4096, 4096), 512 * row, 1e-12);
  EXPECT_NEAR(gemm_s(c, kBf16, 1e15, 256, 4096, 4096), 256 * row, 1e-12);
  c.padding = 0.5;
  EXPECT_NEAR(gemm_s(c, kBf16, 1e15, 257, 4096, 4096), 384.5 * row, 1e-12);
  // Quantising reads and writes 3 bytes an element of the input, twice.
  c = {1, 1, 100, 0, 0, 0, 0, 2};
  EXPECT_NEAR(gemm_s(c, kBf16, 1e12, 1, 1, 1'000'000) - gemm_s({1, 1, 100}, kBf16, 1e12, 1, 1, 1'000'000), 6e-6, 1e-12);
}

TEST(Kernels, ActiveExperts) {
  EXPECT_DOUBLE_EQ(active_experts_balanced(5, 8), 5);
  EXPECT_DOUBLE_EQ(active_experts_balanced(50, 8), 8);
  EXPECT_NEAR(active_experts_uniform(8, 8), 8 * (1 - std::exp(-1)), 1e-12);
  EXPECT_NEAR(active_experts_uniform(1e6, 2), 2, 1e-12);
}

TEST(Kernels, CollectiveBetweenKnotsAndBeyond) {
  const CollectiveCurve curve{{1000, 2000, 10'000}, {10e-6, 12e-6, 20e-6}};
  EXPECT_DOUBLE_EQ(collective_s(curve, 1), 10e-6);
  EXPECT_DOUBLE_EQ(collective_s(curve, 2000), 12e-6);
  EXPECT_NEAR(collective_s(curve, 6000), 16e-6, 1e-18);
  EXPECT_NEAR(collective_s(curve, 20'000), 30e-6, 1e-18);  // 8,000 bytes in 8 us, carried on.
  const std::map<int, CollectiveCurve> by_gpus{{2, curve}, {8, {{1000, 2000}, {20e-6, 30e-6}}}};
  EXPECT_EQ(collective_s(by_gpus, 1, 5e9), 0);
  EXPECT_DOUBLE_EQ(collective_s(by_gpus, 4, 1000), 20e-6);  // The next number of GPUs that was measured.
  // 16 GPUs: latency for one more doubling, and a ring's (15/16) / (7/8) of the rest.
  EXPECT_NEAR(collective_s(by_gpus, 16, 2000), 40e-6 + 10e-6 * (15.0 / 16) / (7.0 / 8), 1e-15);
}

TEST(Kernels, CopiesOfAToken) {
  // 8 experts on 4 nodes: 6 of the 8 copies leave the node; one copy a node reached otherwise.
  EXPECT_DOUBLE_EQ(copies_per_expert(8, 4).remote, 6);
  EXPECT_DOUBLE_EQ(copies_per_expert(8, 4).local, 2);
  EXPECT_DOUBLE_EQ(copies_per_expert(8, 1).remote, 0);
  EXPECT_NEAR(copies_per_node(8, 4, 4).remote, 4 * (1 - std::pow(0.75, 8)) * 0.75, 1e-12);
  EXPECT_DOUBLE_EQ(copies_per_node(8, 100, 4).remote, 4 * 0.99);  // Never more nodes than the router's limit.
}

TEST(Kernels, LatentHeadsComeInTiles) {
  const Catalogue c = Catalogue::builtin();
  const GpuSpec h100 = *c.gpu("H100");
  LatentDecodeConstants l;
  l.least_heads = 64;
  EXPECT_EQ(latent_kv_token_s(l, h100, 1, 576, 512, 2), latent_kv_token_s(l, h100, 64, 576, 512, 2));
  EXPECT_LT(latent_kv_token_s(l, h100, 64, 576, 512, 2), latent_kv_token_s(l, h100, 128, 576, 512, 2));
}

// Every kernel of every part, at random shapes: not faster than its FLOPs or bytes at peak.
TEST(Kernels, NothingBeatsTheDataSheet) {
  const Catalogue c = Catalogue::builtin();
  RandomStream r(1, "shapes");
  const auto any = [&](int bits) { return static_cast<double>(1 + r.below(1ULL << (1 + r.below(bits)))); };
  for (const std::string& name : c.gpu_names()) {
    const GpuSpec gpu = *c.gpu(name);
    for (const char* library : {"vllm", "trtllm"}) {
      const ResolvedKernels k = kernels_of(gpu, library, "nccl");
      const double w = gpu.memory_bytes_per_s;
      for (int i = 0; i < 500; ++i) {
        const double m = any(15), n = any(16), depth = any(16);
        const double s = gemm_s(k.gemm_bf16, {gpu.bf16_flops, 2, 2}, w, m, n, depth);
        ASSERT_GE(s, 2 * m * n * depth / gpu.bf16_flops) << name;
        ASSERT_GE(s, 2 * (m * depth + n * depth + m * n) / w) << name;
        const AttentionHeads heads{any(6), any(4), 128, 2};
        ASSERT_GE(decode_kv_token_s(k.decode_bf16, gpu, heads), 4 * heads.kv * 128 / w) << name;
        ASSERT_GE(decode_kv_token_s(k.decode_bf16, gpu, heads), 4 * heads.query * 128 / gpu.bf16_flops) << name;
        ASSERT_GE(prefill_pair_s(k.prefill, gpu, heads.query, 128, 128), 4 * heads.query * 128 / gpu.bf16_flops)
            << name;
        const ExpertLoad load{any(12), any(15), any(8), 256, any(13), any(12)};
        const double e = experts_s(k.experts_bf16, {gpu.bf16_flops, 2, 2}, w, load);
        ASSERT_GE(e, 6 * load.pairs * load.hidden * load.width / gpu.bf16_flops) << name;
        ASSERT_GE(e, 6 * load.active * load.hidden * load.width / w) << name;
      }
    }
  }
}

}  // namespace
}  // namespace jevons
