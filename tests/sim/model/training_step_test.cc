// Training steps against numbers worked by hand, physical floors, and layouts that cannot be.
#include "sim/model/training_step.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/model/training_work.h"

namespace jevons {
namespace {

ModelSpec gpt3() { return *Catalogue::builtin().model("GPT-3-175B"); }
GpuSpec h100() { return *Catalogue::builtin().gpu("H100"); }
const TrainingConstants& constants() {
  static const TrainingConstants kMegatron = *Catalogue::builtin().training_stack("megatron");
  return kMegatron;
}

ParallelLayout layout(std::int32_t tensor, std::int32_t pipeline, std::int32_t data) {
  ParallelLayout l;
  l.tensor = tensor;
  l.pipeline = pipeline;
  l.data = data;
  return l;
}
TrainingRecipe recipe(std::int64_t sequence, std::int64_t global_batch) {
  TrainingRecipe r;
  r.sequence_length = Tokens{sequence};
  r.global_batch = global_batch;
  return r;
}
double gb(Bytes b) { return static_cast<double>(b.value) / 1e9; }

TEST(TrainingStep, BubbleByHand) {
  // 8 stages, 32 micro-batches: 7 idle for 32 busy slots, so 7/39 of the step; interleaved by 2, 7/64 of the busy time.
  const double busy = pipeline_bubble(8, 1, 32);
  EXPECT_DOUBLE_EQ(busy / (1 + busy), 7.0 / 39);
  EXPECT_DOUBLE_EQ(pipeline_bubble(8, 2, 32), 7.0 / 64);
  EXPECT_DOUBLE_EQ(pipeline_bubble(1, 1, 5), 0);

  // In a step: transfers hidden and small, so the bubble is 7/32 of all that repeats by micro-batch.
  const auto s = training_step_any_memory(gpt3(), h100(), layout(8, 8, 1), recipe(2048, 32), constants());
  ASSERT_TRUE(s.ok());
  const TrainingBreakdown& p = s->parts;
  const double repeats = (p.linear + p.attention + p.elementwise + p.weights + p.tensor).seconds();
  // The fill also waits for 2 transfers of 2048 x 12288 x 2 / 8 bytes at 0.8 x 50 GB/s and 10 us: 0.3 ms each.
  const double transfer = 2 * (10e-6 + 2048.0 * 12288 * 2 / 8 / 40e9);
  EXPECT_NEAR(p.bubble.seconds(), 7.0 / 32 * repeats + 7 * transfer, 1e-6);
}

TEST(TrainingStep, PartsAddUpToTheStep) {
  const auto s = training_step_any_memory(gpt3(), h100(), layout(8, 8, 4), recipe(2048, 256), constants());
  ASSERT_TRUE(s.ok());
  const TrainingBreakdown& p = s->parts;
  EXPECT_EQ(s->time, p.linear + p.attention + p.elementwise + p.weights + p.tensor + p.context + p.expert +
                         p.pipeline_transfer + p.bubble + p.data + p.optimiser);
  EXPECT_NEAR(s->tokens_per_s_per_gpu * 256 * s->time.seconds(), 256 * 2048, 1);
  EXPECT_NEAR(s->mfu, s->model_flops / (s->time.seconds() * 256 * 989.4e12), 1e-12);
}

TEST(TrainingStep, FlopsAreMegatronsFormula) {
  // 72 B s L h^2 (1 + s/(6h) + V/(12 L h)), and 96, 16 with full recomputation (Narayanan et al., 2021, appendix);
  // the norms' 2 h per layer are the only difference.
  TrainingRecipe r = recipe(2048, 64);
  r.recomputation = Recomputation::kFull;
  const auto s = training_step_any_memory(gpt3(), h100(), layout(8, 8, 1), r, constants());
  ASSERT_TRUE(s.ok());
  const double b = 64, seq = 2048, l = 96, h = 12288, v = 50257;
  EXPECT_NEAR(s->model_flops / (72 * b * seq * l * h * h * (1 + seq / (6 * h) + v / (12 * l * h))), 1, 1e-4);
  EXPECT_NEAR(s->hardware_flops / (96 * b * seq * l * h * h * (1 + seq / (6 * h) + v / (16 * l * h))), 1, 1e-4);
  EXPECT_NEAR(s->six_nd_flops / (6 * 174.6e9 * b * seq), 1, 0.001);
}

TEST(TrainingStep, ZeroMemoryByHand) {
  // 16 bytes a parameter: BF16 weights 2, gradients 2, optimiser 12 (Rajbhandari et al., 2020), 64 ways.
  ModelSpec m = gpt3();
  TrainingRecipe r = recipe(2048, 64);
  r.gradient_bytes = 2;
  ParallelLayout l = layout(1, 1, 64);
  const double n = m.parameters() / 1e9;
  const double expected[4][3] = {{2 * n, 2 * n, 12 * n},
                                 {2 * n, 2 * n, 12 * n / 64},
                                 {2 * n, 2 * n / 64, 12 * n / 64},
                                 {2 * n / 64, 2 * n / 64, 12 * n / 64}};
  // Stage 3 holds two whole layers besides: 2 x 2 bytes x (12 h^2 + 2 h) = 7.25 GB (the last norm is spread, h / 96).
  const double h = 12288, layers = 4 * (12 * h * h + 2 * h + h / 96) / 1e9;
  for (int stage = 0; stage <= 3; ++stage) {
    l.zero_stage = stage;
    const TrainingMemory t = training_memory(m, l, r);
    EXPECT_NEAR(gb(t.weights), expected[stage][0] + (stage == 3 ? layers : 0), 1e-6) << stage;
    EXPECT_NEAR(gb(t.gradients), expected[stage][1], 1e-6) << stage;
    EXPECT_NEAR(gb(t.optimiser), expected[stage][2], 1e-6) << stage;
  }
}

TEST(TrainingStep, ActivationsByHand) {
  // Korthikanti et al., 2022, table 2, in units of s b h per layer: a = 96, s = 2048, h = 12288, so 5 a s / h = 80.
  //   tensor 8:                 10 + 24/8 + 80/8 = 23
  //   and sequence parallel:    (34 + 80)/8      = 14.25
  //   and selective:            34/8             = 4.25
  //   full, sequence parallel:  2/8 a layer, and one layer whole.
  // 8 stages keep 8 micro-batches of 12 layers: 96 layers' worth; 3 virtual stages 1 + 7/24 times that.
  ModelSpec m = gpt3();
  TrainingRecipe r = recipe(2048, 64);
  r.attention = AttentionKernel::kUnfused;
  ParallelLayout l = layout(8, 8, 1);
  const double unit = 2048.0 * 12288;
  l.sequence_parallel = false;
  EXPECT_NEAR(static_cast<double>(training_memory(m, l, r).activations.value), 96 * 23 * unit, 1);
  l.sequence_parallel = true;
  EXPECT_NEAR(static_cast<double>(training_memory(m, l, r).activations.value), 96 * 14.25 * unit, 1);
  r.recomputation = Recomputation::kSelective;
  EXPECT_NEAR(static_cast<double>(training_memory(m, l, r).activations.value), 96 * 4.25 * unit, 1);
  l.virtual_stages = 3;
  EXPECT_NEAR(static_cast<double>(training_memory(m, l, r).activations.value), 96 * 4.25 * unit * (1 + 7.0 / 24), 1);
  l.virtual_stages = 1;
  r.recomputation = Recomputation::kFull;
  EXPECT_NEAR(static_cast<double>(training_memory(m, l, r).activations.value), (96 * 0.25 + 4.25) * unit, 1);
}

// Calls `check` for every GPU and model of the catalogue with a few layouts that are consistent.
template <class Check>
int for_each_layout(Check check) {
  const Catalogue c = Catalogue::builtin();
  int count = 0;
  for (const std::string& g : c.gpu_names()) {
    for (const std::string& m : c.model_names()) {
      for (const ParallelLayout& l : {layout(1, 1, 64), layout(8, 4, 2), layout(4, 8, 16)}) {
        for (const TrainingPrecision p : {TrainingPrecision::kBf16, TrainingPrecision::kFp8}) {
          TrainingRecipe r = recipe(2048, 128);
          r.precision = p;
          const auto s = training_step_any_memory(*c.model(m), *c.gpu(g), l, r, constants());
          if (!s) continue;
          ++count;
          check(*c.model(m), *c.gpu(g), l, r, *s);
        }
      }
    }
  }
  return count;
}

TEST(TrainingStep, NoStepBeatsThePeak) {
  const int count = for_each_layout([](const auto& m, const auto& g, const auto& l, const auto& r, const auto& s) {
    const double peak = (r.precision == TrainingPrecision::kFp8 ? g.fp8_flops : g.bf16_flops) * l.gpus().value;
    EXPECT_GT(s.time.seconds(), s.causal_flops / peak) << m.name << " on " << g.name;
    // Without expert parallelism every GPU reads and accumulates all experts.
    if (m.experts == 0) {
      EXPECT_GT(s.mfu, 0.05) << m.name << " on " << g.name;
    }
  });
  EXPECT_GT(count, 200);
}

TEST(TrainingStep, MoreNeverTakesLess) {
  const int count = for_each_layout([](const auto& m, const auto& g, const auto& l, const auto& r, const auto& s) {
    const std::string what = m.name + " on " + g.name;
    TrainingRecipe more = r;
    more.global_batch *= 2;
    EXPECT_GT(training_step_any_memory(m, g, l, more, constants())->time, s.time) << what;
    more = r;
    more.sequence_length = Tokens{4096};
    EXPECT_GT(training_step_any_memory(m, g, l, more, constants())->time, s.time) << what;
    more = r;
    more.recomputation = Recomputation::kFull;
    const auto again = training_step_any_memory(m, g, l, more, constants());
    EXPECT_GT(again->time, s.time) << what;
    EXPECT_LT(again->memory.activations, s.memory.activations) << what;
    more = r;
    more.overlap_data = more.overlap_pipeline = false;
    EXPECT_GE(training_step_any_memory(m, g, l, more, constants())->time, s.time) << what;
    GpuSpec slower = g;
    slower.nic_bytes_per_s /= 10;
    EXPECT_GE(training_step_any_memory(m, slower, l, r, constants())->time, s.time) << what;
  });
  EXPECT_GT(count, 200);
}

TEST(TrainingStep, AGpuFromAFileWorks) {
  Catalogue c = Catalogue::builtin();
  ASSERT_TRUE(c.add_yaml("gpus:\n  Mine:\n    memory: 96GB\n    bf16_flops: 500e12\n    memory_bytes_per_s: 4e12\n"
                         "    link_bytes_per_s: 400e9\n    nic_bytes_per_s: 50e9\n",
                         "mine.yaml")
                  .ok());
  const auto s =
      training_step(*c.model("Llama-3.1-8B"), *c.gpu("Mine"), layout(1, 1, 8), recipe(4096, 64), constants());
  ASSERT_TRUE(s.ok()) << s.error().message;
  EXPECT_GT(s->mfu, 0.3);
  EXPECT_LT(s->mfu, 0.8);
}

TEST(TrainingStep, WhatDoesNotFitSaysWhy) {
  const auto s = training_step(gpt3(), h100(), layout(8, 1, 1), recipe(2048, 8), constants());
  ASSERT_FALSE(s.ok());
  // 174.56e9 / 8 parameters: weights 43.64, gradients 87.28, optimiser 261.84 GB; activations 96 x 2048 x 12288 x 34/8
  // bytes and 6 bytes a logit: 10.3 GB.
  EXPECT_EQ(s.error().message,
            "training needs 403.1 GB on each GPU, H100-SXM5-80GB has 80.0 GB: the largest part is 261.8 GB of "
            "optimiser states");
  EXPECT_TRUE(training_step(gpt3(), h100(), layout(8, 8, 8), recipe(2048, 64), constants()).ok());
}

void fails(const char* where, const char* message, const std::string& model, const ParallelLayout& l,
           const TrainingRecipe& r, const std::string& gpu = "H100") {
  const Catalogue c = Catalogue::builtin();
  const auto s = training_step(*c.model(model), *c.gpu(gpu), l, r, constants());
  ASSERT_FALSE(s.ok()) << message;
  EXPECT_EQ(s.error().where, where);
  EXPECT_EQ(s.error().message, message);
}

TEST(TrainingStep, DegreesThatDoNotDivide) {
  const TrainingRecipe ok = recipe(2048, 64);
  fails("tensor", "heads 96 does not divide by tensor 5", "GPT-3-175B", layout(5, 1, 1), ok);
  fails("tensor", "kv_heads 8 does not divide by tensor 12", "Mistral-Large-2407", layout(12, 1, 1), ok);
  fails("pipeline", "97 stages are more than the 96 layers of GPT-3-175B", "GPT-3-175B", layout(1, 97, 1), ok);
  fails("global_batch", "global_batch 64 does not divide by data x micro_batch 5", "GPT-3-175B", layout(8, 8, 5), ok);
  ParallelLayout experts = layout(1, 1, 4);
  experts.expert = 8;
  fails("expert", "GPT-3-175B has no experts", "GPT-3-175B", experts, ok);
  fails("expert", "data x context 4 does not divide by expert 8", "DeepSeek-V3", experts, ok);
  ParallelLayout l = layout(1, 1, 1);
  l.context = 3;
  fails("context", "sequence_length 2048 does not divide by context 3", "GPT-3-175B", l, ok);
  l.context = 0;
  fails("context", "expected 1 to 1024, got 0", "GPT-3-175B", l, ok);
}

TEST(TrainingStep, LayoutsThatCannotBe) {
  const TrainingRecipe ok = recipe(2048, 64);
  ParallelLayout l = layout(8, 1, 1);
  l.virtual_stages = 2;
  fails("virtual_stages", "virtual stages need pipeline 2 or more", "GPT-3-175B", l, ok);
  l = layout(8, 8, 1);
  l.virtual_stages = 13;
  fails("virtual_stages", "13 virtual stages are more than the 12 layers of a stage", "GPT-3-175B", l, ok);
  TrainingRecipe fp8 = ok;
  fp8.precision = TrainingPrecision::kFp8;
  fails("precision", "A100-SXM4-80GB has no FP8", "GPT-3-175B", layout(8, 8, 1), fp8, "A100");
  TrainingRecipe dual = ok;
  dual.schedule = PipelineSchedule::kDualPipe;
  fails("pipeline", "DualPipe needs an even number of stages and no virtual stages", "GPT-3-175B", layout(8, 3, 1),
        dual);
  const auto unknown = Catalogue::builtin().training_stack("megatrn");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().message, "unknown training stack 'megatrn' (did you mean 'megatron'?)");
}

TEST(TrainingStep, StacksComeFromTheCatalogue) {
  Catalogue c = Catalogue::builtin();
  ASSERT_TRUE(
      c.add_yaml("training_stacks:\n  ours: {like: megatron, gemm_share: 0.5, source: \"a guess\"}\n", "my.yaml").ok());
  const auto ours = c.training_stack("OURS");
  ASSERT_TRUE(ours.ok());
  EXPECT_EQ(ours->gemm_share, 0.5);
  EXPECT_EQ(ours->activation_passes, constants().activation_passes);
  EXPECT_EQ(ours->source, "a guess");
  const Status high = c.add_yaml("training_stacks:\n  ours: {fsdp_exposed: 2}\n", "my.yaml");
  ASSERT_FALSE(high.ok());
  EXPECT_EQ(high.error().where, "my.yaml:2: training_stacks.ours.fsdp_exposed");
  const Status unknown = c.add_yaml("training_stacks:\n  ours: {gem_share: 1}\n", "my.yaml");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().text().find("did you mean 'gemm_share'"), std::string::npos) << unknown.error().text();
}

