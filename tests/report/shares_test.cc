// Shares of a GPU in every report where there were any, and in none where there were none.
#include "report/shares.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/console.h"
#include "report/csv.h"
#include "report/json.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

// Policy 1 of two: 10 GPU-hours of shared GPUs, 6 of them used; seed s joined 4 + 2 s times.
Comparison with_shares() {
  Comparison c = report_test::comparison_of({"none", "some"}, 2);
  for (Cell& cell : c.cells) {
    if (cell.policy != 1) continue;
    ShareResult& s = cell.run->result.shares;
    s.held = Gpus{10} * 1_h;
    s.used = Gpus{6} * 1_h;
    s.by_purpose[static_cast<std::size_t>(Purpose::kTraining)] = Gpus{3} * 1_h;
    s.opened = 5;
    s.joined = 4 + 2 * (cell.seed - 7);
  }
  return c;
}

TEST(Shares, ATableOfMeans) {
  EXPECT_EQ(share_table(with_shares(), false),
            "\nJobs with shares of a GPU\n"
            "                           none  some\n"
            "shared GPUs, GPU-h            0  10.0\n"
            "of these used by shares       0  6.00\n"
            "used, %                       0  60.0\n"
            "trained beside a holder, h    0  3.00\n"
            "lost beside a holder, h       0     0\n"
            "opened                        0     5\n"
            "joined                        0     5\n");
}

TEST(Shares, InCsvAndJsonOfTheRunsThatHadThem) {
  std::string csv;
  for (const CsvFile& f : csv_reports(with_shares())) csv += f.name == "results.csv" ? f.text : "";
  EXPECT_NE(csv.find("some,7,shared_used_percent,60,%\n"), std::string::npos);
  EXPECT_EQ(csv.find("none,7,share"), std::string::npos);
  for (const auto& run : nlohmann::json::parse(json_report(with_shares()))["runs"]) {
    EXPECT_EQ(run.contains("shares"), run["policy"] == "some");
    if (!run.contains("shares")) continue;
    EXPECT_EQ(run["shares"]["beside_holder"]["training"]["gpu_ns"], "10800000000000");
    EXPECT_EQ(run["shares"]["opened"], 5);
  }
}

TEST(Shares, NothingWhereThereWereNone) {
  EXPECT_EQ(share_table(report_test::comparison_of({"a", "b"}, 2), false), "");
}

}  // namespace
}  // namespace jevons
