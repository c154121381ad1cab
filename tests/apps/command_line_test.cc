// Flags, help and mistakes of the command line.
#include "apps/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/apps/program.h"

namespace jevons {
namespace {

using apps_test::Ended;
using apps_test::expect_refused;
using CommandLine = apps_test::Program;

constexpr const char* kRows = "arrival_s,prompt_tokens,output_tokens\n0,100,10\n";

TEST_F(CommandLine, VersionNamesTheLibrariesThatShapeResults) {
  const Ended e = jevons("--version");
  EXPECT_EQ(e.code, 0);
  EXPECT_TRUE(e.out.starts_with("jevons 0.")) << e.out;
  EXPECT_NE(e.out.find("\nprotobuf 3."), std::string::npos);
  EXPECT_NE(e.out.find("\nsimgrid 3."), std::string::npos);
}

TEST_F(CommandLine, HelpOfEveryCommand) {
  for (const char* command : {"", "compare ", "run ", "policies ", "trace ", "config ", "validate "}) {
    const Ended e = jevons(std::string(command) + "--help");
    EXPECT_EQ(e.code, 0) << command;
    EXPECT_EQ(e.err, "");
    EXPECT_NE(e.out.find("Usage"), std::string::npos) << e.out;
  }
  EXPECT_NE(jevons("--help").out.find("Examples:"), std::string::npos);
}

// Errors quote the input: a NUL, an escape sequence or a line end in it reached the terminal as it was, and a name of
// megabytes too.
TEST_F(CommandLine, WhatAnErrorQuotesStaysOnItsLine) {
  write("header.csv", std::string("\0\x1b[31m\rname\n", 11));
  const Ended trace = jevons("trace stats --format philly header.csv");
  expect_refused(trace, "got '??[31m?name'");
  std::string text = kTiny;
  text.replace(text.find("1min"), 4, "\"1\\nmin\"");
  write("end.yaml", text);
  expect_refused(jevons("config check end.yaml"), "got '1?min'");
  expect_refused(jevons("compare end.yaml"), "got '1?min'");
  text = kTiny;
  text.replace(text.find("seed: 3"), 7, "seed: \"\\0\"");
  write("nul.yaml", text);
  expect_refused(jevons("compare nul.yaml"), "got the text '?'");
  text = kTiny;
  text.replace(text.find("static_split"), 12, std::string(9'000, 'x'));
  write("long.yaml", text);
  const Ended name = jevons("compare long.yaml");
  expect_refused(name, "unknown policy 'xxx");
  EXPECT_LT(name.err.size(), 2'100U);
}

TEST_F(CommandLine, MistakesGetOneLineAndStatusTwo) {
  expect_refused(jevons(""), "a command is needed");
  expect_refused(jevons("compar tiny.yaml"), "unknown command 'compar' (did you mean 'compare'?)");
  expect_refused(jevons("compare"), "SCENARIO");
  expect_refused(jevons("compare --sedes 3 tiny.yaml"), "unknown option '--sedes' (did you mean '--seeds'?)");
  expect_refused(jevons("compare tiny.yaml --jsn=out.json"), "unknown option '--jsn' (did you mean '--json'?)");
  expect_refused(jevons("compare tiny.yaml extra"), "unexpected argument 'extra'");
  expect_refused(jevons("compare tiny.yaml --seeds 0"), "--seeds: expected a whole number, 1 to 10000, got");
  expect_refused(jevons("compare tiny.yaml --seeds three"), "--seeds");
  expect_refused(jevons("compare tiny.yaml --seeds=-1"), "--seeds");
  expect_refused(jevons("compare tiny.yaml --jobs 0"), "--jobs");
  expect_refused(jevons("compare tiny.yaml --seed 1.5"), "--seed");
  expect_refused(jevons("compare tiny.yaml --seed 18446744073709551615 --seeds 2"), "--seeds");
  expect_refused(jevons("compare tiny.yaml --seed 18446744073709551616"), "--seed");
  expect_refused(jevons("compare tiny.yaml --color blue"), "--color: expected auto, always or never");
  expect_refused(jevons("compare tiny.yaml --policy frist"), "no policy 'frist' (did you mean 'first'?)");
  expect_refused(jevons("compare tiny.yaml --policy first --policy first"), "named twice");
  expect_refused(jevons("compare tiny.yaml --policy"), "--policy");
  expect_refused(jevons("compare tiny.yaml --json"), "--json");
  expect_refused(jevons("compare tiny.yaml --json \"\""), "--json");
  expect_refused(jevons("compare nope.yaml"), "nope.yaml");
  expect_refused(jevons("compare ."), "");
  expect_refused(jevons("compare tiny.yaml --set horizn=1h"), "horizn");
  expect_refused(jevons("run tiny.yaml"), "first, second");
  EXPECT_EQ(files_left(), 0U);
}

TEST_F(CommandLine, ATraceThatCannotBeWrittenIsBadInputAndLeavesNothing) {
  write("t.csv", kRows);
  write("jobs.csv", "submit,num_gpus,dur,vc\n0,8,3600,x\n");
  for (const char* from : {"t.csv", "jobs.csv"}) {
    const std::string convert = "trace convert --to csv " + std::string(from) + " ";
    expect_refused(jevons(convert + "no/b.csv"), "no/b.csv: cannot create: No such file");
    expect_refused(jevons(convert + "."), ".: is a directory (expected a file)");
    expect_refused(jevons(convert + "t.csv/b.csv"), "t.csv/b.csv: cannot create: Not a directory");
    expect_refused(jevons(convert + "/sys/b.csv"), "/sys/b.csv: cannot create: ");
    expect_refused(jevons(convert + "/dev/full"), "/dev/full: cannot write: No space left on device");
    expect_refused(jevons(convert + "\"\""), "TO: expected the name of a file, got");
    expect_refused(jevons("trace convert " + std::string(from) + " b.txt"), "cannot tell the format from the name");
  }
  expect_refused(jevons("trace convert --to mooncake jobs.csv b"), "b: ");
  EXPECT_EQ(files_left(), 2U);
}

TEST_F(CommandLine, AFolderThatCannotBeMadeIsBadInputAndLeavesNothing) {
  const std::string generate = "trace generate tiny.yaml -o ";
  expect_refused(jevons(generate + "tiny.yaml"), "tiny.yaml: cannot make the folder: Not a directory");
  expect_refused(jevons(generate + "tiny.yaml/new"), "tiny.yaml/new: cannot make the folder: Not a directory");
  expect_refused(jevons(generate + "/sys/new"), "/sys/new: cannot make the folder: ");
  expect_refused(jevons(generate + "\"\""), "--output: expected the name of a folder, got");
  EXPECT_EQ(files_left(), 0U);
}

// Files of one stream were left when those of the next could not be written, and the folders made for them.
TEST_F(CommandLine, OfATraceThatFailsHalfWayNothingIsLeft) {
  write("bad.csv", std::string(kRows) + "1,100,x\n");
  std::string text = kTiny;
  const std::string stream = "    - {name: second, pool: chat, trace: {file: bad.csv}}\n";
  write("two.yaml", text.insert(text.find("policies:"), stream));
  expect_refused(jevons("trace generate two.yaml -o a/b/c"), "bad.csv:3");
  EXPECT_EQ(files_left(), 2U);
  const Ended e = jevons("trace generate tiny.yaml -o a/b/c/");
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_TRUE(e.out.starts_with("a/b/c/requests-chat.csv: 1")) << e.out;
  EXPECT_TRUE(std::filesystem::exists(path("a/b/c/requests-chat.csv")));
}

TEST_F(CommandLine, PoliciesAreReportedInTheOrderAsked) {
  const Ended e = jevons("compare tiny.yaml --policy second --policy first --json -");
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_LT(e.out.find("\"second\""), e.out.find("\"first\""));
  EXPECT_NE(e.out.find("compare tiny.yaml --policy second --policy first\""), std::string::npos);
}

TEST_F(CommandLine, RunIsCompareOfOne) {
  const Ended e = jevons("run tiny.yaml --policy second");
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_TRUE(e.out.starts_with("second: ")) << e.out;
  EXPECT_EQ(e.err, "");  // No progress: stderr is a file.
  EXPECT_EQ(e.out.find('\033'), std::string::npos);
  EXPECT_NE(e.out.find("reproduce  jevons run tiny.yaml --policy second\n"), std::string::npos);
}

TEST_F(CommandLine, TheCommandItPrintsReproducesTheOutput) {
  const Ended e = jevons("compare tiny.yaml --set \"requests.streams[0].generate.arrivals.rate=5\" --seeds 2 -j 1");
  EXPECT_EQ(e.code, 0) << e.err;
  const std::string line = e.out.substr(e.out.rfind("reproduce  jevons ") + 18);
  write("again.sh", std::string(JEVONS_PROGRAM) + " " + line);
  std::system(("cd " + folder_ + " && bash again.sh > again.txt").c_str());
  EXPECT_EQ(apps_test::read_file(path("again.txt")), e.out);
}

TEST_F(CommandLine, EngineModesAndJobsChangeNoByte) {
  const std::string plain = jevons("compare tiny.yaml --seeds 2 --jobs 1 --json -").out;
  EXPECT_TRUE(plain.starts_with("{"));
  EXPECT_EQ(jevons("compare tiny.yaml --seeds 2 --jobs 2 --json -").out, plain);
  EXPECT_EQ(jevons("compare tiny.yaml --seeds 2 --no-fast-forward --json -").out, plain);
  EXPECT_EQ(jevons("compare tiny.yaml --seeds 2 --no-look-ahead --audit --json -").out, plain);
}

TEST_F(CommandLine, ColorOnlyWhenAsked) {
  EXPECT_NE(jevons("compare tiny.yaml --color always").out.find('\033'), std::string::npos);
  EXPECT_EQ(jevons("compare tiny.yaml --color never").out.find('\033'), std::string::npos);
}

TEST_F(CommandLine, QuietPrintsNothing) {
  const Ended e = jevons("compare tiny.yaml --quiet --json out.json");
  EXPECT_EQ(e.code, 0);
  EXPECT_EQ(e.out + e.err, "");
  EXPECT_TRUE(std::filesystem::exists(path("out.json")));
}

// Some ended with 0 (`trace generate`, `--version`), some with 1, some without a word.
TEST_F(CommandLine, AFullStandardOutputIsAnError) {
  write("t.csv", kRows);
  for (const char* command : {"--help", "--version", "compare tiny.yaml", "run tiny.yaml --policy first --json -",
                              "policies", "policies describe fcfs", "config check tiny.yaml", "config print tiny.yaml",
                              "config reference", "trace formats", "trace stats t.csv", "trace convert t.csv u.csv",
                              "trace generate tiny.yaml -o new", "validate --only experts.day6"}) {
    SCOPED_TRACE(command);
    expect_refused(jevons(std::string(command) + " > /dev/full"),
                   "standard output: cannot write: No space left on device");
  }
}

// What the results rest on stands in the report, the JSON and the check of the scenario alike.
TEST_F(CommandLine, NotesOnTheModel) {
  const std::string heading = "\nModel: derived, not fitted, or outside what was measured\nchat: engine vllm_0.15 is";
  for (const char* line : {"compare tiny.yaml", "run tiny.yaml --policy first", "config check tiny.yaml"}) {
    const Ended e = jevons(line);
    EXPECT_EQ(e.code, 0) << e.err;
    EXPECT_NE(("\n" + e.out).find(heading), std::string::npos) << line << "\n" << e.out;
  }
  EXPECT_NE(jevons("compare tiny.yaml --json -").out.find("\"chat: engine vllm_0.15 is derived"), std::string::npos);
}

// fmt::print throws when its stream is full: the program aborted and left temporary files.
TEST_F(CommandLine, AFullOrClosedStandardErrorChangesNoStatus) {
  EXPECT_EQ(jevons("compare nope.yaml 2>/dev/full").code, 2);
  EXPECT_EQ(jevons("compare nope.yaml 2>&-").code, 2);
  EXPECT_EQ(jevons("compar 2>/dev/full").code, 2);
  EXPECT_EQ(jevons("config check nope.yaml 2>/dev/full").code, 2);
  EXPECT_EQ(jevons("compare tiny.yaml --json out.json --requests /dev/full 2>/dev/full").code, 2);
  EXPECT_EQ(files_left(), 0U);
}

// Without stdout the next file opened got its number, and the table was printed into the JSON.
TEST_F(CommandLine, AClosedStandardOutputDoesNotEndUpInAFile) {
  const Ended e = jevons("compare tiny.yaml --json out.json >&-");
  EXPECT_EQ(e.code, 2);
  EXPECT_NE(e.err.find("standard output"), std::string::npos) << e.err;
  EXPECT_TRUE(apps_test::read_file(path("out.json")).starts_with("{"));
}

}  // namespace
}  // namespace jevons
