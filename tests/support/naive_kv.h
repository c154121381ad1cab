// The block pool of sim/serving/kv_cache.h, block by block, as plainly as it can be written: the referee of KvCache.
//
// Every block is an object, the free queue is a std::list of block numbers, and a cached group is found by searching.
#ifndef JEVONS_TESTS_SUPPORT_NAIVE_KV_H_
#define JEVONS_TESTS_SUPPORT_NAIVE_KV_H_

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <vector>

namespace jevons::testing {

class NaiveKv {
 public:
  struct Holding {
    std::vector<int> plain;             // Block numbers.
    std::vector<std::uint64_t> groups;  // Hashes, in prefix order.
    std::size_t hashes_done = 0;
  };

  NaiveKv(int total, std::int64_t block_size, bool caching)
      : block_size_(block_size), caching_(caching), hash_of_(static_cast<std::size_t>(total), kPlain) {
    place_.resize(static_cast<std::size_t>(total));
    for (int b = 0; b < total; ++b) push(b);
  }

  std::int64_t referenced() const { return static_cast<std::int64_t>(hash_of_.size() - free_.size()); }
  std::int64_t evicted() const { return evicted_; }

  std::vector<std::uint64_t> prefix(const std::vector<std::uint64_t>& hashes, std::int64_t hash_block,
                                    std::int64_t prompt) const {
    std::vector<std::uint64_t> found;
    if (!caching_ || hash_block <= 0 || hash_block % block_size_ != 0) return found;
    for (std::size_t k = 0; k < hashes.size(); ++k) {
      const bool leaves_a_token = (static_cast<std::int64_t>(k) + 1) * hash_block < prompt;
      const auto it = groups_.find(hashes[k]);
      if (!leaves_a_token || it == groups_.end()) break;
      if (static_cast<std::int64_t>(it->second.blocks.size()) * block_size_ != hash_block) break;
      if (std::count(found.begin(), found.end(), hashes[k]) > 0) break;
      found.push_back(hashes[k]);
    }
    return found;
  }
  std::int64_t lookup(const std::vector<std::uint64_t>& h, std::int64_t hash_block, std::int64_t prompt) const {
    return static_cast<std::int64_t>(prefix(h, hash_block, prompt).size()) * hash_block;
  }
  std::int64_t lookup_free(const std::vector<std::uint64_t>& h, std::int64_t hash_block, std::int64_t prompt) const {
    std::int64_t n = 0;
    for (const std::uint64_t hash : prefix(h, hash_block, prompt)) {
      if (groups_.at(hash).references == 0) n += static_cast<std::int64_t>(groups_.at(hash).blocks.size());
    }
    return n;
  }

  std::int64_t acquire_prefix(const std::vector<std::uint64_t>& h, std::int64_t hash_block, std::int64_t prompt,
                              Holding* holding) {
    holding->groups = prefix(h, hash_block, prompt);
    holding->hashes_done = holding->groups.size();
    for (const std::uint64_t hash : holding->groups) {
      Group& g = groups_.at(hash);
      if (g.references++ == 0) {
        for (const int b : g.blocks) free_.erase(place_[static_cast<std::size_t>(b)]);
      }
    }
    return static_cast<std::int64_t>(holding->groups.size()) * hash_block;
  }

  bool take(std::int64_t n, Holding* holding) {
    if (n > static_cast<std::int64_t>(free_.size())) return false;
    for (; n > 0; --n) holding->plain.push_back(pop());
    return true;
  }

  void publish(const std::vector<std::uint64_t>& hashes, std::int64_t hash_block, std::int64_t computed,
               Holding* holding) {
    if (!caching_ || hash_block <= 0 || hash_block % block_size_ != 0) return;
    for (std::size_t k = holding->hashes_done; k < hashes.size(); ++k) {
      if ((static_cast<std::int64_t>(k) + 1) * hash_block > computed) break;
      holding->hashes_done = k + 1;
      if (groups_.count(hashes[k]) > 0) continue;
      Group& g = groups_[hashes[k]];
      g.references = 1;
      const auto first = holding->plain.begin(), last = first + hash_block / block_size_;
      g.blocks.assign(first, last);
      for (const int b : g.blocks) hash_of_[static_cast<std::size_t>(b)] = hashes[k];
      holding->plain.erase(first, last);
      holding->groups.push_back(hashes[k]);
    }
  }

  void release(Holding* holding) {
    for (; !holding->plain.empty(); holding->plain.pop_back()) push(holding->plain.back());
    for (; !holding->groups.empty(); holding->groups.pop_back()) {
      Group& g = groups_.at(holding->groups.back());
      if (--g.references > 0) continue;
      for (auto b = g.blocks.rbegin(); b != g.blocks.rend(); ++b) push(*b);
    }
    holding->hashes_done = 0;
  }

 private:
  static constexpr std::uint64_t kPlain = ~std::uint64_t{0};
  struct Group {
    std::vector<int> blocks;
    int references = 0;
  };

  void push(int b) { place_[static_cast<std::size_t>(b)] = free_.insert(free_.end(), b); }
  int pop() {
    const int b = free_.front();
    free_.pop_front();
    const std::uint64_t hash = hash_of_[static_cast<std::size_t>(b)];
    if (hash == kPlain) return b;
    for (const int member : groups_.at(hash).blocks) hash_of_[static_cast<std::size_t>(member)] = kPlain;
    groups_.erase(hash);
    ++evicted_;
    return b;
  }

  std::int64_t block_size_;
  bool caching_;
  std::vector<std::uint64_t> hash_of_;  // Per block; kPlain: no prefix.
  std::list<int> free_;
  std::vector<std::list<int>::iterator> place_;  // Of each free block in the queue.
  std::map<std::uint64_t, Group> groups_;
  std::int64_t evicted_ = 0;
};

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_NAIVE_KV_H_
