// Layouts of an instance: data, pipeline and expert parallelism, overlapping micro-batches, drafted tokens, precisions.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "sim/model/cost.h"
#include "sim/model/instance.h"

namespace jevons {
namespace {

const Catalogue& catalogue() {
  static const Catalogue kCatalogue = Catalogue::builtin();
  return kCatalogue;
}

struct Case {
  ModelSpec model;
  GpuSpec gpu;
  StackSpec stack;
  InstanceOptions options;
  Result<InstancePlan> plan() const { return plan_instance(model, gpu, stack, options); }
};

Case of(const char* model, const char* gpu, const char* stack, std::int32_t tensor) {
  Case c{*catalogue().model(model), *catalogue().gpu(gpu), *catalogue().stack(stack), {}};
  c.options.layout.tensor = tensor;
  return c;
}

Case deepseek_unit() {
  Case c = of("DeepSeek-V3", "H800", "sglang_0.4", 1);
  c.options.layout.data = 8;
  c.options.layout.expert = 144;
  c.options.layout.redundant_experts = 32;
  c.options.overlap_microbatches = true;
  c.options.max_num_seqs = 1024;
  return c;
}

double ms(FixedTime t) { return 1e3 * seconds_from_fixed(t); }

// Two pipeline stages of 4 GPUs: each micro-batch of half the tokens passes all layers on 4 GPUs, a hop and a second
// step.
TEST(Layout, PipelineIsAMicroBatchThroughAllStages) {
  const Case four = of("Llama-3.1-70B", "H100", "none", 4);
  Case two = four;
  two.options.layout.pipeline = 2;
  const auto plan = two.plan();
  ASSERT_TRUE(plan.ok());
  InstanceOptions bare = four.options;
  const InstanceCost whole(four.model, four.gpu, four.stack, bare);
  const double hop = 64.0 * 8192 * 2 / 4 / 450e9;
  EXPECT_NEAR(ms(plan->time.dense(128)), 1e3 * (whole.dense_s(64, 64) + hop), 1e-6);
  EXPECT_NEAR(ms(plan->time.per_kv_token), 1e3 * whole.kv_token_s() / 2, 1e-9);
  // Half of the layers a GPU, so more than twice the KV cache of 4 GPUs that hold all weights.
  const auto single = four.plan();
  ASSERT_TRUE(single.ok());
  EXPECT_GT(plan->kv_blocks.value, 2 * single->kv_blocks.value);
}

TEST(Layout, DataParallelRanksShareTheTokens) {
  const Case one = of("Llama-3.1-8B", "H100", "none", 1);
  Case eight = one;
  eight.options.layout.data = 8;
  eight.options.max_num_seqs = 8 * one.options.max_num_seqs;
  eight.options.max_num_batched_tokens = Tokens{8 * one.options.max_num_batched_tokens.value};
  const auto a = one.plan(), b = eight.plan();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->time.dense(64), b->time.dense(512));
  EXPECT_NEAR(ms(a->time.per_kv_token), 8 * ms(b->time.per_kv_token), 1e-9);
  EXPECT_EQ(8 * a->kv_blocks.value, b->kv_blocks.value);
}

TEST(Layout, DeepSeekUnitAtItsPublishedOperatingPoint) {
  // 88 sequences a GPU at 4,989 tokens: 20 to 22 tokens/s a user (open-infra-index, day 6).
  const auto plan = deepseek_unit().plan();
  ASSERT_TRUE(plan.ok());
  const double step = ms(plan->time.step(704, 704 * 4'989));
  EXPECT_GT(1e3 / step, 20);
  EXPECT_LT(1e3 / step, 22);
}

TEST(Layout, OverlapIsNeverLessThanEitherSide) {
  Case c = deepseek_unit();
  const auto overlapped = c.plan();
  c.options.overlap_microbatches = false;
  const auto plain = c.plan();
  ASSERT_TRUE(overlapped.ok() && plain.ok());
  ASSERT_FALSE(overlapped->time.wires.empty());
  EXPECT_TRUE(plain->time.wires.empty());
  for (const std::int64_t b : {8, 64, 700, 4'000}) {
    const IterationShape s{.tokens = b, .decode = b, .decode_context = 100 * b};
    EXPECT_GE(overlapped->time.time(s), overlapped->time.wires.at(b));
    EXPECT_GE(overlapped->time.time(s), overlapped->time.dense(b));
  }
  // Halves read weights twice: it pays for large batches only.
  const IterationShape small{.tokens = 8, .decode = 8, .decode_context = 800};
  const IterationShape large{.tokens = 8'000, .decode = 1'024, .decode_context = 1'024 * 4'989};
  EXPECT_GT(overlapped->time.time(small), plain->time.time(small));
  EXPECT_LT(overlapped->time.time(large), plain->time.time(large));
}

TEST(Layout, DraftedTokensGainLessInLargerBatches) {
  Case c = deepseek_unit();
  const auto plain = c.plan();
  c.options.speculation = {1, 0.85};  // DeepSeek-V3: the second token is accepted 85 to 90 %.
  EXPECT_DOUBLE_EQ(c.options.speculation.tokens_per_step(), 1.85);
  const auto drafted = c.plan();
  ASSERT_TRUE(plain.ok() && drafted.ok());
  const auto gain = [&](std::int64_t b, std::int64_t context) {
    const IterationShape s{.tokens = b, .decode = b, .decode_context = b * context};
    return ms(plain->time.time(s)) / ms(drafted->time.time(s));
  };
  EXPECT_GT(gain(8, 1'000), 1.5);
  EXPECT_LT(gain(8, 1'000), 1.85);
  EXPECT_LT(gain(1'000, 5'000), gain(8, 1'000));
  // Nothing accepted: a loss.
  c.options.speculation = {1, 0};
  EXPECT_LT(ms(plain->time.step(64, 64'000)), ms(c.plan()->time.step(64, 64'000)));
  EXPECT_DOUBLE_EQ((Speculation{3, 0.5}.tokens_per_step()), 1 + 0.5 + 0.25 + 0.125);
}

TEST(Layout, ImbalanceStretchesOnlyTheExperts) {
  Case c = deepseek_unit();
  const auto even = c.plan();
  c.options.expert_imbalance = 2;
  const auto uneven = c.plan();
  ASSERT_TRUE(even.ok() && uneven.ok());
  EXPECT_GT(uneven->time.dense(4'096), even->time.dense(4'096));
  EXPECT_LT(uneven->time.dense(4'096), 2 * even->time.dense(4'096));
  EXPECT_EQ(uneven->time.per_kv_token, even->time.per_kv_token);
}

TEST(Layout, Precisions) {
  // FP8 halves the weights and needs a GPU with FP8; elsewhere they are unpacked, INT8 goes where there is INT8.
  Case bf16 = of("Llama-3.1-70B", "H100", "none", 8), fp8 = of("Llama-3.1-70B-FP8", "H100", "none", 8);
  EXPECT_LT(fp8.plan()->time.dense(8), bf16.plan()->time.dense(8));
  EXPECT_LT(fp8.plan()->time.dense(8'192), bf16.plan()->time.dense(8'192));
  Case ampere = of("Llama-3.1-70B-FP8", "A100", "none", 8), int8 = ampere;
  int8.model.quantization = "int8";
  const Case unpacked = of("Llama-3.1-70B", "A100", "none", 8);
  EXPECT_LT(ampere.plan()->time.dense(8), unpacked.plan()->time.dense(8));
  EXPECT_LT(int8.plan()->time.dense(8'192), ampere.plan()->time.dense(8'192));
  // An FP8 cache holds twice the tokens and is read faster.
  Case cache = bf16;
  cache.options.kv_bytes_per_element = 1;
  EXPECT_NEAR(double(cache.plan()->kv_blocks.value) / double(bf16.plan()->kv_blocks.value), 2, 1e-3);
  EXPECT_LT(cache.plan()->time.per_kv_token, bf16.plan()->time.per_kv_token);
}

// Mixtral-8x7B on A100 was measured whole: its experts go by the table there, and by the formula on an A100 of another
// name.
TEST(Layout, MeasuredExpertsGoByTheirTable) {
  const Case measured = of("Mixtral-8x7B", "A100", "none", 2);
  Case formula = measured;
  formula.gpu.name = "A100-like";
  const auto table = kernels_of(measured.gpu, "vllm", "vllm").expert_tables;
  const auto curve = table.find({4096, 14'336, 2, 8, 2, 1});
  ASSERT_NE(curve, table.end());
  EXPECT_TRUE(kernels_of(formula.gpu, "vllm", "vllm").expert_tables.empty());
  const InstanceCost with(measured.model, measured.gpu, measured.stack, measured.options);
  const InstanceCost without(formula.model, formula.gpu, formula.stack, formula.options);
  EXPECT_GT(with.dense_s(64, 64), 32 * collective_s(curve->second, 64));
  EXPECT_NE(with.dense_s(64, 64), without.dense_s(64, 64));
}

// A table holds 1,056 tokens whatever the batch: a GPU that needs hours for them is refused, not met by a failed CHECK.
TEST(Layout, GpuTooSlowForItsTableIsRefused) {
  Case c = of("Llama-3.1-8B", "H100", "none", 1);
  c.gpu.bf16_flops = 1e9;
  c.gpu.memory_bytes_per_s = 1e6;
  c.options.max_num_batched_tokens = Tokens{1};
  c.options.max_num_seqs = 1;
  const auto plan = c.plan();
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.error().message.find("one iteration of 1024 tokens could take"), std::string::npos)
      << plan.error().message;
}

std::string refusal(const std::function<void(InstanceOptions*)>& change, const char* model = "DeepSeek-V3") {
  Case c = of(model, "H200", "none", 8);
  change(&c.options);
  const auto plan = c.plan();
  return plan.ok() ? "ok" : plan.error().text();
}

TEST(Layout, Refusals) {
  EXPECT_EQ(refusal([](auto* o) { o->layout.pipeline = 62; }),
            "expected at most 61 pipeline stages, the layers of DeepSeek-V3, got 62");
  EXPECT_EQ(refusal([](auto* o) { o->layout.expert = 12; }),
            "an expert group of 12 GPUs is no multiple of the replica's 8 (tensor x data)");
  EXPECT_EQ(refusal([](auto* o) { o->layout.expert = 16; }),
            "an expert group over several replicas needs data-parallel attention (a replica of one GPU or data > 1)");
  EXPECT_EQ(refusal([](auto* o) { o->layout = {1, 1, 8, 264, 0, 8}; }),
            "the 256 experts of DeepSeek-V3 do not reach for 264 GPUs");
  EXPECT_EQ(refusal([](auto* o) { o->layout.expert = 8; }, "Llama-3.1-70B"),
            "Llama-3.1-70B has no experts to share among 8 GPUs");
  EXPECT_EQ(refusal([](auto* o) { o->layout.redundant_experts = 8; }), "redundant experts need expert parallelism");
  EXPECT_EQ(refusal([](auto* o) { o->expert_imbalance = 0.5; }), "expert_imbalance: expected 1 to 1000, got 0.5");
  EXPECT_EQ(refusal([](auto* o) { o->speculation = {65, 0.5}; }), "draft_tokens: expected 0 to 64, got 65");
  EXPECT_EQ(refusal([](auto* o) { o->speculation = {1, 1.5}; }), "acceptance: expected 0 to 1, got 1.5");
}

// No layout beats the GPUs' FLOPs and bandwidth; experts over other nodes bring those nodes' share of the work along.
TEST(Layout, FloorsHoldForEveryLayout) {
  int fits = 0;
  for (const char* model : {"Llama-3.1-70B", "Llama-3.1-70B-FP8", "DeepSeek-V3", "Mixtral-8x7B"}) {
    for (const char* gpu : {"H100", "H20", "A100", "B200", "H200"}) {
      for (const InstanceLayout& layout :
           {InstanceLayout{8}, {4, 2}, {2, 4}, {1, 1, 8}, {2, 1, 4}, {1, 1, 8, 8}, {1, 1, 8, 64, 64}, {8, 1, 1, 8}}) {
        for (const bool overlap : {false, true}) {
          Case c = of(model, gpu, "none", 1);
          c.options.layout = layout;
          c.options.overlap_microbatches = overlap;
          const auto plan = c.plan();
          if (!plan) continue;
          ++fits;
          const double n = layout.gpus().value, head = double(c.model.vocab) * c.model.hidden;
          const double peak = std::max(c.gpu.bf16_flops, c.model.weight_bytes_per_parameter == 1 ? c.gpu.fp8_flops : 0);
          for (const std::int64_t t : {1, 64, 1'024, 8'192}) {
            EXPECT_GE(seconds_from_fixed(plan->time.dense(t)),
                      2 * (c.model.active_parameters() - head) * double(t) / (n * peak))
                << model << " on " << gpu << ", " << layout.tensor << "x" << layout.pipeline << "x" << layout.data
                << " ep " << layout.expert << ", tokens " << t;
          }
          const double kv = double(c.model.kv_bytes_per_token().value);
          EXPECT_GE(seconds_from_fixed(plan->time.per_kv_token), 0.9999 * kv / (n * c.gpu.memory_bytes_per_s));
        }
      }
    }
  }
  EXPECT_GT(fits, 100);
}

TEST(Layout, NotesSayWhatIsDerivedAndWhatLiesOutside) {
  Case c = deepseek_unit();
  const auto notes = c.plan()->notes;
  const auto has = [&](const std::vector<std::string>& lines, std::string_view text) {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& l) { return l.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(has(notes, "H800-SXM5-80GB: constants derived from h100, not measured on this GPU"));
  EXPECT_TRUE(has(notes, "dispatch: nodes 18"));
  Case known = of("Llama-3.1-70B", "H100", "vllm_0.6", 8);
  known.options.longest_context = Tokens{16'384};  // The longest prompt measured.
  EXPECT_TRUE(known.plan()->notes.empty()) << known.plan()->notes.front();
  known.options.max_num_batched_tokens = Tokens{65'536};
  EXPECT_TRUE(has(known.plan()->notes, "gemm_bf16: m may reach 65536, measured 1 to 32768"));
}

}  // namespace
}  // namespace jevons
