// What `config print` prints reads back as the same scenario; the reference page and the examples are up to date.
#include "experiments/scenario_print.h"

#include <cstdlib>

#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

class Print : public ScenarioTest {
 protected:
  static std::string source(const std::string& path) {
    std::ifstream in(std::string(JEVONS_SOURCE_DIR) + "/" + path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void expect_round_trip(const Scenario& s) const {
    const auto again = load("again.yaml", s.resolved_yaml());
    ASSERT_TRUE(again.ok()) << again.error().text() << "\n" << s.resolved_yaml();
    EXPECT_EQ(again->resolved_yaml(), s.resolved_yaml());
    EXPECT_EQ(again->hash(), s.hash());
  }
};

TEST_F(Print, ShowsEveryDefault) {
  const auto s = load("s.yaml", kGoodYaml);
  ASSERT_TRUE(s.ok()) << s.error().text();
  const std::string yaml = s->resolved_yaml();
  for (const char* line : {"gpu: H100-SXM5-80GB", "max_nodes: 4", "max_num_seqs: 256", "queue:", "name: easy_backfill",
                           "price_usd_per_gpu_hour:", "lend_after: 15min", "review_every: 1min", "pue: 1", "min: 1"}) {
    EXPECT_NE(yaml.find(line), std::string::npos) << line << "\n" << yaml;
  }
}

TEST_F(Print, RoundTrip) {
  const auto s = load("s.yaml", kGoodYaml);
  ASSERT_TRUE(s.ok()) << s.error().text();
  expect_round_trip(*s);
}

TEST_F(Print, RoundTripOfOddText) {
  std::string yaml = with(kGoodYaml, "name: small", "name: \"a: b # \\\"c\\\" \\\\ \\u00e9\\n d\"");
  yaml = with(yaml, "{name: one,", "{name: 'yes', tenant: \"\",");
  const auto s = load("s.yaml", yaml);
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_EQ(s->name(), "a: b # \"c\" \\ \xC3\xA9\n d");
  expect_round_trip(*s);
}

TEST_F(Print, RoundTripOfEverythingAPoolMaySay) {
  std::string yaml = with(kGoodYaml, "min_nodes: 1", R"(min_nodes: 0
      max_nodes: 3
      engine: vllm_0.15
      router: {name: prefix_affinity}
      batcher: vllm_v0
      max_num_seqs: 64
      max_num_batched_tokens: 4096
      gpu_memory_utilization: 0.85
      block_size: 32
      enable_prefix_caching: false
      max_model_len: 8192
      num_gpu_blocks_override: 4000
      warm_up: 0.5min
      drain_limit: 90s
      max_queue: 1000
      max_waiting_per_replica: 8
      admission: {name: token_bucket, params: {tenants: "a=5/6, b=7/8"}}
      priority: -3
      tariff: {usd_per_million_prompt_tokens: 0.55, usd_per_million_output_tokens: 2.19}
      kv_cache_dtype: fp8
      speculative: {num_speculative_tokens: 2, acceptance_rate: 0.5}
      enable_dbo: true)");
  yaml = with(yaml, "generate: {",
              "tenant: acme\n      priority: 4\n      paid: false\n      transforms: [{rate_scale: 2.5}, {shift: "
              "1min}, {thin: 0.5}, {limit: 9}]\n      generate: {");
  yaml = with(yaml, "output: 100",
              "output: {empirical: [{value: 3}, {value: 4, weight: 0.5}]}, prefixes: {length: 64, count: 3}");
  yaml = with(yaml, "rate: 2", "rate: 2, process: weibull, cv: 3, curve: [1, 2], shocks: [{at: 5min, factor: 3}]");
  const auto s = load("s.yaml", yaml);
  ASSERT_TRUE(s.ok()) << s.error().text();
  expect_round_trip(*s);
}

TEST_F(Print, TheHashDependsOnWhatIsRunAndNotOnHowItIsWritten) {
  const auto s = load("s.yaml", kGoodYaml);
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_EQ(load("other.yml", with(kGoodYaml, "horizon: 1h", "horizon: 3600s"))->hash(), s->hash());
  EXPECT_EQ(load("other.yml", with(kGoodYaml, "horizon: 1h", "seed: 1\nhorizon: 60min # an hour"))->hash(), s->hash());
  EXPECT_NE(load("other.yml", with(kGoodYaml, "horizon: 1h", "horizon: 2h"))->hash(), s->hash());
}

TEST_F(Print, FowlerNollVoOfKnownTexts) {
  EXPECT_EQ(text_hash(""), "cbf29ce484222325");
  EXPECT_EQ(text_hash("a"), "af63dc4c8601ec8c");
  EXPECT_EQ(text_hash("foobar"), "85944171f73967e8");
}

TEST_F(Print, TheReferencePageIsUpToDate) {
  EXPECT_EQ(source("docs/scenario.md"), scenario_reference()) << "run: jevons config reference > docs/scenario.md";
}

TEST_F(Print, FirstRunLoads) {
  const auto s = Scenario::load(std::string(JEVONS_SOURCE_DIR) + "/examples/first_run.yaml", builtin_policies());
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_EQ(s->policy_labels(),
            (std::vector<std::string>{"static_split", "priority_reclaim", "capacity_loan", "schedule"}));
  expect_round_trip(*s);
  for (std::size_t p = 0; p < s->policy_labels().size(); ++p) {
    const auto in = s->inputs(p, 1, EngineOptions{});
    ASSERT_TRUE(in.ok()) << in.error().text();
    EXPECT_EQ(in->cluster.total_gpus().value, 256);
    EXPECT_GT(in->training.jobs.size(), 100u);
  }
}

TEST_F(Print, DeepSeekUnitLoads) {
  const auto s = Scenario::load(std::string(JEVONS_SOURCE_DIR) + "/examples/deepseek_unit.yaml", builtin_policies());
  ASSERT_TRUE(s.ok()) << s.error().text();
  expect_round_trip(*s);
  const auto in = s->inputs(0, 1, EngineOptions{});
  ASSERT_TRUE(in.ok()) << in.error().text();
  EXPECT_EQ(in->cluster.total_gpus().value, 144);
  EXPECT_EQ(in->pools[0].instances[0].gpus_per_replica.value, 8);
  EXPECT_FALSE(s->notes().empty());
}

TEST_F(Print, AzureKalosLoads) {
  const auto s = Scenario::load(std::string(JEVONS_SOURCE_DIR) + "/examples/azure_kalos.yaml", builtin_policies());
  if (!s && s.error().text().find("JEVONS_DATA") != std::string::npos) GTEST_SKIP() << "skipped: no data";
  ASSERT_TRUE(s.ok()) << s.error().text();
  const auto in = s->inputs(1, 1, EngineOptions{});
  ASSERT_TRUE(in.ok()) << in.error().text();
  EXPECT_EQ(in->requests.size(), 3u);
  EXPECT_GT(in->training.jobs.size(), 200u);
}

TEST_F(Print, TheDataFolderIsNamedWhenItIsMissing) {
  ::unsetenv("JEVONS_DATA");
  const std::string yaml =
      with(kGoodYaml, "generate: {arrivals: {rate: 2}, prompt: {lognormal: {median: 500, sigma: 1}}, output: 100}",
           "trace: \"${JEVONS_DATA}/x.csv\"");
  const std::string error = error_of("s.yaml", yaml);
  EXPECT_NE(error.find("requests.streams[0].trace.file: the environment variable JEVONS_DATA is not set"),
            std::string::npos)
      << error;
  ::setenv("JEVONS_DATA", folder().c_str(), 1);
  EXPECT_EQ(
      error_of("s.yaml", yaml),
      "s.yaml:21:7: requests.streams[0].trace.file: no such file: 'x.csv' (JEVONS_DATA says where the data lies)");
}

}  // namespace
}  // namespace jevons
