// KvCache against a referee that moves single blocks, and by hand.
#include "sim/serving/kv_cache.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/support/naive_kv.h"
#include "tests/support/scale.h"

namespace jevons {
namespace {

using Hashes = std::vector<std::uint64_t>;
using testing::NaiveKv;
using testing::scaled;

TEST(KvCache, CountsPlainBlocks) {
  KvCache kv(Blocks{10}, Tokens{16}, false);
  KvCache::Holding a, b;
  EXPECT_TRUE(kv.take(Blocks{6}, &a));
  EXPECT_FALSE(kv.take(Blocks{5}, &b));
  EXPECT_EQ(b.plain, Blocks{0});
  EXPECT_EQ(kv.referenced(), Blocks{6});
  EXPECT_TRUE(kv.take(Blocks{4}, &b));
  EXPECT_EQ(kv.free(), Blocks{0});
  kv.release(&a);
  EXPECT_EQ(kv.free(), Blocks{6});
  kv.take_anonymous(Blocks{6});
  EXPECT_EQ(kv.free(), Blocks{0});
  a.plain = Blocks{6};
  kv.release(&a);
  kv.release(&b);
  EXPECT_EQ(kv.referenced(), Blocks{0});
}

TEST(KvCache, SharedPrefixCountsOnce) {
  KvCache kv(Blocks{20}, Tokens{16}, true);
  const Hashes h{7, 8, 9};
  KvCache::Holding a, b;
  EXPECT_EQ(kv.acquire_prefix(h, Tokens{32}, Tokens{90}, &a), Tokens{0});
  ASSERT_TRUE(kv.take(Blocks{6}, &a));
  kv.publish(h, Tokens{32}, Tokens{90}, &a);  // Groups 0 and 1 are full (64 of 90 tokens), group 2 is not.
  EXPECT_EQ(a.plain, Blocks{2});
  EXPECT_EQ(kv.lookup(h, Tokens{32}, Tokens{90}), Tokens{64});
  EXPECT_EQ(kv.lookup_free(h, Tokens{32}, Tokens{90}), Blocks{0});
  EXPECT_EQ(kv.acquire_prefix(h, Tokens{32}, Tokens{90}, &b), Tokens{64});
  EXPECT_EQ(kv.referenced(), Blocks{6});
  kv.release(&a);
  EXPECT_EQ(kv.referenced(), Blocks{4});
  kv.release(&b);
  EXPECT_EQ(kv.referenced(), Blocks{0});
  EXPECT_EQ(kv.lookup_free(h, Tokens{32}, Tokens{90}), Blocks{4});
}

TEST(KvCache, OneTokenIsAlwaysComputed) {
  KvCache kv(Blocks{20}, Tokens{16}, true);
  const Hashes h{1, 2};
  KvCache::Holding a;
  ASSERT_TRUE(kv.take(Blocks{2}, &a));
  kv.publish(h, Tokens{16}, Tokens{32}, &a);
  EXPECT_EQ(kv.lookup(h, Tokens{16}, Tokens{32}), Tokens{16});
  EXPECT_EQ(kv.lookup(h, Tokens{16}, Tokens{33}), Tokens{32});
  EXPECT_EQ(kv.lookup(h, Tokens{16}, Tokens{1}), Tokens{0});
  kv.release(&a);
}

TEST(KvCache, EvictsTailBeforePrefix) {
  KvCache kv(Blocks{4}, Tokens{16}, true);
  const Hashes h{1, 2, 3};
  KvCache::Holding a, b;
  ASSERT_TRUE(kv.take(Blocks{4}, &a));
  kv.publish(h, Tokens{16}, Tokens{48}, &a);
  kv.release(&a);  // Free queue: plain, 3, 2, 1.
  ASSERT_TRUE(kv.take(Blocks{2}, &b));
  EXPECT_EQ(kv.lookup(h, Tokens{16}, Tokens{100}), Tokens{32});
  ASSERT_TRUE(kv.take(Blocks{1}, &b));
  EXPECT_EQ(kv.lookup(h, Tokens{16}, Tokens{100}), Tokens{16});
  kv.release(&b);
}

TEST(KvCache, HashesThatDoNotFitBlocksAreIgnored) {
  KvCache kv(Blocks{8}, Tokens{16}, true);
  const Hashes h{1, 2};
  KvCache::Holding a;
  ASSERT_TRUE(kv.take(Blocks{4}, &a));
  for (const std::int64_t hash_block : {-16, 0, 1, 24}) {
    kv.publish(h, Tokens{hash_block}, Tokens{64}, &a);
    EXPECT_EQ(kv.lookup(h, Tokens{hash_block}, Tokens{64}), Tokens{0});
  }
  EXPECT_EQ(a.plain, Blocks{4});
  kv.publish(h, Tokens{16}, Tokens{64}, &a);
  EXPECT_EQ(kv.lookup(h, Tokens{32}, Tokens{65}), Tokens{0}) << "a group of another size is no match";
  kv.release(&a);
}

TEST(KvCache, RepeatedHashInOnePromptCountsOnce) {
  KvCache kv(Blocks{8}, Tokens{16}, true);
  const Hashes h{5, 5, 5};
  KvCache::Holding a, b;
  ASSERT_TRUE(kv.take(Blocks{3}, &a));
  kv.publish(h, Tokens{16}, Tokens{48}, &a);
  EXPECT_EQ(a.plain, Blocks{2});
  kv.release(&a);
  EXPECT_EQ(kv.lookup_free(h, Tokens{16}, Tokens{100}), Blocks{1});
  EXPECT_EQ(kv.acquire_prefix(h, Tokens{16}, Tokens{100}, &b), Tokens{16});
  EXPECT_EQ(kv.referenced(), Blocks{1});
  kv.release(&b);
  EXPECT_EQ(kv.referenced(), Blocks{0});
}

// A pair of engines that must agree after every operation.
class Pair {
 public:
  Pair(std::uint64_t seed, int total, bool caching)
      : random_(seed, "kv"), fast_(Blocks{total}, Tokens{16}, caching), slow_(total, 16, caching) {
    const std::uint64_t families = 1 + random_.below(4);
    for (std::uint64_t f = 0; f < families; ++f) {
      Hashes chain;
      for (std::uint64_t k = 0; k < 8; ++k) chain.push_back(f * 100 + k);
      families_.push_back(chain);
    }
    hash_block_ = 16 * static_cast<std::int64_t>(1 + random_.below(3));
  }

