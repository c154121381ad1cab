// Comparisons end to end: the same whatever the number of workers, and honest about runs that fail.
#include "experiments/compare.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "report/json.h"
#include "report/requests_csv.h"

namespace jevons {
namespace {

constexpr const char* kScenario = R"(
name: tiny
seed: 3
horizon: 2min
cluster:
  groups: [{name: h100, gpu: H100, nodes: 2}]
serving:
  pools:
    - name: chat
      model: Llama-3.1-8B
      groups: [{group: h100, tensor_parallel_size: 1}]
      initial_nodes: 1
      slo: {ttft: 500ms, tpot: 50ms}
requests:
  streams:
    - name: chat
      pool: chat
      generate:
        arrivals: {rate: 20}
        prompt: {lognormal: {median: 300, sigma: 0.8}, max: 4000}
        output: {lognormal: {median: 50, sigma: 0.7}, max: 300}
policies:
  - {label: first, allocator: static_split, router: round_robin}
  - {label: second, allocator: static_split, router: least_requests}
)";

// Ends its process in the middle of a run.
class CrashingRouter final : public Router {
 public:
  static constexpr std::string_view kName = "crashing";
  static constexpr std::string_view kSummary = "Ends its process.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit CrashingRouter(const Params&) {}
  std::optional<ReplicaId> route(const RequestView& request, const FleetView& fleet) override {
    if (request.id.index == 100) ::raise(SIGKILL);
    return fleet.ready.empty() ? std::nullopt : std::optional(fleet.ready[0].id);
  }
};

// Breaks its contract.
class LyingRouter final : public Router {
 public:
  static constexpr std::string_view kName = "lying";
  static constexpr std::string_view kSummary = "Names a replica that is not there.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit LyingRouter(const Params&) {}
  std::optional<ReplicaId> route(const RequestView&, const FleetView&) override { return ReplicaId{12345}; }
};

Policies policies() {
  Policies p = builtin_policies();
  p.routers.add<CrashingRouter>();
  p.routers.add<LyingRouter>();
  return p;
}

class CompareTest : public testing::Test {
 protected:
  CompareTest() {
    char name[] = "/tmp/jevons-compare-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~CompareTest() override { (void)::system(("rm -rf " + folder_).c_str()); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  Scenario load(const std::string& text) {
    auto scenario = Scenario::load(write("scenario.yaml", text), policies());
    EXPECT_TRUE(scenario.ok()) << scenario.error().text();
    return *std::move(scenario);
  }
  static CompareSetup setup_for(const Scenario& scenario, std::vector<std::uint64_t> seeds, std::size_t jobs) {
    CompareSetup setup;
    for (std::size_t i = 0; i < scenario.policy_labels().size(); ++i) setup.policies.push_back(i);
    setup.seeds = std::move(seeds);
    setup.jobs = jobs;
    setup.engine.audit = true;
    return setup;
  }

  std::string folder_;
};

std::string with(std::string text, const std::string& before, const std::string& after) {
  const std::size_t at = text.find(before);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, before.size(), after);
}

TEST_F(CompareTest, SameBytesForOneAndManyWorkers) {
  const Scenario scenario = load(kScenario);
  std::string json[3], rows[3];
  const std::size_t jobs[3] = {1, 2, 6};
  for (int i = 0; i < 3; ++i) {
    CompareSetup setup = setup_for(scenario, {3, 4, 5}, jobs[i]);
    setup.requests_path = folder_ + "/requests.csv";
    setup.requests = [&rows, i](std::string_view bytes) -> Status {
      rows[i] += bytes;
      return Ok{};
    };
    const auto comparison = compare(scenario, setup);
    ASSERT_TRUE(comparison.ok()) << comparison.error().text();
    EXPECT_TRUE(comparison->complete);
    EXPECT_EQ(comparison->notes, scenario.notes());
    json[i] = json_report(*comparison);
  }
  EXPECT_EQ(json[0], json[1]);
  EXPECT_EQ(json[0], json[2]);
  EXPECT_EQ(rows[0], rows[1]);
  EXPECT_EQ(rows[0], rows[2]);
}

