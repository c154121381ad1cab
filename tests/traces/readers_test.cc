// Each format's oddities (trace_formats.md), on small files written here.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/traces/support.h"

namespace jevons::test {
namespace {

constexpr std::int64_t kMs = 1'000'000, kS = 1'000'000'000;

std::vector<std::int64_t> arrivals(const ReadTrace& t) {
  std::vector<std::int64_t> ns;
  for (const Request& r : t.requests) ns.push_back(r.arrival.ns);
  return ns;
}
using Ns = std::vector<std::int64_t>;

JobTrace jobs_of(const std::string& path, const TraceOptions& options = {}) {
  auto jobs = read_jobs(path, options);
  EXPECT_TRUE(jobs.ok()) << jobs.error().text();
  return jobs ? *jobs : JobTrace{};
}

TEST(Azure, Of2023HasSevenDecimalsAndNoZone) {
  const Folder folder;
  const ReadTrace t = read(folder.write("a.csv",
                                        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
                                        "2023-11-16 18:15:46.6805900,374,44\r\n"
                                        "2023-11-16 18:15:50.9951690,396,109\r\n"
                                        "2023-11-17 00:00:00.0000001,1,1"));
  EXPECT_EQ(t.error, "");
  EXPECT_EQ(arrivals(t), (Ns{0, 4'314'579'000, 20653'319'410'100}));
  EXPECT_EQ(t.requests[1].prompt, Tokens{396});
  EXPECT_EQ(t.requests[1].output, Tokens{109});
  EXPECT_EQ(t.counts.rows, 3U);
  EXPECT_EQ(t.counts.kept, 3U);
}

TEST(Azure, Of2024HasAZoneAndNoFractionOnWholeSeconds) {
  const Folder folder;
  const ReadTrace t = read(folder.write("a.csv",
                                        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
                                        "2024-05-10 00:00:00.009930+00:00,2162,5\n"
                                        "2024-05-10 00:00:01+00:00,2399,6\n"
                                        "2024-05-10T02:00:02.5+0200,2399,6\n"
                                        "2024-05-09 19:00:03.123456789-05:00,2399,6\n"
                                        "2024-05-10 00:00:04Z,1,1\n"));
  EXPECT_EQ(t.error, "");
  EXPECT_EQ(arrivals(t), (Ns{0, 990'070'000, 2'490'070'000, 3'113'526'789, 3'990'070'000}));
}

TEST(Azure, ColumnsInAnyOrderQuotedWithOthersBetween) {
  const Folder folder;
  const ReadTrace t = read(folder.write("a.csv",
                                        "\xef\xbb\xbf\"GeneratedTokens\",NumImages,TIMESTAMP,ContextTokens\n"
                                        "\n"
                                        "7,\"a,\"\"b\",\"2024-01-01 00:00:00\",\"12\"\n"
                                        "   \n"
                                        "8.0,,2024-02-29 00:00:00,13\n"));
  EXPECT_EQ(t.error, "");
  EXPECT_EQ(arrivals(t), (Ns{0, 59 * 86400 * kS}));
  EXPECT_EQ(t.requests[0].output, Tokens{7});
  EXPECT_EQ(t.requests[1].output, Tokens{8});
  EXPECT_EQ(t.requests[1].prompt, Tokens{13});
}

TEST(Azure, LateRowsAreSortedTiesKeepTheirOrder) {
  const Folder folder;
  const std::string rows =
      "TIMESTAMP,ContextTokens,GeneratedTokens\n"
      "2024-01-01 00:00:05,1,1\n2024-01-01 00:00:03,2,1\n2024-01-01 00:00:05,3,1\n2024-01-01 00:00:04,4,1\n"
      "2024-01-01 00:00:03,5,1\n";
  const ReadTrace t = read(folder.write("a.csv", rows));
  EXPECT_EQ(t.error, "");
  EXPECT_EQ(arrivals(t), (Ns{0, 0, 1 * kS, 2 * kS, 2 * kS}));
  const std::vector<std::int64_t> order{2, 5, 4, 1, 3};
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(t.requests[i].prompt.value, order[i]);
  EXPECT_EQ(t.counts.out_of_order, 3U);
  // With a window of two rows, line 5 comes after a later one has left.
  TraceOptions narrow;
  narrow.reorder_window = 2;
  EXPECT_EQ(read(folder.file("a.csv"), narrow).error,
            folder.file("a.csv") +
                ":5: row is out of order by more than 2 rows (sort the file with `jevons trace convert`, or raise the "
                "reorder window)");
}

TEST(Reorder, AnyDisorderWithinTheWindowIsAStableSort) {
  RandomStream random(1, "reorder");
  for (int round = 0; round < 200; ++round) {
    const Folder folder;
    const std::size_t n = 1 + random.below(300);
    const std::int64_t window = 1 + static_cast<std::int64_t>(random.below(40));
    std::vector<Request> rows;
    std::string text = "arrival_s,prompt_tokens,output_tokens\n";
    for (std::size_t i = 0; i < n; ++i) {
      const auto s = static_cast<std::int64_t>(i / 3 + random.below(12));
      rows.push_back(request_at(s * kS, static_cast<std::int64_t>(i + 1)));
      text += std::to_string(s) + "," + std::to_string(i + 1) + ",5\n";
    }
    TraceOptions o;
    o.reorder_window = window;
    const ReadTrace t = read(folder.write("a.csv", text), o);
    std::vector<Request> sorted = rows;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Request& a, const Request& b) { return a.arrival < b.arrival; });
    EXPECT_TRUE(!t.error.empty() || same(t.requests, sorted));
    // A row may be overtaken by as many rows as wait.
    bool fits = true;
    for (std::size_t i = 0; i < n; ++i) {
      std::size_t later = 0;
      for (std::size_t k = 0; k < i; ++k) later += rows[k].arrival > rows[i].arrival ? 1 : 0;
      fits = fits && later < static_cast<std::size_t>(window);
    }
    EXPECT_TRUE(!fits || t.error.empty()) << "window " << window << ": " << t.error;
  }
}

TEST(Mooncake, UnitAndBlockAreParameters) {
  const Folder folder;
  const std::string ms =
      folder.write("m.jsonl",
                   "{\"timestamp\": 5, \"input_length\": 1024, \"output_length\": 1, \"hash_ids\": [1, 2]}\n"
                   "{\"hash_ids\":[1,2,18446744073709551615],\"extra\":{\"a\":[1,\"}\"]},\"output_length\":2,"
                   "\"input_length\":1025,\"timestamp\":7}\r\n");
  const ReadTrace a = read(ms);
  EXPECT_EQ(a.error, "");
  EXPECT_EQ(arrivals(a), (Ns{0, 2 * kMs}));
  EXPECT_EQ(a.requests[0].hash_block, Tokens{512});
  EXPECT_EQ(a.requests[1].block_hashes, (std::vector<std::uint64_t>{1, 2, ~std::uint64_t{0}}));
  TraceOptions o;
  o.time_unit = "s";
  o.hash_block = Tokens{16};
  const ReadTrace b =
      read(folder.write("q.jsonl",
                        "{\"chat_id\": 1, \"parent_chat_id\": -1, \"timestamp\": 61.114000, \"input_length\": 17, "
                        "\"output_length\": 3, \"type\": \"text\", \"turn\": 1, \"hash_ids\": [9, 8]}\n"
                        "{\"timestamp\": 6.1115e1, \"input_length\": 16, \"output_length\": 3, \"hash_ids\": [9]}\n"
                        "{\"timestamp\": 61.1150000014, \"input_length\": 5, \"output_length\": 3}\n"),
           o);
  EXPECT_EQ(b.error, "");
  EXPECT_EQ(arrivals(b), (Ns{0, 1 * kMs, 1 * kMs + 1}));
  EXPECT_EQ(b.requests[0].hash_block, Tokens{16});
  EXPECT_EQ(b.requests[2].hash_block, Tokens{0});
  EXPECT_TRUE(b.requests[2].block_hashes.empty());
}

TEST(Mooncake, LinesHaveNoFixedLength) {
  const Folder folder;
  std::string ids = "0";
  for (int i = 1; i < 300'000; ++i) ids += "," + std::to_string(i);
  const ReadTrace t = read(folder.write(
      "m.jsonl",
      "{\"timestamp\": 0, \"input_length\": 153600000, \"output_length\": 1, \"hash_ids\": [" + ids + "]}\n"));
  EXPECT_EQ(t.error, "");
  EXPECT_EQ(t.requests[0].block_hashes.size(), 300'000U);
}

TEST(Mooncake, SpreadingTiesIsSeededUniformAndSorted) {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += "{\"timestamp\": " + std::to_string(i / 30 * 3000) + ", \"input_length\": " + std::to_string(i + 1) +
            ", \"output_length\": 1}\n";
  }
  folder.write("m.jsonl", text);
  TraceOptions o;
  o.spread = 3_s;
  const ReadTrace a = read(folder.file("m.jsonl"), o), again = read(folder.file("m.jsonl"), o);
  o.seed = 2;
  const ReadTrace other = read(folder.file("m.jsonl"), o);
  EXPECT_TRUE(same(a.requests, again.requests));
  EXPECT_FALSE(same(a.requests, other.requests));
  EXPECT_EQ(a.requests.size(), 3000U);
  EXPECT_EQ(a.counts.out_of_order, 0U);
  std::size_t ties = 0;
  for (std::size_t i = 1; i < a.requests.size(); ++i)
    ties += a.requests[i].arrival == a.requests[i - 1].arrival ? 1 : 0;
  EXPECT_LT(ties, 3U);
  double mean = 0;
  for (const Request& r : a.requests) mean += r.arrival.seconds() / 3000;
  EXPECT_NEAR(mean, 150, 5);  // Ticks at 0..297 s and half a tick.
  // Literal by default.
  EXPECT_EQ(read(folder.file("m.jsonl")).requests[29].arrival.ns, 0);
}

TEST(OwnCsv, TimesAreExactAndStartWhereTheyDo) {
  const Folder folder;
  const ReadTrace t = read(folder.write("a.csv",
                                        "request,arrival_s,prompt_tokens,output_tokens\n"
                                        "0,0.000000001,374,44\n1,4.314579,396,109\n2,8999999999.999999999,1,1\n"));
  EXPECT_EQ(t.error, "");
  EXPECT_EQ(arrivals(t), (Ns{1, 4'314'579'000, 8'999'999'999'999'999'999}));
  TraceOptions o;
  o.rebase = true;
  EXPECT_EQ(arrivals(read(folder.file("a.csv"), o))[1], 4'314'578'999);
}

TEST(OwnCsv, JobsBindByHeader) {
  const Folder folder;
  const JobTrace t = jobs_of(folder.write("j.csv",
                                          "vc,dur,num_gpus,submit,job_id,estimate,parameters\n"
                                          "\"a,b\",66.5,8,601,x,,\n"
                                          ",1e3,4096,0.5,y,2000,7e10\n"));
  ASSERT_EQ(t.jobs.size(), 2U);
  EXPECT_EQ(t.jobs[0].name, "y");
  EXPECT_EQ(t.jobs[0].submit.ns, kS / 2);
  EXPECT_EQ(t.jobs[0].gpus, Gpus{4096});
  EXPECT_EQ(t.jobs[0].run_time, 1000_s);
  EXPECT_EQ(t.jobs[0].estimate, 2000_s);
  EXPECT_EQ(t.jobs[0].parameters, 7e10);
  EXPECT_EQ(t.jobs[1].tenant, "a,b");
  EXPECT_EQ(t.jobs[1].estimate.ns, 66'500'000'000);
  EXPECT_EQ(t.counts.out_of_order, 1U);
}

TEST(Philly, DuplicatesAreSeparateJobsAndNamesFollowTheSortedOrder) {
  const Folder folder;
  const JobTrace t = jobs_of(folder.write("p.csv",
                                          "timestamp,duration,num_gpus,gpu_time,cluster\n"
                                          "2017-10-09 07:01:55,66.0,1,66.0,11cb48\n"
                                          "2017-10-09 06:13:03,2951.0,1,2951.0,6214e9\n"
                                          "2017-10-09 07:01:55,66.0,1,66.0,11cb48\n"));
  ASSERT_EQ(t.jobs.size(), 3U);
  EXPECT_EQ(t.jobs[0].run_time, 2951_s);
  EXPECT_EQ(t.jobs[0].submit.ns, 0);
  EXPECT_EQ(t.jobs[1].submit.ns, (48 * 60 + 52) * kS);
  EXPECT_EQ(t.jobs[1].tenant, "11cb48");
  EXPECT_EQ(t.jobs[0].name + t.jobs[1].name + t.jobs[2].name, "012");
  EXPECT_EQ(t.jobs[1].estimate, t.jobs[1].run_time);
}

TEST(Acme, HalfSecondIterationsTimesWorkers) {
  const Folder folder;
  const JobTrace t =
      jobs_of(folder.write("k.csv",
                           "job_id,arrival_time,num_iteration,iteration_computing_time,iteration_networking_time,"
                           "gpu_workers,ps,gpu_per_worker,cpu_per_gpu_worker,cpu_per_ps_worker,tensorsizes,"
                           "profiled_network\n"
                           "0,0.0,208,0.5,0.25,8,0,8.0,15.0,15.0,10.0,500\n"
                           "1,313.0,3,0.5,0.25,128,0,8.0,15.0,15.0,10.0,500\n"));
  ASSERT_EQ(t.jobs.size(), 2U);
  EXPECT_EQ(t.jobs[0].gpus, Gpus{64});
  EXPECT_EQ(t.jobs[0].run_time, 104_s);
  EXPECT_EQ(t.jobs[1].gpus, Gpus{1024});
  EXPECT_EQ(t.jobs[1].run_time, 1500_ms);
  EXPECT_EQ(t.jobs[1].submit.ns, 313 * kS);
}

TEST(Swf, CommentsUnknownsAndMoreThanEighteenNumbers) {
  const Folder folder;
  const std::string path =
      folder.write("s.swf",
                   "; Version: 2.2\n;   UnixStartTime: 749458803\n\n"
                   "    1 749458803  -1   1451  128 -1 -1  -1   -1  -1 -1  1  1 1 -1 -1 -1 -1\n"
                   "7\t749458803\t-1\t3\t-1\t-1\t-1\t9\t2\t-1\t-1\t-1\t1\t1\t-1\t-1\t-1\t-1\t5\t6\t7\n"
                   "1 749458800 -1 100.5 0 3.2 -1 1 900 -1 5 44 1 1 -1 -1 -1 -1\r\n");
  TraceOptions o;
  o.processors_per_gpu = 8;
  const JobTrace t = jobs_of(path, o);
  ASSERT_EQ(t.jobs.size(), 3U);
  EXPECT_EQ(t.jobs[0].submit.ns, 0);
  EXPECT_EQ(t.jobs[0].run_time.ns, 100'500'000'000);
  EXPECT_EQ(t.jobs[0].estimate, 900_s);
  EXPECT_EQ(t.jobs[0].gpus, Gpus{1});
  EXPECT_EQ(t.jobs[0].tenant, "44");
  EXPECT_EQ(t.jobs[1].gpus, Gpus{16});
  EXPECT_EQ(t.jobs[1].estimate, 1451_s);
  EXPECT_EQ(t.jobs[1].tenant, "1");
  EXPECT_EQ(t.jobs[2].gpus, Gpus{2});  // Nine processors asked for, rounded up.
  EXPECT_EQ(t.jobs[2].tenant, "");
  EXPECT_EQ(t.jobs[2].run_time, 3_s);
  o.cut_at_estimate = true;
  EXPECT_EQ(jobs_of(path, o).jobs[2].run_time, 2_s);
}

TEST(Formats, AreRecognisedAndNamed) {
  const Folder folder;
  std::string names;
  for (const FormatInfo& f : formats()) names += f.name + " ";
  EXPECT_EQ(names,
            "azure mooncake csv binary philly philly_json acme acme_raw helios chronus elasticflow tiresias gavel "
            "pollux openb pai swf ");
  const std::string azure = folder.write("a", "TIMESTAMP,ContextTokens,GeneratedTokens\n");
  EXPECT_EQ(recognise(azure)->format, "azure");
  EXPECT_TRUE(read(azure).requests.empty());
  EXPECT_EQ(recognise(folder.write("b", "; Version: 2\n"))->format, "swf");
  EXPECT_EQ(recognise(folder.write("c", "submit,num_gpus,dur\n"))->kind, TraceKind::kJobs);
  EXPECT_EQ(recognise(folder.write("d", "what,is,this\n1,2,3\n")).error().text(),
            folder.file("d") +
                ":1: format not recognised (expected one of: azure, mooncake, csv, binary, philly, philly_json, acme, "
                "acme_raw, "
                "helios, chronus, "
                "elasticflow, tiresias, gavel, pollux, openb, pai, swf; `jevons trace "
                "formats` says how each begins; name one with the option format)");
  TraceOptions o;
  o.format = "azur";
  EXPECT_EQ(read(azure, o).error, azure + ": unknown trace format 'azur' (did you mean 'azure'?)");
  o.format = "azure";
  EXPECT_EQ(
      read(folder.file("d"), o).error,
      folder.file("d") + ":1: column 'TIMESTAMP' is missing (expected a header line with it, got 'what,is,this')");
  o.format = "binary";
  EXPECT_EQ(read(azure, o).error, azure + ": not a binary trace (expected its first nine bytes)");
  EXPECT_EQ(read_jobs(azure).error().text(), azure + ": holds requests in format azure (expected jobs)");
  EXPECT_EQ(read(folder.file("c")).error, folder.file("c") + ": holds jobs in format csv (expected requests)");
  EXPECT_EQ(read(folder.write("e", "TIMESTAMP,ContextTokens,GeneratedTokens,TIMESTAMP\n")).error,
            folder.file("e") + ":1: column 'TIMESTAMP' is there twice");
}

TEST(Options, OutOfRangeAreErrors) {
  const Folder folder;
  const std::string f = folder.write("a", "TIMESTAMP,ContextTokens,GeneratedTokens\n");
  const auto error = [&](auto change) {
    TraceOptions o;
    change(&o);
    return read(f, o).error;
  };
  EXPECT_EQ(error([](TraceOptions* o) { o->hash_block = Tokens{0}; }),
            f + ": block size is out of range (expected 1 to 2^40 tokens)");
  EXPECT_EQ(error([](TraceOptions* o) { o->time_unit = "min"; }),
            f + ": unknown time unit 'min' (expected ns, us, ms or s)");
  EXPECT_EQ(error([](TraceOptions* o) { o->spread = Duration{-1}; }),
            f + ": spread is out of range (expected 0 to 366 days)");
  EXPECT_EQ(error([](TraceOptions* o) { o->reorder_window = 0; }),
            f + ": reorder window is out of range (expected 1 or more rows)");
  EXPECT_EQ(error([](TraceOptions* o) { o->processors_per_gpu = 0; }),
            f + ": processors per GPU is out of range (expected 1 or more)");
}

TEST(OpenTrace, GivesEitherKind) {
  const Folder folder;
  auto requests = open_trace(folder.write("a", "TIMESTAMP,ContextTokens,GeneratedTokens\n"));
  ASSERT_TRUE(requests.ok());
  EXPECT_NE(requests->requests, nullptr);
  auto jobs = open_trace(folder.write("c", "submit,num_gpus,dur\n0,1,1\n"));
  ASSERT_TRUE(jobs.ok());
  ASSERT_TRUE(jobs->jobs.has_value());
  EXPECT_EQ(jobs->jobs->jobs.size(), 1U);
}

}  // namespace
}  // namespace jevons::test
