// Golden results: what `jevons compare` writes for twelve small scenarios, figure by figure.
//
// A change of behaviour shows as a diff of expected/*.json, to be explained in the commit that makes it:
//     GOLDEN_UPDATE=1 ctest -L golden
// Everything must be equal; figures in which SimGrid's dates take part are doubles on the way and may differ by 1e-6.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace jevons {
namespace {

using Json = nlohmann::ordered_json;

struct Case {
  const char* name;
  const char* arguments;  // Beside the scenario.
};

constexpr Case kCases[] = {
    {"plain", ""},
    {"all_allocators", "--set policies[1]=capacity_loan"},
    {"training_first", "--set policies[1]=training_first"},
    {"least_kv", "--set serving.pools[0].router=least_kv --policy static_split"},
    {"power_of_two", "--set serving.pools[0].router=power_of_two --policy static_split"},
    {"prefill_first", "--set serving.pools[0].batcher=vllm_v0 --policy static_split"},
    {"static_batches", "--set serving.pools[0].batcher=static --policy static_split"},
    {"unchunked",
     "--set serving.pools[0].enable_chunked_prefill=false --set serving.pools[0].max_num_batched_tokens=16384 "
     "--policy static_split"},
    {"short_of_memory", "--set serving.pools[0].num_gpu_blocks_override=1100 --policy static_split"},
    {"fcfs_spread", "--set training.queue=fcfs --set training.placement=spread"},
    {"no_checkpoints", "--set training.checkpoint_interval=0"},
    {"eight_gpus_a_replica", "--set serving.pools[0].groups[0].tensor_parallel_size=8"},
};

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Ledger figures in gpu_ns are text; numbers within 1e-6 are equal.
void expect_same(const Json& expected, const Json& got, const std::string& where) {
  ASSERT_EQ(expected.type(), got.type()) << where;
  if (expected.is_object()) {
    ASSERT_EQ(expected.size(), got.size()) << where;
    for (const auto& [key, value] : expected.items()) {
      ASSERT_TRUE(got.contains(key)) << where << "." << key;
      expect_same(value, got[key], where + "." + key);
    }
  } else if (expected.is_array()) {
    ASSERT_EQ(expected.size(), got.size()) << where;
    for (std::size_t i = 0; i < expected.size(); ++i)
      expect_same(expected[i], got[i], where + "[" + std::to_string(i) + "]");
  } else if (expected.is_number_float()) {
    const double e = expected.get<double>(), g = got.get<double>();
    EXPECT_NEAR(e, g, 1e-6 * std::max(1.0, std::fabs(e))) << where;
  } else {
    EXPECT_EQ(expected, got) << where;
  }
}

class Golden : public ::testing::TestWithParam<Case> {};

TEST_P(Golden, IsWhatItWas) {
  const std::string folder = std::string(JEVONS_SOURCE_DIR) + "/tests/golden/";
  const std::string out =
      (std::filesystem::temp_directory_path() / (std::string("jevons_golden_") + GetParam().name)).string();
  const std::string command = std::string(JEVONS_PROGRAM) + " compare " + folder + "base.yaml --audit --quiet --json " +
                              out + " " + GetParam().arguments;
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const Json whole = Json::parse(read(out));
  std::filesystem::remove(out);
  const Json got = {{"verdict", whole.at("verdict")}, {"runs", whole.at("runs")}};
  const std::string expected = folder + "expected/" + GetParam().name + ".json";
  if (std::getenv("GOLDEN_UPDATE") != nullptr) {
    std::ofstream(expected) << got.dump(1) << "\n";
    return;
  }
  expect_same(Json::parse(read(expected)), got, GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, ::testing::ValuesIn(kCases),
                         [](const auto& case_info) { return std::string(case_info.param.name); });

}  // namespace
}  // namespace jevons
