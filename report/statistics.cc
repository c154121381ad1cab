// Means, paired differences and their Student-t intervals.
#include "report/statistics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace jevons {

double student_t_975(std::size_t degrees_of_freedom) {
  CHECK(degrees_of_freedom > 0);
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees_of_freedom)), 0.975);
}

double p_value(const Estimate& e) {
  CHECK(e.has_interval());
  if (e.half_width <= 0) return e.mean == 0 ? 1 : 0;
  const boost::math::students_t law(static_cast<double>(e.n - 1));
  const double t = std::fabs(e.mean) / e.half_width * student_t_975(e.n - 1);
  return 2 * boost::math::cdf(boost::math::complement(law, t));
}

std::vector<bool> holm(std::span<const double> p_values, double level) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<bool> rejected(p_values.size(), false);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (p_values[order[i]] >= level / static_cast<double>(order.size() - i)) break;
    rejected[order[i]] = true;
  }
  return rejected;
}

Estimate estimate(std::span<const double> samples) {
  CHECK(!samples.empty());
  const double n = static_cast<double>(samples.size());
  double sum = 0;
  for (const double x : samples) sum += x;
  Estimate e{sum / n, 0, samples.size()};
  if (samples.size() < 2) return e;
  double squares = 0;  // Around the mean: sums of squares alone would cancel for samples that lie close together.
  for (const double x : samples) squares += (x - e.mean) * (x - e.mean);
  e.half_width = student_t_975(samples.size() - 1) * std::sqrt(squares / (n - 1)) / std::sqrt(n);
  return e;
}

}  // namespace jevons
