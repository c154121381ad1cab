// Failures, resizes and deadlines in every report: the table by cause as drawn, figures by hand.
#include "report/failures.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "report/console.h"
#include "report/csv.h"
#include "report/figures.h"
#include "report/json.h"
#include "report/number_text.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

using nlohmann::json;
using report_test::comparison_of;

// Policy p, seed s: 148 + p + 2 s GPUs fail and stop 131 jobs, 7 cards of which 5 stop a job.
Comparison broken(std::size_t policies, std::size_t seeds) {
  std::vector<std::string> names;
  for (std::size_t p = 0; p < policies; ++p) names.push_back("policy_" + std::to_string(p));
  Comparison c = comparison_of(names, seeds);
  for (Cell& cell : c.cells) {
    RunResult& r = cell.run->result;
    r.faults = {{"gpu", 148 + cell.policy + 2 * (cell.seed - 7), 131, Gpus{4'230} * 1_h},
                {"nic", 7, 5, Gpus{1} * 30_min}};
    r.training.failures = 136;
    r.training.lost_to_failures = Gpus{1} * 30_min + Gpus{4'230} * 1_h;
    r.training.elapsed = Gpus{200} * 24_h;  // 4,800 GPU-hours; useful of policy 0: 24 x (90 + 60) = 3,600.
  }
  return c;
}

std::string csv_results(const Comparison& c) {
  for (const CsvFile& f : csv_reports(c)) {
    if (f.name == "results.csv") return f.text;
  }
  return "";
}

TEST(Failures, TableByHand) {
  // Seeds 7 and 8: 148 and 150, 149 and 151.
  EXPECT_EQ(failure_table(broken(2, 2), false), R"(
Failures: how many, interruptions of jobs, GPU-hours lost
           policy_0       policy_1
gpu   149 131 4,230  150 131 4,230
nic     7   5 0.500    7   5 0.500
total 156 136 4,230  157 136 4,230
)");
}

TEST(Failures, NoCausesNoTable) {
  const Comparison c = comparison_of({"a", "b"});
  EXPECT_EQ(failure_table(c, false), "");
  const std::string text = console_report(c, {});
  for (const char* word : {"Failures", "ETTR", "resizes", "deadlines", "job failures"}) {
    EXPECT_EQ(text.find(word), std::string::npos) << word;
  }
}

TEST(Failures, ConsoleRows) {
  const std::string text = console_report(broken(1, 1), {});
  EXPECT_NE(text.find("\nFailures: how many"), std::string::npos) << text;
  EXPECT_NE(text.find("ETTR                      75.0 %"), std::string::npos) << text;  // 3,600 of 4,800.
  EXPECT_NE(text.find("job failures                 136"), std::string::npos) << text;
  EXPECT_EQ(text.find("resizes"), std::string::npos);
}

TEST(Failures, NeverWiderThan80Columns) {
  for (std::size_t n = 1; n <= 6; ++n) {
    Comparison c = broken(n, 2);
    for (Cell& cell : c.cells) {
      FaultResult& f = cell.run->result.faults[0];
      f.cause = std::string(64, 'x');
      f.count = f.jobs_stopped = 9'876'543;
      f.lost = Gpus{2'000'000'000} * 3600_h;
    }
    c.cells[0].run.reset();
    std::istringstream in(failure_table(c, false));
    for (std::string line; std::getline(in, line);) EXPECT_LE(text_columns(line), 80U) << line;
  }
}

TEST(Failures, APolicyWithoutRunsHasADash) {
  Comparison c = broken(2, 1);
  c.cells[1].run.reset();
  const std::string text = failure_table(c, false);
  EXPECT_NE(text.find("gpu   148 131 4,230              -\n"), std::string::npos) << text;
}

TEST(Failures, Json) {
  const json run = json::parse(json_report(broken(1, 1)))["runs"][0];
  ASSERT_EQ(run["faults"].size(), 2U);
  EXPECT_EQ(run["faults"][0]["cause"], "gpu");
  EXPECT_EQ(run["faults"][0]["failures"], 148);
  EXPECT_EQ(run["faults"][0]["interruptions"], 131);
  EXPECT_EQ(run["faults"][1]["lost"]["gpu_ns"], "1800000000000");
  EXPECT_EQ(run["training"]["failures"], 136);
  EXPECT_EQ(run["training"]["lost_to_failures"]["gpu_hours"], 4230.5);
  EXPECT_EQ(run["training"]["elapsed"]["gpu_hours"], 4800.0);
  EXPECT_EQ(run["training"]["ettr"], 0.75);
  EXPECT_EQ(json::parse(json_report(comparison_of({"a"})))["runs"][0]["faults"], json::array());
}

TEST(Failures, Csv) {
  const std::string text = csv_results(broken(1, 1));
  EXPECT_NE(text.find("policy_0,7,job_failures,136,failures\n"), std::string::npos);
  EXPECT_NE(text.find("policy_0,7,lost_to_failures_gpu_hours,4230.5,GPU-h\n"), std::string::npos);
  EXPECT_NE(text.find("policy_0,7,ettr,0.75,share\n"), std::string::npos);
}

// `elapsed` is of the GPUs jobs held, so that the ratio holds for elastic jobs as well.
TEST(Failures, ResizesChangeNoRatioAndWithoutAStartThereIsNone) {
  Comparison c = broken(1, 1);
  TrainingResult& t = c.cells[0].run->result.training;
  t.resizes = 4;
  EXPECT_EQ(figure("ettr").value(*c.cells[0].run), 0.75);
  EXPECT_NE(console_report(c, {}).find("resizes                        4"), std::string::npos);
  t.elapsed = {};
  EXPECT_FALSE(figure("ettr").value(*c.cells[0].run).has_value());
  EXPECT_TRUE(json::parse(json_report(c))["runs"][0]["training"]["ettr"].is_null());
  EXPECT_EQ(console_report(c, {}).find("ETTR"), std::string::npos);
}

// An owner's lost time had guests' in it, the run's had not.
TEST(Failures, LostIsOfGuestsToo) {
  Comparison c = comparison_of({"a"});
  RunResult& r = c.cells[0].run->result;
  const double alone = *figure("lost_gpu_hours").value(*c.cells[0].run);
  r.guests.by_purpose[static_cast<std::size_t>(Purpose::kLostWork)] = Gpus{2} * 90_min;
  EXPECT_EQ(*figure("lost_gpu_hours").value(*c.cells[0].run), alone + 3);
}

TEST(Failures, DeadlinesAreAShareAndMissingAllIsShown) {
  Comparison c = comparison_of({"a"});
  TrainingResult& t = c.cells[0].run->result.training;
  EXPECT_NE(csv_results(c).find("a,7,deadlines_met,,share\n"), std::string::npos);
  t.deadlines = 8;
  EXPECT_NE(console_report(c, {}).find("deadlines met          0.0 %"), std::string::npos);
  t.deadlines_met = 3;
  EXPECT_EQ(figure("deadlines_met").value(*c.cells[0].run), 0.375);
  const json training = json::parse(json_report(c))["runs"][0]["training"];
  EXPECT_EQ(training["deadlines"], 8);
  EXPECT_EQ(training["deadlines_met"], 3);
}

}  // namespace
}  // namespace jevons