  void step() {
    const std::uint64_t dice = random_.below(10);
    if (held_.empty() || dice < 4) {
      join();
    } else if (dice < 6) {
      grow(held_[random_.below(held_.size())]);
    } else if (dice < 8) {
      compute(held_[random_.below(held_.size())]);
    } else {
      leave(random_.below(held_.size()));
    }
    agree();
  }
  void drain() {
    while (!held_.empty()) leave(0);
    ASSERT_EQ(fast_.referenced(), Blocks{0});
    ASSERT_EQ(slow_.referenced(), 0);
  }
  std::int64_t evicted() const { return slow_.evicted(); }

 private:
  struct Held {
    Hashes hashes;
    std::int64_t prompt = 0, computed = 0;
    KvCache::Holding fast;
    NaiveKv::Holding slow;
  };

  Hashes some_hashes() {
    const Hashes& chain = families_[random_.below(families_.size())];
    Hashes h(chain.begin(), chain.begin() + static_cast<std::ptrdiff_t>(random_.below(chain.size() + 1)));
    if (random_.below(4) == 0) h.push_back(1000 + random_.below(5));  // A branch; may also repeat.
    if (random_.below(8) == 0) h.push_back(1000 + random_.below(5));
    return h;
  }

  void join() {
    Held r;
    r.hashes = some_hashes();
    r.prompt = static_cast<std::int64_t>(r.hashes.size()) * hash_block_ + static_cast<std::int64_t>(random_.below(40)) -
               static_cast<std::int64_t>(random_.below(16));
    r.prompt = std::max<std::int64_t>(1, r.prompt);
    const Tokens found = fast_.acquire_prefix(r.hashes, Tokens{hash_block_}, Tokens{r.prompt}, &r.fast);
    ASSERT_EQ(found.value, slow_.acquire_prefix(r.hashes, hash_block_, r.prompt, &r.slow));
    r.computed = found.value;
    const std::int64_t rest = (r.prompt + 15) / 16 - found.value / 16;
    const bool fits = fast_.take(Blocks{rest}, &r.fast);
    ASSERT_EQ(fits, slow_.take(rest, &r.slow));
    if (!fits) {
      fast_.release(&r.fast);
      slow_.release(&r.slow);
    } else {
      held_.push_back(std::move(r));
    }
  }
  void grow(Held& r) {
    const auto n = static_cast<std::int64_t>(random_.below(4));
    ASSERT_EQ(fast_.take(Blocks{n}, &r.fast), slow_.take(n, &r.slow));
  }
  void compute(Held& r) {
    r.computed += static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(r.prompt - r.computed) + 1));
    fast_.publish(r.hashes, Tokens{hash_block_}, Tokens{r.computed}, &r.fast);
    slow_.publish(r.hashes, hash_block_, r.computed, &r.slow);
  }
  void leave(std::uint64_t i) {
    Held& r = held_[i];
    fast_.release(&r.fast);
    slow_.release(&r.slow);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void agree() {
    ASSERT_EQ(fast_.referenced().value, slow_.referenced());
    for (const Held& r : held_) {
      ASSERT_EQ(r.fast.plain.value, static_cast<std::int64_t>(r.slow.plain.size()));
      ASSERT_EQ(r.fast.groups.size(), r.slow.groups.size());
    }
    for (const Hashes& chain : families_) {
      ASSERT_EQ(fast_.lookup(chain, Tokens{hash_block_}, Tokens{10000}).value, slow_.lookup(chain, hash_block_, 10000));
      ASSERT_EQ(fast_.lookup_free(chain, Tokens{hash_block_}, Tokens{10000}).value,
                slow_.lookup_free(chain, hash_block_, 10000));
      for (const std::uint64_t hash : chain) {  // Alone: what is cached behind a gap shows too.
        ASSERT_EQ(fast_.lookup({&hash, 1}, Tokens{hash_block_}, Tokens{10000}).value,
                  slow_.lookup({hash}, hash_block_, 10000));
      }
    }
  }

  RandomStream random_;
  KvCache fast_;
  NaiveKv slow_;
  std::vector<Hashes> families_;
  std::int64_t hash_block_ = 16;
  std::vector<Held> held_;
};

void run_pairs(std::uint64_t first_seed, std::uint64_t seeds, bool caching) {
  std::int64_t evicted = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pair pair(seed, static_cast<int>(8 + seed % 41), caching);
    for (int i = 0; i < 40; ++i) {
      pair.step();
      if (::testing::Test::HasFatalFailure()) return;
    }
    pair.drain();
    evicted += pair.evicted();
  }
  if (caching && seeds >= 100) {
    EXPECT_GT(evicted, 0) << "the sequences never filled the memory";
  }
}

TEST(KvCacheReferee, TenThousandRandomSequences) { run_pairs(1, scaled(10'000), true); }
TEST(KvCacheReferee, RandomSequencesWithoutCaching) { run_pairs(1, scaled(500), false); }

TEST(KvCache, ALongRunDoesNotGrow) {  // Slots of evicted groups are used again: 10^6 groups pass through 64 blocks.
  KvCache kv(Blocks{64}, Tokens{16}, true);
  std::uint64_t next = 0;
  std::uint32_t highest = 0;
  for (int i = 0; i < 250'000; ++i) {
    const Hashes h{next, next + 1, next + 2, next + 3};
    next += 4;
    KvCache::Holding a;
    ASSERT_TRUE(kv.take(Blocks{5}, &a));
    kv.publish(h, Tokens{16}, Tokens{70}, &a);
    for (const std::uint32_t g : a.groups) highest = std::max(highest, g);
    kv.release(&a);
  }
  EXPECT_LT(highest, 200U);
}

}  // namespace
}  // namespace jevons