TEST(TrainingStep, TensorCollectivesByHand) {
  // 2048 x 12288 x 2 = 50.33 MB, between knots of 16.7772 and 134.218 MB of NCCL's curves on 8 H100: all-gather 68.86
  // to 392.82 us, reduce-scatter 69.67 to 382.18 us.  4 such pairs a layer, 12 layers a stage, 32 micro-batches.
  const double way = (50.331648 - 16.7772) / (134.218 - 16.7772);
  const double each = 1e-6 * (68.86 + 69.67 + way * (392.82 - 68.86 + 382.18 - 69.67));
  const auto s = training_step_any_memory(gpt3(), h100(), layout(8, 8, 1), recipe(2048, 32), constants());
  EXPECT_NEAR(s->parts.tensor.seconds(), 32 * 12 * 4 * each, 1e-6);
  TrainingRecipe r = recipe(2048, 32);
  r.recomputation = Recomputation::kFull;  // And the two of the forward pass once more.
  EXPECT_NEAR(training_step_any_memory(gpt3(), h100(), layout(8, 8, 1), r, constants())->parts.tensor.seconds(),
              32 * 12 * 6 * each, 1e-6);
  r = recipe(2048, 32);
  r.overlap_tensor = true;
  EXPECT_NEAR(training_step_any_memory(gpt3(), h100(), layout(8, 8, 1), r, constants())->parts.tensor.seconds(),
              0.56 * 32 * 12 * 4 * each, 1e-6);
  // A group of 16 has no curve: 2 x (7/8 of it over links, or 1/2 over eight NICs) and the start.
  const double across = 24e-6 + 2 * std::max(7.0 / 8 * 50331648 / 324e9, 0.5 * 50331648 / (8 * 40e9));
  EXPECT_NEAR(
      training_step_any_memory(gpt3(), h100(), layout(16, 8, 1), recipe(2048, 32), constants())->parts.tensor.seconds(),
      32 * 12 * 4 * across, 1e-6);
}

