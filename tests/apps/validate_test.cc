// `jevons validate` as a user runs it: without data, with bad data, into files.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/apps/program.h"

namespace jevons {
namespace {

using apps_test::Ended;
using apps_test::expect_refused;
using apps_test::read_file;
using Validate = apps_test::Program;

TEST_F(Validate, WithoutDataEveryRowThatNeedsItSaysSo) {
  const Ended e = jevons("validate", "JEVONS_DATA=/nonexistent");
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_EQ(e.err, "");
  EXPECT_NE(e.out.find("no data"), std::string::npos);
  EXPECT_NE(e.out.find("H800 EP144 decode"), std::string::npos);  // Published figures need none.
  std::istringstream lines(e.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
}

TEST_F(Validate, WritesJsonAndCsvAndMarkdown) {
  const Ended e = jevons("validate --only experts --json v.json --csv v.csv --markdown", "JEVONS_DATA=/nonexistent");
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_TRUE(e.out.starts_with("# Validation")) << e.out.substr(0, 100);
  EXPECT_GT(nlohmann::json::parse(read_file(path("v.json")))["rows"].size(), 5u);
  EXPECT_NE(read_file(path("v.csv")).find("experts.day6.decode,"), std::string::npos);
}

TEST_F(Validate, MistakesGetOneLineAndStatusTwo) {
  expect_refused(jevons("validate --only kernel.h100"), "--only: no row");
  expect_refused(jevons("validate --data nowhere"), "--data: expected a folder of measured data, got");
  expect_refused(jevons("validate --strct"), "unknown option '--strct' (did you mean '--strict'?)");
}

TEST_F(Validate, AFileThatCannotBeWrittenIsNamedAndNothingIsLeft) {
  const std::string rows = "validate --only experts.day6 ";
  for (const char* flag : {"--json", "--csv"}) {
    expect_refused(jevons(rows + flag + " no/where"), "no/where: cannot create: No such file");
    expect_refused(jevons(rows + flag + " ."), ".: is a directory (expected a file)");
    expect_refused(jevons(rows + flag + " /sys/jevons"), "/sys/jevons: cannot create: ");
    expect_refused(jevons(rows + flag + " /dev/full"), "/dev/full: cannot write: No space left");
    expect_refused(jevons(rows + flag + " \"\""), flag + std::string(": expected a name, got"));
  }
  expect_refused(jevons(rows + "--json same --csv same"), "same: expected two different files");
  expect_refused(jevons(rows + "--json v.json --csv /dev/full"), "/dev/full");
  expect_refused(jevons(rows + "--json /dev/full --csv v.csv"), "/dev/full");
  EXPECT_EQ(files_left(), 0U);
}

TEST_F(Validate, ABadDataFileIsNamedWithItsLine) {
  std::filesystem::create_directories(path("data/perf"));
  write("data/perf/comm_h100_nccl2.29.2.csv", "op_name,num_gpus,bytes,us\nall_reduce,8,512,quick\n");
  expect_refused(jevons("validate --only collectives --data data"),
                 "data/perf/comm_h100_nccl2.29.2.csv:2: expected us to be a number, got");
}

TEST_F(Validate, StrictFailsOnAMiss) {
  EXPECT_EQ(jevons("validate --only experts.day6 --strict").code, 0);
  EXPECT_EQ(jevons("validate --only experts.ant.prefill --strict").code, 1);
}

}  // namespace
}  // namespace jevons
