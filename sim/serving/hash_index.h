// Map from a prefix hash to a slot number: open addressing, linear probing, no tombstones, no iteration.
#ifndef JEVONS_SIM_SERVING_HASH_INDEX_H_
#define JEVONS_SIM_SERVING_HASH_INDEX_H_

#include <cstdint>
#include <vector>

#include "base/check.h"

namespace jevons {

class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  // The slot of `key`, or kNone.
  std::uint32_t find(std::uint64_t key) const {
    if (size_ == 0) return kNone;
    for (std::size_t i = home(key);; i = (i + 1) & mask_) {
      if (cells_[i].slot == kNone || cells_[i].key == key) return cells_[i].slot;
    }
  }

  // `key` must be absent.
  void insert(std::uint64_t key, std::uint32_t slot) {
    if (2 * (size_ + 1) > cells_.size()) grow();
    place(key, slot);
    ++size_;
  }

  // `key` must be present.
  void erase(std::uint64_t key) {
    std::size_t hole = home(key);
    while (cells_[hole].key != key || cells_[hole].slot == kNone) {
      CHECK(cells_[hole].slot != kNone);
      hole = (hole + 1) & mask_;
    }
    // Cells after the hole move back unless they would land before their home.
    for (std::size_t i = (hole + 1) & mask_; cells_[i].slot != kNone; i = (i + 1) & mask_) {
      if (((i - home(cells_[i].key)) & mask_) >= ((i - hole) & mask_)) {
        cells_[hole] = cells_[i];
        hole = i;
      }
    }
    cells_[hole].slot = kNone;
    --size_;
  }

  std::size_t size() const { return size_; }

 private:
  struct Cell {
    std::uint64_t key = 0;
    std::uint32_t slot = kNone;
  };
  // Trace hashes may be small consecutive numbers (Mooncake): mixed first (SplitMix64's finaliser, Steele et al.,
  // 2014).
  std::size_t home(std::uint64_t key) const {
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9ULL;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::size_t>(key ^ (key >> 31)) & mask_;
  }
  void place(std::uint64_t key, std::uint32_t slot) {
    std::size_t i = home(key);
    while (cells_[i].slot != kNone) i = (i + 1) & mask_;
    cells_[i] = {key, slot};
  }
  void grow() {
    std::vector<Cell> old(cells_.empty() ? 64 : 2 * cells_.size());
    old.swap(cells_);
    mask_ = cells_.size() - 1;
    for (const Cell& c : old) {
      if (c.slot != kNone) place(c.key, c.slot);
    }
  }

  std::vector<Cell> cells_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_SIM_SERVING_HASH_INDEX_H_
