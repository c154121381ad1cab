// What serving's promise costs in training: SLO attainment against useful GPU-hours, and the policies no other beats on
// both.
#ifndef JEVONS_REPORT_PARETO_H_
#define JEVONS_REPORT_PARETO_H_

#include <string>
#include <vector>

#include "report/comparison.h"

namespace jevons {

struct ParetoPoint {
  std::size_t policy = 0;
  double slo_attainment = 0, useful_gpu_hours = 0;  // Means over the seeds.
  bool bound = false;                               // It sees the future: neither dominates nor is dominated.
  bool dominated = false;  // Another policy is as good on both and better on one, by the means.
};

// In the order of the comparison; policies that lack one of the two are not in it.
std::vector<ParetoPoint> pareto(const Comparison& comparison);

// A plot of at most 80 columns and its legend.  Empty for fewer than two points, an interrupted comparison, or where
// nothing was served or nothing trained.
std::string pareto_plot(const Comparison& comparison, bool color);

}  // namespace jevons
#endif  // JEVONS_REPORT_PARETO_H_
