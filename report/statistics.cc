// Means, paired differences and their Student-t intervals.
#include "report/statistics.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "base/check.h"

namespace jevons {

double student_t_975(std::size_t degrees_of_freedom) {
  CHECK(degrees_of_freedom > 0);
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees_of_freedom)), 0.975);
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