TEST(TrainingStep, ProductsAreAsDeepAsTheirShard) {
  // In units of h^2: QKV 3 (reads h, writes 3h/8), output 1 (h/8, h), up 4 (h, 4h/8), down 4 (4h/8, h).
  const double h = 12288;
  const GemmDepths d = gemm_depths(gpt3(), layout(8, 8, 1), 2048);
  EXPECT_NEAR(d.forward * h, (3 + 8 + 4 + 4 * 2) / 12.0, 1e-9);
  EXPECT_NEAR(d.input_gradient * h, (3 * 8.0 / 3 + 1 + 4 * 2 + 4) / 12, 1e-9);
  EXPECT_NEAR(d.weight_gradient, 1.0 / 2048, 1e-12);
  // 0.75 of a peak of 1e15 at these depths (shallow 0), and no more than 0.5 where power allows no more.
  GpuSpec g = h100();
  g.bf16_flops = 1e15;
  for (auto& [library, kernels] : g.silicon.libraries) {
    if (kernels.gemm_bf16) kernels.gemm_bf16->compute = 0.75, kernels.gemm_bf16->shallow = 0;
  }
  TrainingConstants c = constants();
  c.gemm_share = 1;
  const auto linear = [&](double sustained) {
    g.sustained_gemm = sustained;
    return training_step_any_memory(gpt3(), g, layout(8, 8, 1), recipe(2048, 32), c)->parts.linear.seconds();
  };
  EXPECT_NEAR(linear(0.5) / linear(1), 1.5, 0.01);  // The logits' bytes stay.
}

