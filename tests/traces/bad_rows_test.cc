// Every reason a row can be bad, with its message, and what dropping counts.
#include "tests/traces/bad_rows.h"

#include <gtest/gtest.h>

namespace jevons::test {
namespace {

constexpr const char* kCount = " (expected a whole number from 1 to 2^40, got '";
constexpr const char* kStamp = " (expected YYYY-MM-DD HH:MM:SS with up to 9 decimals and an optional zone, got '";

TEST(BadRows, Azure) {
  const std::string prompt = "prompt tokens ", output = "output tokens ", time = "arrival time ";
  std::vector<Case> cases{
      {"2024-01-01 00:00:01,-5,1", ":3:21", with(prompt + "negative" + kCount, "-5"), prompt + "negative"},
      {"2024-01-01 00:00:01,0,1", ":3:21", with(prompt + "zero" + kCount, "0"), prompt + "zero"},
      {"2024-01-01 00:00:01,-0,1", ":3:21", with(prompt + "zero" + kCount, "-0"), prompt + "zero"},
      {"2024-01-01 00:00:01,,1", ":3:21", with(prompt + "malformed" + kCount, ""), prompt + "malformed"},
      {"2024-01-01 00:00:01,12x,1", ":3:21", with(prompt + "malformed" + kCount, "12x"), prompt + "malformed"},
      {"2024-01-01 00:00:01, 12,1", ":3:21", with(prompt + "malformed" + kCount, " 12"), prompt + "malformed"},
      {"2024-01-01 00:00:01,1.5,1", ":3:21", with(prompt + "malformed" + kCount, "1.5"), prompt + "malformed"},
      {"2024-01-01 00:00:01,+1,1", ":3:21", with(prompt + "malformed" + kCount, "+1"), prompt + "malformed"},
      {"2024-01-01 00:00:01,nan,1", ":3:21", with(prompt + "malformed" + kCount, "nan"), prompt + "malformed"},
      {"2024-01-01 00:00:01,1099511627777,1", ":3:21", with(prompt + "out of range" + kCount, "1099511627777"),
       prompt + "out of range"},
      {"2024-01-01 00:00:01,5,99999999999999999999999", ":3:23",
       with(output + "out of range" + kCount, "99999999999999999999999"), output + "out of range"},
      {"2024-01-01 00:00:01,5,-99999999999999999999999", ":3:23",
       with(output + "negative" + kCount, "-99999999999999999999999"), output + "negative"},
      {"2024-01-01 00:00:01,5,0", ":3:23", with(output + "zero" + kCount, "0"), output + "zero"},
      {"2024-01-01 00:00:01,5,1\x01", ":3:23", with(output + "malformed" + kCount, "1?"), output + "malformed"},
      {"2024-01-01 00:00:01,5", ":3:22",
       "too few columns (expected as many columns as the header, got '2024-01-01 00:00:01,5')", "too few columns"},
      {"2024-01-01 00:00:01,5,6,7", ":3:25", "too many columns (expected as many columns as the header, got '7')",
       "too many columns"},
      {"2024-01-01 00:00:01,\"5,6", ":3:21",
       "quote malformed (expected a closed quote before the comma or the end of the line, got '\"5,6')",
       "quote malformed"},
      {"2024-01-01 00:00:01,\"5\"x,6", ":3:21",
       "quote malformed (expected a closed quote before the comma or the end of the line, got '\"5\"x,6')",
       "quote malformed"},
  };
  for (const std::string stamp :
       {"", "yesterday", "2024-01-01", "2024-13-01 00:00:00", "2024-00-01 00:00:00", "2024-04-31 00:00:00",
        "2023-02-29 00:00:00", "2024-01-01 24:00:00", "2024-01-01 00:60:00", "2024-01-01 00:00:60",
        "2024-01-01 00:00:00.1234567890", "2024-01-01 00:00:00+24:00", "2024-01-01 00:00:00+1:00",
        "2024-01-01 00:00:00 UTC", "2024-01-01 00:00:00Zz", "2024/01/01 00:00:00", "20x4-01-01 00:00:00"}) {
    cases.push_back({stamp + ",5,6", ":3:1", with(time + "malformed" + kStamp, stamp), time + "malformed"});
  }
  for (const std::string stamp :
       {"1969-12-31 23:59:59", "2255-01-01 00:00:00", "9999-01-01 00:00:00", "1970-01-01 00:00:00+01:00"}) {
    cases.push_back({stamp + ",5,6", ":3:1",
                     with(time + "out of range (expected a year from 1970 to 2254, got '", stamp),
                     time + "out of range"});
  }
  check("TIMESTAMP,ContextTokens,GeneratedTokens\n", "2024-01-01 00:00:00,1,1\n", cases, false);
}

std::string mooncake(const std::string& timestamp, const std::string& input, const std::string& output,
                     const std::string& ids) {
  return "{\"timestamp\": " + timestamp + ", \"input_length\": " + input + ", \"output_length\": " + output +
         ", \"hash_ids\": " + ids + "}";
}

TEST(BadRows, Mooncake) {
  const std::string wrong = "block hashes of wrong number", hashes = "block hashes malformed";
  const std::string ids_expected = " (expected an array of whole numbers from 0 to 2^64-1, got '";
  const auto cut = [](const std::string& s) { return s.size() > 60 ? s.substr(0, 60) + "..." : s; };
  const auto json = [&](const std::string& row) {
    return "JSON malformed (expected one JSON object, got '" + cut(row) + "')";
  };
  const std::string time = "arrival time ", range = " (expected a time from 0 to 285 years, got '";
  std::vector<Case> cases{
      {mooncake("-1", "600", "1", "[1, 2]"), ":2:15", with(time + "negative" + range, "-1"), time + "negative"},
      {mooncake("1e30", "600", "1", "[1, 2]"), ":2:15", with(time + "out of range" + range, "1e30"),
       time + "out of range"},
      {mooncake("9000000000001", "600", "1", "[1, 2]"), ":2:15", with(time + "out of range" + range, "9000000000001"),
       time + "out of range"},
      {mooncake("\"7\"", "600", "1", "[1, 2]"), ":2:15", with(time + "malformed" + range, "\"7\""), time + "malformed"},
      {mooncake("null", "600", "1", "[1, 2]"), ":2:15", with(time + "malformed" + range, "null"), time + "malformed"},
      {mooncake("0", "0", "1", "[]"), ":2:34", with(std::string("prompt tokens zero") + kCount, "0"),
       "prompt tokens zero"},
      {mooncake("0", "[600]", "1", "[1, 2]"), ":2:34", with(std::string("prompt tokens malformed") + kCount, "["),
       "prompt tokens malformed"},
      {mooncake("0", "600", "0", "[1, 2]"), ":2:56", with(std::string("output tokens zero") + kCount, "0"),
       "output tokens zero"},
      {mooncake("0", "600", "1", "[1, \"2\"]"), ":2:75", with(hashes + ids_expected, "\"2\""), hashes},
      {mooncake("0", "600", "1", "[1, -2]"), ":2:75", with(hashes + ids_expected, "-2"), hashes},
      {mooncake("0", "600", "1", "[1, 2.5]"), ":2:75", with(hashes + ids_expected, "2.5"), hashes},
      {mooncake("0", "600", "1", "[1, 18446744073709551616]"), ":2:75",
       with(hashes + ids_expected, "18446744073709551616"), hashes},
      {mooncake("0", "600", "1", "7"), ":2:71", with(hashes + ids_expected, "7"), hashes},
  };
  for (const std::string ids : {"[1]", "[1, 2, 3]", "[]"}) {
    const std::string row = mooncake("0", "600", "1", ids);
    cases.push_back(
        {row, ":2", wrong + " (expected ceil(input_length / block size) hash_ids, got '" + cut(row) + "')", wrong});
  }
  const std::string few = "{\"timestamp\": 0, \"input_length\": 600}";
  cases.push_back({few, ":2",
                   "field missing (expected timestamp, input_length and output_length, got '" + cut(few) + "')",
                   "field missing"});
  const std::string twice = "{\"timestamp\": 0, \"timestamp\": 1, \"input_length\": 600, \"output_length\": 1}";
  cases.push_back({twice, ":2", "field twice (expected each field once, got 'timestamp')", "field twice"});
  for (const std::string& row :
       {std::string("{"), std::string("[1]"), std::string("nonsense"), std::string("{}}"),
        mooncake("0", "600", "1", "[1, 2]") + " x", mooncake("0", "600", "1", "[1, 2]") + "{}",
        std::string("{\"timestamp\": 0, \"input_length\" 600}"), std::string("{\"timestamp: 0}")}) {
    cases.push_back({row, ":2", json(row), "JSON malformed"});
  }
  check("", mooncake("5", "600", "1", "[1, 2]") + "\n", cases, false);
}

TEST(BadRows, OwnCsv) {
  const std::string e = " (expected a time from 0 to 285 years, got '";
  check(
      "arrival_s,prompt_tokens,output_tokens,hash_block,block_hashes\n", "1,600,1,,\n",
      {{"-0.5,600,1,,", ":3:1", with("arrival time negative" + e, "-0.5"), "arrival time negative"},
       {"9000000001,600,1,,", ":3:1", with("arrival time out of range" + e, "9000000001"), "arrival time out of range"},
       {"1e10000000000,600,1,,", ":3:1", with("arrival time malformed" + e, "1e10000000000"), "arrival time malformed"},
       {"1.,600,1,16,1 x", ":3:13", "block hashes malformed (expected whole numbers with one blank between, got '1 x')",
        "block hashes malformed"},
       {"1,16,1,16,1 2", ":3:11",
        "block hashes of wrong number (expected at most one for each hash_block tokens of the prompt, got '1 2')",
        "block hashes of wrong number"},
       {"1,16,1,,1", ":3:9", "hash block zero (expected hash_block above 0 where there are block_hashes, got '1')",
        "hash block zero"},
       {".,600,1,,", ":3:1", with("arrival time malformed" + e, "."), "arrival time malformed"}},
      false);
}

TEST(BadRows, Jobs) {
  const std::string run = " (expected a time above 0, up to 285 years, got '",
                    gpus = " (expected a whole number from 1 to 100000000, got '";
  check("submit,num_gpus,dur,parameters\n", "0,1,1,\n",
        {{"0,0,1,", ":3:3", with("GPUs zero" + gpus, "0"), "GPUs zero"},
         {"0,-8,1,", ":3:3", with("GPUs negative" + gpus, "-8"), "GPUs negative"},
         {"0,4294967297,1,", ":3:3", with("GPUs out of range" + gpus, "4294967297"), "GPUs out of range"},
         {"0,0.5,1,", ":3:3", with("GPUs malformed" + gpus, "0.5"), "GPUs malformed"},
         {"0,1,0,", ":3:5", with("run time zero" + run, "0"), "run time zero"},
         {"0,1,0.0000000001,", ":3:5", with("run time zero" + run, "0.0000000001"), "run time zero"},
         {"0,1,-3,", ":3:5", with("run time negative" + run, "-3"), "run time negative"},
         {"0,1,,", ":3:5", with("run time malformed" + run, ""), "run time malformed"},
         {"0,1,1e11,", ":3:5", with("run time out of range" + run, "1e11"), "run time out of range"},
         {"0,1,1,inf", ":3:7", "parameters malformed (expected a number from 0 to 1e15, got 'inf')",
          "parameters malformed"}},
        true);
  check("timestamp,duration,num_gpus,gpu_time,cluster\n", "2017-10-09 07:01:55,66.0,1,66.0,a\n",
        {{"2017-10-09 07:01:55,0.0,1,0,a", ":3:21", with("run time zero" + run, "0.0"), "run time zero"}}, true);
  check(
      "job_id,arrival_time,num_iteration,gpu_workers,gpu_per_worker\n", "0,0.0,208,8,8.0\n",
      {{"0,0.0,0,8,8.0", ":3:7", "run time zero (expected a whole number of half seconds, 1 or more, got '0')",
        "run time zero"},
       {"0,0.0,1,100000,100000", ":3:9",
        "GPUs out of range (expected gpu_workers x gpu_per_worker up to 100000000, got '100000')", "GPUs out of range"},
       {"0,0.0,1,8,0", ":3:11", with("GPUs zero" + gpus, "0"), "GPUs zero"}},
      true);
  const std::string tail = " -1 -1 -1 1 1 1 1 -1 -1 -1 -1";
  check("; comment\n", "1 0 -1 5 8 -1 -1 8" + tail.substr(0, tail.size() - 3) + "\n",
        {{"1 0 -1 -1 8 -1 -1 8 -1 -1 -1 1 1 1 1 -1 -1 -1", ":3:8", with("run time negative" + run, "-1"),
          "run time negative"},
         {"1 0 -1 0 8 -1 -1 8 -1 -1 -1 1 1 1 1 -1 -1 -1", ":3:8", with("run time zero" + run, "0"), "run time zero"},
         {"1 0 -1 5 -1 -1 -1 0 -1 -1 -1 1 1 1 1 -1 -1 -1", ":3:19",
          "GPUs zero (expected processors, 1 or more, got '0')", "GPUs zero"},
         {"1 0 -1 5 8 x -1 8 -1 -1 -1 1 1 1 1 -1 -1 -1", ":3:12", "number malformed (expected a number, got 'x')",
          "number malformed"},
         {"1 -7 -1 5 8 -1 -1 8 -1 -1 -1 1 1 1 1 -1 -1 -1", ":3:3",
          "arrival time negative (expected a time from 0 to 285 years, got '-7')", "arrival time negative"},
         {"1 0 -1 5", ":3:9", "too few columns (expected 18 numbers, got '1 0 -1 5')", "too few columns"}},
        true);
}

TEST(BadRows, DroppedRowsAddUpWithKeptOnes) {
  const Folder folder;
  std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  for (int i = 0; i < 300; ++i) {
    text += "2024-01-01 00:00:00," + std::to_string(i % 3 - 1) + "," + std::to_string(i % 5) + "\n";
  }
  TraceOptions o;
  o.drop_bad_rows = true;
  const ReadTrace t = read(folder.write("a", text), o);
  EXPECT_EQ(t.counts.rows, 300U);
  EXPECT_EQ(t.counts.kept, 80U);
  EXPECT_EQ(t.counts.dropped,
            (std::map<std::string, std::uint64_t>{
                {"prompt tokens negative", 100}, {"prompt tokens zero", 100}, {"output tokens zero", 20}}));
  EXPECT_EQ(t.requests.size(), 80U);
}

}  // namespace
}  // namespace jevons::test
