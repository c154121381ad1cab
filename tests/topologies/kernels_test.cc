// Kernel constants and serving stacks as data: what is refused, what stands in for what, and how parts derive.
#include "topologies/kernels.h"

#include <gtest/gtest.h>

#include "topologies/catalogue.h"

namespace jevons {
namespace {

std::string error_of(const std::string& text) {
  Catalogue c = Catalogue::builtin();
  const Status s = c.add_yaml(text, "k.yaml");
  return s.ok() ? "ok" : s.error().text();
}

TEST(KernelsFile, Errors) {
  const std::string top = "kernels:\n  x:\n    measured_on: X\n    link_bytes_per_s: 1e11\n    bf16_flops: 1e15\n";
  EXPECT_EQ(error_of("kernels:\n  x: {link_bytes_per_s: 1e11, bf16_flops: 1e15}"),
            "k.yaml:2: kernels.x: measured_on is missing");
  EXPECT_EQ(error_of("kernels:\n  x: {measured_on: X, bf16_flops: 1e15}"),
            "k.yaml:2: kernels.x: link_bytes_per_s is missing");
  EXPECT_EQ(error_of("kernels:\n  x: {measured_on: X, link_bytes_per_s: 1e11}"),
            "k.yaml:2: kernels.x: bf16_flops is missing");
  EXPECT_EQ(error_of("kernels: 3"), "k.yaml:1: kernels: expected a map of names, got '3'");
  EXPECT_EQ(error_of(top + "    vllm: 3"), "k.yaml:6: kernels.x.vllm: expected a map of kernels, got '3'");
  EXPECT_EQ(error_of(top + "    vllm: {gemm_bf: {}}"),
            "k.yaml:6: kernels.x.vllm.gemm_bf: unknown key (did you mean 'gemm_bf16'?)");
  EXPECT_EQ(error_of(top + "    vllm: {gemm_bf16: {compute: 1.5}}"),
            "k.yaml:6: kernels.x.vllm.gemm_bf16.compute: expected a number from 0.001 to 1, got '1.5'");
  EXPECT_EQ(error_of(top + "    vllm: {gemm_bf16: {compte: 0.5}}"),
            "k.yaml:6: kernels.x.vllm.gemm_bf16.compte: unknown key (did you mean 'compute'?)");
  EXPECT_EQ(error_of(top + "    vllm: {gemm_bf16: {range: {m: [5, 1]}}}"),
            "k.yaml:6: kernels.x.vllm.gemm_bf16.range.m: expected [lowest, highest], got a list");
  EXPECT_EQ(error_of(top + "    nccl: {collectives: {all_reduce: {8: [1, 2]}}}"),
            "k.yaml:6: kernels.x.nccl.collectives.all_reduce: bytes is missing");
  EXPECT_EQ(error_of(top + "    nccl: {collectives: {all_reduce: {bytes: [1, 2], 8: [2, 1]}}}"),
            "k.yaml:6: kernels.x.nccl.collectives.all_reduce.8: expected as many microseconds as bytes, at least two, "
            "both rising");
  EXPECT_EQ(
      error_of(top + "    nccl: {collectives: {all_reduce: {bytes: [1, 2], eight: [1, 2]}}}"),
      "k.yaml:6: kernels.x.nccl.collectives.all_reduce.eight: expected a whole number from 2 to 1024, got 'eight'");
  EXPECT_EQ(error_of(top + "    vllm: {expert_tables: {tokens: [1, 2], 2048/768/8/128/1: [1, 2]}}"),
            "k.yaml:6: kernels.x.vllm.expert_tables.2048/768/8/128/1: expected "
            "hidden/width/chosen/experts/tensor/expert, six "
            "whole numbers from 1");
  EXPECT_EQ(error_of(top + "    vllm: {expert_tables: {tokens: [1, 2], 2048/768/8/128/1/1: [1]}}"),
            "k.yaml:6: kernels.x.vllm.expert_tables.2048/768/8/128/1/1: expected as many microseconds as tokens, at "
            "least two, "
            "both rising");
  EXPECT_EQ(error_of(top + "    vllm: {expert_tables: {tokens: [1, 2], 2048/768/8/128/1/1: [1, 3]}}"), "ok");
  EXPECT_EQ(error_of("gpus:\n  Y: {like: H100, kernels: h10}"),
            "k.yaml:2: gpus.Y.kernels: unknown kernels 'h10' (did you mean 'h100'?)");
  EXPECT_EQ(error_of("models:\n  M: {like: Llama-3.1-8B, quantization: fp9}"),
            "k.yaml:2: models.M: quantization is 'fp9', expected one of bf16, fp8, fp8_block, int8, weight_only");
  EXPECT_EQ(error_of(top + "    vllm: {gemm_bf16: {compute: 0.5}}"), "ok");
}

TEST(KernelsFile, StacksAreDataToo) {
  EXPECT_EQ(error_of("stacks:\n  mine: {like: vllm_0.6, step: 1}"),
            "k.yaml:2: stacks.mine.step: unknown key (did you mean 'step_s'?)");
  EXPECT_EQ(error_of("stacks:\n  mine: {like: vllm_0.6, step_s: -1}"),
            "k.yaml:2: stacks.mine.step_s: expected a number from 0 to 10, got '-1'");
  EXPECT_EQ(error_of("stacks:\n  mine: {like: vllm_0.7}"),
            "k.yaml:2: stacks.mine.like: unknown serving stack 'vllm_0.7' (did you mean 'vllm_0.6'?)");
  Catalogue c = Catalogue::builtin();
  ASSERT_TRUE(c.add_yaml("stacks:\n  mine: {like: vllm_0.6, step_s: 1e-3, kernels: trtllm}", "k.yaml").ok());
  EXPECT_DOUBLE_EQ(c.stack("mine")->step_s, 1e-3);
  EXPECT_EQ(c.stack("mine")->kernels, "trtllm");
  EXPECT_EQ(c.stack("mine")->sequence_s, c.stack("vllm_0.6")->sequence_s);
}

// What a user measured on a part of his own is used for it, the rest comes from H100, and both are told apart.
TEST(Kernels, OwnMeasurementsFirstThenTheFullyMeasuredPart) {
  Catalogue c = Catalogue::builtin();
  ASSERT_TRUE(
      c.add_yaml("kernels:\n  x:\n    measured_on: X\n    link_bytes_per_s: 100e9\n    bf16_flops: 1e14\n"
                 "    vllm: {gemm_bf16: {source: mine, compute: 0.5, memory: 0.6}}\n"
                 "gpus:\n  X: {bf16_flops: 1e14, memory: 48GB, memory_bytes_per_s: 8e11, link_bytes_per_s: 100e9,\n"
                 "      nic_bytes_per_s: 12.5e9, kernels: x}\n",
                 "k.yaml")
          .ok());
  const ResolvedKernels k = kernels_of(*c.gpu("X"), "trtllm", "vllm");
  EXPECT_DOUBLE_EQ(k.gemm_bf16.compute, 0.5);
  EXPECT_FALSE(k.derived.contains("gemm_bf16"));
  EXPECT_EQ(k.derived.at("latent_decode"), "h100/trtllm");
  EXPECT_EQ(k.derived.at("all_reduce"), "h100/vllm");
  // A link 4.5 times slower: the latency stays, the rest of the curve stretches.
  const ResolvedKernels h100 = kernels_of(*c.gpu("H100"), "trtllm", "vllm");
  const CollectiveCurve &slow = k.collectives.at("all_reduce").at(8), &fast = h100.collectives.at("all_reduce").at(8);
  EXPECT_DOUBLE_EQ(slow.seconds.front(), fast.seconds.front());
  EXPECT_NEAR(slow.seconds.back() - slow.seconds.front(), 4.5 * (fast.seconds.back() - fast.seconds.front()), 1e-9);
}

// H20: tensor cores cut to 148 / 989.4 with 78 of 132 SMs.  A kernel at share s of H100's peak loses (1/s - 1) outside
// the tensor cores; on H20 that loss is 0.1496 x 132 / 78 = 0.2531 of it.
TEST(Kernels, CutTensorCoresComeNearerToTheirPeak) {
  const Catalogue c = Catalogue::builtin();
  const ResolvedKernels h100 = kernels_of(*c.gpu("H100"), "trtllm", "vllm"),
                        h20 = kernels_of(*c.gpu("H20"), "trtllm", "vllm");
  const double pace = 148 / 989.4 * (132.0 / 78);
  EXPECT_NEAR(h20.latent_decode.compute, 1 / (1 + (1 / h100.latent_decode.compute - 1) * pace), 1e-12);
  EXPECT_GT(h20.latent_decode.compute, h100.latent_decode.compute);
  EXPECT_EQ(h20.latent_decode.memory, h100.latent_decode.memory);
  // The loss at half depth shrinks likewise: (1 + shallow / k) / compute - 1 is pace times H100's for every k.
  for (const double k : {256.0, 7168.0}) {
    const auto loss = [&](const GemmConstants& g) { return (1 + g.shallow / k) / g.compute - 1; };
    EXPECT_NEAR(loss(h20.gemm_bf16), pace * loss(h100.gemm_bf16), 1e-9);
  }
  // H800 has H100's silicon: the same shares.
  EXPECT_NEAR(kernels_of(*c.gpu("H800"), "trtllm", "vllm").latent_decode.compute, h100.latent_decode.compute, 1e-12);
}

TEST(Kernels, EveryBuiltinFamilyNamesItsDataAndItsRange) {
  const Catalogue c = Catalogue::builtin();
  for (const char* name : {"A100", "H100", "H200", "B200"}) {
    const GpuSpec gpu = *c.gpu(name);
    for (const auto& [library, set] : gpu.silicon.libraries) {
      for (const auto& [family, info] : set.info) {
        EXPECT_NE(info.source.find(".csv"), std::string::npos) << name << " " << library << " " << family;
        EXPECT_NE(info.source.find("held out"), std::string::npos) << info.source;
      }
    }
  }
}

}  // namespace
}  // namespace jevons
