// Guests in every report where there were any, and in none where there were none.
#include "report/guests.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/console.h"
#include "report/csv.h"
#include "report/json.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

// Policy 1 of two: 10 GPU-hours open, 6 useful, 1 lost, worth 3; seed s started 4 + 2 s.
Comparison with_guests() {
  Comparison c = report_test::comparison_of({"alone", "colocate"}, 2);
  for (Cell& cell : c.cells) {
    if (cell.policy != 1) continue;
    GuestResult& g = cell.run->result.guests;
    g.open = Gpus{10} * 1_h;
    g.work = Gpus{3} * 1_h;
    g.by_purpose[static_cast<std::size_t>(Purpose::kTraining)] = Gpus{6} * 1_h;
    g.by_purpose[static_cast<std::size_t>(Purpose::kLostWork)] = Gpus{1} * 1_h;
    g.starts = 4 + 2 * (cell.seed - 7);
    g.sent_away = 2;
  }
  return c;
}

std::string csv_results(const Comparison& c) {
  for (const CsvFile& f : csv_reports(c)) {
    if (f.name == "results.csv") return f.text;
  }
  return "";
}

TEST(Guests, ATableOfMeans) {
  EXPECT_EQ(guest_table(with_guests(), false),
            "\nGuests on serving GPUs (not in the table of GPU-hours by purpose)\n"
            "                             alone  colocate\n"
            "work, in GPU-h of its own        0      3.00\n"
            "useful GPU-h                     0      6.00\n"
            "lost GPU-h                       0      1.00\n"
            "open GPU-h                       0      10.0\n"
            "starts                           0         5\n"
            "sent away                        0         2\n");
}

TEST(Guests, RowsOfTheRunsThatHadThem) {
  const std::string csv = csv_results(with_guests());
  EXPECT_NE(csv.find("colocate,7,guest_work_gpu_hours,3,GPU-h\n"), std::string::npos);
  EXPECT_NE(csv.find("colocate,8,guest_starts,6,starts\n"), std::string::npos);
  EXPECT_EQ(csv.find("alone,7,guest"), std::string::npos);
}

TEST(Guests, AnObjectOfTheRunsThatHadThem) {
  const auto runs = nlohmann::json::parse(json_report(with_guests()))["runs"];
  int had = 0;
  for (const auto& run : runs) {
    EXPECT_EQ(run.contains("guests"), run["policy"] == "colocate");
    if (!run.contains("guests")) continue;
    ++had;
    EXPECT_EQ(run["guests"]["training"]["gpu_ns"], "21600000000000");
    EXPECT_EQ(run["guests"]["sent_away"], 2);
  }
  EXPECT_EQ(had, 2);
}

TEST(Guests, NothingWhereThereWereNone) {
  const Comparison c = report_test::comparison_of({"a", "b"}, 2);
  EXPECT_EQ(guest_table(c, false), "");
  EXPECT_EQ(csv_results(c).find("guest"), std::string::npos);
  EXPECT_EQ(json_report(c).find("guest"), std::string::npos);
}

}  // namespace
}  // namespace jevons
