// Autoscalers by hand, and what all of them promise.
#include <gtest/gtest.h>

#include "policies/pool_nodes.h"
#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

PoolView pool(int nodes, double load) {
  PoolView p;
  p.id = PoolId{0};
  p.initial_nodes = p.target_nodes = p.ready_nodes = nodes;
  p.min_nodes = 1;
  p.max_nodes = 40;
  p.load_nodes = load;
  p.arrived = p.finished = 100;
  return p;
}

class Scaler {
 public:
  explicit Scaler(const std::string& name, const ParamText& params = {})
      : autoscaler_(make_policy(builtins().autoscalers, name, params)) {}
  std::int64_t at(Duration t, const PoolView& p) { return autoscaler_->desired({Instant{} + t, 60_s, &p}); }

 private:
  std::unique_ptr<Autoscaler> autoscaler_;
};

TEST(Fixed, IsWhatTheScenarioOrTheParameterSays) {
  EXPECT_EQ(Scaler("fixed").at(0_s, pool(5, 99)), 5);
  EXPECT_EQ(Scaler("fixed", {{"nodes", "3"}}).at(0_s, pool(5, 99)), 3);
}

TEST(TargetLoad, FollowsKubernetes) {
  Scaler s("target_load", {{"target", "0.5"}, {"stable", "5min"}});
  EXPECT_EQ(s.at(0_min, pool(10, 5.4)), 10);  // 1.08 of the target: within 10 %.
  EXPECT_EQ(s.at(1_min, pool(10, 6)), 12);    // 1.2 of it: ceil(6 / 0.5).
  EXPECT_EQ(s.at(2_min, pool(12, 3)), 12);    // 6 wanted, but 12 were a minute ago.
  EXPECT_EQ(s.at(6_min, pool(12, 3)), 12);
  EXPECT_EQ(s.at(7_min, pool(12, 3)), 6);
  EXPECT_EQ(s.at(8_min, pool(6, 100)), 200);  // Bounds are the caller's.
}

TEST(QueueDepth, GrowsToTheQueueAndShrinksAfterQuiet) {
  Scaler s("queue_depth", {{"high", "4"}, {"low", "0.5"}, {"step_up", "3"}, {"stable", "15min"}});
  PoolView p = pool(5, 1);
  p.waiting = 20;
  EXPECT_EQ(s.at(0_min, p), 5);  // Four a node is the bound.
  p.held = 8;
  EXPECT_EQ(s.at(1_min, p), 7);  // 28 / 4.
  p.held = 100;
  EXPECT_EQ(s.at(2_min, p), 8);  // Three at most.
  p.target_nodes = 8;
  EXPECT_EQ(s.at(3_min, p), 8);  // They are on their way.
  p = pool(8, 1);
  p.waiting = 3;
  EXPECT_EQ(s.at(4_min, p), 8);   // 3 <= 0.5 x 7.
  EXPECT_EQ(s.at(18_min, p), 8);  // 14 minutes.
  EXPECT_EQ(s.at(19_min, p), 7);
  EXPECT_EQ(s.at(20_min, pool(7, 1)), 7);
  PoolView full = pool(7, 1);
  full.kv_use = 0.7;  // 0.7 x 7 > 0.8 x 6.
  EXPECT_EQ(s.at(40_min, full), 7);
}

PoolView slow(int nodes, Duration ttft, double load = 3) {
  PoolView p = pool(nodes, load);
  p.slo_ttft = 2_s;
  p.ttft_p95 = ttft;
  return p;
}

TEST(SloFeedback, GrowsInProportionToTheError) {
  const auto once = [](const PoolView& p) {
    return Scaler("slo_feedback", {{"k_p", "4"}, {"slo_target", "1"}}).at(0_s, p);
  };
  EXPECT_EQ(once(slow(5, 2_s)), 5);
  EXPECT_EQ(once(slow(5, 2100_ms)), 5);  // Within the dead band.
  EXPECT_EQ(once(slow(5, 2400_ms)), 6);  // 4 x 0.2 = 0.8.
  EXPECT_EQ(once(slow(5, 3_s)), 7);      // 4 x 0.5.
  EXPECT_EQ(once(slow(5, 60_s)), 9);     // step_up.
  EXPECT_EQ(once(slow(40, 60_s)), 40);
  PoolView p = slow(5, 1_s);
  p.slo_tpot = 50_ms, p.tpot_p95 = 75_ms;
  EXPECT_EQ(once(p), 7);  // The larger error counts.
  p = slow(5, Duration{0});
  p.finished = 0, p.waiting = 9;
  EXPECT_EQ(once(p), 9);  // Nothing finishes: an error of 1.
  p = pool(5, 3);
  p.ttft_p95 = 60_s;
  EXPECT_EQ(once(p), 5);  // No limit.
}

TEST(SloFeedback, SteersToAShareOfTheLimit) {
  Scaler s("slo_feedback", {{"k_p", "4"}, {"slo_target", "0.5"}});
  EXPECT_EQ(s.at(0_s, slow(5, 1500_ms)), 7);  // 1.5 times half of 2 s.
}

TEST(SloFeedback, WaitsForHelpAndForTheCoolDown) {
  Scaler s("slo_feedback", {{"cool_down", "3min"}, {"slo_target", "1"}});
  EXPECT_EQ(s.at(0_min, slow(5, 3_s)), 7);
  PoolView p = slow(5, 3_s);
  p.target_nodes = 7, p.coming_nodes = 2;
  EXPECT_EQ(s.at(4_min, p), 7);
  EXPECT_EQ(s.at(5_min, slow(7, 3_s)), 9);
  EXPECT_EQ(s.at(7_min, slow(9, 3_s)), 9);
  EXPECT_EQ(s.at(8_min, slow(9, 3_s)), 11);
}

