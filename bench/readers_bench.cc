// Rows per second of the trace readers, from files written for the purpose: plain and compressed.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/rng.h"
#include "traces/reader.h"

namespace jevons {
namespace {

constexpr int kRows = 200'000;

std::string azure_row(RandomStream* random, std::int64_t* ticks) {
  *ticks += static_cast<std::int64_t>(random->exponential(1e6));  // Of 100 ns: the trace's seven digits.
  const std::int64_t s = *ticks / 10'000'000;
  return fmt::format("2023-11-{:02} {:02}:{:02}:{:02}.{:07},{},{}\n", 16 + s / 86'400 % 14, s / 3'600 % 24, s / 60 % 60,
                     s % 60, *ticks % 10'000'000, 1 + random->below(4'000), 1 + random->below(500));
}

std::string mooncake_row(RandomStream* random, std::int64_t* ms) {
  *ms += static_cast<std::int64_t>(random->below(300));
  const std::uint64_t blocks = 1 + random->below(40);
  std::string ids;
  for (std::uint64_t i = 0; i < blocks; ++i) ids += fmt::format("{}{}", i == 0 ? "" : ", ", random->below(100'000));
  return fmt::format("{{\"timestamp\": {}, \"input_length\": {}, \"output_length\": {}, \"hash_ids\": [{}]}}\n", *ms,
                     blocks * 512 - random->below(512), 1 + random->below(500), ids);
}

// A file that lives as long as the program.
std::string write_file(const std::string& name, const std::string& header,
                       std::string (*row)(RandomStream*, std::int64_t*)) {
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("jevons_bench_{}_{}", getpid(), name)).string();
  std::ofstream out(path, std::ios::binary);
  RandomStream random(1, name);
  std::int64_t clock = 0;
  out << header;
  for (int i = 0; i < kRows; ++i) out << row(&random, &clock);
  return path;
}

void read_all(benchmark::State& state, const std::string& path) {
  Request request;
  for (auto _ : state) {
    auto source = open_requests(path);
    if (!source) return state.SkipWithError(source.error().text().c_str());
    for (;;) {
      const Result<bool> more = (*source)->next(&request);
      if (!more) return state.SkipWithError(more.error().text().c_str());
      if (!*more) break;
    }
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  std::filesystem::remove(path);
}

void azure_csv(benchmark::State& state) {
  read_all(state, write_file("azure.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n", azure_row));
}
BENCHMARK(azure_csv)->Unit(benchmark::kMillisecond);

void azure_csv_zst(benchmark::State& state) {
  const std::string path = write_file("azure.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n", azure_row);
  if (std::system(("zstd -q --rm -f " + path).c_str()) != 0) return state.SkipWithError("needs zstd");
  read_all(state, path + ".zst");
}
BENCHMARK(azure_csv_zst)->Unit(benchmark::kMillisecond);

void mooncake_jsonl(benchmark::State& state) { read_all(state, write_file("mooncake.jsonl", "", mooncake_row)); }
BENCHMARK(mooncake_jsonl)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace jevons
