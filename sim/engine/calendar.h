// The calendar: what happens next.
//
// Events leave in the strict order (time, kind, slot).  A slot is one source of events - a replica, a job, an arrival
// stream - and has at most one pending event, which can be moved or cancelled; so the calendar never holds stale
// entries and its size is the number of sources, not of requests.  Slots are numbered in order of creation, which no
// engine mode changes: the order of simultaneous events is the same whether a replica steps or fast-forwards.
//
// A 4-ary heap of 16-byte entries, with each slot's position beside it.
#ifndef JEVONS_SIM_ENGINE_CALENDAR_H_
#define JEVONS_SIM_ENGINE_CALENDAR_H_

#include <cstdint>
#include <vector>

#include "base/units.h"

namespace jevons {

// In the order in which simultaneous events happen: completions, then arrivals, then decisions, then what touches
// SimGrid.
enum class EventKind : std::uint8_t {
  kFlowDone,        // Flows that SimGrid finished.
  kIteration,       // A replica's iteration, or the last one of a fast-forwarded span, ends.
  kJobPhase,        // A job finishes its steps, or its restart overhead.
  kNodePhase,       // A node has warmed up, its drain limit is over, it is repaired, or a spare takes its place.
  kFault,           // Something fails.
  kRequestArrival,  // The next request of a stream.
  kRequestReady,    // A request leaves the front end's processing.
  kJobArrival,
  kDispatch,     // Held requests are offered to the router again.
  kReview,       // The allocator.
  kSchedule,     // The training queue.
  kEventReview,  // The allocator, because something happened.
  kTouch,        // Flows start or are cut: SimGrid's clock must stand at this instant.
  kEnd,          // The horizon; touches SimGrid too.
};
constexpr bool touches_simgrid(EventKind k) { return k >= EventKind::kTouch; }

struct Slot {
  std::uint32_t index = 0xffffffff;
};

struct Event {
  Instant time;
  EventKind kind{};
  std::uint32_t payload = 0;
};

class Calendar {
 public:
  // A new source of events of one kind.  `payload` comes back with each of its events.
  Slot add_slot(EventKind kind, std::uint32_t payload);
  // The slot's pending event, if any, is cancelled; the slot may be handed out again.
  void remove_slot(Slot slot);

  // Sets or moves the slot's event.  `at` must not lie in the past (CHECKed).
  void schedule(Slot slot, Instant at) {
    CHECK(at >= now_);
    const std::uint32_t s = slot.index;
    const Entry e{at.ns, order_of(s)};
    std::uint32_t p = position_[s];
    if (p == kNowhere) {
      heap_.push_back(e);
      sift_up(static_cast<std::uint32_t>(heap_.size()) - 1, e);
    } else if (before(e, heap_[p])) {
      sift_up(p, e);
    } else {
      sift_down(p, e);
    }
  }
  void cancel(Slot slot) {
    if (position_[slot.index] != kNowhere) erase(position_[slot.index]);
  }
  bool pending(Slot slot) const { return position_[slot.index] != kNowhere; }
  Instant time_of(Slot slot) const {
    CHECK(pending(slot));
    return {heap_[position_[slot.index]].time};
  }

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  Instant next_time() const { return {heap_.front().time}; }
  EventKind next_kind() const { return static_cast<EventKind>(heap_.front().order >> 32); }

  // Removes the first event and moves the clock to it.
  Event pop() {
    const Entry e = heap_.front();
    const auto s = static_cast<std::uint32_t>(e.order);
    erase(0);
    CHECK(e.time >= now_.ns);
    now_ = {e.time};
    return {now_, static_cast<EventKind>(e.order >> 32), slots_[s].payload};
  }

  // The time of the last event popped.
  Instant now() const { return now_; }
  void clear();

 private:
  static constexpr std::uint32_t kNowhere = 0xffffffff;
  struct Entry {
    std::int64_t time;
    std::uint64_t order;  // Kind in the high half, slot in the low.
  };
  struct SlotInfo {
    EventKind kind;
    std::uint32_t payload;
  };
  static bool before(const Entry& a, const Entry& b) { return a.time != b.time ? a.time < b.time : a.order < b.order; }
  std::uint64_t order_of(std::uint32_t s) const { return static_cast<std::uint64_t>(slots_[s].kind) << 32 | s; }
  void put(std::uint32_t p, const Entry& e) {
    heap_[p] = e;
    position_[static_cast<std::uint32_t>(e.order)] = p;
  }
  void sift_up(std::uint32_t p, const Entry& e) {
    while (p > 0) {
      const std::uint32_t parent = (p - 1) / 4;
      if (!before(e, heap_[parent])) break;
      put(p, heap_[parent]);
      p = parent;
    }
    put(p, e);
  }
  void sift_down(std::uint32_t p, const Entry& e) {
    const auto n = static_cast<std::uint32_t>(heap_.size());
    for (;;) {
      const std::uint32_t first = 4 * p + 1;
      if (first >= n) break;
      std::uint32_t least = first;
      const std::uint32_t last = first + 4 < n ? first + 4 : n;
      for (std::uint32_t c = first + 1; c < last; ++c) {
        if (before(heap_[c], heap_[least])) least = c;
      }
      if (!before(heap_[least], e)) break;
      put(p, heap_[least]);
      p = least;
    }
    put(p, e);
  }
  void erase(std::uint32_t p) {
    position_[static_cast<std::uint32_t>(heap_[p].order)] = kNowhere;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (p == heap_.size()) return;
    if (p > 0 && before(last, heap_[(p - 1) / 4])) {
      sift_up(p, last);
    } else {
      sift_down(p, last);
    }
  }

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> position_;  // By slot.
  std::vector<SlotInfo> slots_;
  std::vector<std::uint32_t> free_slots_;
  Instant now_{0};
};

}  // namespace jevons
#endif  // JEVONS_SIM_ENGINE_CALENDAR_H_
