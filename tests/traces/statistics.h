// Goodness of fit: Kolmogorov-Smirnov and chi-squared.
#ifndef JEVONS_TESTS_TRACES_STATISTICS_H_
#define JEVONS_TESTS_TRACES_STATISTICS_H_

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <functional>
#include <vector>

namespace jevons::test {

constexpr double kTooUnlikely = 0.001;

// P(D > observed) of a sample against a continuous law (Kolmogorov's series with Stephens's correction).
inline double ks_p(std::vector<double> sample, const std::function<double(double)>& cdf) {
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

inline double chi_squared_p(const std::vector<double>& counts, const std::vector<double>& expected) {
  double x = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    x += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  return boost::math::cdf(boost::math::complement(boost::math::chi_squared(static_cast<double>(counts.size() - 1)), x));
}

}  // namespace jevons::test
#endif  // JEVONS_TESTS_TRACES_STATISTICS_H_
