// Training jobs that give a model and a layout: the run time that follows, and every way it cannot be.
#include "sim/model/training_step.h"
#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

constexpr const char* kListed = "run_time: 10min";
constexpr const char* kModel = "model: {name: Llama-3.1-8B, tokens: 1e9, global_batch: 64, parallel: {tensor: 2}}";

class ScenarioTraining : public ScenarioTest {
 protected:
  // The small scenario with `job` in place of the run time of its job, and H100 as reference.
  std::string scenario(const std::string& job) const {
    return with(with(kGoodYaml, kListed, job), "training:", "training:\n  reference_gpu: H100");
  }
  std::string error(const std::string& job) const { return error_of("s.yaml", scenario(job)); }
};

TEST_F(ScenarioTraining, RunTimeIsWholeStepsOfTheStepModel) {
  const auto s = load("s.yaml", scenario(kModel));
  ASSERT_TRUE(s.ok()) << s.error().text();
  const auto in = s->inputs(0, 1, EngineOptions{});
  ASSERT_TRUE(in.ok()) << in.error().text();
  const TrainingJob& job = in->training.jobs[0];
  const Catalogue c = Catalogue::builtin();
  ParallelLayout l;
  l.tensor = 2;
  l.data = 4;
  TrainingRecipe r;
  r.global_batch = 64;
  const auto step = training_step(*c.model("Llama-3.1-8B"), *c.gpu("H100"), l, r, *c.training_stack("megatron"));
  ASSERT_TRUE(step.ok()) << step.error().message;
  // 1e9 tokens in steps of 64 x 4096 = 262,144: 3,814.7, so 3,815.
  EXPECT_NEAR(job.run_time.seconds(), 3815 * step->time.seconds(), 1e-6);
  EXPECT_EQ(job.estimate, job.run_time);
  EXPECT_EQ(job.parameters, 8030261248.0);
}

TEST_F(ScenarioTraining, LayoutAndRecipeAreHeard) {
  const auto run_time = [&](const std::string& more) {
    const auto s = load("s.yaml", scenario("model: {name: Llama-3.1-8B, tokens: 1e9, global_batch: 64, " + more + "}"));
    EXPECT_TRUE(s.ok()) << s.error().text();
    return s->inputs(0, 1, EngineOptions{})->training.jobs[0].run_time;
  };
  const Duration plain = run_time("parallel: {tensor: 2}");
  EXPECT_GT(run_time("parallel: {tensor: 2}, recomputation: full"), plain);
  EXPECT_LT(run_time("parallel: {tensor: 2}, precision: fp8"), plain);
  EXPECT_GT(run_time("parallel: {pipeline: 8}"), plain);
  EXPECT_LT(run_time("parallel: {pipeline: 8, virtual_stages: 4}"), run_time("parallel: {pipeline: 8}"));
  EXPECT_NE(run_time("parallel: {tensor: 2, zero_stage: 3}, micro_batch: 2"), plain);
  EXPECT_NE(run_time("parallel: {tensor: 2}, stack: kernels"), plain);
}

TEST_F(ScenarioTraining, PrintsAndReadsBack) {
  const auto s = load("s.yaml", scenario(kModel));
  ASSERT_TRUE(s.ok()) << s.error().text();
  const auto again = load("again.yaml", s->resolved_yaml());
  ASSERT_TRUE(again.ok()) << again.error().text() << "\n" << s->resolved_yaml();
  EXPECT_EQ(again->resolved_yaml(), s->resolved_yaml());
  EXPECT_NE(s->resolved_yaml().find("zero_stage: 1"), std::string::npos);  // Defaults show.
}

