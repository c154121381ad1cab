// Tidy CSV: quoting, one row an observation, sums that agree.
#include "report/csv.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "report/figures.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string named(const std::vector<CsvFile>& files, const std::string& name) {
  for (const CsvFile& f : files) {
    if (f.name == name) return f.text;
  }
  ADD_FAILURE() << "no " << name;
  return "";
}

TEST(Csv, FieldsAreQuotedWhenTheyMustBe) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(csv_field("a\nb"), "\"a\nb\"");
  EXPECT_EQ(csv_field(""), "");
}

TEST(Csv, OneRowPerPolicySeedAndMetric) {
  const auto files = csv_reports(report_test::comparison_of({"split", "loan,2"}, 3));
  const std::string results = named(files, "results.csv");
  EXPECT_EQ(lines(results), 1 + 2 * 3 * figures().size());
  EXPECT_NE(results.find("\"loan,2\",9,jobs_completed,51,jobs\n"), std::string::npos);
  EXPECT_NE(results.find("split,7,useful_gpu_hours,3600,GPU-h\n"), std::string::npos);
  EXPECT_EQ(lines(named(files, "ledger.csv")), 1 + 2 * 3 * 2 * kPurposes);
  EXPECT_NE(named(files, "ledger.csv").find("split,7,a100,training,5184000000000000,1440\n"), std::string::npos);
  EXPECT_EQ(lines(named(files, "energy.csv")), 1 + 2 * 3 * 2 * kPowerPhases);
  EXPECT_NE(named(files, "energy.csv").find("split,7,h100,decode,32,2764800000000000,768,900,2488320000\n"),
            std::string::npos);
  EXPECT_EQ(lines(named(files, "runs.csv")), 1U + 6);
  EXPECT_NE(named(files, "differences.csv").find("\"loan,2\",split,jobs_completed,1,1,1,3,jobs\n"), std::string::npos);
}

TEST(Csv, RunsThatAreMissingSaySo) {
  Comparison c = report_test::comparison_of({"split", "loan", "third"});
  c.cells[0].run->result.complete = false;
  c.cells[1].run.reset();
  c.cells[1].error = "broke, badly";
  c.cells[2].run.reset();
  const std::string runs = named(csv_reports(c), "runs.csv");
  EXPECT_NE(runs.find("split,7,incomplete,86400,"), std::string::npos);
  EXPECT_NE(runs.find("loan,7,failed,,\"broke, badly\","), std::string::npos);
  EXPECT_NE(runs.find("third,7,not_run,,,"), std::string::npos);
}

TEST(Csv, NoValueIsEmpty) {
  Comparison c = report_test::comparison_of({"split"});
  c.cells[0].run->result.serving.ttft = {};
  EXPECT_NE(named(csv_reports(c), "results.csv").find("split,7,ttft_p50,,s\n"), std::string::npos);
}

}  // namespace
}  // namespace jevons
