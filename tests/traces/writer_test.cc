// Writers: what they refuse, and that nothing is left when they fail.
#include "traces/writer.h"

#include <gtest/gtest.h>

#include "tests/traces/support.h"

namespace jevons::test {
namespace {

Request hashed(std::int64_t ns, std::int64_t block, std::vector<std::uint64_t> hashes) {
  Request r = request_at(ns, 1000);
  r.hash_block = Tokens{block};
  r.block_hashes = std::move(hashes);
  return r;
}

TEST(Writer, FormatGoesByTheName) {
  const Folder folder;
  const std::vector<Request> r{request_at(1'500'000'000), request_at(2'000'000'001, 20, 30)};
  EXPECT_EQ(write_requests(folder.file("a.csv"), r), "");
  EXPECT_EQ(bytes_of(folder.file("a.csv")), "arrival_s,prompt_tokens,output_tokens\n1.5,10,5\n2.000000001,20,30\n");
  EXPECT_EQ(write_requests(folder.file("a.jsonl"), r), "");
  EXPECT_EQ(bytes_of(folder.file("a.jsonl")),
            "{\"timestamp\": 1500, \"input_length\": 10, \"output_length\": 5}\n"
            "{\"timestamp\": 2000.000001, \"input_length\": 20, \"output_length\": 30}\n");
  EXPECT_EQ(write_requests(folder.file("a.jtr.xz"), r), "");
  EXPECT_EQ(recognise(folder.file("a.jtr.xz"))->format, "binary");
  EXPECT_EQ(write_requests(folder.file("a.txt"), r),
            folder.file("a.txt") +
                ": cannot tell the format from the name (expected .csv, .jsonl or .jtr, or the option --to)");
  WriteOptions o;
  o.format = "swf";
  EXPECT_EQ(write_requests(folder.file("a.txt"), r, o),
            folder.file("a.txt") + ": cannot write format 'swf' (known: csv, mooncake, binary)");
  o = {};
  o.time_unit = "h";
  EXPECT_EQ(write_requests(folder.file("a.csv"), r, o),
            folder.file("a.csv") + ": unknown time unit 'h' (expected ns, us, ms or s)");
}

TEST(Writer, AnEmptyTraceIsATrace) {
  const Folder folder;
  for (const std::string name : {"a.csv", "a.jtr"}) {
    EXPECT_EQ(write_requests(folder.file(name), {}), "");
    const ReadTrace t = read(folder.file(name));
    EXPECT_EQ(t.error, "") << name;
    EXPECT_TRUE(t.requests.empty());
  }
  ASSERT_TRUE(write_jobs(folder.file("j.csv"), {}).ok());
  EXPECT_TRUE(read_jobs(folder.file("j.csv"))->jobs.empty());
}

TEST(Writer, TheCsvGrowsColumnsWhenARequestNeedsThem) {
  const Folder folder;
  const std::vector<Request> r{request_at(0), hashed(1, 512, {5, 6}), hashed(1, 16, {7})};
  EXPECT_EQ(write_requests(folder.file("a.csv"), r), "");
  EXPECT_EQ(bytes_of(folder.file("a.csv")),
            "arrival_s,prompt_tokens,output_tokens,workload,hash_block,block_hashes\n"
            "0,10,5,0,0,\n0.000000001,1000,5,0,512,5 6\n0.000000001,1000,5,0,16,7\n");
  EXPECT_TRUE(same(read(folder.file("a.csv")).requests, r));
  std::vector<Request> late(100'001, request_at(0));
  late.push_back(hashed(1, 512, {5, 6}));
  EXPECT_EQ(write_requests(folder.file("b.csv"), late),
            folder.file("b.csv") +
                ": a late request has block hashes or a workload number, the first 100000 none (expected "
                "binary, or csv with --extended)");
  WriteOptions o;
  o.extended = true;
  EXPECT_EQ(write_requests(folder.file("b.csv"), late, o), "");
  EXPECT_TRUE(same(read(folder.file("b.csv")).requests, late));
}

TEST(Writer, MooncakeRefusesWhatItCannotHold) {
  const Folder folder;
  const std::string f = folder.file("a.jsonl");
  const std::string needs =
      f + ": mooncake needs one block size and a hash for every block of a prompt (expected csv or binary)";
  EXPECT_EQ(write_requests(f, {hashed(0, 512, {1, 2})}), "");
  EXPECT_EQ(write_requests(f, {hashed(0, 512, {1})}), needs);
  EXPECT_EQ(write_requests(f, {hashed(0, 512, {1, 2}), hashed(0, 500, {1, 2})}), needs);
  Request numbered = request_at(0);
  numbered.workload = 1;
  EXPECT_EQ(write_requests(f, {numbered}), f + ": mooncake has no workload numbers (expected csv or binary)");
}

TEST(Writer, RefusesDisorderAndNonsenseAndLeavesNothing) {
  const Folder folder;
  for (const std::string name : {"a.csv", "a.jsonl", "a.jtr"}) {
    const std::string f = folder.file(name);
    EXPECT_EQ(write_requests(f, {request_at(5), request_at(4)}), f + ": requests are not in order of arrival");
    EXPECT_EQ(write_requests(f, {request_at(5, 0)}),
              f + ": a request is out of range (expected 1 to 2^40 tokens, within 285 years)");
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(Writer, AFullDiskNamesTheFile) {
  const std::vector<Request> many(200'000, request_at(0));
  for (const std::string format : {"csv", "mooncake", "binary"}) {
    WriteOptions o;
    o.format = format;
    EXPECT_EQ(write_requests("/dev/full", many, o), "/dev/full: cannot write: No space left on device");
    EXPECT_EQ(write_requests("/dev/full", {request_at(0)}, o), "/dev/full: cannot write: No space left on device");
  }
}

TEST(Writer, JobsKeepEveryField) {
  const Folder folder;
  JobTrace t;
  t.jobs = {
      {"a \"b\", c", Instant{1}, Gpus{100'000'000}, Duration{1}, Duration{8'999'999'999'999'999'999}, "x,y", 6.71e11},
      {"\xff\xfe", Instant{1}, Gpus{1}, Duration{1'500'000'000}, Duration{2}, "", 0}};
  for (const std::string name : {"a.csv", "a.jtr.gz"}) {
    ASSERT_TRUE(write_jobs(folder.file(name), t).ok());
    const auto back = read_jobs(folder.file(name));
    ASSERT_TRUE(back.ok()) << back.error().text();
    EXPECT_TRUE(same(back->jobs, t.jobs)) << name;
  }
  t.jobs[0].name = "a\nb";
  EXPECT_EQ(write_jobs(folder.file("b.csv"), t).error().text(),
            folder.file("b.csv") + ": a name with a line end cannot be written to csv (expected binary)");
  t.jobs[0].submit = Instant{2};
  EXPECT_EQ(write_jobs(folder.file("b.jtr"), t).error().text(),
            folder.file("b.jtr") + ": jobs are not in order of submission");
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a.csv", "a.jtr.gz"}));
}

}  // namespace
}  // namespace jevons::test
