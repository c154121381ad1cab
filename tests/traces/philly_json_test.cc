// Philly's own JSON: what its attempts become, the same jobs as the CSV, and every way the file can be wrong.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/traces/bad_rows.h"
#include "traces/json_array.h"

namespace jevons::test {
namespace {

JobTrace jobs_of(const std::string& path, const TraceOptions& options = {}) {
  auto trace = read_jobs(path, options);
  EXPECT_TRUE(trace.ok()) << trace.error().text();
  return trace ? *std::move(trace) : JobTrace{};
}
std::string attempt(const std::string& start, const std::string& end, const std::string& gpus) {
  return "{\"start_time\": " + start + ", \"end_time\": " + end + ", \"detail\": [{\"ip\": \"m1\", \"gpus\": [" + gpus +
         "]}]}";
}
std::string at(const std::string& clock) { return "\"2017-10-07 " + clock + "\""; }
std::string job(const std::string& id, const std::string& attempts) {
  return "{\"status\": \"Pass\", \"vc\": \"v1\", \"jobid\": \"" + id + "\", \"attempts\": [" + attempts +
         "], \"submitted_time\": " + at("01:00:00") + ", \"user\": \"u1\"}";
}
const std::string kGood = job("good", attempt(at("01:00:10"), at("01:01:00"), "\"gpu0\""));

// As in the README of philly-traces, with the layout of the true file.
constexpr const char* kPublished = R"J([
    {
        "status": "Pass",
        "vc": "ee9e8c",
        "jobid": "application_1506638472019_14199",
        "attempts": [
            {
                "start_time": "2017-10-07 01:12:09",
                "end_time": "2017-10-07 01:13:23",
                "detail": [
                    {"ip": "m47", "gpus": ["gpu0", "gpu1", "gpu2", "gpu3", "gpu4", "gpu5", "gpu6", "gpu7"]}
                ]
            },
            {
                "start_time": "2017-10-07 01:13:30",
                "end_time": "2017-10-09 06:53:12",
                "detail": [
                    {"ip": "m412", "gpus": ["gpu0", "gpu1", "gpu2", "gpu3"]},
                    {"ip": "m7", "gpus": ["gpu4", "gpu5", "gpu6", "gpu7", "gpu0"]}
                ]
            }
        ],
        "submitted_time": "2017-10-07 01:11:39",
        "user": "ce2f4c"
    }
]
)J";

