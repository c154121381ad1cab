// KvCache on the real Mooncake conversation trace, block by block against the referee: same hits, same evictions.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/serving/kv_cache.h"
#include "tests/support/naive_kv.h"

namespace jevons {
namespace {

constexpr std::int64_t kHashBlock = 512, kBlock = 16;  // Tokens: Mooncake's hash block, vLLM's block.

struct Prompt {
  std::int64_t tokens = 0;
  std::vector<std::uint64_t> hashes;
};

std::vector<Prompt> read_mooncake() {
  const char* data = std::getenv("JEVONS_DATA");
  const std::string folder = data != nullptr ? data : std::string(JEVONS_SOURCE_DIR) + "/../shared/data";
  const std::string file = folder + "/traces/llm/mooncake_conversation_trace.jsonl.zst";
  std::vector<Prompt> prompts;
  if (!std::filesystem::exists(file)) return prompts;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(("zstd -dcq '" + file + "'").c_str(), "r"), pclose);
  char* line = nullptr;
  std::size_t capacity = 0;
  while (pipe != nullptr && getline(&line, &capacity, pipe.get()) > 0) {
    const auto row = nlohmann::json::parse(line);
    prompts.push_back(
        {row.at("input_length").get<std::int64_t>(), row.at("hash_ids").get<std::vector<std::uint64_t>>()});
  }
  std::free(line);
  return prompts;
}

// One request after the other through `groups` x 32 blocks.  Returns the tokens found in the cache.
std::int64_t replay(const std::vector<Prompt>& prompts, int groups) {
  const int total = groups * static_cast<int>(kHashBlock / kBlock);
  KvCache fast(Blocks{total}, Tokens{kBlock}, true);
  testing::NaiveKv slow(total, kBlock, true);
  KvCache::Holding f;
  testing::NaiveKv::Holding s;
  std::int64_t hits = 0;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const Prompt& p = prompts[i];
    const std::int64_t found = fast.acquire_prefix(p.hashes, Tokens{kHashBlock}, Tokens{p.tokens}, &f).value;
    EXPECT_EQ(found, slow.acquire_prefix(p.hashes, kHashBlock, p.tokens, &s)) << "request " << i;
    const std::int64_t rest = (p.tokens + kBlock - 1) / kBlock - found / kBlock;
    EXPECT_TRUE(fast.take(Blocks{rest}, &f));
    EXPECT_TRUE(slow.take(rest, &s));
    EXPECT_EQ(fast.referenced().value, slow.referenced());
    fast.publish(p.hashes, Tokens{kHashBlock}, Tokens{p.tokens}, &f);
    slow.publish(p.hashes, kHashBlock, p.tokens, &s);
    fast.release(&f);
    slow.release(&s);
    hits += found;
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_EQ(fast.referenced(), Blocks{0});
  return hits;
}

// Tokens found when nothing is ever evicted: each request's leading hashes that an earlier one had in full.
std::int64_t unlimited_hits(const std::vector<Prompt>& prompts) {
  std::vector<bool> seen;
  std::int64_t hits = 0;
  for (const Prompt& p : prompts) {
    std::size_t k = 0;
    const auto most = static_cast<std::size_t>((p.tokens - 1) / kHashBlock);
    while (k < most && k < p.hashes.size() && p.hashes[k] < seen.size() && seen[p.hashes[k]]) ++k;
    hits += static_cast<std::int64_t>(k) * kHashBlock;
    for (std::size_t i = 0; i < static_cast<std::size_t>(p.tokens / kHashBlock); ++i) {
      if (p.hashes[i] >= seen.size()) seen.resize(p.hashes[i] + 1);
      seen[p.hashes[i]] = true;
    }
  }
  return hits;
}

TEST(KvCacheMooncake, SameHitsAsTheReferee) {
  const std::vector<Prompt> prompts = read_mooncake();
  if (prompts.empty()) GTEST_SKIP() << "skipped: no data";
  std::int64_t asked = 0, before = 0;
  for (const Prompt& p : prompts) asked += p.tokens;
  for (const int groups : {10'000, 30'000, 100'000}) {
    const std::int64_t hits = replay(prompts, groups);
    std::printf("%6d x 32 blocks: %.4f of %lld prompt tokens found\n", groups,
                static_cast<double>(hits) / static_cast<double>(asked), static_cast<long long>(asked));
    EXPECT_GE(hits, before) << "a larger LRU cache finds no less on this trace";
    before = hits;
  }
  const std::int64_t most = unlimited_hits(prompts);
  EXPECT_LE(before, most);
  EXPECT_EQ(replay(prompts, 250'000), most) << "nothing is evicted from a cache that holds the whole trace";
}

}  // namespace
}  // namespace jevons
