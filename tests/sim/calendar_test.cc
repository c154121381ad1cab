// The calendar's order: time, then kind, then slot; moving and cancelling; against a sorted list.
#include "sim/engine/calendar.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "base/rng.h"

namespace jevons {
namespace {

TEST(Calendar, SimultaneousEventsLeaveByKindThenSlot) {
  Calendar c;
  const Slot review = c.add_slot(EventKind::kReview, 1), second = c.add_slot(EventKind::kIteration, 2),
             third = c.add_slot(EventKind::kIteration, 3);
  for (const Slot s : {third, review, second}) c.schedule(s, Instant{5});
  EXPECT_EQ(c.pop().payload, 2U);
  EXPECT_EQ(c.pop().payload, 3U);
  EXPECT_EQ(c.pop().payload, 1U);
  EXPECT_TRUE(c.empty());
}

TEST(Calendar, AgreesWithASortedList) {
  RandomStream random(1, "calendar");
  Calendar c;
  std::vector<Slot> slots;
  std::vector<EventKind> kinds;
  for (std::uint32_t i = 0; i < 200; ++i) {
    kinds.push_back(static_cast<EventKind>(random.below(12)));
    slots.push_back(c.add_slot(kinds.back(), i));
  }
  std::map<std::uint32_t, std::int64_t> pending;  // Slot -> time.
  for (int step = 0; step < 100'000; ++step) {
    const auto s = static_cast<std::uint32_t>(random.below(200));
    const std::uint64_t what = random.below(10);
    if (what < 6) {
      const std::int64_t at = c.now().ns + static_cast<std::int64_t>(random.below(50));
      c.schedule(slots[s], Instant{at});
      pending[s] = at;
    } else if (what < 7) {
      c.cancel(slots[s]);
      pending.erase(s);
    } else if (!pending.empty()) {
      const auto key = [&](const auto& p) { return std::tuple(p.second, kinds[p.first], p.first); };
      auto first = pending.begin();
      for (auto it = pending.begin(); it != pending.end(); ++it) {
        if (key(*it) < key(*first)) first = it;
      }
      const Event e = c.pop();
      ASSERT_EQ(e.payload, first->first);
      ASSERT_EQ(e.time.ns, first->second);
      pending.erase(first);
    }
    ASSERT_EQ(c.size(), pending.size());
  }
}

TEST(Calendar, SchedulingInThePastIsOurOwnMistake) {
  Calendar c;
  const Slot s = c.add_slot(EventKind::kReview, 0);
  c.schedule(s, Instant{10});
  c.pop();
  EXPECT_DEATH(c.schedule(s, Instant{9}), "check failed");
}

}  // namespace
}  // namespace jevons
