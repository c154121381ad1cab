// Arrival times made up: a renewal process (Poisson, gamma, Weibull) whose rate follows a curve over the day and
// shocks.
//
// A process of unit rate is drawn and its clock bent: an arrival of the unit process at s becomes t with R(t) = s,
// where R is the integral of the rate.  The rate is a straight line between breakpoints (points of the curve, corners
// of shocks), so R is inverted exactly, segment by segment, by solving a quadratic.  With a constant rate the gaps have
// exactly the law asked for; with a curve, a Poisson process stays Poisson, and the others keep their burstiness in
// bent time (Gerhardt and Nelson, 2009).
#ifndef JEVONS_TRACES_GENERATE_ARRIVALS_H_
#define JEVONS_TRACES_GENERATE_ARRIVALS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "base/units.h"

namespace jevons {

// Relative rate at equal steps of a period, joined by straight lines, the last point to the first.
struct RateCurve {
  std::vector<double> points;  // points[k] holds at k/points.size() of the period.  Empty = 1 throughout.
  Duration period = 24_h;
};
// 1 + amplitude * sin(2 pi (t / period - phase)), as `points` straight lines.  amplitude in [0, 1].
RateCurve sinus_curve(double amplitude, Duration period, double phase = 0, int points = 288);

// Multiplies the rate: from 1 to `factor` over `ramp` from `at`, then `factor` until at + duration, then back to 1 over
// `ramp`. Shocks multiply one another; where two slopes meet, the product is joined by straight lines between their
// breakpoints.
struct RateShock {
  Instant at;
  double factor = 1;
  Duration ramp{0};                     // 0 = a step.  At most `duration`.
  Duration duration = Duration::max();  // max() = for ever.
};

enum class ArrivalLaw { kPoisson, kGamma, kWeibull };

struct ArrivalOptions {
  ArrivalLaw law = ArrivalLaw::kPoisson;
  double rate = 1;  // Per second, before curve and shocks; in (0, 1e9].
  double cv = 1;    // Of the gaps, for gamma and Weibull; in [0.01, 100].
  RateCurve curve;
  std::vector<RateShock> shocks;
  Instant end = Instant::never();  // No arrivals at or after this.
};

// The shape of the Weibull law whose coefficient of variation is `cv`.
double weibull_shape_of_cv(double cv);

// Draws one arrival after another.
class ArrivalProcess {
 public:
  // Error: an option out of range.
  static Result<ArrivalProcess> create(ArrivalOptions options, std::uint64_t seed, std::string_view stream);

  // The next arrival, or nothing at the end (or when the rate is 0 for ever).  Never decreases.
  std::optional<Instant> next();
  // The rate per second at `t` (from the right).
  double rate_at(Instant t) const;

 private:
  ArrivalProcess(ArrivalOptions options, RandomStream random);
  double draw_gap();
  double shock_factor(std::int64_t t_ns, bool from_left) const;
  double curve_factor(std::int64_t phase_ns) const;
  void enter_segment();
  bool skip_periods(double* need);
  std::int64_t next_shock_corner(std::int64_t t_ns) const;

  ArrivalOptions options_;
  RandomStream random_;
  double shape_ = 1, scale_ = 1;       // Of the unit-mean law of gaps.
  std::vector<std::int64_t> corners_;  // Of shocks, sorted.
  double period_mass_ = 0;             // Integral of rate x curve over one period, without shocks.
  // The segment [from_ns_, to_ns_) the process stands in, `at_s_` seconds after its begin.
  std::int64_t from_ns_ = 0, to_ns_ = 0;
  double at_s_ = 0, rate_from_ = 0, slope_ = 0, length_s_ = 0;
  std::int64_t last_ns_ = 0;
  bool ended_ = false;
};

}  // namespace jevons
#endif  // JEVONS_TRACES_GENERATE_ARRIVALS_H_
