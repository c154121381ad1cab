// Means, paired differences and their Student-t intervals.
#ifndef JEVONS_REPORT_STATISTICS_H_
#define JEVONS_REPORT_STATISTICS_H_

#include <cstddef>
#include <span>
#include <vector>

namespace jevons {

// A mean and the half width of its 95 % confidence interval.
struct Estimate {
  double mean = 0;
  double half_width = 0;  // 0 when n < 2: one sample says nothing about its spread.
  std::size_t n = 0;
  bool has_interval() const { return n > 1; }
  double low() const { return mean - half_width; }
  double high() const { return mean + half_width; }
  // True when the interval lies on one side of zero.  A single sample differs when it is not exactly 0.
  bool differs_from_zero() const { return has_interval() ? low() > 0 || high() < 0 : mean != 0; }
};

// Of at least one sample.  The half width is t(0.975, n - 1) x s / sqrt(n), s being the sample standard deviation (n -
// 1).
Estimate estimate(std::span<const double> samples);

// Two-sided p-value of Student's t-test that the mean is 0: 0.05 where the interval just touches zero.  Samples without
// spread: 0, or 1 when they are 0.  Needs an interval.
double p_value(const Estimate& e);

// Holm's step-down test (1979) of hypotheses tried together: true where one is rejected, so that the probability of any
// false rejection is at most `level`, however they depend on each other.  The smallest p-value is held against
// level / n, the next against level / (n - 1), ... until one passes its bound.
std::vector<bool> holm(std::span<const double> p_values, double level = 0.05);

// The 97.5 % quantile of Student's t distribution: 12.706 for one degree of freedom, 1.96 for very many.
double student_t_975(std::size_t degrees_of_freedom);

}  // namespace jevons
#endif  // JEVONS_REPORT_STATISTICS_H_
