// Allocator: nodes by time of day.
#ifndef JEVONS_POLICIES_ALLOCATOR_SCHEDULE_H_
#define JEVONS_POLICIES_ALLOCATOR_SCHEDULE_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/params.h"
#include "policies/allocator/timetable.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// A pool without a timetable keeps its initial nodes.  A timetable for a pool that the scenario does not have cannot be
// seen before the first review; it is answered with an unknown pool, which ends the run with an error that names this
// policy.
class ScheduleAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "schedule";
  static constexpr std::string_view kSummary =
      "Give each pool the nodes that a timetable has for the time of day, taking them back from training on the "
      "minute.";
  struct Params {
    // A quarter at night: DeepSeek's day of 27 February 2025 went from 278 nodes down to 68 (design/case_studies.md).
    std::string table = "00:00=0.25,08:00=1.0";
    Duration start_of_day{0};
    Duration lead{0};
    bool notice = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("table", &Params::table, Timetable::kFormat,
          "Nodes by time of day: a number with a point or % is a share of the pool's max_nodes, one without is whole "
          "nodes.",
          [](std::string_view text) { return Timetable::parse(text).ok(); });
    t.add("start_of_day", &Params::start_of_day, Duration{0}, Timetable::kDay,
          "Time of day at which the simulation starts.");
    t.add("lead", &Params::lead, Duration{0}, Timetable::kDay,
          "Start growing this long ahead, so that models are loaded in time.");
    t.add("notice", &Params::notice, kNoticeHelp);
  }
  explicit ScheduleAllocator(const Params& params)
      : params_(params), timetable_(Timetable::parse(params.table).value()) {}  // Checked by the table above.

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    for (const PoolView& pool : view.pools) {
      const Timetable::Table* table = timetable_.find(pool.name);
      std::int64_t nodes = pool.initial_nodes;
      if (table != nullptr) {
        nodes = std::max(Timetable::nodes_at(*table, time_of_day(view.now), pool.max_nodes),
                         Timetable::nodes_at(*table, time_of_day(view.now + params_.lead), pool.max_nodes));
      }
      decision->targets.push_back({pool.id, within_bounds(pool, nodes)});
    }
    reclaim_at_once(view, VictimRule::kLeastLoss, params_.notice, decision);
    for (const Timetable::Table& table : timetable_.tables()) {
      const bool known = table.pool.empty() || std::any_of(view.pools.begin(), view.pools.end(),
                                                           [&](const PoolView& p) { return p.name == table.pool; });
      if (!known) decision->targets.push_back({PoolId{}, 0});
    }
  }

 private:
  Duration time_of_day(Instant t) const {
    return {(t.ns % Timetable::kDay.ns + params_.start_of_day.ns) % Timetable::kDay.ns};
  }
  Params params_;
  Timetable timetable_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_SCHEDULE_H_
