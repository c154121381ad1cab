// `jevons trace` as a user runs it: output, exit codes, what is left on the disk.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "apps/trace_command.h"
#include "tests/traces/support.h"

namespace jevons::test {
namespace {

struct Ran {
  int code = -1;
  std::string out, err;
};

Ran run(std::vector<std::string> words) {
  CLI::App app;
  Ran r;
  add_trace_command(app, &r.code);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& e) {
    r.code = 100;
    r.err = e.what();
  }
  r.out = testing::internal::GetCapturedStdout();
  r.err += testing::internal::GetCapturedStderr();
  return r;
}

const std::string kAzure =
    "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2024-05-10 00:00:00,100,10\n2024-05-10 00:00:02,300,10\n2024-05-10 00:00:01,200,40\n";

TEST(TraceCommand, StatsOfRequests) {
  const Folder folder;
  const std::string f = folder.write("a.csv", kAzure);
  const Ran r = run({"trace", "stats", f});
  EXPECT_EQ(r.code, 0);
  EXPECT_EQ(r.err, "");
  EXPECT_EQ(r.out, f + " (azure)\n"
                       "  rows           3 read, 3 kept\n"
                       "                 1 out of order\n"
                       "  requests       3\n"
                       "  span           00:00:02.0 (first at 00:00:00.0)\n"
                       "  rate           1/s mean, 0.05/s in the busiest minute\n"
                       "  gaps           cv 0.000 (Poisson: 1)\n"
                       "  prompt tokens  600\n"
                       "  output tokens  60\n"
                       "                       mean       min       p50       p90       p99       max\n"
                       "  prompt              200.0       100       200       300       300       300\n"
                       "  output               20.0        10        10        40        40        40\n"
                       "  gap (s)             1.000     1.000     1.000     1.000     1.000     1.000\n");
}

TEST(TraceCommand, StatsOfJobsAndOfSeveralFilesAsJson) {
  const Folder folder;
  const std::string a = folder.write("a.csv", kAzure);
  const std::string j = folder.write("j.csv", "submit,num_gpus,dur,vc\n0,8,3600,x\n10,2,1800,y\n");
  const Ran text = run({"trace", "stats", j});
  EXPECT_NE(text.out.find("  work           9.0 GPU-hours\n  tenants        2\n"), std::string::npos) << text.out;
  const Ran r = run({"trace", "stats", "--json", a, j});
  EXPECT_EQ(r.code, 0);
  const std::string out = folder.write("out.json", r.out);
  EXPECT_EQ(
      output_of(
          "python3 -c \"import json; a, j = json.load(open('" + out +
          "')); print(a['total_input_tokens'], a['rows']['out_of_order'], a['input_tokens']['p50'], j['gpu_hours'], "
          "j['gpus']['max'])\""),
      "600 1 200 9.0 8\n");
}

TEST(TraceCommand, ConvertSortsAndComesBack) {
  const Folder folder;
  const std::string f = folder.write("a.csv", kAzure);
  Ran r = run({"trace", "convert", f, folder.file("b.jtr.zst")});
  EXPECT_EQ(r.out, folder.file("b.jtr.zst") + ": 3 requests\n");
  r = run({"trace", "convert", folder.file("b.jtr.zst"), folder.file("c"), "--to", "csv"});
  EXPECT_EQ(r.code, 0);
  EXPECT_EQ(bytes_of(folder.file("c")), "arrival_s,prompt_tokens,output_tokens\n0,100,10\n1,200,40\n2,300,10\n");
  // Disorder of any distance: the last row comes first.
  std::string text = "arrival_s,prompt_tokens,output_tokens\n";
  for (int i = 0; i < 70'000; ++i) text += "5,1,1\n";
  folder.write("late.csv", text + "1,2,3\n");
  EXPECT_NE(read(folder.file("late.csv")).error.find(":70002: row is out of order"), std::string::npos);
  r = run({"trace", "convert", folder.file("late.csv"), folder.file("sorted.csv")});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(read(folder.file("sorted.csv")).requests.front().prompt, Tokens{2});
}

TEST(TraceCommand, BadRowsFailOrAreCounted) {
  const Folder folder;
  const std::string f = folder.write("a.csv", kAzure + "2024-05-10 00:00:03,0,1\n");
  Ran r = run({"trace", "convert", f, folder.file("b.csv")});
  EXPECT_EQ(r.code, 2);
  EXPECT_EQ(r.out, "");
  EXPECT_EQ(r.err, "jevons: " + f + ":5:21: prompt tokens zero (expected a whole number from 1 to 2^40, got '0')\n");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.csv"});  // Nothing half written.
  r = run({"trace", "convert", f, folder.file("b.csv"), "--on-bad-row", "drop"});
  EXPECT_EQ(r.code, 0);
  EXPECT_EQ(r.out, folder.file("b.csv") + ": 3 requests, 1 dropped (prompt tokens zero)\n");
  EXPECT_NE(run({"trace", "stats", f, "--on-bad-row", "drop"}).out.find("1 dropped: prompt tokens zero"),
            std::string::npos);
}

TEST(TraceCommand, ErrorsAreOneLineAndStatusTwo) {
  const Folder folder;
  const std::string f = folder.write("a.csv", kAzure);
  Ran r = run({"trace", "stats", folder.file("none")});
  EXPECT_EQ(r.code, 2);
  EXPECT_EQ(r.err, "jevons: " + folder.file("none") + ": cannot open: No such file or directory\n");
  r = run({"trace", "convert", f, "/dev/full", "--to", "csv"});
  EXPECT_EQ(r.code, 2);
  EXPECT_EQ(r.err, "jevons: /dev/full: cannot write: No space left on device\n");
  r = run({"trace", "convert", f, folder.file("b.txt")});
  EXPECT_EQ(r.code, 2);
  EXPECT_NE(r.err.find("cannot tell the format from the name"), std::string::npos);
  r = run({"trace", "stats", f, "--spread", "soon"});
  EXPECT_EQ(r.code, 2);
  EXPECT_EQ(r.err, "jevons: --spread: expected a duration with a unit (ns, us, ms, s, min, h, d), got 'soon'\n");
  EXPECT_EQ(run({"trace", "stats", f, "--format", "nonsense"}).code, 100);
}

TEST(TraceCommand, FormatsListsThemAll) {
  const Ran r = run({"trace", "formats"});
  EXPECT_EQ(r.code, 0);
  for (const FormatInfo& f : formats()) EXPECT_NE(r.out.find("\n  " + f.name + " "), std::string::npos) << f.name;
}

}  // namespace
}  // namespace jevons::test
