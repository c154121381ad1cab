// Physics: for every GPU and model of the catalogue that fit together, no iteration beats the peak, and more never
// takes less.
#include <gtest/gtest.h>

#include "sim/model/instance.h"

namespace jevons {
namespace {

// Calls `check(model, gpu, options, plan)` for each pair and power of two that fits; returns how many did.
template <class Check>
int for_each_fit(const char* stack, Check check) {
  const Catalogue c = Catalogue::builtin();
  int count = 0;
  for (const std::string& g : c.gpu_names()) {
    for (const std::string& m : c.model_names()) {
      for (const std::int32_t n : {1, 2, 4, 8, 16}) {
        InstanceOptions o;
        o.layout.tensor = n;
        const auto plan = plan_instance(*c.model(m), *c.gpu(g), *c.stack(stack), o);
        if (!plan) continue;
        ++count;
        check(*c.model(m), *c.gpu(g), o, *plan);
      }
    }
  }
  return count;
}

double flops_of(const ModelSpec& m, const GpuSpec& g) {
  return m.weight_bytes_per_parameter == 1 && g.fp8_flops > 0 ? g.fp8_flops : g.bf16_flops;
}

TEST(Floors, NoIterationBeatsPeakFlopsOrBandwidth) {
  const int fits = for_each_fit("none", [](const auto& m, const auto& g, const auto& o, const auto& plan) {
    const double n = o.layout.tensor;
    const std::string what = m.name + " on " + std::to_string(o.layout.tensor) + " x " + g.name;
    const double head = static_cast<double>(m.vocab) * m.hidden;
    for (const std::int64_t t : {1, 7, 64, 256, 1024, 8192}) {
      const double s = seconds_from_fixed(plan.time.dense(t));
      const double flops = 2 * (m.active_parameters() - head) * static_cast<double>(t);
      EXPECT_GE(s, flops / (n * flops_of(m, g))) << what << " tokens " << t;
      // Every weight a token uses is read at least once.
      const double bytes = m.active_parameters() * m.weight_bytes_per_parameter;
      EXPECT_GE(s, bytes / (n * g.memory_bytes_per_s)) << what << " tokens " << t;
    }
    if (m.experts == 0) {
      const double all =
          static_cast<double>(m.weight_bytes().value) - 2 * head;  // The input embedding is only looked up.
      EXPECT_GE(seconds_from_fixed(plan.time.dense(1)), all / (n * g.memory_bytes_per_s)) << what;
    }
    const double kv = static_cast<double>(m.kv_bytes_per_token().value);
    EXPECT_GE(seconds_from_fixed(plan.time.step(64, 64'000) - plan.time.step(64, 0)),
              0.9999 * 64'000 * kv / (n * g.memory_bytes_per_s))
        << what;
  });
  EXPECT_GT(fits, 200);
}

TEST(Floors, MoreNeverTakesLess) {
  for_each_fit("vllm_0.6", [](const auto& m, const auto& g, const auto& o, const auto& plan) {
    const std::string what = m.name + " on " + std::to_string(o.layout.tensor) + " x " + g.name;
    for (std::int64_t t = 0; t < 2'000; ++t)
      ASSERT_LE(plan.time.dense(t), plan.time.dense(t + 1)) << what << " tokens " << t;
    for (std::int64_t t = 2'000; t < 300'000; t += 997) ASSERT_LE(plan.time.dense(t), plan.time.dense(t + 997)) << what;
    EXPECT_GT(plan.time.per_kv_token, 0) << what;
    EXPECT_GT(plan.time.per_chunk_work2, 0) << what;
    EXPECT_GT(plan.kv_blocks.value, 0) << what;
    EXPECT_GT(plan.decode_tokens_per_s, 0) << what;
    EXPECT_GT(plan.prefill_tokens_per_s, 0) << what;
  });
}

TEST(Floors, MoreGpusHoldMoreAndPrefillFaster) {
  const Catalogue c = Catalogue::builtin();
  const StackSpec none = *c.stack("none");
  double before = 0, kv_before = 0;
  for (const std::int32_t n : {2, 4, 8}) {
    InstanceOptions o;
    o.layout.tensor = n;
    const auto plan = plan_instance(*c.model("Llama-3.1-70B"), *c.gpu("H200"), none, o);
    ASSERT_TRUE(plan.ok());
    EXPECT_GT(plan->prefill_tokens_per_s, before);
    EXPECT_GT(static_cast<double>(plan->kv_blocks.value), kv_before);
    before = plan->prefill_tokens_per_s;
    kv_before = static_cast<double>(plan->kv_blocks.value);
  }
}

}  // namespace
}  // namespace jevons
