// Making and giving back slots of the calendar.
#include "sim/engine/calendar.h"

namespace jevons {

Slot Calendar::add_slot(EventKind kind, std::uint32_t payload) {
  if (!free_slots_.empty()) {
    const std::uint32_t s = free_slots_.back();
    free_slots_.pop_back();
    slots_[s] = {kind, payload};
    return {s};
  }
  slots_.push_back({kind, payload});
  position_.push_back(kNowhere);
  return {static_cast<std::uint32_t>(slots_.size() - 1)};
}

void Calendar::remove_slot(Slot slot) {
  cancel(slot);
  free_slots_.push_back(slot.index);
}

void Calendar::clear() {
  for (const Entry& e : heap_) position_[static_cast<std::uint32_t>(e.order)] = kNowhere;
  heap_.clear();
}

}  // namespace jevons