TEST_F(ScenarioTraining, OneOfRunTimeAndModel) {
  EXPECT_EQ(error(std::string(kListed) + ", " + kModel),
            "s.yaml:27:11: training.jobs[0].list[0]: expected one of run_time, model and rl, got more");
  EXPECT_EQ(error("submit: 1s"),
            "s.yaml:27:11: training.jobs[0].list[0]: expected one of run_time, model and rl, got none");
  EXPECT_EQ(error("model: Llama-3.1-8B"),
            "s.yaml:27:32: training.jobs[0].list[0].model: expected a map (a job model), got 'Llama-3.1-8B'");
}

TEST_F(ScenarioTraining, ReferenceGpuIsNeeded) {
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, kListed, kModel)),
            "s.yaml:26:32: training.jobs[0].list[0].model: training.reference_gpu is missing, expected the GPU to "
            "compute the run time on");
}

TEST_F(ScenarioTraining, WhatCannotBeTrained) {
  const auto bad = [&](const std::string& model) { return error("model: {" + model + "}"); };
  const std::string at = "s.yaml:27:", path = "training.jobs[0].list[0].model";
  EXPECT_EQ(bad("name: Llama-3.1-8, tokens: 1e9, global_batch: 64"),
            at + "40: " + path + ".name: unknown model 'Llama-3.1-8' (did you mean 'Llama-3.1-8B'?)");
  EXPECT_EQ(bad("name: Llama-3.1-8B, global_batch: 64"),
            at + "32: " + path + ".tokens: missing (expected a number from 1 to 1e18)");
  EXPECT_EQ(bad("name: Llama-3.1-8B, tokens: 1e9, global_batch: 60"),
            at + "73: " + path + ".global_batch: global_batch 60 does not divide by data x micro_batch 8");
  EXPECT_EQ(bad("name: Llama-3.1-8B, tokens: 1e9, global_batch: 64, parallel: {tensor: 16}"),
            at + "91: " + path + ".parallel: tensor x pipeline x context is 16, expected a divisor of gpus 8");
  EXPECT_EQ(bad("name: Llama-3.1-8B, tokens: 1e9, global_batch: 64, parallel: {virtual_stages: 2}"),
            at + "102: " + path + ".parallel.virtual_stages: virtual stages need pipeline 2 or more");
  EXPECT_EQ(bad("name: Llama-3.1-8B, tokens: 1e9, global_batch: 64, stack: megatrn"),
            at + "91: " + path + ".stack: unknown training stack 'megatrn' (did you mean 'megatron'?)");
  EXPECT_EQ(bad("name: Llama-3.1-8B, tokens: 1e9, global_batch: 64, precision: fp4"),
            at + "91: " + path + ".precision: expected bf16 or fp8, got 'fp4' (did you mean 'fp8'?)");
  const std::string long_run = bad("name: Llama-3.1-8B, tokens: 1e17, global_batch: 64, parallel: {tensor: 2}");
  EXPECT_TRUE(long_run.starts_with(at + "60: " + path + ".tokens: would train for ")) << long_run;
  EXPECT_TRUE(long_run.ends_with(" days, expected at most 3660")) << long_run;
}

TEST_F(ScenarioTraining, MemoryThatIsNotThere) {
  // 70.55e9 parameters: weights 141.1, gradients 282.2, an eighth of the optimiser's 846.6 GB; activations 80 layers x
  // 4096 tokens x 290,816 bytes and 6 bytes a logit: 98.4 GB.
  EXPECT_EQ(error("model: {name: Llama-3.1-70B, tokens: 1e9, global_batch: 64}"),
            "s.yaml:27:32: training.jobs[0].list[0].model: training needs 627.6 GB on each GPU, H100-SXM5-80GB has "
            "80.0 GB: the largest part is 282.2 GB of gradients");
}

constexpr const char* kRl =
    "rl: {cycles: 10, samples: 8192, mean_tokens: 5000, longest_tokens: 9000, tokens_per_s_per_gpu: 1000, "
    "tokens_per_s_per_stream: 30, training_gpu_seconds: 64000, weight_sync: 10s}";

