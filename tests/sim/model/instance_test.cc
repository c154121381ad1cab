// Plans of serving instances: hand-worked figures, memory, refusals, and order between parts and degrees.
#include "sim/model/instance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/model/cost.h"

namespace jevons {
namespace {

const Catalogue& catalogue() {
  static const Catalogue kCatalogue = Catalogue::builtin();
  return kCatalogue;
}
ModelSpec model(const char* name) { return *catalogue().model(name); }
GpuSpec gpu(const char* name) { return *catalogue().gpu(name); }
StackSpec stack(const char* name) { return *catalogue().stack(name); }

InstanceOptions on(std::int32_t gpus) {
  InstanceOptions o;
  o.layout.tensor = gpus;
  return o;
}

// checks.md 7: n = 8, 1 GB, 450 GB/s, alpha 2 us a step of the ring's 2(n-1): 28 us + 1.75 x 1e9 / 450e9 = 3.916889 ms.
TEST(Instance, RingAllReduceByHand) {
  EXPECT_NEAR(ring_all_reduce_s(1e9, Gpus{8}, 14 * 2e-6, 450e9, 1), 3.916889e-3, 5e-10);
  EXPECT_EQ(ring_all_reduce_s(1e9, Gpus{1}, 1, 450e9, 1), 0);
  EXPECT_DOUBLE_EQ(ring_all_reduce_s(1e9, Gpus{2}, 0, 100e9, 0.5), 0.02);
}

TEST(Instance, SmoothMaximum) {
  EXPECT_DOUBLE_EQ(smooth_max(3, 4, 2), 5);
  EXPECT_DOUBLE_EQ(smooth_max(3, 4, 1), 7);
  EXPECT_NEAR(smooth_max(3, 4, 50), 4, 1e-6);
  EXPECT_EQ(smooth_max(0, 0, 2), 0);
  EXPECT_EQ(smooth_max(0, 4, 2), 4);
  EXPECT_TRUE(std::isfinite(smooth_max(1e-300, 1e300, 50)));
}

// One H100, Llama-2-7B, no host cost, batch 1, by the constants of kernels.yaml.  By hand: the GEMMs of one layer read
// (3 x 4096 + 4096) x 4096 + 3 x 11008 x 4096 elements of 2 bytes = 404.8 MB over HBM at the fitted share, 32 times,
// and the LM head 262 MB; each of 4 GEMMs a layer costs overhead + depth log2(1 + k / 1024), attention its own
// overhead.
TEST(Instance, SingleTokenByHand) {
  const auto plan = plan_instance(model("Llama-2-7B"), gpu("H100"), stack("none"), on(1));
  ASSERT_TRUE(plan.ok());
  const ResolvedKernels k = kernels_of(gpu("H100"), "vllm", "vllm");
  const double reads = (32 * 404.75e6 + 262.1e6) / (3.35e12 * k.gemm_bf16.memory);
  const auto launch = [&](double depth) {
    return k.gemm_bf16.overhead_s + k.gemm_bf16.depth_s * std::log2(1 + depth / 1024);
  };
  const double launches = 32 * (3 * launch(4096) + launch(11008) + k.decode_bf16.overhead_s) + launch(4096);
  const double s = seconds_from_fixed(plan->time.dense(1));
  EXPECT_GT(s, reads + launches);
  EXPECT_LT(s, 1.01 * (reads + launches));  // The smooth maximum and activations.
  // Attention: 524,288 bytes a KV token; the arithmetic of 32 heads hardly adds to it.
  EXPECT_NEAR(seconds_from_fixed(plan->time.per_kv_token) / (524288 / (3.35e12 * k.decode_bf16.memory)), 1, 0.02);
  // 32 layers x 4 x 4096 FLOP a pair, kept doubled.
  EXPECT_NEAR(2 * seconds_from_fixed(plan->time.per_chunk_work2) / (32 * 4 * 4096 / (989.4e12 * k.prefill.compute)), 1,
              1e-4);
}

TEST(Instance, StackCostsAddUp) {
  StackSpec host = stack("none");
  host.step_s = 1.12e-3;
  host.sequence_s = 0.30e-3;
  host.layer_s = 19.2e-6;
  host.all_reduce_s = 12.8e-6;
  host.eager_launch_s_per_layer = 249e-6;
  const auto bare = plan_instance(model("Llama-3.1-70B"), gpu("H100"), stack("none"), on(8));
  const auto with = plan_instance(model("Llama-3.1-70B"), gpu("H100"), host, on(8));
  ASSERT_TRUE(bare.ok() && with.ok());
  // 1.12 ms + 80 layers x (19.2 + 2 x 12.8 us) = 4.704 ms.
  EXPECT_NEAR(seconds_from_fixed(with->time.dense(64) - bare->time.dense(64)), 4.704e-3, 1e-9);
  EXPECT_NEAR(seconds_from_fixed(with->time.per_sequence - bare->time.per_sequence), 0.30e-3, 1e-12);
  EXPECT_NEAR(seconds_from_fixed(with->time.prefill_floor), 80 * 249e-6 + 1.12e-3, 1e-9);
  EXPECT_EQ(bare->time.prefill_floor, 0);
  // No all-reduce on one GPU, hence no extra for it.
  const InstanceOptions one = on(1);
  const ModelSpec small = model("Llama-3.1-8B");
  const GpuSpec h100 = gpu("H100");
  const StackSpec none = stack("none");
  EXPECT_NEAR(InstanceCost(small, h100, host, one).dense_s(1, 1) - InstanceCost(small, h100, none, one).dense_s(1, 1),
              1.12e-3 + 32 * 19.2e-6, 1e-9);
}

TEST(Instance, KvBlocksByHand) {
  const auto plan = plan_instance(model("Llama-3.1-8B"), gpu("H100"), stack("none"), on(1));
  ASSERT_TRUE(plan.ok());
  // 72 GB - 16.0605 GB of weights - 0.25 GiB - 41 x 256 x 128,256 bytes, in blocks of 16 x 131,072 bytes.
  const double left = 72e9 - 2.0 * 8030261248 - 0.25 * 1073741824 - 41.0 * 256 * 128256;
  EXPECT_EQ(plan->kv_blocks.value, static_cast<std::int64_t>(left / (16 * 131072)));
  EXPECT_EQ(plan->weights.value, 2 * 8030261248);
  // vLLM's own log for Llama-3-8B on H100 (pull request 10511): 53.29 GiB of KV cache.  Ours counts 80e9 bytes,
  // not 79.22 GiB.
  EXPECT_NEAR(static_cast<double>(plan->kv_blocks.value) * 16 * 131072 / (53.29 * 1073741824), 0.95, 0.03);
}

TEST(Instance, ReplicatedKvHeadsCostMemory) {
  // 8 KV heads on 16 GPUs: one each, every head twice; so as many KV tokens' bytes a GPU as on 8.
  const ModelSpec m = model("Llama-3.1-405B");
  const StackSpec none = stack("none");
  const GpuSpec h100 = gpu("H100"), h200 = gpu("H200");
  const InstanceOptions eight = on(8), sixteen = on(16);
  EXPECT_EQ(InstanceCost(m, h100, none, sixteen).kv_bytes_per_gpu(),
            InstanceCost(m, h100, none, eight).kv_bytes_per_gpu());
  // A latent is on every GPU whole.
  const ModelSpec v3 = model("DeepSeek-V3");
  EXPECT_EQ(InstanceCost(v3, h200, none, eight).kv_bytes_per_gpu(), 70'272);
}

std::string error_of(const char* m, const char* g, std::int32_t gpus) {
  const auto plan = plan_instance(model(m), gpu(g), stack("none"), on(gpus));
  return plan.ok() ? "ok" : plan.error().text();
}

TEST(Instance, Refusals) {
  EXPECT_EQ(error_of("Llama-3.1-70B", "H100", 1), "weights need 141.1 GB, 1 x H100-SXM5-80GB offers 72.0 GB");
  EXPECT_EQ(error_of("Llama-3.1-405B", "H100", 8), "weights need 811.7 GB, 8 x H100-SXM5-80GB offers 576.0 GB");
  EXPECT_EQ(error_of("Llama-3.1-70B", "H100", 6), "the 64 heads of Llama-3.1-70B do not divide by 6 GPUs");
  EXPECT_EQ(error_of("Llama-3.1-70B", "H100", 0), "tensor_parallel_size: expected 1 to 1024, got 0");
  ModelSpec odd = model("Llama-3.1-8B");
  odd.heads = 24;
  odd.kv_heads = 12;
  const auto bad_kv = plan_instance(odd, gpu("H100"), stack("none"), on(8));
  EXPECT_EQ(bad_kv.error().text(), "the 12 KV heads of Llama-3.1-8B do not divide by 8 GPUs");
  InstanceOptions o = on(1);
  o.gpu_memory_utilization = 0.22;
  EXPECT_EQ(plan_instance(model("Llama-3.1-8B"), gpu("H100"), stack("none"), o).error().text(),
            "no room for one KV block of 16 tokens: 1 x H100-SXM5-80GB offers 17.6 GB, weights need 16.1 GB and "
            "activations 1.6 GB");
  o = on(1);
  o.max_num_batched_tokens = Tokens{20'000'000};
  EXPECT_EQ(plan_instance(model("Llama-3.1-8B"), gpu("H100"), stack("none"), o).error().text(),
            "max_num_batched_tokens: expected 1 to 1e+07, got 2e+07");
  EXPECT_EQ(catalogue().stack("vllm_0.16").error().text(),
            "unknown serving stack 'vllm_0.16' (did you mean 'vllm_0.15'?)");
}

TEST(Instance, AbsurdOptionsAreRefusedNotCrashed) {
  InstanceOptions o = on(8);
  o.max_num_batched_tokens = Tokens{9'000'000};
  o.gpu_memory_utilization = 1;
  EXPECT_FALSE(plan_instance(model("Llama-3.1-405B-FP8"), gpu("H20"), stack("vllm_0.6"), o).ok());
  o = on(8);
  o.gpu_memory_utilization = std::nan("");
  EXPECT_FALSE(plan_instance(model("Llama-3.1-70B"), gpu("H100"), stack("none"), o).ok());
}

// The exchange of tokens was free where a replica is one GPU of an expert group: it is that of one of many ranks.
TEST(Instance, OneGpuOfAnExpertGroupPaysForItsWires) {
  const ModelSpec m = model("DeepSeek-V3");
  const GpuSpec g = gpu("H800");
  const StackSpec st = stack("sglang_0.4");
  InstanceOptions one, eight;
  one.layout = {.tensor = 1, .data = 1, .expert = 144, .redundant_experts = 32};
  eight.layout = {.tensor = 1, .data = 8, .expert = 144, .redundant_experts = 32};
  const InstanceCost a(m, g, st, one), b(m, g, st, eight);
  for (const double tokens : {1.0, 64.0, 2000.0}) {
    EXPECT_NEAR(a.dense_s(tokens, tokens), b.dense_s(8 * tokens, 8 * tokens), 1e-9) << tokens;
  }
}

TEST(Instance, ThroughputIsInTheKnownRange) {
  // MLPerf inference v4.1, 8xH100, Llama-2-70B FP8 offline: 24 k tokens/s.  BF16 with 0.6's host cost must stay well
  // below it, and above 1 k tokens/s.
  const auto plan = plan_instance(model("Llama-3.1-70B"), gpu("H100"), stack("vllm_0.6"), on(8));
  ASSERT_TRUE(plan.ok());
  EXPECT_GT(plan->decode_tokens_per_s, 1'000);
  EXPECT_LT(plan->decode_tokens_per_s, 24'000);
  // Prefill below the BF16 peak of 8 GPUs: 8 x 989.4e12 / (2 x 70.6e9) = 56 k tokens/s.
  EXPECT_GT(plan->prefill_tokens_per_s, 15'000);
  EXPECT_LT(plan->prefill_tokens_per_s, 56'000);
  const auto h200 = plan_instance(model("Llama-3.1-70B"), gpu("H200"), stack("vllm_0.6"), on(8));
  EXPECT_GT(h200->decode_tokens_per_s, plan->decode_tokens_per_s);
}

TEST(Instance, Training) {
  // 6 x 8.03e9 x 15e12 / (1024 x 989.4e12 x 0.4) s = 20.64 days.
  EXPECT_NEAR(training_run_time(8.03e9, 15e12, Gpus{1024}, gpu("H100"), 0.4).seconds() / 86'400, 20.64, 0.01);
  EXPECT_DOUBLE_EQ(training_flops(gpu("A100"), 0.5), 156e12);
  EXPECT_EQ(checkpoint_bytes(70e9).value, 980'000'000'000);
  EXPECT_EQ(training_run_time(1e15, 1e18, Gpus{1}, gpu("A100"), 0.01).seconds(), 250 * 365.25 * 86'400);
}

}  // namespace
}  // namespace jevons
