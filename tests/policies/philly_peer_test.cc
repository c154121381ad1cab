// Ten thousand Philly jobs on 512 GPUs: the same averages as the exact reference that two public simulators agree with
// (shared/data/peers/philly10k_512gpus).
#include <gtest/gtest.h>

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "tests/policies/queue_instances.h"

namespace jevons::testing {
namespace {

std::filesystem::path peer_folder() {
  const char* data = std::getenv("JEVONS_DATA");
  const std::filesystem::path root = data != nullptr ? data : JEVONS_SOURCE_DIR "/../shared/data";
  return root / "peers" / "philly10k_512gpus";
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) out.push_back(cell);
  return out;
}

// job_id,submit,num_gpus,dur,vc; whole seconds.
std::vector<QueueJob> read_jobs() {
  boost::iostreams::filtering_istream in;
  std::ifstream file(peer_folder() / "jobs.csv.gz", std::ios::binary);
  in.push(boost::iostreams::gzip_decompressor());
  in.push(file);
  std::vector<QueueJob> jobs;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const auto c = cells(line);
    const Duration run = *parse_int64(c.at(3)) * 1_s;
    jobs.push_back(
        {Instant{} + *parse_int64(c.at(1)) * 1_s, Gpus{static_cast<std::int32_t>(*parse_int64(c.at(2)))}, run, run});
  }
  return jobs;
}

// policy -> avg_jct_s, avg_wait_s, makespan_s
std::map<std::string, std::vector<std::string>> read_expected() {
  std::map<std::string, std::vector<std::string>> out;
  std::ifstream file(peer_folder() / "expected.csv");
  for (std::string line; std::getline(file, line);) {
    const auto c = cells(line);
    out[c.at(0)] = {c.at(1), c.at(2), c.at(3)};
  }
  return out;
}

// Seconds with two digits, rounded half up.
std::string hundredths(Int128 sum_ns, std::size_t n) {
  const Int128 unit = static_cast<Int128>(n) * 10'000'000;
  const auto h = static_cast<std::int64_t>((sum_ns + unit / 2) / unit);
  const std::string tail = std::to_string(h % 100);
  return std::to_string(h / 100) + "." + (tail.size() < 2 ? "0" : "") + tail;
}

void expect_as_reference(const std::string& row, const std::string& policy, const ParamText& params) {
  if (!std::filesystem::exists(peer_folder() / "jobs.csv.gz")) GTEST_SKIP() << "skipped: no data";
  const std::vector<QueueJob> jobs = read_jobs();
  ASSERT_EQ(jobs.size(), 10'000u);
  const auto expected = read_expected();
  const auto queue = make_queue(policy, params);
  const QueueRun result = run_queue(jobs, Gpus{512}, queue.get());
  Int128 wait = 0, jct = 0;
  Instant last{0};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    wait += (result.ends[i] - jobs[i].submit - jobs[i].run).ns;  // All the time it did not run.
    jct += (result.ends[i] - jobs[i].submit).ns;
    last = std::max(last, result.ends[i]);
  }
  const std::vector<std::string> ours{hundredths(jct, jobs.size()), hundredths(wait, jobs.size()),
                                      std::to_string(last.ns / 1'000'000'000)};
  EXPECT_EQ(ours, expected.at(row));
}

TEST(PhillyPeer, Fcfs) { expect_as_reference("fcfs", "fcfs", {}); }
TEST(PhillyPeer, FirstFit) { expect_as_reference("first_fit_in_arrival_order", "first_fit", {}); }
TEST(PhillyPeer, EasyBackfill) { expect_as_reference("easy_backfill_exact_estimates", "easy_backfill", {}); }
TEST(PhillyPeer, SjfHeadBlocks) { expect_as_reference("sjf_head_blocks", "sjf", {}); }
TEST(PhillyPeer, Srtf) { expect_as_reference("srtf", "srtf", {}); }
TEST(PhillyPeer, SrsfGpuTime) { expect_as_reference("srsf_gpu_time", "srtf", {{"weight_gpus", "true"}}); }
TEST(PhillyPeer, SjfSkip) { expect_as_reference("sjf_skip", "sjf", {{"head_blocks", "false"}}); }

}  // namespace
}  // namespace jevons::testing
