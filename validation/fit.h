// Robust least squares: the constants that bring predictions nearest to measurements, in the logarithm.
#ifndef JEVONS_VALIDATION_FIT_H_
#define JEVONS_VALIDATION_FIT_H_

#include <functional>
#include <vector>

namespace jevons {

// `residuals` fills log(predicted / measured) for the parameters; its length is fixed.  Minimises the sum of
// 2 (sqrt(1 + (r/scale)^2) - 1), which weighs outliers by their size and not its square (soft L1), by Levenberg and
// Marquardt (GSL).  Deterministic.
std::vector<double> fit(const std::function<void(const std::vector<double>&, std::vector<double>*)>& residuals,
                        std::size_t count, std::vector<double> start, double scale = 0.1);

// The parameters at which `cost` is least, by the simplex of Nelder and Mead (GSL), started again from where it ended
// until that gains nothing.  For costs without a slope, such as the outcome of a simulation.  `step`: first size of the
// simplex.
std::vector<double> minimise(const std::function<double(const std::vector<double>&)>& cost, std::vector<double> start,
                             double step);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_FIT_H_
