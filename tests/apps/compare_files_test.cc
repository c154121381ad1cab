// Files of a comparison: whole or not at all, on disks that are full too.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/apps/program.h"

namespace jevons {
namespace {

using apps_test::Ended;
using apps_test::expect_refused;
using apps_test::read_file;
using CompareFiles = apps_test::Program;

TEST_F(CompareFiles, AllOfThemAndTheirNamesOnTheConsole) {
  const Ended e = jevons("compare tiny.yaml --json out.json --csv tables --requests requests.csv");
  ASSERT_EQ(e.code, 0) << e.err;
  const auto doc = nlohmann::json::parse(read_file(path("out.json")));
  EXPECT_EQ(doc["complete"], true);
  const std::string rows = read_file(path("requests.csv"));
  const auto arrived = doc["runs"][0]["arrived"].get<std::int64_t>() + doc["runs"][1]["arrived"].get<std::int64_t>();
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 1 + arrived);
  for (const char* name : {"out.json", "tables/results.csv", "tables/pools.csv", "tables/ledger.csv",
                           "tables/differences.csv", "tables/runs.csv", "requests.csv"}) {
    EXPECT_NE(e.out.find(std::string("wrote      ") + name + "\n"), std::string::npos) << name;
    EXPECT_FALSE(read_file(path(name)).empty()) << name;
  }
  EXPECT_EQ(files_left(), 3U);
}

TEST_F(CompareFiles, CompressedRowsAreTheSameRows) {
  ASSERT_EQ(jevons("compare tiny.yaml -q --requests plain.csv").code, 0);
  ASSERT_EQ(jevons("compare tiny.yaml -q --requests packed.csv.gz").code, 0);
  ASSERT_EQ(jevons("compare tiny.yaml -q --requests packed.csv.zst").code, 0);
  EXPECT_EQ(std::system(("cd " + folder_ + " && gzip -dc packed.csv.gz | cmp - plain.csv").c_str()), 0);
  EXPECT_EQ(std::system(("cd " + folder_ + " && zstd -dcq packed.csv.zst | cmp - plain.csv").c_str()), 0);
}

TEST_F(CompareFiles, AFolderThatIsMissingIsFoundBeforeTheFirstRun) {
  expect_refused(jevons("compare tiny.yaml --json no/out.json"), "no/out.json");
  expect_refused(jevons("compare tiny.yaml --requests no/r.csv"), "no/r.csv");
  expect_refused(jevons("compare tiny.yaml --csv no/such"), "no/such");
  expect_refused(jevons("compare tiny.yaml --csv tiny.yaml"), "tiny.yaml");
  expect_refused(jevons("compare tiny.yaml --json ."), ".");
  expect_refused(jevons("compare tiny.yaml --json tiny.yaml/out.json"), "tiny.yaml/out.json: cannot create: Not a");
  for (const char* flag : {"--json", "--csv", "--requests"}) {  // Where nobody can make files, root included.
    expect_refused(jevons(std::string("compare tiny.yaml ") + flag + " /sys/jevons"), "/sys/jevons: cannot ");
  }
  expect_refused(jevons("compare tiny.yaml --json same.csv --requests same.csv"), "two different files");
  EXPECT_EQ(files_left(), 0U);
}

TEST_F(CompareFiles, ADiskThatIsFullIsNamed) {
  for (const char* flag : {"--json", "--requests"}) {
    expect_refused(jevons(std::string("compare tiny.yaml ") + flag + " /dev/full"), "/dev/full: cannot write");
  }
  EXPECT_EQ(files_left(), 0U);
}

// SQLite's loop: whatever the size at which the disk is full, no file is left in part.
TEST_F(CompareFiles, NothingIsHalfWrittenWhateverTheSizeOfTheDisk) {
  ASSERT_EQ(jevons("compare tiny.yaml -q --json whole.json --requests whole.csv").code, 0);
  bool refused = false, written = false;
  for (int blocks = 0; blocks < 4096 && !written; blocks = blocks * 2 + 1) {  // Of 1,024 bytes.
    // Messages go through a pipe, because a file with them would have the same limit.
    const Ended e = jevons(
        "compare tiny.yaml -q --json out.json --csv tables --requests out.csv 2>&1) | cat; exit ${PIPESTATUS[0]}",
        "(ulimit -f " + std::to_string(blocks) + "; exec");
    written = e.code == 0;
    refused = refused || e.code == 2;
    EXPECT_TRUE(e.code == 0 || e.code == 2) << blocks << " " << e.code << " " << e.out;
    if (e.code == 2) {
      EXPECT_NE(e.out.find("File too large"), std::string::npos) << e.out;
    }
    for (const auto& [whole, out] : {std::pair("whole.json", "out.json"), std::pair("whole.csv", "out.csv")}) {
      if (std::filesystem::exists(path(out))) {
        EXPECT_EQ(read_file(path(out)), read_file(path(whole))) << blocks;
      }
      std::filesystem::remove(path(out));
    }
    std::filesystem::remove_all(path("tables"));
    EXPECT_EQ(files_left(), 2U) << blocks;
  }
  EXPECT_TRUE(refused && written);
}

TEST_F(CompareFiles, ABadTraceLeavesNothing) {
  write("bad.csv",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04,1,x\n");
  std::string text = kTiny;
  const std::size_t from = text.find("      generate:"), to = text.find("policies:");
  write("tiny.yaml", text.replace(from, to - from, "      trace: {file: bad.csv}\n"));
  expect_refused(jevons("compare tiny.yaml --seeds 3 --json out.json --csv tables --requests r.csv"), "bad.csv:3");
  EXPECT_EQ(files_left(), 1U);
}

TEST_F(CompareFiles, AnOldFileSurvivesAFailedRun) {
  write("out.json", "old");
  expect_refused(jevons("compare tiny.yaml --json out.json --requests /dev/full"), "/dev/full");
  EXPECT_EQ(read_file(path("out.json")), "old");
}

// The requests wait in the writer, so that the disk is found full when the JSON had its name already.
TEST_F(CompareFiles, AnOldFileSurvivesADiskThatIsFullAtTheVeryEnd) {
  write("out.json", "old");
  const std::string brief = "compare tiny.yaml --policy first --set horizon=1s --json out.json --csv tables";
  expect_refused(jevons(brief + " --requests /dev/full"), "/dev/full: cannot write");
  EXPECT_EQ(read_file(path("out.json")), "old");
  EXPECT_EQ(files_left(), 1U);
}

TEST_F(CompareFiles, JsonOnStandardOutputStandsAlone) {
  const Ended e = jevons("compare tiny.yaml --json -");
  EXPECT_EQ(e.code, 0);
  EXPECT_TRUE(nlohmann::json::accept(e.out)) << e.out.substr(0, 200);
  EXPECT_EQ(files_left(), 0U);
}

}  // namespace
}  // namespace jevons
