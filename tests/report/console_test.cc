// The console report: as drawn for two policies, within 80 columns for any number of them.
#include "report/console.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "report/number_text.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

using report_test::comparison_of;

const std::vector<std::string> kNames{"static_split", "priority_reclaim", "capacity_loan",
                                      "schedule",     "oracle",           "a_policy_with_a_very_long_name_indeed"};

std::vector<std::string> first_names(std::size_t n) { return {kNames.begin(), kNames.begin() + static_cast<long>(n)}; }

// JEVONS_UPDATE_GOLDEN=1 writes the file anew; look at the diff before committing it.
void expect_golden(const std::string& text, const std::string& name) {
  const std::string path = std::string(JEVONS_SOURCE_DIR) + "/tests/report/golden/" + name;
  if (std::getenv("JEVONS_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream in(path);
  std::stringstream expected;
  expected << in.rdbuf();
  EXPECT_EQ(text, expected.str()) << path;
}

void expect_80_columns(const std::string& text) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("reproduce") || line.starts_with("wrote")) continue;
    EXPECT_LE(text_columns(line), 80U) << line;
    EXPECT_TRUE(line.empty() || line.back() != ' ') << "'" << line << "'";
  }
}

TEST(Console, GoldenTwoPolicies) {
  expect_golden(console_report(comparison_of(first_names(2)), {false, {"a.json"}}), "two.txt");
}
TEST(Console, GoldenFourPolicies) { expect_golden(console_report(comparison_of(first_names(4)), {}), "four.txt"); }
TEST(Console, GoldenFourPoliciesThreeSeeds) {
  expect_golden(console_report(comparison_of(first_names(4), 3), {}), "four_seeds.txt");
}
TEST(Console, GoldenSixPolicies) { expect_golden(console_report(comparison_of(first_names(6)), {}), "six.txt"); }

TEST(Console, NeverWiderThan80Columns) {
  for (std::size_t n = 1; n <= kNames.size(); ++n) {
    for (const std::size_t seeds : {1U, 2U, 5U}) {
      Comparison c = comparison_of(first_names(n), seeds);
      expect_80_columns(console_report(c, {}));
      c.scenario = std::string(300, 'x');
      c.cells[0].run.reset();
      c.cells[0].error = std::string(300, 'y');
      expect_80_columns(console_report(c, {}));
    }
  }
}

TEST(Console, FourPoliciesStandSideBySide) {
  const std::string text = console_report(comparison_of(first_names(4)), {});
  EXPECT_EQ(text.find("TTFT p50"), text.rfind("TTFT p50"));
}

TEST(Console, NoColorUnlessAsked) {
  const Comparison c = comparison_of(first_names(3), 2);
  EXPECT_EQ(console_report(c, {}).find('\033'), std::string::npos);
  EXPECT_NE(console_report(c, {true, {}}).find('\033'), std::string::npos);
}

TEST(Console, AFailedRunIsNamedAndTheOthersAreShown) {
  Comparison c = comparison_of(first_names(2));
  c.cells[1].run.reset();
  c.cells[1].error = "worker was killed by signal 11 (Segmentation fault)";
  const std::string text = console_report(c, {});
  EXPECT_NE(text.find("FAILED priority_reclaim (seed 7): worker was killed by signal 11"), std::string::npos) << text;
  EXPECT_NE(text.find("99,990"), std::string::npos);
}

TEST(Console, InterruptedRunsAreNotRanked) {
  Comparison c = comparison_of(first_names(2));
  c.complete = false;
  c.cells[1].run->result.complete = false;
  c.cells[1].run->result.end = Instant{} + 6_h;
  const std::string text = console_report(c, {});
  EXPECT_TRUE(text.starts_with("Interrupted")) << text;
  EXPECT_EQ(text.find('*'), std::string::npos) << text;
  EXPECT_NE(text.find("6.00 h"), std::string::npos);
}

TEST(Console, AnEmptyRunPrints) {
  Comparison c = comparison_of(first_names(2));
  for (Cell& cell : c.cells) cell.run = RunReport{};
  expect_80_columns(console_report(c, {}));
}

TEST(Console, NotesOnTheModelStandBelowTheTables) {
  Comparison c = comparison_of(first_names(2));
  EXPECT_EQ(console_report(c, {}).find("Model"), std::string::npos);
  c.notes = {"chat on h800: H800-SXM5-80GB: constants derived from h100, not measured on this GPU: gemm_bf16, prefill",
             "chat: engine vllm_0.15 is not fitted"};
  const std::string text = console_report(c, {});
  expect_80_columns(text);
  EXPECT_NE(text.find("\nModel: derived, not fitted, or outside what was measured\n"
                      "chat on h800: H800-SXM5-80GB: constants derived from h100, not measured on this\n"
                      "  GPU: gemm_bf16, prefill\n"
                      "chat: engine vllm_0.15 is not fitted\n"
                      "\nreproduce"),
            std::string::npos)
      << text;
}

TEST(Console, TheSameWarningOfManyRunsIsPrintedOnce) {
  const std::string text = console_report(comparison_of(first_names(4), 2), {});
  EXPECT_NE(text.find("warning: azure.csv"), std::string::npos);
  EXPECT_EQ(text.find("warning:"), text.rfind("warning:"));
}

}  // namespace
}  // namespace jevons
