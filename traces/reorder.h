// Sorts a nearly sorted stream of requests with bounded memory.
//
// Requests that come in order wait in a ring, late ones in a heap; the earlier of the two heads leaves first, ties in
// the order they came.  A sorted trace never touches the heap.
#ifndef JEVONS_TRACES_REORDER_H_
#define JEVONS_TRACES_REORDER_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "traces/trace.h"

namespace jevons {

class ReorderBuffer {
 public:
  bool empty() const { return size() == 0; }
  std::size_t size() const { return ring_size_ + late_.size(); }

  // Takes `*request`, leaving another's vector in it to be reused.
  void push(Request* request) {
    if (ring_size_ > 0 && request->arrival < ring_[index(ring_size_ - 1)].request.arrival) {
      late_.push_back({std::move(*request), sequence_++});
      std::push_heap(late_.begin(), late_.end(), After{});
      return;
    }
    if (ring_size_ == ring_.size()) grow();
    Entry& slot = ring_[index(ring_size_++)];
    std::swap(slot.request, *request);
    slot.sequence = sequence_++;
  }

  // The earliest request, swapped into `*out`.  Not to be called when empty.
  void pop(Request* out) {
    if (!late_.empty() && (ring_size_ == 0 || After{}(ring_[first_], late_.front()))) {
      std::pop_heap(late_.begin(), late_.end(), After{});
      std::swap(late_.back().request, *out);
      late_.pop_back();
      return;
    }
    std::swap(ring_[first_].request, *out);
    first_ = index(1);
    --ring_size_;
  }

 private:
  struct Entry {
    Request request;
    std::uint64_t sequence = 0;
  };
  struct After {
    bool operator()(const Entry& a, const Entry& b) const {
      return a.request.arrival != b.request.arrival ? a.request.arrival > b.request.arrival : a.sequence > b.sequence;
    }
  };
  std::size_t index(std::size_t i) const { return (first_ + i) & (ring_.size() - 1); }
  void grow() {
    std::vector<Entry> larger(std::max<std::size_t>(64, 2 * ring_.size()));  // A power of two, for index().
    for (std::size_t i = 0; i < ring_size_; ++i) larger[i] = std::move(ring_[index(i)]);
    ring_ = std::move(larger);
    first_ = 0;
  }

  std::vector<Entry> ring_;
  std::size_t first_ = 0, ring_size_ = 0;
  std::vector<Entry> late_;
  std::uint64_t sequence_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_TRACES_REORDER_H_