TEST(TrainingStep, ExpertCollectivesByHand) {
  // 64 GPUs on 8 nodes; 8 experts at random reach 8 (1 - (7/8)^8) nodes, 7/8 of them others: 4.595.  Forward and
  // backward, 4096 x 7168 tokens, 2 bytes each way, at 0.8 x 50 GB/s; 58 layers with experts, one micro-batch.
  const ModelSpec m = *Catalogue::builtin().model("DeepSeek-V3");
  ParallelLayout l = layout(1, 1, 64);
  l.expert = 64;
  TrainingRecipe r = recipe(4096, 64);
  r.overlap_expert = false;
  const double reached = 8 * (1 - std::pow(7.0 / 8, 8)) * 7 / 8, bytes = 2 * 4096.0 * 7168 * (2 + 2);
  EXPECT_NEAR(training_step_any_memory(m, h100(), l, r, constants())->parts.expert.seconds(),
              58 * bytes * reached / 40e9, 1e-6);
  r.expert_nodes = 4;
  EXPECT_NEAR(training_step_any_memory(m, h100(), l, r, constants())->parts.expert.seconds(),
              58 * bytes * 4 * 7 / 8 / 40e9, 1e-6);
  r.overlap_expert = true;  // Less than the compute of the micro-batch it hides behind.
  EXPECT_EQ(training_step_any_memory(m, h100(), l, r, constants())->parts.expert.ns, 0);
  // Eight stages of DualPipe: (5 x 4 - 1) / 2 = 9.5 micro-batches have no partner, so some of it shows.
  l = layout(1, 8, 64);
  l.expert = 64;
  r.schedule = PipelineSchedule::kDualPipe;
  r.global_batch = 64 * 32;
  EXPECT_GT(training_step_any_memory(m, h100(), l, r, constants())->parts.expert.ns, 0);
}

