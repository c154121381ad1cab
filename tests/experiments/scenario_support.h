// A small good scenario, and errors of what tests make of it.
#ifndef JEVONS_TESTS_EXPERIMENTS_SCENARIO_SUPPORT_H_
#define JEVONS_TESTS_EXPERIMENTS_SCENARIO_SUPPORT_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "experiments/scenario.h"

namespace jevons {

inline constexpr const char* kGoodYaml = R"(name: small
horizon: 1h
cluster:
  groups:
    - {name: h100, gpu: H100, nodes: 4}
    - {name: a100, gpu: A100, nodes: 2}
serving:
  pools:
    - name: chat
      model: Llama-3.1-70B
      groups:
        - group: h100
          tensor_parallel_size: 4
      initial_nodes: 2
      min_nodes: 1
      slo: {ttft: 2s, tpot: 50ms}
requests:
  streams:
    - name: talk
      pool: chat
      generate: {arrivals: {rate: 2}, prompt: {lognormal: {median: 500, sigma: 1}}, output: 100}
training:
  jobs:
    - name: nightly
      list:
        - {name: one, gpus: 8, run_time: 10min}
policies:
  - static_split
  - label: loan
    allocator: {name: capacity_loan, params: {headroom: 2}}
)";

// Folder of this test, removed at its end.
class ScenarioTest : public ::testing::Test {
 protected:
  ScenarioTest() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(info->test_suite_name()) + "." + info->name();
    for (char& c : name) c = c == '/' ? '_' : c;
    folder_ = std::filesystem::temp_directory_path() / ("jevons-" + std::to_string(::getpid()) + "-" + name);
    std::filesystem::create_directories(folder_);
  }
  ~ScenarioTest() override {
    std::error_code code;
    std::filesystem::remove_all(folder_, code);
  }

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  Result<Scenario> load(const std::string& name, const std::string& text,
                        const std::vector<std::string>& set = {}) const {
    return Scenario::load(write(name, text), builtin_policies(), set);
  }
  // The error of loading, without the folder; "" when there is none.
  std::string error_of(const std::string& name, const std::string& text,
                       const std::vector<std::string>& set = {}) const {
    const auto scenario = load(name, text, set);
    return scenario ? "" : short_error(scenario.error());
  }
  std::string short_error(const Error& error) const {
    std::string e = error.text();
    const std::string prefix = folder_.string() + "/";
    for (std::size_t at = e.find(prefix); at != std::string::npos; at = e.find(prefix)) e.erase(at, prefix.size());
    return e;
  }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

// `text` with the first `from` replaced; a `from` that is not there fails the test.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "no '" << from << "' in the scenario";
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace jevons
#endif  // JEVONS_TESTS_EXPERIMENTS_SCENARIO_SUPPORT_H_
