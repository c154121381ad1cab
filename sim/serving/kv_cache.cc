// The block pool: counts for plain blocks, slots for cached groups, and one free queue of segments through both.
#include "sim/serving/kv_cache.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "sim/serving/hash_index.h"

namespace jevons {
namespace {

constexpr std::uint32_t kNil = 0xffffffffU;

}  // namespace

// A slot is a cached group (in the index while it lives) or a run of free plain blocks.  A group is in the free queue
// exactly while nobody references it; a run always is.  Two runs never stand side by side: they merge, so the queue has
// at most 2 x groups + 1 segments however many blocks there are.
struct KvCache::Impl {
  struct Slot {
    std::uint64_t hash = 0;
    std::int64_t blocks = 0;
    std::uint32_t prev = kNil, next = kNil;
    std::uint32_t references = 0;
    std::uint32_t mark = 0;  // Last walk that met this group.
    bool group = false;
  };
  struct Prefix {
    std::uint32_t groups = 0;
    std::int64_t free_blocks = 0;
  };

  std::int64_t total = 0;
  std::int64_t referenced = 0;
  std::int64_t block_size = 1;
  bool caching = false;
  std::vector<Slot> slots;
  std::uint32_t unused = kNil;  // Chain of slots to use again, through `next`.
  std::uint32_t head = kNil, tail = kNil;
  HashIndex index;
  std::uint32_t walk = 0;

  std::uint32_t new_slot() {
    if (unused == kNil) {
      CHECK(slots.size() < kNil);
      slots.emplace_back();
      return static_cast<std::uint32_t>(slots.size() - 1);
    }
    const std::uint32_t s = unused;
    unused = slots[s].next;
    slots[s] = Slot{};
    return s;
  }
  void recycle(std::uint32_t s) {
    slots[s].next = unused;
    unused = s;
  }

  void link_last(std::uint32_t s) {
    slots[s].prev = tail;
    slots[s].next = kNil;
    (tail == kNil ? head : slots[tail].next) = s;
    tail = s;
  }
  void unlink(std::uint32_t s) {
    const std::uint32_t before = slots[s].prev, after = slots[s].next;
    (before == kNil ? head : slots[before].next) = after;
    (after == kNil ? tail : slots[after].prev) = before;
  }
  void merge_with_next(std::uint32_t s) {
    if (s == kNil || slots[s].group) return;
    const std::uint32_t after = slots[s].next;
    if (after == kNil || slots[after].group) return;
    slots[s].blocks += slots[after].blocks;
    unlink(after);
    recycle(after);
  }

  void free_plain(std::int64_t n) {
    if (n == 0) return;
    referenced -= n;
    CHECK(referenced >= 0);
    if (tail != kNil && !slots[tail].group) {
      slots[tail].blocks += n;
      return;
    }
    const std::uint32_t s = new_slot();
    slots[s].blocks = n;
    link_last(s);
  }

  void pop_free(std::int64_t n) {
    referenced += n;
    while (n > 0) {
      Slot& first = slots[head];
      if (first.group) {
        index.erase(first.hash);
        first.group = false;
        merge_with_next(head);
      }
      const std::int64_t taken = std::min(n, slots[head].blocks);
      slots[head].blocks -= taken;
      n -= taken;
      if (slots[head].blocks > 0) return;
      const std::uint32_t empty = head;
      unlink(empty);
      recycle(empty);
    }
  }

  void take_reference(std::uint32_t s) {
    if (slots[s].references++ > 0) return;
    referenced += slots[s].blocks;
    const std::uint32_t before = slots[s].prev;
    unlink(s);
    merge_with_next(before);
  }
  void drop_reference(std::uint32_t s) {
    CHECK(slots[s].references > 0);
    if (--slots[s].references > 0) return;
    referenced -= slots[s].blocks;
    link_last(s);
  }

  std::int64_t blocks_per_group(Tokens hash_block) const {
    const bool whole = caching && hash_block.value > 0 && hash_block.value % block_size == 0;
    return whole ? hash_block.value / block_size : 0;
  }

  std::uint32_t next_walk() {
    if (++walk == 0) {
      for (Slot& s : slots) s.mark = 0;
      walk = 1;
    }
    return walk;
  }

