// Generators: laws by Kolmogorov-Smirnov and chi-squared at fixed seeds, exact rates under curves and shocks, independent
// streams.
#include <gtest/gtest.h>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/weibull.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>

#include "tests/traces/support.h"
#include "traces/fields.h"
#include "traces/generate/requests.h"
#include "traces/generate/training_jobs.h"
#include "traces/summary.h"

namespace jevons::test {
namespace {

constexpr double kTooUnlikely = 0.001;

// P(D > observed) of a sample against a continuous law (Kolmogorov's series with Stephens's correction).
double ks_p(std::vector<double> sample, const std::function<double(double)>& cdf) {
  std::sort(sample.begin(), sample.end());
  const auto n = static_cast<double>(sample.size());
  double d = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double f = cdf(sample[i]);
    d = std::max({d, f - static_cast<double>(i) / n, (static_cast<double>(i) + 1) / n - f});
  }
  const double x = (std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * d;
  double p = 0;
  for (int k = 1; k < 100; ++k) p += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return std::clamp(p, 0.0, 1.0);
}

double chi_squared_p(const std::vector<double>& counts, const std::vector<double>& expected) {
  double x = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) x += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  return boost::math::cdf(boost::math::complement(boost::math::chi_squared(static_cast<double>(counts.size() - 1)), x));
}

std::vector<Instant> arrivals(const ArrivalOptions& o, std::size_t most, std::uint64_t seed = 1, const std::string& stream = "a") {
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
    const auto ramp = [](double x) { return x <= 0 ? 0 : x < 200 ? x * x / 400 : x - 100; };  // Integral of a ramp to 1.
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
  EXPECT_NEAR((all.back() - all[static_cast<std::size_t>(before)]).seconds(), static_cast<double>(100'000 - before), 4 * 320);
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
  EXPECT_EQ(error([](auto* o) { o->rate = std::nan(""); }), "rate is out of range (expected above 0, up to 1e9 a second)");
  EXPECT_EQ(error([](auto* o) { o->cv = 1000; }), "cv is out of range (expected 0.01 to 100)");
  EXPECT_EQ(error([](auto* o) { o->curve.points = {-1}; }), "a point of the curve is out of range (expected 0 to 1e9)");
  EXPECT_EQ(error([](auto* o) { o->curve.period = Duration{0}; }), "period is out of range (expected above 0)");
  EXPECT_EQ(error([](auto* o) { o->shocks = {{Instant{0}, -1}}; }), "factor of a shock is out of range (expected 0 to 1e9)");
  EXPECT_EQ(error([](auto* o) { o->shocks = {{Instant{-1}, 1}}; }), "a time of a shock is negative (expected 0 or more)");
  EXPECT_EQ(error([](auto* o) { o->shocks = {{Instant{0}, 2, 5_s, 4_s}}; }),
            "ramp of a shock is longer than its duration (expected at most as long)");
}

std::vector<double> lengths(const LengthOptions& o, int n = 40'000) {
  auto sampler = LengthSampler::create(o);
  EXPECT_TRUE(sampler.ok()) << sampler.error().text();
  RandomStream random(1, "lengths");
  std::vector<double> all;
  for (int i = 0; i < n; ++i) all.push_back(static_cast<double>(sampler->draw(&random).value));
  return all;
}

TEST(Lengths, LognormalByMedianOrMean) {
  LengthOptions o;
  o.law = LengthLaw::kLognormal;
  o.sigma = 1.2;
  o.median = 50'000;
  o.max = Tokens{kMaxGpus * 1000};
  // The rounding to whole tokens moves the law by less than the test sees at this median.
  EXPECT_GT(ks_p(lengths(o), [](double x) {
              return boost::math::cdf(boost::math::lognormal_distribution<>(std::log(50'000.0), 1.2), x);
            }), kTooUnlikely);
  o.mean = 50'000;
  EXPECT_FALSE(LengthSampler::create(o).ok());
  o.median = 0;
  EXPECT_GT(ks_p(lengths(o), [](double x) {
              return boost::math::cdf(boost::math::lognormal_distribution<>(std::log(50'000.0) - 0.72, 1.2), x);
            }), kTooUnlikely);
  o.min = Tokens{40'000};
  o.max = Tokens{60'000};
  const auto clamped = lengths(o);
  EXPECT_EQ(*std::min_element(clamped.begin(), clamped.end()), 40'000);
  EXPECT_EQ(*std::max_element(clamped.begin(), clamped.end()), 60'000);
  o.sigma = 10;  // Draws far beyond any integer.
  lengths(o);
}

TEST(Lengths, GeometricConstantEmpirical) {
  LengthOptions o;
  o.law = LengthLaw::kGeometric;
  o.mean = 5;
  std::vector<double> counts(20), expected(20);
  for (const double x : lengths(o)) ++counts[std::min<std::size_t>(static_cast<std::size_t>(x) - 1, 19)];
  for (std::size_t k = 0; k < 20; ++k) expected[k] = 40'000 * std::pow(0.8, static_cast<double>(k)) * (k < 19 ? 0.2 : 1);
  EXPECT_GT(chi_squared_p(counts, expected), kTooUnlikely);
  o.mean = 1;
  EXPECT_EQ(lengths(o), std::vector<double>(40'000, 1));

  LengthOptions constant;
  constant.constant = Tokens{77};
  EXPECT_EQ(lengths(constant), std::vector<double>(40'000, 77));

  LengthOptions empirical;
  empirical.law = LengthLaw::kEmpirical;
  empirical.empirical = {{Tokens{1}, 1}, {Tokens{5}, 0}, {Tokens{7}, 2.5}, {Tokens{100}, 0.5}, {Tokens{1000}, 6}};
  std::map<double, double> seen;
  for (const double x : lengths(empirical)) ++seen[x];
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_GT(chi_squared_p({seen[1], seen[7], seen[100], seen[1000]}, {4000, 10'000, 2000, 24'000}), kTooUnlikely);
}

TEST(Lengths, BadOptionsAreErrors) {
  const auto error = [](LengthOptions o) {
    const auto s = LengthSampler::create(std::move(o));
    return s.ok() ? "" : s.error().text();
  };
  LengthOptions o;
  o.min = Tokens{5};
  o.max = Tokens{4};
  EXPECT_EQ(error(o), "min and max of a length are out of range (expected 1 <= min <= max <= 2^40)");
  o = {};
  o.constant = Tokens{0};
  EXPECT_EQ(error(o), "constant length is out of range (expected 1 to 2^40)");
  o.law = LengthLaw::kLognormal;
  EXPECT_EQ(error(o), "a lognormal length needs a median or a mean above 0, up to 1e12 (expected one of the two)");
  o.median = 1;
  o.sigma = -1;
  EXPECT_EQ(error(o), "sigma is out of range (expected 0 to 10)");
  o.law = LengthLaw::kGeometric;
  EXPECT_EQ(error(o), "mean of a geometric length is out of range (expected 1 to 1e12)");
  o.law = LengthLaw::kEmpirical;
  EXPECT_EQ(error(o), "no weight is above 0 (expected at least one)");
  o.empirical = {{Tokens{1}, -1}};
  EXPECT_EQ(error(o), "a weight is out of range (expected 0 to 1e18)");
  o.empirical = {{Tokens{0}, 1}};
  EXPECT_EQ(error(o), "an empirical length is out of range (expected 1 to 2^40)");
}

TEST(Lengths, OfATraceComeBackAsItsLaw) {
  std::vector<Request> requests;
  for (int i = 0; i < 10; ++i) requests.push_back(request_at(i, 100 + i % 2, 7));
  Given given(requests);
  const auto lengths = lengths_of(&given);
  ASSERT_TRUE(lengths.ok());
  ASSERT_EQ(lengths->prompt.size(), 2U);
  EXPECT_EQ(lengths->prompt[1].value, Tokens{101});
  EXPECT_EQ(lengths->prompt[1].weight, 5);
  EXPECT_EQ(lengths->output.size(), 1U);
  Given nothing({});
  EXPECT_FALSE(lengths_of(&nothing).ok());
}

RequestGeneratorOptions chat() {
  RequestGeneratorOptions o;
  o.arrivals.rate = 10;
  o.prompt.law = LengthLaw::kLognormal;
  o.prompt.median = 1000;
  o.prompt.sigma = 1;
  o.output = o.prompt;
  o.output.median = 150;
  o.limit = 5000;
  return o;
}

std::vector<Request> made(const RequestGeneratorOptions& o, std::uint64_t seed = 1, const std::string& stream = "s") {
  return drain(generate_requests(o, seed, stream)).requests;
}

TEST(Requests, ChangingOneLawLeavesTheOthersAsTheyWere) {
  const auto base = made(chat());
  EXPECT_EQ(base.size(), 5000U);
  EXPECT_TRUE(same(base, made(chat())));
  EXPECT_FALSE(same(base, made(chat(), 2)));
  EXPECT_FALSE(same(base, made(chat(), 1, "t")));
  RequestGeneratorOptions o = chat();
  o.arrivals.law = ArrivalLaw::kGamma;
  o.arrivals.cv = 3;
  o.output.law = LengthLaw::kConstant;
  const auto other = made(o);
  for (std::size_t i = 0; i < base.size(); ++i) EXPECT_EQ(base[i].prompt, other[i].prompt);
  o = chat();
  o.prompt.sigma = 0;
  o.prefix.share = 0.5;
  o.prefix.length.constant = Tokens{100};
  const auto third = made(o);
  for (std::size_t i = 0; i < base.size(); ++i) {
    EXPECT_EQ(base[i].arrival, third[i].arrival);
    EXPECT_EQ(base[i].output, third[i].output);
  }
}

TEST(Requests, PrefixesAreSharedByShareAndPopularity) {
  RequestGeneratorOptions o = chat();
  o.limit = 60'000;
  o.prefix.share = 0.75;
  o.prefix.count = 10;
  o.prefix.zipf = 1;
  o.prefix.length.constant = Tokens{1000};
  o.prefix.hash_block = Tokens{64};
  const auto all = made(o);
  std::map<std::uint64_t, double> first;
  double with = 0;
  for (const Request& r : all) {
    if (r.block_hashes.empty()) {
      EXPECT_EQ(r.hash_block, Tokens{0});
      continue;
    }
    ++with;
    EXPECT_EQ(r.hash_block, Tokens{64});
    EXPECT_EQ(r.block_hashes.size(), 15U);  // 1000 tokens hold 15 whole blocks; the 16th holds own tokens too.
    EXPECT_GE(r.prompt, Tokens{1001});
    ++first[r.block_hashes[0]];
  }
  EXPECT_GT(chi_squared_p({with, 60'000 - with}, {45'000, 15'000}), kTooUnlikely);
  EXPECT_EQ(first.size(), 10U);
  std::vector<double> counts, expected;
  double harmonic = 0;
  for (const auto& [hash, n] : first) counts.push_back(n);
  std::sort(counts.rbegin(), counts.rend());
  for (int k = 1; k <= 10; ++k) harmonic += 1.0 / k;
  for (int k = 1; k <= 10; ++k) expected.push_back(with / harmonic / k);
  EXPECT_GT(chi_squared_p(counts, expected), kTooUnlikely);
  // Every text is computed once and then found: reuse is exact.
  PrefixReuse cache;
  std::int64_t reused = 0;
  for (const Request& r : all) reused += cache.add(r).value;
  EXPECT_EQ(reused, (static_cast<std::int64_t>(with) - 10) * 15 * 64);
  // Another stream has other texts.
  for (const Request& r : made(o, 1, "t")) EXPECT_FALSE(!r.block_hashes.empty() && first.contains(r.block_hashes[0]));
}

TEST(Requests, BadOptionsNameTheirPart) {
  RequestGeneratorOptions o = chat();
  o.arrivals.rate = -1;
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(), "arrivals: rate is out of range (expected above 0, up to 1e9 a second)");
  o = chat();
  o.output.sigma = 99;
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(), "output: sigma is out of range (expected 0 to 10)");
  o = chat();
  o.prefix.share = 2;
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(), "share of prefixes is out of range (expected 0 to 1)");
  o.prefix.share = 1;
  o.prefix.count = 0;
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(), "count of prefixes is out of range (expected 1 to 10 million)");
  o.prefix.count = 1;
  o.prefix.length.constant = o.prefix.length.max = Tokens{kMaxTokens};
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(), "a prefix has more than a million hash blocks");
}

TEST(Jobs, SizesRunTimesAndEstimates) {
  JobGeneratorOptions o;
  o.arrivals.rate = 1;
  o.limit = 30'000;
  o.sizes = {{Gpus{1}, 5, 0}, {Gpus{8}, 3, 7e9}, {Gpus{512}, 2, 7e10}};
  o.median_run_time = 2_h;
  o.sigma = 1.5;
  o.min_run_time = 1_ns;
  o.max_run_time = 100'000_h;
  o.estimate_factor = 3;
  const auto trace = generate_jobs(o, 1, "j");
  ASSERT_TRUE(trace.ok());
  std::map<std::int32_t, double> sizes;
  std::vector<double> run, factor;
  for (const TrainingJob& j : trace->jobs) {
    ++sizes[j.gpus.value];
    EXPECT_EQ(j.parameters, j.gpus == Gpus{512} ? 7e10 : j.gpus == Gpus{8} ? 7e9 : 0);
    run.push_back(j.run_time.seconds());
    factor.push_back(j.estimate.seconds() / j.run_time.seconds());
  }
  EXPECT_EQ(trace->jobs[7].name, "job-7");
  EXPECT_GT(chi_squared_p({sizes[1], sizes[8], sizes[512]}, {15'000, 9000, 6000}), kTooUnlikely);
  EXPECT_GT(ks_p(run, [](double x) { return boost::math::cdf(boost::math::lognormal_distribution<>(std::log(7200.0), 1.5), x); }),
            kTooUnlikely);
  EXPECT_GT(ks_p(factor, [](double x) { return std::clamp((x - 1) / 2, 0.0, 1.0); }), kTooUnlikely);
  o.estimate_factor = 1;
  o.max_run_time = 3_h;
  const auto again = generate_jobs(o, 1, "j");
  for (std::size_t i = 0; i < again->jobs.size(); ++i) {
    EXPECT_EQ(again->jobs[i].estimate, again->jobs[i].run_time);
    EXPECT_EQ(again->jobs[i].run_time, std::min(trace->jobs[i].run_time, 3_h));
    EXPECT_EQ(again->jobs[i].submit, trace->jobs[i].submit);
  }
}

TEST(Jobs, BadOptionsAreErrors) {
  JobGeneratorOptions o;
  EXPECT_EQ(generate_jobs(o, 1, "j").error().text(), "job sizes are missing (expected at least one)");
  o.sizes = {{Gpus{0}, 1, 0}};
  EXPECT_EQ(generate_jobs(o, 1, "j").error().text(), "GPUs of a job are out of range (expected 1 to 100000000)");
  o.sizes = {{Gpus{1}, 0, 0}};
  EXPECT_EQ(generate_jobs(o, 1, "j").error().text(), "sizes: no weight is above 0 (expected at least one)");
  o.sizes = {{Gpus{1}, 1, 0}};
  o.estimate_factor = 0.5;
  EXPECT_EQ(generate_jobs(o, 1, "j").error().text(), "estimate factor is out of range (expected 1 to 1000)");
}

}  // namespace
}  // namespace jevons::test
