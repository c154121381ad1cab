// The table of `jevons validate`: verdicts, counts, 80 columns, CSV and JSON that parse.
#include "validation/validate.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace jevons {
namespace {

ValidationRow row(const char* id, double published, double simulated, double allowed) {
  ValidationRow r;
  r.id = id;
  r.section = "Part";
  r.source = "paper, 2024";
  r.setup = "a setup with, a comma and \"quotes\"";
  r.quantity = "time";
  r.unit = "ms";
  r.published = published;
  r.simulated = simulated;
  r.error = simulated / published - 1;
  r.allowed = allowed;
  return r;
}

ValidationRows some() {
  ValidationRows rows{row("a.good", 100, 104, 0.05), row("a.high", 100, 106, 0.05), row("a.low", 100, 94, 0.05),
                      row("a.info", 14'815, 30'000, 0), row("a.seen", 100, 190, 0.05)};
  rows[4].split = Split::kFitted;
  rows[1].note = "why it misses, said in one sentence that is so long that it has to go over two lines of the terminal";
  rows.push_back(row("b.absent", 1, 1, 0.05));
  rows.back().no_data = "perf/x.csv";
  ValidationRow sum;
  sum.id = "b.sum";
  sum.section = "Sums";
  sum.setup = "many rows";
  sum.quantity = "mean |error|";
  sum.count = 12'345;
  sum.error = 0.042;
  sum.p95 = 0.2;
  sum.allowed = 0.05;
  rows.push_back(sum);
  return rows;
}

TEST(ValidationTable, CountsByVerdict) {
  const ValidationCounts c = count(some());
  EXPECT_EQ(c.passed, 2);
  EXPECT_EQ(c.failed, 2);
  EXPECT_EQ(c.fitted, 1);
  EXPECT_EQ(c.information, 1);
  EXPECT_EQ(c.no_data, 1);
}

TEST(ValidationTable, FitsEightyColumns) {
  for (const bool details : {false, true}) {
    std::istringstream lines(validation_text(some(), details));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
  const std::string text = validation_text(some(), true);
  EXPECT_NE(text.find("100         106   +6.0 %   5 % MISS"), std::string::npos) << text;
  EXPECT_NE(text.find("12,345 rows  p95 20.0 %    4.2 %   5 % pass"), std::string::npos) << text;
  EXPECT_NE(text.find("why it misses"), std::string::npos);
  EXPECT_EQ(validation_text(some(), false).find("why it misses"), std::string::npos);
}

TEST(ValidationTable, JsonParsesAndSaysTheSame) {
  const auto json = nlohmann::json::parse(validation_json(some()));
  EXPECT_EQ(json["rows"].size(), some().size());
  EXPECT_EQ(json["failed"], 2);
  EXPECT_EQ(json["rows"][1]["verdict"], "MISS");
  EXPECT_NEAR(json["rows"][1]["error"].get<double>(), 0.06, 1e-12);
  EXPECT_EQ(json["rows"][5]["no_data"], "perf/x.csv");
  EXPECT_FALSE(json["rows"][5].contains("error"));
}

TEST(ValidationTable, CsvQuotesWhatNeedsIt) {
  const std::string csv = validation_csv(some());
  EXPECT_NE(csv.find("a.good,Part,\"paper, 2024\",\"a setup with, a comma and \"\"quotes\"\"\",time,ms,100,104,1,0.04"),
            std::string::npos)
      << csv;
}

TEST(Validation, FilterByTheStartOfAnId) {
  const DataFolder nothing("/nonexistent");
  const Catalogue catalogue = Catalogue::builtin();
  const auto day6 = validate(nothing, catalogue, "experts.day6");
  ASSERT_EQ(day6->size(), 1u);
  EXPECT_EQ(day6->front().id, "experts.day6.decode");
  EXPECT_TRUE(validate(nothing, catalogue, "nothing")->empty());
  EXPECT_GT(validate(nothing, catalogue, "")->size(), 60u);
}

// Finding 4 of the case studies comes out by itself: H20 has 1.19 times H100's bandwidth and decodes far fewer tokens.
TEST(Validation, CutTensorCoresTurnTheOrderRound) {
  const auto rows = validate(DataFolder("/nonexistent"), Catalogue::builtin(), "experts.h20_over_h100");
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_LT(*rows->front().simulated, 0.5);
  EXPECT_TRUE(rows->front().passes());
}

}  // namespace
}  // namespace jevons
