// Arrival processes: laws of the gaps at fixed seeds, exact rates under curves and shocks, ends.
#include "traces/generate/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/weibull.hpp>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "tests/traces/statistics.h"

namespace jevons::test {
namespace {

std::vector<Instant> arrivals(const ArrivalOptions& o, std::size_t most, std::uint64_t seed = 1,
                              const std::string& stream = "a") {
  auto process = ArrivalProcess::create(o, seed, stream);
  EXPECT_TRUE(process.ok()) << process.error().text();
  std::vector<Instant> all;
  while (all.size() < most) {
    const auto t = process->next();
    if (!t) break;
    EXPECT_TRUE(all.empty() || *t >= all.back());
    all.push_back(*t);
  }
  return all;
}

std::vector<double> gaps(const std::vector<Instant>& all) {
  std::vector<double> g{all.front().seconds()};
  for (std::size_t i = 1; i < all.size(); ++i) g.push_back((all[i] - all[i - 1]).seconds());
  return g;
}

// Of the gaps above a microsecond, which the clock's nanosecond does not blur, and of the share below.
void expect_law(const std::vector<double>& all, const std::function<double(double)>& cdf) {
  constexpr double kLow = 1e-6;
  const double below = cdf(kLow), n = static_cast<double>(all.size());
  std::vector<double> above;
  for (const double g : all) {
    if (g > kLow) above.push_back(g);
  }
  EXPECT_NEAR(n - static_cast<double>(above.size()), n * below, 4 * std::sqrt(n * below) + 1);
  EXPECT_GT(ks_p(above, [&](double x) { return (cdf(x) - below) / (1 - below); }), kTooUnlikely);
}

TEST(Arrivals, GapsHaveTheLawAskedFor) {
  for (const double cv : {0.3, 1.0, 2.5}) {
    ArrivalOptions o;
    o.rate = 4;
    o.cv = cv;
    o.law = ArrivalLaw::kGamma;
    const double shape = 1 / (cv * cv);
    expect_law(gaps(arrivals(o, 50'000)),
               [&](double x) { return boost::math::cdf(boost::math::gamma_distribution<>(shape, 0.25 / shape), x); });
    o.law = ArrivalLaw::kWeibull;
    const double k = weibull_shape_of_cv(cv), scale = 0.25 / std::tgamma(1 + 1 / k);
    expect_law(gaps(arrivals(o, 50'000)),
               [&](double x) { return boost::math::cdf(boost::math::weibull_distribution<>(k, scale), x); });
  }
  ArrivalOptions poisson;
  poisson.rate = 4;
  expect_law(gaps(arrivals(poisson, 50'000)), [](double x) { return 1 - std::exp(-4 * x); });
}

TEST(Arrivals, WeibullShapeGivesTheCv) {
  EXPECT_NEAR(weibull_shape_of_cv(1), 1, 1e-12);
  for (const double cv : {0.01, 0.1, 0.5, 2.0, 10.0, 100.0}) {
    const double k = weibull_shape_of_cv(cv);
    EXPECT_NEAR(std::sqrt(std::exp(std::lgamma(1 + 2 / k) - 2 * std::lgamma(1 + 1 / k)) - 1) / cv, 1, 1e-9) << cv;
  }
}

// The integral of the rate from 0 to each arrival of a Poisson process is a Poisson process of rate 1.
void expect_unit_poisson(const ArrivalOptions& o, const std::function<double(double)>& mass, std::size_t n = 30'000) {
  const std::vector<Instant> all = arrivals(o, n);
  ASSERT_GT(all.size(), 1000U);
  std::vector<double> gap;
  double last = 0;
  for (const Instant t : all) {
    const double m = mass(t.seconds());
    gap.push_back(m - last);
    last = m;
  }
  EXPECT_GT(ks_p(gap, [](double x) { return x < 0 ? 0 : 1 - std::exp(-x); }), kTooUnlikely);
}

TEST(Arrivals, ATriangleIsFollowedExactly) {
  ArrivalOptions o;  // 0 at 0 h, 10/s at 12 h, 0 at 24 h.
  o.rate = 10;
  o.curve.points = {0, 1};
  expect_unit_poisson(o, [](double t) {
    const double day = 86400, half = 43200;
    const double days = std::floor(t / day), x = t - days * day;
    const double in_day = x < half ? 5 * x * x / half : 2 * 5 * half - 5 * (day - x) * (day - x) / half;
    return days * 2 * 5 * half + in_day;
  });
}

TEST(Arrivals, ASinusIsFollowedWithinItsStraightLines) {
  ArrivalOptions o;
  o.rate = 2;
  o.curve = sinus_curve(0.9, 3600_s);
  expect_unit_poisson(o, [](double t) {
    const double w = 2 * std::numbers::pi / 3600;
    return 2 * (t + 0.9 * (1 - std::cos(w * t)) / w);
  });
}

TEST(Arrivals, AStepAndARampAreFollowedExactly) {
  ArrivalOptions o;
  o.rate = 5;
  o.shocks = {{Instant{0} + 1000_s, 4, 200_s, 1000_s}};  // Up 1000-1200, 20/s until 2000, down 2000-2200.
  o.end = Instant{0} + 5000_s;
  expect_unit_poisson(o, [](double t) {
    const auto ramp = [](double x) {
      return x <= 0 ? 0 : x < 200 ? x * x / 400 : x - 100;
    };  // Integral of a ramp to 1.
    return 5 * t + 15 * (ramp(t - 1000) - ramp(t - 2000));
  });
  const auto process = ArrivalProcess::create(o, 1, "a");
  const auto rate = [&](std::int64_t s) { return process->rate_at(Instant{s * 1'000'000'000}); };
  EXPECT_EQ(rate(0), 5);
  EXPECT_EQ(rate(1000), 5);
  EXPECT_EQ(rate(1100), 12.5);
  EXPECT_EQ(rate(1200), 20);
  EXPECT_EQ(rate(1999), 20);
  EXPECT_EQ(rate(2100), 12.5);
  EXPECT_EQ(rate(2200), 5);
  o.shocks[0].ramp = Duration{0};
  const auto step = ArrivalProcess::create(o, 1, "a");
  EXPECT_EQ(step->rate_at(Instant{0} + 1000_s), 20);
  EXPECT_EQ(step->rate_at(Instant{0} + 1000_s - 1_ns), 5);
  EXPECT_EQ(step->rate_at(Instant{0} + 2000_s), 5);
}

TEST(Arrivals, CountsPerHourFollowTheDiurnalTable) {
  ArrivalOptions o;
  o.rate = 1;
  o.curve.points = {0.2, 0.1, 0.1, 0.2, 0.5, 1, 2, 3, 3.5, 3, 2, 1};  // Every two hours.
  o.end = Instant{0} + 240_h;
  std::vector<double> counts(12), expected(12);
  for (const Instant t : arrivals(o, 10'000'000)) ++counts[static_cast<std::size_t>(t.ns / (2_h).ns % 12)];
  for (std::size_t k = 0; k < 12; ++k) expected[k] = 10 * 7200 * (o.curve.points[k] + o.curve.points[(k + 1) % 12]) / 2;
  EXPECT_GT(chi_squared_p(counts, expected), kTooUnlikely);
}

TEST(Arrivals, SkippingPeriodsGivesTheSameLawAsWalkingThem) {
  ArrivalOptions slow;  // About one arrival in 1000 periods of one second.
  slow.rate = 0.001;
  slow.curve.points = {0, 2};
  slow.curve.period = 1_s;
  EXPECT_GT(ks_p(gaps(arrivals(slow, 5000)), [](double x) { return 1 - std::exp(-0.001 * x); }), kTooUnlikely);
  // A shock in the distance bounds the skip.
  slow.shocks = {{Instant{0} + 1'000'000_s, 1000}};
  const auto all = arrivals(slow, 100'000);
  const auto before = std::count_if(all.begin(), all.end(), [](Instant t) { return t < Instant{0} + 1'000'000_s; });
  EXPECT_NEAR(static_cast<double>(before), 1000, 4 * std::sqrt(1000));
  EXPECT_NEAR((all.back() - all[static_cast<std::size_t>(before)]).seconds(), static_cast<double>(100'000 - before),
              4 * 320);
}

TEST(Arrivals, EndWhereNothingEverComes) {
  ArrivalOptions o;
  o.curve.points = {0, 0, 0};
  EXPECT_TRUE(arrivals(o, 10).empty());
  o.curve.points = {};
  o.shocks = {{Instant{0} + 100_s, 0}};
  const auto all = arrivals(o, 1'000'000);
  EXPECT_NEAR(static_cast<double>(all.size()), 100, 40);
  EXPECT_LT(all.back(), Instant{0} + 100_s);
  // And by the clock's reach.
  ArrivalOptions rare;
  rare.rate = 1e-9;
  const auto ages = arrivals(rare, 1'000'000);
  EXPECT_LT(ages.size(), 50U);
  rare.end = Instant{0};
  EXPECT_TRUE(arrivals(rare, 10).empty());
}

TEST(Arrivals, OddPeriodsAndManyPointsDoNotStall) {
  ArrivalOptions o;
  o.rate = 50;
  o.curve.period = Duration{7'777'777'777};
  for (int i = 0; i < 997; ++i) o.curve.points.push_back(i % 7);
  o.shocks = {{Instant{3}, 2, 1_ns, 5_ns}, {Instant{4}, 0.5, 0_ns, 100_s}, {Instant{0}, 1.5}};
  const auto all = arrivals(o, 100'000);
  EXPECT_EQ(all.size(), 100'000U);
  o.curve.period = Duration{997};  // A point every nanosecond.
  EXPECT_EQ(arrivals(o, 2000).size(), 2000U);
}

TEST(Arrivals, BadOptionsAreErrors) {
  const auto error = [](auto change) {
    ArrivalOptions o;
    change(&o);
    const auto p = ArrivalProcess::create(o, 1, "a");
    return p.ok() ? "" : p.error().text();
  };
  EXPECT_EQ(error([](auto*) {}), "");
  EXPECT_EQ(error([](auto* o) { o->rate = 0; }), "rate is out of range (expected above 0, up to 1e9 a second)");
  EXPECT_EQ(error([](auto* o) { o->rate = std::nan(""); }),
            "rate is out of range (expected above 0, up to 1e9 a second)");
  EXPECT_EQ(error([](auto* o) { o->cv = 1000; }), "cv is out of range (expected 0.01 to 100)");
  EXPECT_EQ(error([](auto* o) { o->curve.points = {-1}; }), "a point of the curve is out of range (expected 0 to 1e9)");
  EXPECT_EQ(error([](auto* o) { o->curve.period = Duration{0}; }), "period is out of range (expected above 0)");
  EXPECT_EQ(error([](auto* o) {
              o->shocks = {{Instant{0}, -1}};
            }),
            "factor of a shock is out of range (expected 0 to 1e9)");
  EXPECT_EQ(error([](auto* o) {
              o->shocks = {{Instant{-1}, 1}};
            }),
            "a time of a shock is negative (expected 0 or more)");
  EXPECT_EQ(error([](auto* o) {
              o->shocks = {{Instant{0}, 2, 5_s, 4_s}};
            }),
            "ramp of a shock is longer than its duration (expected at most as long)");
  EXPECT_EQ(error([](auto* o) {
              o->shocks = std::vector<RateShock>(2, {Instant{0}, 1e7});
            }),
            "the rate with curve and shocks is out of range (expected up to 1e12 a second)");
  EXPECT_EQ(error([](auto* o) {
              o->curve = {{1, 2}, 1_s};
              o->shocks = {{Instant{0}, 2, 100'000_h}};
            }),
            "ramp of a shock spans too many points of the curve (expected at most 10 million)");
}

}  // namespace
}  // namespace jevons::test
