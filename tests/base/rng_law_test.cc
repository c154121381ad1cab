// Every distribution against its law: chi-squared for whole numbers, Kolmogorov-Smirnov for real ones.
//
// Seeds are fixed, so the tests cannot flicker; the limits are those of 99.9 % (a wrong law exceeds them by far).
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <functional>
#include <vector>

#include "base/rng.h"

namespace jevons {
namespace {

constexpr int kDraws = 200'000;

// sqrt(n) D stays below 1.949 with probability 99.9 % (Kolmogorov).
void expect_law(const char* what, const std::function<double(RandomStream&)>& draw,
                const std::function<double(double)>& cdf) {
  RandomStream r(11, what);
  std::vector<double> x(kDraws);
  for (double& v : x) v = draw(r);
  std::sort(x.begin(), x.end());
  double worst = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double f = cdf(x[static_cast<std::size_t>(i)]);
    worst = std::max({worst, std::abs(f - i / double{kDraws}), std::abs(f - (i + 1) / double{kDraws})});
  }
  EXPECT_LT(worst * std::sqrt(double{kDraws}), 1.949) << what;
}

void expect_counts(const char* what, const std::vector<double>& probability,
                   const std::function<std::size_t(RandomStream&)>& draw) {
  RandomStream r(12, what);
  std::vector<int> count(probability.size() + 1, 0);
  for (int i = 0; i < kDraws; ++i) ++count[std::min(draw(r), probability.size())];
  double rest = 1, chi = 0, pooled = 0, pooled_count = 0;
  int cells = 0;
  for (std::size_t i = 0; i <= probability.size(); ++i) {
    const double p = i < probability.size() ? probability[i] : std::max(0.0, rest);
    rest -= p;
    pooled += p * kDraws;
    pooled_count += count[i];
    if (pooled < 10) continue;  // Cells with few expected draws go together with the next.
    chi += (pooled_count - pooled) * (pooled_count - pooled) / pooled;
    pooled = pooled_count = 0;
    ++cells;
  }
  const boost::math::chi_squared law(cells - 1);
  EXPECT_LT(chi, boost::math::quantile(law, 0.999)) << what << ", " << cells << " cells";
}

TEST(RngLaw, Uniform) {
  expect_law(
      "uniform", [](auto& r) { return r.uniform(); }, [](double x) { return x; });
}

TEST(RngLaw, BelowIsUniformForEveryRemainder) {
  for (const std::uint64_t n : {2ULL, 3ULL, 7ULL, 100ULL, 1000ULL}) {
    expect_counts("below", std::vector<double>(n, 1.0 / static_cast<double>(n)), [n](auto& r) { return r.below(n); });
  }
  // A range just above 2^63: the naive remainder would draw its lower half twice as often.
  const std::uint64_t n = (1ULL << 63) + (1ULL << 62);
  expect_counts("wide", {1.0 / 3, 1.0 / 3, 1.0 / 3},
                [n](auto& r) { return static_cast<std::size_t>(r.below(n) >> 62); });
}

TEST(RngLaw, BitsAreFair) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    expect_counts("bit", {0.5, 0.5}, [bit](auto& r) { return static_cast<std::size_t>((r.bits() >> bit) & 1); });
  }
}

TEST(RngLaw, Exponential) {
  expect_law(
      "exponential", [](auto& r) { return r.exponential(3); }, [](double x) { return 1 - std::exp(-x / 3); });
}

TEST(RngLaw, NormalAndLognormal) {
  const boost::math::normal law(0, 1);
  expect_law(
      "normal", [](auto& r) { return r.normal(); }, [&](double x) { return boost::math::cdf(law, x); });
  expect_law(
      "lognormal", [](auto& r) { return r.lognormal(2, 0.5); },
      [&](double x) { return boost::math::cdf(law, (std::log(x) - 2) / 0.5); });
}

TEST(RngLaw, Gamma) {
  for (const double shape : {0.1, 0.5, 1.0, 2.5, 50.0}) {
    const boost::math::gamma_distribution<> law(shape, 2);
    expect_law(
        "gamma", [&](auto& r) { return r.gamma(shape, 2); }, [&](double x) { return boost::math::cdf(law, x); });
  }
}

TEST(RngLaw, Weibull) {
  for (const double shape : {0.5, 1.0, 3.0}) {
    expect_law(
        "weibull", [&](auto& r) { return r.weibull(shape, 2); },
        [&](double x) { return 1 - std::exp(-std::pow(x / 2, shape)); });
  }
}

TEST(RngLaw, Poisson) {
  for (const double mean : {0.1, 1.0, 9.9, 10.1, 40.0, 1000.0}) {
    const boost::math::poisson law(mean);
    std::vector<double> p;
    for (int k = 0; k < mean + 10 * std::sqrt(mean) + 10; ++k) p.push_back(boost::math::pdf(law, k));
    expect_counts("poisson", p, [mean](auto& r) { return static_cast<std::size_t>(r.poisson(mean)); });
  }
}

}  // namespace
}  // namespace jevons
