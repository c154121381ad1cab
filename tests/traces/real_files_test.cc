// The public traces: counts and sums against an independent pass in Python, prefix reuse against the published figures,
// conversion there and back.
#include "tests/traces/real_files.h"

#include <gtest/gtest.h>

#include <list>
#include <map>

#include "traces/summary.h"

namespace jevons::test {
namespace {

void check_azure(const std::string& path) {
  const ReadTrace t = read(path);
  ASSERT_EQ(t.error, "");
  agree(std::string("rows = [(stamp(r['TIMESTAMP']), int(r['ContextTokens']), int(r['GeneratedTokens'])) "
                    "for r in csv.DictReader(lines(sys.argv[1]))]") +
            kPrintRequests,
        path, sums(t.requests));
}

TEST(RealFiles, AzureCode) {
  NEEDS(path, "traces/llm/azure2023_code_part1.csv.zst");
  check_azure(path);
}
TEST(RealFiles, AzureConversation) {
  NEEDS(path, "traces/llm/azure2023_conv_part1.csv.zst");
  check_azure(path);
}

TEST(RealFiles, Mooncake) {
  NEEDS(path, "traces/llm/mooncake_conversation_trace.jsonl.zst");
  const ReadTrace t = read(path);
  ASSERT_EQ(t.error, "");
  agree(std::string("rows = [(j['timestamp'] * 10**6, j['input_length'], j['output_length']) "
                    "for j in map(json.loads, lines(sys.argv[1]))]") +
            kPrintRequests,
        path, sums(t.requests));
  std::uint64_t hashes = 0;
  for (const Request& r : t.requests) {
    for (const std::uint64_t h : r.block_hashes) hashes = hashes * 31 + h;
  }
  EXPECT_EQ(output_of("python3 -c \""
                      R"PY(
import json, subprocess
h = 0
for line in subprocess.run(['zstd', '-dcq', ')PY" +
                      path +
                      R"PY('], stdout=subprocess.PIPE, check=True).stdout.splitlines():
    for i in json.loads(line)['hash_ids']: h = (h * 31 + i) % 2**64
print(h))PY"
                      "\""),
            std::to_string(hashes) + "\n");
}

TEST(RealFiles, VidurRequests) {
  NEEDS(path, "peers/vidur_llama2_70b_a100_tp4x4/requests.csv.gz");
  const ReadTrace t = read(path);
  ASSERT_EQ(t.error, "");
  agree(std::string("rows = [(ns(r['arrival_s']), int(r['prompt_tokens']), int(r['output_tokens'])) "
                    "for r in csv.DictReader(lines(sys.argv[1]))]") +
            kPrintRequests,
        path, sums(t.requests));
}

TEST(RealFiles, Philly) {
  NEEDS(path, "traces/jobs/philly_2017-09_10.csv.zst");
  check_jobs(path,
             "(stamp(r['timestamp']), int(r['num_gpus']), ns(r['duration']), ns(r['duration'])) "
             "for r in csv.DictReader(lines(sys.argv[1]))");
}

TEST(RealFiles, AcmeKalos) {
  NEEDS(path, "traces/jobs/acme_kalos_converted_part1.csv.zst");
  check_jobs(path,
             "(ns(r['arrival_time']), int(r['gpu_workers']) * int(float(r['gpu_per_worker'])), "
             "int(r['num_iteration']) * 5 * 10**8, int(r['num_iteration']) * 5 * 10**8) "
             "for r in csv.DictReader(lines(sys.argv[1]))");
}

TEST(RealFiles, PhillyPeerJobs) {
  NEEDS(path, "peers/philly10k_512gpus/jobs.csv.gz");
  check_jobs(
      path,
      "(ns(r['submit']), int(r['num_gpus']), ns(r['dur']), ns(r['dur'])) for r in csv.DictReader(lines(sys.argv[1]))");
}

constexpr const char* kSwfRows =
    "(ns(f[1]), -(-int(f[4]) // PER), ns(f[3]), ns(f[8]) if float(f[8]) > 0 else ns(f[3])) "
    "for f in (l.split() for l in lines(sys.argv[1]) if l.strip() and l[0] != ';') if float(f[3]) > 0";

TEST(RealFiles, SwfLublin) {
  NEEDS(path, "traces/swf/lublin_256.swf.zst");
  check_jobs(path, std::string(kSwfRows).replace(std::string(kSwfRows).find("PER"), 3, "1"));
}

TEST(RealFiles, SwfNasaDropsRunsOfZeroAndCountsThem) {
  NEEDS(path, "traces/swf/NASA-iPSC-1993-3.1-cln.swf.zst");
  TraceOptions o;
  o.processors_per_gpu = 8;
  EXPECT_EQ(read_jobs(path, o).error().text(),
            path + ":248:28: run time zero (expected a time above 0, up to 285 years, got '0')");
  o.drop_bad_rows = true;
  check_jobs(path, std::string(kSwfRows).replace(std::string(kSwfRows).find("PER"), 3, "8"), o);
  const ReadCounts counts = read_jobs(path, o)->counts;
  EXPECT_EQ(counts.rows, 18'239U);
  EXPECT_EQ(counts.dropped.at("run time zero"), 173U);
}

// A global LRU written the slow way: a list searched by position.
double reuse(const std::vector<Request>& requests, std::size_t capacity) {
  std::map<std::uint64_t, std::uint64_t> last_use;  // Hash -> tick.
  std::map<std::uint64_t, std::uint64_t> by_tick;   // Tick -> hash.
  std::uint64_t tick = 0;
  std::int64_t found = 0, all = 0;
  for (const Request& r : requests) {
    all += r.prompt.value;
    std::int64_t blocks = 0;
    for (const std::uint64_t h : r.block_hashes) {
      if (!last_use.contains(h)) break;
      ++blocks;
    }
    found += std::min(blocks * r.hash_block.value, r.prompt.value);
    for (const std::uint64_t h : r.block_hashes) {
      if (const auto it = last_use.find(h); it != last_use.end()) by_tick.erase(it->second);
      last_use[h] = ++tick;
      by_tick[tick] = h;
      if (capacity > 0 && by_tick.size() > capacity) {
        last_use.erase(by_tick.begin()->second);
        by_tick.erase(by_tick.begin());
      }
    }
  }
  return 100 * static_cast<double>(found) / static_cast<double>(all);
}

TEST(RealFiles, MooncakePrefixReuseIsThePublishedOne) {
  NEEDS(path, "traces/llm/mooncake_conversation_trace.jsonl.zst");
  const ReadTrace t = read(path);
  ASSERT_EQ(t.error, "");
  // trace_formats.md 3.3, to the digit given there.
  const std::map<std::size_t, double> published{{0, 37.4}, {10'000, 21.5}, {30'000, 33.2}, {100'000, 37.1}};
  for (const auto& [capacity, percent] : published) {
    EXPECT_NEAR(reuse(t.requests, capacity), percent, 0.05) << capacity;
    PrefixReuse ours(capacity);
    std::int64_t found = 0, all = 0;
    for (const Request& r : t.requests) {
      found += ours.add(r).value;
      all += r.prompt.value;
    }
    EXPECT_EQ(100 * static_cast<double>(found) / static_cast<double>(all), reuse(t.requests, capacity)) << capacity;
  }
}

TEST(RealFiles, ThereAndBackChangesNothing) {
  NEEDS(conversation, "traces/llm/azure2023_conv_part1.csv.zst");
  NEEDS(mooncake, "traces/llm/mooncake_conversation_trace.jsonl.zst");
  const Folder folder;
  for (const std::string& path : {conversation, mooncake}) {
    const ReadTrace t = read(path);
    ASSERT_EQ(write_requests(folder.file("a.csv"), t.requests), "");
    ASSERT_EQ(write_requests(folder.file("a.jtr.zst"), read(folder.file("a.csv")).requests), "");
    const ReadTrace back = read(folder.file("a.jtr.zst"));
    EXPECT_EQ(back.error, "");
    EXPECT_TRUE(same(back.requests, t.requests));
    ASSERT_EQ(write_requests(folder.file("b.csv"), back.requests), "");
    EXPECT_EQ(bytes_of(folder.file("a.csv")), bytes_of(folder.file("b.csv")));
  }
  // Mooncake's own form comes back byte for byte.
  ASSERT_EQ(write_requests(folder.file("m.jsonl"), read(mooncake).requests), "");
  EXPECT_EQ(*read_whole_file(folder.file("m.jsonl")), *read_whole_file(mooncake));
}

TEST(RealFiles, JobsThereAndBackChangeNothing) {
  NEEDS(philly, "traces/jobs/philly_2017-09_10.csv.zst");
  NEEDS(lublin, "traces/swf/lublin_256.swf.zst");
  const Folder folder;
  for (const std::string& path : {philly, lublin}) {
    const auto t = read_jobs(path);
    ASSERT_TRUE(t.ok());
    ASSERT_TRUE(write_jobs(folder.file("a.csv.gz"), *t).ok());
    const auto text = read_jobs(folder.file("a.csv.gz"));
    ASSERT_TRUE(text.ok()) << text.error().text();
    EXPECT_TRUE(same(text->jobs, t->jobs));
    ASSERT_TRUE(write_jobs(folder.file("a.jtr"), *text).ok());
    const auto binary = read_jobs(folder.file("a.jtr"));
    ASSERT_TRUE(binary.ok()) << binary.error().text();
    EXPECT_TRUE(same(binary->jobs, t->jobs));
  }
}

}  // namespace
}  // namespace jevons::test