TEST_F(CompareTest, PoliciesMeetTheSameArrivalsAndSeedsDoNot) {
  const Scenario scenario = load(kScenario);
  CompareSetup setup = setup_for(scenario, {3, 4}, 2);
  std::string rows;
  setup.requests_path = folder_ + "/requests.csv";
  setup.requests = [&](std::string_view bytes) -> Status {
    rows += bytes;
    return Ok{};
  };
  const auto comparison = compare(scenario, setup);
  ASSERT_TRUE(comparison.ok());
  ASSERT_EQ(comparison->cells.size(), 4U);
  std::uint64_t counted = 0;
  for (const Cell& cell : comparison->cells) {
    ASSERT_TRUE(cell.run.has_value()) << cell.error;
    counted += cell.run->result.serving.arrived;
  }
  EXPECT_EQ(comparison->cell(0, 0).run->result.serving.arrived, comparison->cell(1, 0).run->result.serving.arrived);
  EXPECT_NE(comparison->cell(0, 0).run->result.serving.arrived, comparison->cell(0, 1).run->result.serving.arrived);
  // One row a request, the header first, cell by cell.
  EXPECT_TRUE(rows.starts_with(RequestsCsv::header()));
  EXPECT_EQ(static_cast<std::uint64_t>(std::count(rows.begin(), rows.end(), '\n')), counted + 1);
  EXPECT_LT(rows.rfind("\nfirst,3,"), rows.find("\nfirst,4,"));
  EXPECT_LT(rows.rfind("\nfirst,4,"), rows.find("\nsecond,3,"));
}

TEST_F(CompareTest, AWorkerThatIsKilledIsItsCellsFailure) {
  const Scenario scenario = load(with(kScenario, "router: least_requests", "router: crashing"));
  const auto comparison = compare(scenario, setup_for(scenario, {3}, 2));
  ASSERT_TRUE(comparison.ok());
  EXPECT_TRUE(comparison->complete);
  EXPECT_TRUE(comparison->cells[0].run.has_value());
  EXPECT_FALSE(comparison->cells[1].run.has_value());
  EXPECT_NE(comparison->cells[1].error.find("killed by signal 9"), std::string::npos) << comparison->cells[1].error;
}

TEST_F(CompareTest, APolicyThatBreaksItsContractIsItsCellsFailure) {
  const Scenario scenario = load(with(kScenario, "router: round_robin", "router: lying"));
  const auto comparison = compare(scenario, setup_for(scenario, {3}, 2));
  ASSERT_TRUE(comparison.ok());
  EXPECT_NE(comparison->cells[0].error.find("lying"), std::string::npos) << comparison->cells[0].error;
  EXPECT_TRUE(comparison->cells[1].run.has_value());
}

TEST_F(CompareTest, ABadRowInATraceIsOneErrorForAll) {
  std::string trace = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  for (int i = 10; i < 60; ++i) trace += "2023-11-16 18:17:" + std::to_string(i) + ".0000000,100,10\n";
  trace += "2023-11-16 18:18:01.0000000,100,many\n";
  write("azure.csv", trace);
  const std::string from = std::string(kScenario).substr(std::string(kScenario).find("      generate:"));
  const std::string text = with(kScenario, from.substr(0, from.find("policies:")), "      trace: {file: azure.csv}\n");
  const Scenario scenario = load(text);
  CompareSetup setup = setup_for(scenario, {3, 4}, 2);
  const auto comparison = compare(scenario, setup);
  ASSERT_FALSE(comparison.ok());
  EXPECT_NE(comparison.error().text().find("azure.csv:52"), std::string::npos) << comparison.error().text();
}

TEST_F(CompareTest, AFullDiskUnderTheRowsIsOneErrorForAll) {
  const Scenario scenario = load(kScenario);
  CompareSetup setup = setup_for(scenario, {3}, 2);
  setup.requests_path = folder_ + "/requests.csv";
  setup.requests = [](std::string_view bytes) -> Status {
    if (bytes == RequestsCsv::header()) return Ok{};
    return Error{"no space left", "requests.csv"};
  };
  const auto comparison = compare(scenario, setup);
  ASSERT_FALSE(comparison.ok());
  EXPECT_EQ(comparison.error().text(), "requests.csv: no space left");
}

TEST_F(CompareTest, StoppedAtOnceThereIsNothingAndItSaysSo) {
  const Scenario scenario = load(kScenario);
  CompareSetup setup = setup_for(scenario, {3}, 2);
  const std::atomic<bool> stop{true};
  setup.stop = &stop;
  const auto comparison = compare(scenario, setup);
  ASSERT_TRUE(comparison.ok());
  EXPECT_FALSE(comparison->complete);
  for (const Cell& cell : comparison->cells) EXPECT_TRUE(!cell.run && cell.error.empty());
}

}  // namespace
}  // namespace jevons
