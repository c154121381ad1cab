// The clock: SimGrid runs, and our calendar is one of its models.
//
// With look-ahead, every event that lies before the next date at which SimGrid itself has something to do is handled at
// once, without a SimGrid round; events that touch SimGrid (flows start or are cut) wait until its clock stands at
// their instant. Without look-ahead SimGrid's clock stops at every event.  Both give the same bytes:
//   - An event at t comes before a flow's end at D exactly if t/1e9 < D, and a flow's end is handled at ceil(D * 1e9)
//   ns.
//   - Dates are exact: SimGrid adds differences of doubles, and now + (t - now) = t exactly as long as now <= t <= 2
//   now
//     (Sterbenz), so the model never lets a step more than double the clock.
#ifndef JEVONS_SIM_ENGINE_CLOCK_H_
#define JEVONS_SIM_ENGINE_CLOCK_H_

#include <functional>

#include "sim/engine/calendar.h"

namespace jevons {

class EventHandler {
 public:
  virtual ~EventHandler() = default;
  // One event; the calendar's clock stands at it.
  virtual void handle(const Event& event) = 0;
  // Called at the start of every SimGrid round, when SimGrid's own objects may be freed.
  virtual void on_round() {}
};

// Runs SimGrid's engine (which must exist, with its platform sealed) until the calendar is empty and no flow is left.
// Exceptions thrown by the handler pass through.  Returns the number of SimGrid rounds.
std::uint64_t run_clock(Calendar* calendar, EventHandler* handler, bool look_ahead);

}  // namespace jevons
#endif  // JEVONS_SIM_ENGINE_CLOCK_H_