TEST(TrainingStep, WhatEachDegreeIsFor) {
  // More tensor parallelism holds less and talks more; DualPipe idles less; context splits the sequence's activations.
  const TrainingRecipe r = recipe(8192, 64);
  const auto t4 = training_step_any_memory(gpt3(), h100(), layout(4, 8, 1), r, constants());
  const auto t8 = training_step_any_memory(gpt3(), h100(), layout(8, 8, 1), r, constants());
  EXPECT_LT(t8->memory.total(), t4->memory.total());
  EXPECT_GT(t8->parts.tensor.seconds() / t8->time.seconds(), t4->parts.tensor.seconds() / t4->time.seconds());
  TrainingRecipe dual = r;
  dual.schedule = PipelineSchedule::kDualPipe;
  const auto d8 = training_step_any_memory(gpt3(), h100(), layout(8, 8, 1), dual, constants());
  EXPECT_LT(d8->parts.bubble, t8->parts.bubble);
  ParallelLayout cp = layout(8, 8, 1);
  cp.context = 2;
  const auto c2 = training_step_any_memory(gpt3(), h100(), cp, r, constants());
  EXPECT_NEAR(ratio(c2->memory.activations, t8->memory.activations), 0.5, 1e-6);
  EXPECT_GT(c2->parts.context.ns, 0);
}

}  // namespace
}  // namespace jevons
