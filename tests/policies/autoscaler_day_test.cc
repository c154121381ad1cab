// Autoscalers, and the allocators that give by them, by value or by foresight, in a closed loop over synthetic days.
//
// What is asked, of the third day, when the forecast has learnt: how long the load was more than the SLO bears, what
// training got of 576 node hours, and how often nodes turned back.  The bounds are what each rule promises: one that
// grows only after trouble has some, one that goes by load or sees it coming has none.
#include <gtest/gtest.h>

#include "tests/policies/pool_day.h"

namespace jevons::testing {
namespace {

Day third_day(const std::string& name, bool autoscaler, const Load& load) {
  DayRun run;
  run.days = 3;
  if (autoscaler) return run.autoscaler(name, {}, load);
  run.sees_future = builtins().allocators.entries().find(name)->second.sees_future;
  return run.allocator(name, {}, load);
}

double noisy(int minute) {
  RandomStream random(static_cast<std::uint64_t>(minute), "noise");
  return diurnal(minute) * (1 + 0.1 * random.normal());
}

double step_at_noon(int minute) { return minute % kMinutes < 720 ? 3.0 : 15.0; }

struct Promise {
  const char* name;
  bool autoscaler;
  int late;         // Minutes, at most, of the smooth day.
  double training;  // Node hours, at least.
  int noisy_turns;  // At most.
};
// On the smooth day the load alone leaves 360 node hours, and the SLO's 0.9 of a node 336.
const Promise kPromises[] = {
    {"target_load", true, 0, 240, 48},     {"forecast", true, 0, 230, 24},  {"slo_feedback", true, 360, 300, 16},
    {"slo_feedback", false, 360, 300, 16}, {"forecast", false, 0, 230, 24}, {"marginal_value", false, 60, 300, 48},
    {"harvest", false, 0, 250, 200},       {"oracle", false, 0, 320, 200},
};

TEST(AutoscalerDay, EachKeepsItsPromiseOnASmoothDay) {
  for (const Promise& p : kPromises) {
    const Day day = third_day(p.name, p.autoscaler, diurnal);
    EXPECT_LE(day.turns, 2) << p.name;  // At trough and peak.
    EXPECT_EQ(day.short_minutes, 0) << p.name;
    EXPECT_LE(day.late_minutes, p.late) << p.name;
    EXPECT_GE(day.training, p.training) << p.name;
  }
}

TEST(AutoscalerDay, NoiseDoesNotMakeThemSwing) {
  for (const Promise& p : kPromises) {
    const Day day = third_day(p.name, p.autoscaler, noisy);
    EXPECT_LE(day.turns, p.noisy_turns) << p.name;  // The noise alone turns the load 900 times.
    EXPECT_LE(day.short_minutes, 4) << p.name;
  }
}

TEST(AutoscalerDay, ConstantLoadComesToRest) {
  for (const Promise& p : kPromises) {
    for (double load = 0; load <= 21; load += 0.73) {
      const Day day = third_day(p.name, p.autoscaler, [&](int) { return load; });
      // Each of the day's four memories: a node down, up again by up to four, and down to where it was.
      EXPECT_LE(day.moves, 4 * 5) << p.name << " at " << load;
      EXPECT_LE(day.turns, 4 * 2) << p.name << " at " << load;
      EXPECT_LE(day.late_minutes, 60) << p.name << " at " << load;
    }
  }
}

// A queue shows nothing before it forms: down to its edge, and late there.
TEST(AutoscalerDay, QueueDepthShrinksUntilAQueueForms) {
  const Day day = third_day("queue_depth", true, diurnal);
  EXPECT_LE(day.turns, 2);
  EXPECT_GT(day.late_minutes, 600);
  EXPECT_GE(day.training, 336);
}

TEST(AutoscalerDay, ForecastIsReadyForAStepThatComesEveryDay) {
  for (const bool autoscaler : {true, false}) {
    const Day forecast = third_day("forecast", autoscaler, step_at_noon);
    EXPECT_EQ(forecast.short_minutes, 0);
    EXPECT_EQ(forecast.late_minutes, 0);
    EXPECT_LT(forecast.last_move, 720);
  }
  EXPECT_EQ(third_day("target_load", true, step_at_noon).late_minutes, kLoadingMinutes);
  EXPECT_GE(third_day("slo_feedback", true, step_at_noon).late_minutes, kLoadingMinutes);
}

// Nobody who is never late gives training more than the oracle, on any of the days.
TEST(AutoscalerDay, OracleIsTheBound) {
  for (const Load& load : {Load(diurnal), Load(noisy), Load(step_at_noon), Load([](int) { return 7.3; })}) {
    const Day oracle = third_day("oracle", false, load);
    EXPECT_EQ(oracle.late_minutes, 0);
    for (const auto& [name, entry] : builtins().allocators.entries()) {
      const Day day = third_day(name, false, load);
      EXPECT_TRUE(day.late_minutes > 0 || day.training <= oracle.training) << name;
    }
    for (const auto& [name, entry] : builtins().autoscalers.entries()) {
      const Day day = third_day(name, true, load);
      EXPECT_TRUE(day.late_minutes > 0 || day.training <= oracle.training) << name;
    }
  }
}

TEST(AutoscalerDay, OraclesTargetIsTheSmallestThatIsNeverLate) {
  DayRun run;
  run.sees_future = true;
  EXPECT_EQ(run.allocator("oracle", {}, diurnal).late_minutes, 0);
  EXPECT_GT(run.allocator("oracle", {{"target_load", "0.95"}}, diurnal).late_minutes, 0);
}

}  // namespace
}  // namespace jevons::testing
