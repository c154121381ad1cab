// A request inside the machine: what it asked for, how far it is, what it holds.
//
// Life: arrived -> (front end) -> held at the front or queued at a replica -> prefilling -> decoding -> ended.  A
// preemption sends it back to the head of its replica's queue, the loss of its replica to the pool's front queue; what
// it produced is kept, what it had in memory is computed again.
#ifndef JEVONS_SIM_SERVING_REQUEST_H_
#define JEVONS_SIM_SERVING_REQUEST_H_

#include <cstdint>
#include <vector>

#include "sim/observe/observer.h"
#include "sim/serving/kv_cache.h"
#include "traces/trace.h"

namespace jevons {

// Position in the RequestTable; reused after the request has ended.
struct RequestSlot {
  std::uint32_t index = 0xffffffff;
};

struct RequestState {
  Request asked;
  RequestRecord record;  // Filled in as the request goes along.
  KvCache::Holding holding;
  std::int64_t computed = 0;     // Tokens whose keys and values are in memory (reused ones included).
  std::int64_t high_water = 0;   // Prompt tokens that were computed or reused at least once.
  std::int32_t priority = 0;     // Of its stream.
  std::uint64_t admission = 0;   // Order of its last admission to a batch; the latest is preempted first.
  std::int64_t finish_step = 0;  // While decoding: the replica's step count at which its last token is out.

  // Tokens that must be in memory before the next token can come: the prompt and everything produced so far.
  std::int64_t target() const { return asked.prompt.value + record.produced.value; }
};

// Owns the requests in flight.
class RequestTable {
 public:
  RequestSlot add() {
    if (free_.empty()) {
      states_.emplace_back();
      return {static_cast<std::uint32_t>(states_.size() - 1)};
    }
    const RequestSlot slot{free_.back()};
    free_.pop_back();
    RequestState& r = states_[slot.index];
    r.record = {};
    r.computed = r.high_water = 0;
    return slot;
  }
  void remove(RequestSlot slot) { free_.push_back(slot.index); }
  RequestState& operator[](RequestSlot slot) { return states_[slot.index]; }
  const RequestState& operator[](RequestSlot slot) const { return states_[slot.index]; }
  std::size_t in_flight() const { return states_.size() - free_.size(); }

 private:
  std::vector<RequestState> states_;
  std::vector<std::uint32_t> free_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_SERVING_REQUEST_H_
