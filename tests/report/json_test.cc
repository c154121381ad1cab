// JSON: vLLM's keys, exact integers, the same bytes again.
#include "report/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/report/builders.h"

namespace jevons {
namespace {

using nlohmann::json;

TEST(Json, KeysOfVllmsBenchmark) {
  const json doc = json::parse(json_report(report_test::comparison_of({"split", "loan"}, 2)));
  ASSERT_EQ(doc["runs"].size(), 4U);
  const json& run = doc["runs"][0];
  // vllm/benchmarks/serve.py, the result dictionary.
  for (const char* key : {"duration", "completed", "total_input_tokens", "total_output_tokens", "request_throughput",
                          "request_goodput", "output_throughput", "total_token_throughput"}) {
    EXPECT_TRUE(run.contains(key)) << key;
    EXPECT_TRUE(run["pools"][0].contains(key)) << key;
  }
  for (const char* metric : {"ttft", "tpot", "e2el"}) {
    for (const char* statistic : {"mean", "median", "std", "p90", "p99"}) {
      EXPECT_TRUE(run[std::string(statistic) + "_" + metric + "_ms"].is_number()) << statistic << metric;
    }
  }
  EXPECT_EQ(run["completed"], 99'990);
  EXPECT_EQ(run["total_output_tokens"], 25'000'000);
  EXPECT_DOUBLE_EQ(run["output_throughput"].get<double>(), 25e6 / 86400);
  EXPECT_DOUBLE_EQ(run["request_goodput"].get<double>(), 99'500.0 / 86400);
  EXPECT_EQ(run["pools"][1]["pool"], "code");
  EXPECT_TRUE(run["pools"][1]["mean_ttft_ms"].is_null());
}

TEST(Json, WhatReproducesIt) {
  const json doc = json::parse(json_report(report_test::comparison_of({"split"}, 2)));
  EXPECT_EQ(doc["complete"], true);
  EXPECT_EQ(doc["seed"], 7);
  EXPECT_EQ(doc["seeds"], (std::vector<int>{7, 8}));
  EXPECT_EQ(doc["scenario"]["hash"], "00ff");
  EXPECT_EQ(doc["version"], "0.1.0");
  EXPECT_EQ(doc["command"], "jevons compare examples/first_run.yaml");
  EXPECT_EQ(doc["slo"]["ttft_ms"], 2000.0);
  EXPECT_TRUE(doc["slo"]["e2el_ms"].is_null());
}

TEST(Json, NotesOnTheModel) {
  Comparison c = report_test::comparison_of({"split"});
  EXPECT_EQ(json::parse(json_report(c))["notes"], json::array());
  c.notes = {"chat on h800: derived", "chat: not fitted"};
  EXPECT_EQ(json::parse(json_report(c))["notes"], json(c.notes));
}

TEST(Json, GpuTimeIsExact) {
  Comparison c = report_test::comparison_of({"split"});
  c.cells[0].run->result.ledger.by_purpose[2] = GpuTime{Int128{10'000'000'000'000'000'000ULL} * 1000 + 7};
  const json doc = json::parse(json_report(c));
  EXPECT_EQ(doc["runs"][0]["ledger"]["total"]["serving"]["gpu_ns"], "10000000000000000000007");
  const json& training = doc["runs"][0]["ledger"]["groups"][1]["by_purpose"]["training"];
  EXPECT_EQ(training["gpu_ns"], "5184000000000000");  // 60 GPUs for a day.
  EXPECT_EQ(training["gpu_hours"], 1440.0);
}

TEST(Json, MoneyByHand) {
  const json doc = json::parse(json_report(report_test::comparison_of({"split"})));
  const json& money = doc["runs"][0]["money"];
  EXPECT_EQ(money["total_usd"], 24.0 * (192 * 3 + 64 * 1.5));
  // 64 GPUs serving and 32 idle serving, a day, at $3.
  EXPECT_DOUBLE_EQ(money["serving_usd"].get<double>(), 24.0 * 96 * 3);
  EXPECT_DOUBLE_EQ(money["usd_per_million_output_tokens"].get<double>(), 24.0 * 96 * 3 / 25.001);
}

// Group 0 at 300 and 900 W, group 1 at 200 and 500 W, PUE 1.2; builders.h has the hours.
TEST(Json, EnergyByHand) {
  const json doc = json::parse(json_report(report_test::comparison_of({"split"})));
  const json& energy = doc["runs"][0]["energy"];
  // Serving 24 x 64 x 0.9 + 24 x 32 x 0.3 = 1,612.8 kWh; training (24 x 90 + 144) x 0.9 + 24 x 60 x 0.5 = 2,793.6;
  // idle 19.2.
  EXPECT_DOUBLE_EQ(energy["energy_kwh"].get<double>(), 4425.6);
  EXPECT_DOUBLE_EQ(energy["facility_energy_kwh"].get<double>(), 4425.6 * 1.2);
  EXPECT_DOUBLE_EQ(energy["mean_kw"].get<double>(), 4425.6 / 24);
  EXPECT_DOUBLE_EQ(energy["joules_per_output_token"].get<double>(), 1612.8 * 3.6e6 / 25'001'000);
  const json& phases = energy["by_phase"];
  EXPECT_DOUBLE_EQ(phases["training"]["joules"].get<double>(), 2793.6 * 3.6e6);
  EXPECT_DOUBLE_EQ(phases["decode"]["gpu_hours"].get<double>(), 16 * 64);
  EXPECT_DOUBLE_EQ(phases["decode_by_least_batch"]["2"]["gpu_hours"].get<double>(), 4 * 64);
  EXPECT_DOUBLE_EQ(phases["decode_by_least_batch"]["32"]["joules"].get<double>(), 12 * 64 * 900 * 3600.0);
}

// Serving's cost takes the energy of serving's phases, at the price with PUE.
TEST(Json, EnergyInServingsCost) {
  Comparison c = report_test::comparison_of({"split"});
  for (GroupPrice& p : c.cells[0].run->prices) p.usd_per_kwh = 0.12;
  const json doc = json::parse(json_report(c));
  EXPECT_DOUBLE_EQ(doc["runs"][0]["money"]["serving_usd"].get<double>(), 24.0 * 96 * 3 + 1612.8 * 0.12);
}

TEST(Json, FailedAndInterruptedRuns) {
  Comparison c = report_test::comparison_of({"split", "loan"});
  c.complete = false;
  c.cells[0].run->result.complete = false;
  c.cells[1].run.reset();
  c.cells[1].error = "broke";
  const json doc = json::parse(json_report(c));
  EXPECT_EQ(doc["complete"], false);
  EXPECT_EQ(doc["runs"][0]["complete"], false);
  EXPECT_EQ(doc["runs"][1]["error"], "broke");
  EXPECT_FALSE(doc["runs"][1].contains("completed"));
}

TEST(Json, NamesThatAreNotUtf8DoNotThrow) {
  Comparison c = report_test::comparison_of({"split\xff"});
  c.scenario_path = "\xfe.yaml";
  EXPECT_TRUE(json::accept(json_report(c)));
}

TEST(Json, SameBytesAgain) {
  EXPECT_EQ(json_report(report_test::comparison_of({"a", "b"}, 3)),
            json_report(report_test::comparison_of({"a", "b"}, 3)));
}

}  // namespace
}  // namespace jevons
