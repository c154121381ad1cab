// Vidur's own answers from Vidur's own times: its batching rules, written here in 80 lines, with our reading of its
// tables, give its TTFT and end-to-end time of every request of the Azure conversation trace (shared/data/peers).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <deque>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "sim/model/iteration_csv.h"

namespace jevons {
namespace {

struct Request {
  std::int64_t arrival_ns = 0, prompt = 0, output = 0, processed = 0;
  double ttft = 0, e2e = 0, expected_ttft = 0, expected_e2e = 0;
};

std::string data_folder() {
  const char* env = std::getenv("JEVONS_DATA");
  return (env != nullptr ? std::string(env) : std::string(JEVONS_SOURCE_DIR) + "/../shared/data") +
         "/peers/vidur_llama2_70b_a100_tp4x4/";
}

std::vector<Request> read_requests(const std::string& path) {
  std::vector<Request> out;
  LineReader lines(std::move(*FileReader::open(path)));
  std::string_view line;
  EXPECT_TRUE(*lines.next(&line));  // The header.
  while (*lines.next(&line)) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == ',')
        cells.emplace_back();
      else
        cells.back() += c;
    }
    Request r;
    r.arrival_ns = *parse_decimal_ns(cells[1]);
    r.prompt = *parse_int64(cells[2]);
    r.output = *parse_int64(cells[3]);
    r.prompt = std::min(r.prompt, 4096 - r.output);
    r.expected_ttft = *parse_double(cells[4]);
    r.expected_e2e = *parse_double(cells[5]);
    out.push_back(r);
  }
  return out;
}

// One replica, FCFS; 32,768 blocks of 16 tokens.  Time in fixed point from the start of the trace.
void replay(const std::vector<Request*>& requests, const IterationTable& table) {
  constexpr std::int64_t kBlocks = 32'768, kBlock = 16, kBudget = 4'096, kBatch = 128, kWatermark = kBlocks / 100;
  std::deque<Request*> waiting;
  std::vector<Request*> running;
  std::vector<std::int64_t> held;  // Blocks, beside `running`.
  std::int64_t free = kBlocks;
  Int128 now = 0;
  std::size_t next = 0;
  const auto seconds_since = [&](const Request& r) {
    return static_cast<double>(now - (Int128{r.arrival_ns} << kFractionBits)) / std::ldexp(1e9, kFractionBits);
  };
  while (next < requests.size() || !waiting.empty() || !running.empty()) {
    if (waiting.empty() && running.empty()) now = std::max(now, Int128{requests[next]->arrival_ns} << kFractionBits);
    while (next < requests.size() && (Int128{requests[next]->arrival_ns} << kFractionBits) <= now)
      waiting.push_back(requests[next++]);
    IterationShape s;
    std::int64_t longest = 0;
    const std::size_t before = running.size();
    while (!waiting.empty()) {
      const Request& r = *waiting.front();
      const std::int64_t need = (r.prompt + kBlock - 1) / kBlock;
      if (free - need < kWatermark || (s.chunks + 1) * std::max(longest, r.prompt) > kBudget) break;
      if (static_cast<std::int64_t>(running.size()) >= kBatch) break;
      longest = std::max(longest, r.prompt);
      s.tokens += r.prompt;
      s.prompt_squares += r.prompt * r.prompt;
      ++s.chunks;
      free -= need;
      running.push_back(waiting.front());
      held.push_back(need);
      waiting.pop_front();
    }
    if (s.chunks > 0) {
      now += table.time(s);
      for (std::size_t i = before; i < running.size(); ++i) {
        running[i]->processed = running[i]->prompt + 1;
        running[i]->ttft = seconds_since(*running[i]);
      }
    } else {
      for (std::size_t i = 0; i < running.size(); ++i) {
        if (running[i]->processed > held[i] * kBlock) {
          ++held[i];
          --free;
        }
        s.decode_context += running[i]->processed - 1;
      }
      s.decode = s.tokens = static_cast<std::int64_t>(running.size());
      now += table.time(s);
      for (Request* r : running) ++r->processed;
    }
    for (std::size_t i = running.size(); i-- > 0;) {
      if (running[i]->processed < running[i]->prompt + running[i]->output) continue;
      running[i]->e2e = seconds_since(*running[i]);
      free += held[i];
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

TEST(VidurReplay, EveryRequestAgrees) {
  const std::string folder = data_folder();
  if (!std::filesystem::exists(folder + "requests.csv.gz")) GTEST_SKIP() << "skipped: no data";
  const auto table = read_vidur_tables(
      {folder + "per_token_ops_ms.csv.gz", folder + "attn_prefill_ms.csv.gz", folder + "attn_decode_ms.csv.gz", 80},
      {128, 4096, 4096});
  ASSERT_TRUE(table.ok()) << table.error().text();
  std::vector<Request> requests = read_requests(folder + "requests.csv.gz");
  ASSERT_EQ(requests.size(), 9'754U);
  for (std::size_t replica = 0; replica < 4; ++replica) {
    std::vector<Request*> mine;
    for (std::size_t i = replica; i < requests.size(); i += 4) mine.push_back(&requests[i]);
    replay(mine, **table);
  }
  double worst = 0;
  for (const Request& r : requests) {
    worst = std::max({worst, std::abs(r.ttft - r.expected_ttft), std::abs(r.e2e - r.expected_e2e)});
  }
  EXPECT_LT(worst, 2e-9);  // Half a nanosecond of theirs in print, and half a unit of ours an iteration.
}

}  // namespace
}  // namespace jevons
