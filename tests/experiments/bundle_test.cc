// Bundles: ten requests simulated as one give what ten give, exactly where nothing is rounded and closely elsewhere;
// and the measured window counts what arrives in it.
#include "experiments/bundle.h"

#include <gtest/gtest.h>

#include <cmath>

#include "experiments/compare.h"
#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

// One replica.  2,000 requests at once fill its batch of 200 ten times; a batch's prompts fit one iteration.
constexpr const char* kOne = R"(name: one
cluster:
  groups: [{name: h100, gpu: H100, nodes: 1}]
serving:
  pools:
    - name: chat
      model: Llama-3.1-8B
      groups: [{group: h100, tensor_parallel_size: 8}]
      initial_nodes: 1
      min_nodes: 1
      max_num_seqs: 200
      max_num_batched_tokens: 10000
      bundle: 1
      slo: {ttft: 10s}
requests:
  streams:
    - name: talk
      pool: chat
      generate: {arrivals: {rate: 1000000}, prompt: 40, output: 100, limit: 2000}
)";

class BundleTest : public ScenarioTest {
 protected:
  RunResult run(const std::string& text, const std::string& from = "", const std::string& to = "") {
    const auto scenario =
        Scenario::load(write("s.yaml", from.empty() ? text : with(text, from, to)), builtin_policies());
    EXPECT_TRUE(scenario.ok()) << scenario.error().text();
    CompareSetup setup;
    setup.policies = {0};
    setup.seeds = {1};
    setup.engine.audit = true;
    auto comparison = compare(*scenario, setup);
    EXPECT_TRUE(comparison.ok());
    EXPECT_TRUE(comparison->cells[0].run.has_value()) << comparison->cells[0].error;
    return comparison->cells[0].run ? comparison->cells[0].run->result : RunResult{};
  }
};

TEST_F(BundleTest, TimesInBundlesAreThoseOfTheRequestsInThem) {
  LinearIterationModel one;
  for (FixedTime t = 0; t <= 1024; ++t) one.by_tokens.push_back(1000 * t + t * t);
  for (FixedTime t = 1024; t <= 8192; t += 16) one.by_stride.push_back(1000 * t + t * t);
  one.per_sequence = 7;
  one.per_kv_token = 3;
  one.per_chunk_work2 = 2;
  one.per_chunk_kv = 5;
  one.prefill_floor = 100;
  const LinearIterationModel ten = bundled(one, 16);
  IterationShape b{.tokens = 30, .decode = 20, .decode_context = 4000};
  IterationShape r{.tokens = 480, .decode = 320, .decode_context = 64000};
  EXPECT_EQ(ten.time(b), one.time(r));
  b.add_prompts(3, 50);  // 3 bundles are 48 prompts: chunk work grows by 48 x 50^2.
  r.add_prompts(48, 50);
  EXPECT_EQ(ten.time(b), one.time(r));
  EXPECT_EQ(ten.step(20, 4000), one.step(320, 64000));
  EXPECT_EQ(ten.dense(512), one.dense(8192));  // The last knot.
}

// The replica starts with the first request, or the first ten, and the rest follow in batches of 200 that are made up
// alike from then on: all counts are equal, times differ by that first iteration.
TEST_F(BundleTest, ASaturatedReplicaThatDividesIsTheSameButForItsFirstIteration) {
  const RunResult one = run(kOne), ten = run(kOne, "bundle: 1", "bundle: 10");
  EXPECT_EQ(ten.serving.arrived, 2000U);
  EXPECT_EQ(ten.serving.completed, one.serving.completed);
  EXPECT_EQ(ten.serving.met_slo, one.serving.met_slo);
  EXPECT_EQ(ten.serving.output, one.serving.output);
  EXPECT_EQ(ten.serving.prefilled, one.serving.prefilled);
  EXPECT_EQ(ten.serving.e2e.count(), 2000U);
  EXPECT_NEAR(ten.end.seconds(), one.end.seconds(), 1e-4 * one.end.seconds());
  EXPECT_NEAR(ten.serving.e2e.mean(), one.serving.e2e.mean(), 1e-3 * one.serving.e2e.mean());
  EXPECT_NEAR(ten.serving.tpot.mean(), one.serving.tpot.mean(), 1e-2 * one.serving.tpot.mean());
  EXPECT_NEAR(ten.energy_joules, one.energy_joules, 1e-3 * one.energy_joules);
}

TEST_F(BundleTest, AHalfLoadedReplicaIsCloseInThroughput) {
  // About half of what the replica takes; regular arrivals, so that the two do not differ by luck.
  std::string half =
      with(kOne, "arrivals: {rate: 1000000}, prompt: 40, output: 100, limit: 2000",
           "arrivals: {process: gamma, rate: 100, cv: 0.1}, prompt: {lognormal: {mean: 300, sigma: 0.5}}, "
           "output: {lognormal: {mean: 100, sigma: 0.5}}");
  half += "horizon: 10min\n";
  const RunResult one = run(half), ten = run(half, "bundle: 1", "bundle: 10");
  EXPECT_GT(one.serving.completed, 55'000U);
  const auto near = [](double a, double b, double share) { EXPECT_NEAR(a, b, share * b) << a / b; };
  near(static_cast<double>(ten.serving.completed), static_cast<double>(one.serving.completed), 0.01);
  near(static_cast<double>(ten.serving.output.value), static_cast<double>(one.serving.output.value), 0.02);
  near(static_cast<double>(ten.serving.produced.value), static_cast<double>(one.serving.produced.value), 0.02);
}

TEST_F(BundleTest, AStreamMustBringAWholeBundle) {
  EXPECT_NE(error_of("s.yaml", with(with(kOne, "limit: 2000", "limit: 9"), "bundle: 1", "bundle: 10"))
                .find("limit: expected at least the pool's bundle (10), got 9"),
            std::string::npos);
}

TEST_F(BundleTest, OnlyWhatArrivesInTheWindowIsMeasured) {
  // 100 requests at rate 1 (gaps of 1 s but for 1 %), over 120 s; the window takes those of 20 s to 90 s.
  std::string steady = with(kOne, "arrivals: {rate: 1000000}", "arrivals: {process: gamma, rate: 1, cv: 0.01}");
  steady = with(steady, "limit: 2000", "limit: 100") + "horizon: 120s\n";
  const RunResult all = run(steady), some = run(steady + "warm_up: 20s\ncool_down: 30s\n");
  EXPECT_EQ(all.serving.arrived, 100U);
  EXPECT_NEAR(static_cast<double>(some.serving.arrived), 70, 1);
  EXPECT_EQ(some.serving.arrived + some.serving.outside, 100U);
  EXPECT_EQ(some.serving.ttft.count(), some.serving.arrived);
  EXPECT_EQ(some.serving.produced, all.serving.produced);
  EXPECT_EQ(some.ledger.total(), all.ledger.total());
  EXPECT_EQ(some.measured(), 70_s);
}

}  // namespace
}  // namespace jevons
