// Holt-Winters and the controller that provisions by it, by hand.
#include <gtest/gtest.h>

#include "policies/holt_winters.h"
#include "policies/load_forecast.h"

namespace jevons::testing {
namespace {

TEST(HoltWinters, IsTheTextbookRecursion) {
  HoltWinters model(2, {0.5, 0.5, 0.5});
  model.add(10);
  EXPECT_FALSE(model.ready());
  model.add(20);
  ASSERT_TRUE(model.ready());  // Level 15, trend 0, season -5 and 5.
  EXPECT_EQ(model.forecast(1), 10);
  EXPECT_EQ(model.forecast(4), 20);
  model.add(14);
  // Level (14 + 5) / 2 + 15 / 2 = 17, trend (17 - 15) / 2 = 1, season (14 - 15) / 2 - 5 / 2 = -3.
  EXPECT_EQ(model.forecast(1), 17 + 1 + 5);
  EXPECT_EQ(model.forecast(2), 17 + 2 - 3);
  model.add(25);
  // Level (25 - 5) / 2 + 18 / 2 = 19, trend (19 - 17) / 2 + 1 / 2 = 1.5, season (25 - 18) / 2 + 5 / 2 = 6.
  EXPECT_EQ(model.forecast(1), 19 + 1.5 - 3);
  EXPECT_EQ(model.forecast(2), 19 + 3 + 6);
  EXPECT_EQ(model.forecast(3), 19 + 4.5 - 3);
}

// Eighths, so that no sum rounds.
TEST(HoltWinters, ARepeatingSeriesIsForecastExactly) {
  const std::vector<double> season{3, 1.5, 0, 8.25, 100, 2, 2, 7.25};
  for (const HoltWinters::Rates rates : {HoltWinters::Rates{0.5, 0.25, 0.5}, HoltWinters::Rates{1, 1, 1}}) {
    HoltWinters model(season.size(), rates);
    for (std::size_t t = 0; t < 50; ++t) {
      if (model.ready()) {
        for (std::size_t ahead = 1; ahead <= 20; ++ahead)
          ASSERT_EQ(model.forecast(ahead), season[(t + ahead - 1) % season.size()]) << t << " " << ahead;
      }
      model.add(season[t % season.size()]);
    }
  }
}

TEST(HoltWinters, ALevelThatMovesIsFollowed) {
  HoltWinters model(4, {0.5, 0, 0});
  for (int i = 0; i < 4; ++i) model.add(8);
  for (int i = 0; i < 3; ++i) model.add(16);
  EXPECT_EQ(model.forecast(1), 15);  // 8, 12, 14, 15: half the way each time.
}

// A bin a review, four a season; a role change takes one review, so the bin that has begun and the next are provided
// for.
struct Minutes {
  explicit Minutes(ForecastParams params)
      : controller([&] {
          params.period = 4_min;
          params.bin = 1_min;
          params.target = 1;
          params.keep = Duration{0};
          return params;
        }()) {
    pool.max_nodes = 99;
    pool.target_nodes = pool.ready_nodes = 7;
    pool.arrived = pool.running = 1;
  }
  std::int64_t at(double load) {
    pool.load_nodes = load;
    return controller.desired(pool, Instant{} + minute++ * 1_min, 1_min);
  }
  PoolView pool;
  LoadForecast controller;
  int minute = 0;
};

TEST(LoadForecast, ProvidesForTheNextStepOnceASeasonIsKnown) {
  Minutes minutes({});
  const double season[] = {1, 2, 3, 2};
  // The first forecast two bins ahead is made when bin 3 has ended and is due when bin 5 has: at minute 6.
  for (int m = 0; m < 6; ++m) EXPECT_EQ(minutes.at(season[m % 4]), 7) << m;  // No SLO: keeps its nodes.
  for (int m = 6; m < 40; ++m) EXPECT_EQ(minutes.at(season[m % 4]), std::max(season[m % 4], season[(m + 1) % 4])) << m;
}

TEST(LoadForecast, AddsTheQuantileOfItsErrors) {
  ForecastParams params;
  params.alpha = params.beta = params.gamma = 0;  // It forecasts 10 for ever.
  params.quantile = 0.75;
  Minutes minutes(params);
  for (const double load : {10, 10, 10, 10, 10, 12, 11, 14, 10}) minutes.at(load);
  EXPECT_EQ(minutes.at(10), 12);  // Errors 2, 1, 4, 0: the third smallest of four is 2.
  EXPECT_EQ(minutes.at(10), 11);  // 1, 4, 0, 0: those of the last season only.
  EXPECT_EQ(minutes.at(10), 10);  // 4, 0, 0, 0.
  EXPECT_EQ(minutes.at(19), 19);  // Never less than the load there is.
}

TEST(LoadForecast, SurvivesGapsAndNonsense) {
  ForecastParams params;
  LoadForecast controller(params);
  PoolView pool;
  pool.max_nodes = 10;
  Instant now{0};
  for (const Duration gap : {1_min, 1_h, 24_h, 8760_h, 1_min, 30_min}) {
    now = now + gap;
    for (const double load : {0.0, 1e300, 3.0}) {
      pool.load_nodes = load;
      EXPECT_GE(controller.desired(pool, now, 1_min), 0);
    }
  }
}

}  // namespace
}  // namespace jevons::testing