  // Walks the cached prefix of a prompt, calling `visit(slot)` for each group of it.  A group that stands for another
  // number of tokens, or that this prompt has met already, is no match: each group counts once.
  template <class Visit>
  std::uint32_t walk_prefix(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens prompt, Visit visit) {
    const std::int64_t size = blocks_per_group(hash_block);
    if (size == 0 || prompt.value <= 1) return 0;
    const auto most = static_cast<std::uint64_t>((prompt.value - 1) / hash_block.value);
    const std::size_t end = static_cast<std::size_t>(std::min<std::uint64_t>(most, hashes.size()));
    const std::uint32_t mark = next_walk();
    std::size_t k = 0;
    for (; k < end; ++k) {
      const std::uint32_t s = index.find(hashes[k]);
      if (s == kNil || slots[s].blocks != size || slots[s].mark == mark) break;
      slots[s].mark = mark;
      visit(s);
    }
    return static_cast<std::uint32_t>(k);
  }
};

static_assert(HashIndex::kNone == kNil);

KvCache::KvCache(Blocks total, Tokens block_size, bool prefix_caching) : impl_(std::make_unique<Impl>()) {
  CHECK(total.value >= 0);
  CHECK(block_size.value >= 1);
  impl_->total = total.value;
  impl_->block_size = block_size.value;
  impl_->caching = prefix_caching;
  impl_->referenced = total.value;
  impl_->free_plain(total.value);
}
KvCache::~KvCache() = default;
KvCache::KvCache(KvCache&&) noexcept = default;

Blocks KvCache::total() const { return {impl_->total}; }
Blocks KvCache::referenced() const { return {impl_->referenced}; }

Tokens KvCache::lookup(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens prompt) const {
  return {impl_->walk_prefix(hashes, hash_block, prompt, [](std::uint32_t) {}) * hash_block.value};
}

Blocks KvCache::lookup_free(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens prompt) const {
  std::int64_t free_blocks = 0;
  impl_->walk_prefix(hashes, hash_block, prompt, [&](std::uint32_t s) {
    if (impl_->slots[s].references == 0) free_blocks += impl_->slots[s].blocks;
  });
  return {free_blocks};
}

Tokens KvCache::acquire_prefix(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens prompt,
                               Holding* holding) {
  CHECK(holding->plain.value == 0 && holding->groups.empty() && holding->hashes_done == 0);
  holding->hashes_done = impl_->walk_prefix(hashes, hash_block, prompt, [&](std::uint32_t s) {
    impl_->take_reference(s);
    holding->groups.push_back(s);
  });
  return {holding->hashes_done * hash_block.value};
}

bool KvCache::take(Blocks n, Holding* holding) {
  CHECK(n.value >= 0);
  if (n.value > impl_->total - impl_->referenced) return false;
  impl_->pop_free(n.value);
  holding->plain += n;
  return true;
}

void KvCache::publish(std::span<const std::uint64_t> hashes, Tokens hash_block, Tokens computed, Holding* holding) {
  const std::int64_t size = impl_->blocks_per_group(hash_block);
  if (size == 0 || computed.value <= 0) return;
  const auto full = static_cast<std::size_t>(
      std::min<std::uint64_t>(static_cast<std::uint64_t>(computed.value / hash_block.value), hashes.size()));
  for (std::size_t k = holding->hashes_done; k < full; ++k) {
    holding->hashes_done = static_cast<std::uint32_t>(k + 1);
    if (impl_->index.find(hashes[k]) != kNil) continue;
    CHECK(holding->plain.value >= size);
    const std::uint32_t s = impl_->new_slot();
    Impl::Slot& slot = impl_->slots[s];
    slot.hash = hashes[k];
    slot.blocks = size;
    slot.references = 1;
    slot.group = true;
    impl_->index.insert(hashes[k], s);
    holding->plain -= Blocks{size};
    holding->groups.push_back(s);
  }
}

void KvCache::release(Holding* holding) {
  CHECK(holding->plain.value >= 0);
  impl_->free_plain(holding->plain.value);
  for (std::size_t i = holding->groups.size(); i > 0; --i) impl_->drop_reference(holding->groups[i - 1]);
  holding->plain = Blocks{0};
  holding->groups.clear();
  holding->hashes_done = 0;
}

void KvCache::take_anonymous(Blocks n) {
  CHECK(n.value >= 0 && n.value <= impl_->total - impl_->referenced);
  impl_->pop_free(n.value);
}

}  // namespace jevons