TEST(PhillyJson, RunTimeIsTheSumOfTheAttemptsAndGpusAreOfTheLargest) {
  const Folder folder;
  const JobTrace t = jobs_of(folder.write("cluster_job_log", kPublished));
  ASSERT_EQ(t.jobs.size(), 1U);
  EXPECT_EQ(t.jobs[0].name, "application_1506638472019_14199");
  EXPECT_EQ(t.jobs[0].tenant, "ee9e8c");
  EXPECT_EQ(t.jobs[0].gpus, Gpus{9});  // 4 + 5 on two servers; the first attempt had 8.
  // 74 s, and 53:39:42.
  EXPECT_EQ(t.jobs[0].run_time, Duration{(74 + 2 * 86400 + 5 * 3600 + 39 * 60 + 42) * 1'000'000'000LL});
  EXPECT_EQ(t.jobs[0].estimate, t.jobs[0].run_time);
}

TEST(PhillyJson, SameJobsAsTheCsvWhereEachHasOneAttempt) {
  const Folder folder;
  RandomStream random(7, "philly");
  std::string json = "[", csv = "timestamp,duration,num_gpus,gpu_time,cluster\n";
  const auto two = [](std::uint64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  for (int i = 0; i < 500; ++i) {
    const std::string day = "2017-11-" + two(1 + random.below(20)) + " ";  // Not sorted, across no change of clocks.
    const std::string submit = day + two(random.below(10)) + ":00:0" + std::to_string(random.below(10));
    const std::uint64_t start = 36000 + random.below(3600), run = 1 + random.below(40000), gpus = 1 + random.below(16);
    const auto clock = [&](std::uint64_t s) {
      return day + two(s / 3600) + ":" + two(s / 60 % 60) + ":" + two(s % 60);
    };
    std::string names;
    for (std::uint64_t g = 0; g < gpus; ++g) names += (g == 0 ? "\"gpu" : ",\"gpu") + std::to_string(g) + "\"";
    const std::string vc = "v" + std::to_string(random.below(4));
    json += (i == 0 ? "" : ",\n") + std::string("{\"jobid\":\"") + std::to_string(i) + "\",\"vc\":\"" + vc +
            "\",\"submitted_time\":\"" + submit + "\",\"attempts\":[" +
            attempt("\"" + clock(start) + "\"", "\"" + clock(start + run) + "\"", names) + "]}";
    csv += submit + "," + std::to_string(run) + ".0," + std::to_string(gpus) + "," + std::to_string(run * gpus) +
           ".0," + vc + "\n";
  }
  JobTrace a = jobs_of(folder.write("a.json", json + "]")), b = jobs_of(folder.write("b.csv", csv));
  ASSERT_EQ(a.jobs.size(), 500U);
  EXPECT_EQ(a.counts.out_of_order, b.counts.out_of_order);
  for (std::size_t i = 0; i < a.jobs.size(); ++i) a.jobs[i].name = b.jobs[i].name;  // The CSV has none.
  EXPECT_TRUE(same(a.jobs, b.jobs));
}

TEST(PhillyJson, AttemptsThatDidNotRunTakeNoTime) {
  const Folder folder;
  const std::string none = attempt("\"None\"", "\"None\"", ""), null = attempt("null", "null", "\"gpu0\", \"gpu1\"");
  const std::string run = attempt(at("02:00:00"), at("02:00:05"), "\"gpu0\"");
  const std::string bare = "{\"start_time\": " + at("03:00:00") + ", \"end_time\": " + at("03:00:02") + "}";
  const JobTrace t = jobs_of(folder.write("t", "[" + job("a", none + "," + run + "," + null + "," + bare) + "]"));
  ASSERT_EQ(t.jobs.size(), 1U);
  EXPECT_EQ(t.jobs[0].run_time, 7_s);  // 5 s, and 2 s on servers nobody wrote down.
  EXPECT_EQ(t.jobs[0].gpus, Gpus{1});  // Not the two of an attempt that did not run.
}

TEST(PhillyJson, NamesWithEscapesAndFieldsInAnyOrder) {
  const Folder folder;
  const std::string text =
      "\xef\xbb\xbf \r\n[ {\"user\": {\"deep\": [[[{}]]], \"text\": \"}]\\\"\"}, \"attempts\": [" +
      attempt(at("02:00:00"), at("02:00:05"), "\"a\\\"]\"") +
      "], \"submitted_time\": \"2017-10-07 01:00:00\", \"job\\u0069d\": \"\\u00e9\\\"x\"} \r\n ] \n\n";
  const JobTrace t = jobs_of(folder.write("t", text));
  ASSERT_EQ(t.jobs.size(), 1U);
  EXPECT_EQ(t.jobs[0].name, "\xc3\xa9\"x");
  EXPECT_EQ(t.jobs[0].tenant, "");
}

TEST(PhillyJson, BadJobsSayWhereAndAreCountedByReason) {
  const std::string run = attempt(at("02:00:00"), at("02:00:05"), "\"gpu0\"");
  const auto cut = [](const std::string& row) { return row.substr(0, 40); };
  const auto whole = [&](const std::string& row, const std::string& message, const std::string& reason) {
    return Case{"," + row + ",", ":3", with(message, cut(row)), reason};
  };
  const std::string started = "never started (expected an attempt with a start_time, got '";
  const std::string ended = "never ended (expected an end_time for every attempt that started, got '";
  const std::string missing = "field missing (expected jobid, submitted_time and attempts, got '";
  const std::string form = "arrival time malformed (expected 'YYYY-MM-DD HH:MM:SS', got '\"None\"')";
  const std::string no_attempts = job("b", ""), unplaced = job("b", attempt(at("02:00:00"), at("02:00:05"), ""));
  const std::string moment = job("b", attempt(at("02:00:00"), at("02:00:00"), "\"gpu0\""));
  const std::string back = job("b", attempt(at("02:00:05"), at("02:00:00"), "\"gpu0\""));
  const std::string running = job("b", run + "," + attempt(at("02:00:05"), "\"None\"", "\"gpu0\""));
  const std::string lost = job("b", attempt("\"\"", at("02:00:05"), "\"gpu0\""));
  const std::string twice = "{\"jobid\": \"b\", \"jobid\": \"c\", \"attempts\": []}";
  check(
      "[\n", kGood + "\n",
      {whole(no_attempts, started, "never started"),
       whole(lost, started, "never started"),
       whole(running, ended, "never ended"),
       whole(unplaced, "GPUs zero (expected an attempt with GPUs in its detail, got '", "GPUs zero"),
       whole(moment, "run time zero (expected a time above 0, up to 285 years, got '", "run time zero"),
       {"," + back + ",", ":3",
        "run time negative (expected a time above 0, up to 285 years, got '2017-10-07 02:00:00')", "run time negative"},
       whole("{}", missing, "field missing"),
       whole("{\"jobid\": \"b\", \"attempts\": []}", missing, "field missing"),
       whole(twice, "field twice (expected each field once, got '", "field twice"),
       {",{\"jobid\": 7},", ":3:12", "name malformed (expected a text, not empty, got '7')", "name malformed"},
       {",{\"vc\": [] },", ":3:9", "tenant malformed (expected a text, got '[')", "tenant malformed"},
       {",{\"submitted_time\": \"None\"},", ":3:21", form, "arrival time malformed"},
       {",{\"submitted_time\": 1507338699 },", ":3:21",
        "arrival time malformed (expected 'YYYY-MM-DD HH:MM:SS' or 'None', got '1507338699')",
        "arrival time malformed"},
       {",{\"attempts\": {\"a\": 1}},", ":3:15", "attempts malformed (expected an array of attempts, { ... }, got '{')",
        "attempts malformed"},
       {",{\"attempts\": [3]},", ":3:16", "attempts malformed (expected an array of attempts, { ... }, got '3')",
        "attempts malformed"},
       {",{\"attempts\": [{\"detail\": [null]}]},", ":3:28",
        "attempts malformed (expected an array of servers, { ... }, got 'null')", "attempts malformed"},
       {",{\"attempts\": [{\"detail\": [{\"gpus\": 8}]}]},", ":3:37",
        "GPUs malformed (expected an array of names, got '8')", "GPUs malformed"},
       {",{\"attempts\": [{\"detail\": [{\"gpus\": [\"gpu0\", 1]}]}]},", ":3:46",
        "GPUs malformed (expected the name of a GPU, got '1')", "GPUs malformed"},
       whole("{\"a\" 1}", "JSON malformed (expected one JSON object, got '", "JSON malformed"),
       whole("{\"jobid\": \"\xff\"}", "JSON malformed (expected one JSON object, got '", "JSON malformed")},
      true, {}, "]");
}

TEST(PhillyJson, AColumnIsOfTheLineWhereTheFieldStands) {
  const Folder folder;
  const std::string f = folder.write("t", "[" + kGood + ", {\n \"vc\": \"v\",\n  \"jobid\": 7}]");
  EXPECT_EQ(error_of(f, true, {}), f + ":3:12: name malformed (expected a text, not empty, got '7')");
}

// What is wrong with the outline ends the reading, dropping or not: behind it nobody knows what belongs where.
TEST(PhillyJson, ABrokenOutlineIsAnErrorEvenWhenDropping) {
  const Folder folder;
  TraceOptions o;
  o.format = "philly_json";
  o.drop_bad_rows = true;
  const std::string deep = "[" + kGood + ", {\"a\": " + std::string(100'000, '[') + "}]";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{}", ":1:1: not a JSON array (expected '[')"},
      {"   ", ":1:4: not a JSON array (expected '[')"},
      {"[", ":1:2: the file ends within the array (expected its closing ']')"},
      {"[{}", ":1:4: the file ends within the array (expected its closing ']')"},
      {"[{},\n", ":2:1: the file ends within the array (expected its closing ']')"},
      {"[{},]", ":1:5: not an object (expected a job, '{ ... }')"},
      {"[,{}]", ":1:2: not an object (expected a job, '{ ... }')"},
      {"[{}\n {}]", ":2:2: no comma between two jobs (expected ',' or ']')"},
      {"[{}, 5]", ":1:6: not an object (expected a job, '{ ... }')"},
      {"[{}] x", ":1:6: something behind the array (expected the end of the file)"},
      {"[{}][{}]", ":1:5: something behind the array (expected the end of the file)"},
      {"[\n{\"a\": \"}]", ":2:1: the file ends within this object (expected its closing '}')"},
      {"[{\"a\": [}]", ":1:2: brackets of this object do not match (expected '{' with '}' and '[' with ']')"},
      {deep, ":1:" + std::to_string(kGood.size() + 4) + ": object nested too deeply (expected at most 64 brackets)"},
      {"[{\"a\": \"" + std::string(JsonArrayReader::kMaxObject, 'x') + "\"}]",
       ":1:2: object too long (expected at most 16 MiB)"},
      {"[{\"a\": \"" + std::string(JsonArrayReader::kMaxObject * 3, 'x'),
       ":1:2: object too long (expected at most 16 MiB)"},
      {std::string("[\0{}]", 5), ":1:2: not an object (expected a job, '{ ... }')"}};
  for (const auto& [text, message] : cases) {
    const std::string f = folder.write("t", text);
    EXPECT_EQ(error_of(f, true, o), f + message) << text.substr(0, 60);
  }
}

TEST(PhillyJson, AnObjectOfTheGreatestLengthIsRead) {
  const Folder folder;
  std::string text = kGood;
  text.insert(1, "\"pad\": \"" + std::string(JsonArrayReader::kMaxObject - kGood.size() - 11, 'x') + "\", ");
  ASSERT_EQ(text.size(), JsonArrayReader::kMaxObject);
  EXPECT_EQ(jobs_of(folder.write("t", "[" + kGood + "," + text + "," + kGood + "]"),
                    [] {
                      TraceOptions o;
                      o.format = "philly_json";
                      return o;
                    }())
                .jobs.size(),
            3U);
}

TEST(PhillyJson, AnEmptyArrayIsATraceOfNothing) {
  const Folder folder;
  TraceOptions o;
  o.format = "philly_json";
  EXPECT_TRUE(jobs_of(folder.write("t", " [ \n ] "), o).jobs.empty());
  EXPECT_NE(error_of(folder.write("t", "[]"), true, {}).find("format not recognised"), std::string::npos);
}

}  // namespace
}  // namespace jevons::test