TEST(SloFeedback, ShrinksAfterStableWindowsButNotIntoTheLoadThatBrokeIt) {
  Scaler s("slo_feedback", {{"stable", "3"}, {"cool_down", "0"}, {"remember", "1h"}, {"slo_target", "1"}});
  EXPECT_EQ(s.at(0_min, slow(8, 1_s)), 8);
  EXPECT_EQ(s.at(1_min, slow(8, 1_s)), 8);
  EXPECT_EQ(s.at(2_min, slow(8, 1001_ms)), 8);  // More than half the limit: the count starts anew.
  EXPECT_EQ(s.at(3_min, slow(8, 1_s)), 8);
  EXPECT_EQ(s.at(4_min, slow(8, 1_s)), 8);
  EXPECT_EQ(s.at(5_min, slow(8, 1_s)), 7);
  EXPECT_EQ(s.at(6_min, slow(7, 3_s, 7)), 9);                                          // Broken at a load of 1 a node.
  for (int m = 7; m < 66; ++m) EXPECT_EQ(s.at(m * 1_min, slow(9, 1_s, 7.5)), 9) << m;  // 7.5 > 0.9 x 8.
  EXPECT_EQ(s.at(66_min, slow(9, 1_s, 7.5)), 8);                                       // Forgotten.
  Scaler t("slo_feedback", {{"stable", "1"}, {"cool_down", "0"}, {"slo_target", "1"}});
  EXPECT_EQ(t.at(0_min, slow(7, 3_s, 7)), 9);
  EXPECT_EQ(t.at(1_min, slow(9, 1_s, 7)), 8);  // 7 < 0.9 x 8.
}

TEST(Autoscalers, SleepWhenIdleAndWakeForTheFirstRequest) {
  for (const auto& [name, entry] : builtins().autoscalers.entries()) {
    if (name == "fixed") continue;
    ParamText params{{"idle_after", "10min"}};
    Scaler s(name, params);
    PoolView p = pool(1, 0);
    p.min_nodes = 0;
    p.arrived = p.finished = 0;
    p.slo_ttft = 2_s;
    for (int m = 0; m < 10; ++m) EXPECT_EQ(s.at(m * 1_min, p), 1) << name << m;
    EXPECT_EQ(s.at(10_min, p), 0) << name;
    p.target_nodes = p.ready_nodes = 0;
    EXPECT_EQ(s.at(11_min, p), 0) << name;
    p.held = p.arrived = 1;
    EXPECT_GE(s.at(12_min, p), 1) << name;
    p.held = p.arrived = 0, p.target_nodes = p.ready_nodes = 1;
    EXPECT_EQ(s.at(13_min, p), 1) << name;  // Awake for ten minutes more.
    p.min_nodes = 1;
    EXPECT_EQ(s.at(60_min, p), 1) << name;
  }
}

TEST(Autoscalers, APoolThatBeginsEmptyStaysAsleepUntilNeeded) {
  for (const auto& [name, entry] : builtins().autoscalers.entries()) {
    Scaler s(name);
    PoolView p = pool(0, 0);
    p.min_nodes = 0;
    p.arrived = p.finished = 0;
    EXPECT_EQ(s.at(0_min, p), 0) << name;
  }
}

TEST(Autoscalers, SameViewsSameAnswersAndNoneIsAbsurd) {
  for (const auto& [name, entry] : builtins().autoscalers.entries()) {
    const auto one = make_policy(builtins().autoscalers, name), two = make_policy(builtins().autoscalers, name);
    RandomStream random(41, "views");
    Instant now{0};
    const auto up_to = [&](std::uint64_t most) { return static_cast<std::int32_t>(random.below(most + 1)); };
    for (int i = 0; i < 20'000; ++i) {
      now = now + Duration{60'000'000'000 * (1 + up_to(20))};
      PoolView p = pool(up_to(20), random.below(100) == 0 ? 1e300 : 30 * random.uniform());
      p.min_nodes = up_to(3);
      p.max_nodes = p.min_nodes + up_to(30);
      p.initial_nodes = within_bounds(p, p.initial_nodes);
      p.target_nodes = up_to(30);
      p.coming_nodes = up_to(3);
      p.held = random.below(3) == 0 ? up_to(500) : 0;
      p.waiting = up_to(500);
      p.kv_use = random.uniform();
      p.finished = up_to(2) * 100;
      p.slo_ttft = up_to(1) * 2_s;
      p.slo_tpot = up_to(1) * 50_ms;
      p.ttft_p95 = up_to(100) * 1_s;
      p.tpot_p95 = up_to(100) * 1_ms;
      p.load_time = up_to(10) * 1_min;
      const std::int64_t nodes = one->desired({now, 60_s, &p});
      ASSERT_EQ(nodes, two->desired({now, 60_s, &p})) << name;
      ASSERT_TRUE(0 <= nodes && nodes <= 2'000'000'000) << name << " " << nodes;
      if (p.held > 0) {
        ASSERT_TRUE(nodes >= 1 || name == "fixed") << name;
      }
    }
  }
}

}  // namespace
}  // namespace jevons::testing
