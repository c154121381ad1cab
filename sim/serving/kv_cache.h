// The paged KV memory of one replica, with prefix sharing: vLLM's block pool, in closed form where nobody looks.
//
// Blocks hold `block_size` tokens.  A block is referenced (held by at least one request) or free.  Free blocks wait in
// one queue in the order in which they became free; some of them still hold a cached prefix.  Taking a block pops the
// head of that queue (least recently freed, as vLLM's FreeKVCacheBlockQueue does) and forgets the prefix it held.
// Reusing a cached prefix takes its blocks out of the middle of the queue, or adds a reference where another request
// holds them.
//
// Blocks without a prefix hash are only counted, so that taking and freeing any number of them is O(1) amortised, and k
// decode steps of a whole batch are one call.  A prefix hash of the trace stands for `hash_block` tokens (a whole
// number of blocks, 512 / 16 = 32 for Mooncake); such a group of blocks is cached, shared and evicted together.  Only
// full groups are cached.  vLLM hashes each block; groups are what the traces know.
//
// Invariants (checked in tests after every operation): 0 <= referenced <= total; referenced + free = total; a shared
// group counts once; after all requests left, referenced = 0.
#ifndef JEVONS_SIM_SERVING_KV_CACHE_H_
#define JEVONS_SIM_SERVING_KV_CACHE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/units.h"

namespace jevons {

class KvCache {
 public:
  // What one request holds.  Owned by the request; meaningless to anybody else.
  struct Holding {
    Blocks plain{0};                    // Blocks without a hash.
    std::vector<std::uint32_t> groups;  // Hashed groups it references, in prefix order.
    std::uint32_t hashes_done = 0;      // Leading hashes acquired or offered to publish(); each is offered once.
  };

  // `prefix_caching` off: hashes are ignored.
  KvCache(Blocks total, Tokens block_size, bool prefix_caching);
  ~KvCache();
  KvCache(KvCache&&) noexcept;

  Blocks total() const;
  Blocks referenced() const;
  Blocks free() const { return total() - referenced(); }

  // Leading tokens of a prompt that are cached or held now: whole groups, and always less than `prompt` (at least one
  // token must be computed).  O(groups found).  `hash_block` that is not a whole number of blocks: 0.  A hash that
  // repeats inside one prompt ends the prefix (chained hashes do not repeat, unless they collide).
  Tokens lookup(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens prompt) const;
  // Of the blocks that lookup() would find, how many are free now, that is, would leave the free queue when acquired.
  Blocks lookup_free(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens prompt) const;

  // References the cached prefix of a prompt; returns what lookup() says.  `*holding` must be empty.
  Tokens acquire_prefix(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens prompt, Holding* holding);
  // Takes `n` plain blocks; false, and nothing taken, if fewer are free.
  bool take(Blocks n, Holding* holding);
  // The first `computed` tokens of the prompt (never more than the prompt) are in memory: full groups become shareable.
  // Their plain blocks turn into group blocks; a group that meanwhile exists elsewhere stays plain here (vLLM keeps the
  // duplicate too).  O(groups that are new since the last call).
  void publish(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens computed, Holding* holding);
  // Gives everything back: blocks of the tail become free first, so that prefixes are evicted last.  Clears `*holding`.
  void release(Holding* holding);

  // Takes `n` plain blocks without naming a holder (a decode span of the whole batch; the requests' own `plain` counts
  // are brought up to date by their owner).  CHECKs that they are free.
  void take_anonymous(Blocks n);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_SERVING_KV_CACHE_H_