// On 8 GPUs: sampling 5,120 s, training 8,000 s, 10 s of weights; ten cycles.  On 16, 6,570 s each: 1.9985 times as
// fast.
TEST_F(ScenarioTraining, ReinforcementLearningRunsInCycles) {
  const auto s = load("s.yaml", scenario(std::string(kRl) + ", flexibility: elastic, min_gpus: 8, max_gpus: 16"));
  ASSERT_TRUE(s.ok()) << s.error().text();
  const auto in = s->inputs(0, 1, EngineOptions{});
  ASSERT_TRUE(in.ok()) << in.error().text();
  const TrainingJob& job = in->training.jobs[0];
  EXPECT_EQ(job.run_time, 10 * (5120_s + 8000_s + 10_s));
  ASSERT_EQ(job.scaling.size(), 2u);
  EXPECT_DOUBLE_EQ(job.scaling[1].speed, 13'130.0 / 6'570);
}

TEST_F(ScenarioTraining, ReinforcementLearningThatCannotBeIsRefused) {
  const std::string rl = kRl;
  EXPECT_NE(error(with(rl, "cycles: 10,", "cycles: 10, mode: one_step_off,")).find("rl.mode"), std::string::npos);
  EXPECT_NE(error(with(rl, "longest_tokens: 9000", "longest_tokens: 4000")).find("longest_tokens"), std::string::npos);
  EXPECT_NE(error(with(rl, "cycles: 10", "cycles: 100000000")).find("rl.cycles"), std::string::npos);
}

constexpr const char* kRollout =
    "rl: {cycles: 10, samples: 8192, mode: one_step_off, training_gpu_seconds: 64000, weight_sync: 10s, "
    "rollout: {pool: chat, prompt: 200, output: {lognormal: {mean: 5000, sigma: 1}, max: 8000}}}";

// Training alone is the job's: 8,000 s and 10 s of weights on 8 GPUs.
TEST_F(ScenarioTraining, APoolSamplesForReinforcementLearning) {
  const auto s = load("s.yaml", scenario(kRollout));
  ASSERT_TRUE(s.ok()) << s.error().text();
  const auto in = s->inputs(0, 1, EngineOptions{});
  ASSERT_TRUE(in.ok()) << in.error().text();
  EXPECT_EQ(in->training.jobs[0].run_time, 10 * (8000_s + 10_s));
  ASSERT_EQ(in->training.rollouts.size(), 1u);
  const RolloutSetup& r = in->training.rollouts[0];
  EXPECT_EQ(r.cycles, 10);
  EXPECT_EQ(r.samples, 8192);
  EXPECT_EQ(r.ahead, 1);
  EXPECT_EQ(r.stream, in->requests.size() - 1);
  EXPECT_EQ(in->requests[r.stream].name, "one rollouts");
}

TEST_F(ScenarioTraining, SamplingThatCannotBeIsRefused) {
  const std::string rl = kRollout;
  EXPECT_NE(error(with(rl, "pool: chat", "pool: chatt")).find("rl.rollout.pool: unknown pool 'chatt' (did you"),
            std::string::npos);
  EXPECT_NE(error(with(rl, "max: 8000", "max: 8000, min: 9000")).find("rollout.output.min"), std::string::npos);
  EXPECT_NE(
      error(with(rl, "samples: 8192", "samples: 8192, mean_tokens: 5000")).find("rl.mean_tokens: expected nothing"),
      std::string::npos);
  EXPECT_NE(error(with(rl, "samples: 8192", "samples: 1000001")).find("rl.samples"), std::string::npos);
  EXPECT_NE(error(with(rl, "64000, weight_sync: 10s", "0")).find("rl.training_gpu_seconds"), std::string::npos);
  EXPECT_NE(error(with(kRl, "mean_tokens: 5000, ", "")).find("rl.mean_tokens: expected a number, or rollout"),
            std::string::npos);
}

}  // namespace
}  // namespace jevons
