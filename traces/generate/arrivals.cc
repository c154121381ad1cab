// Time-rescaling over the segments of a piecewise linear rate.
#include "traces/generate/arrivals.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"

namespace jevons {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::int64_t kLastNs = 9'000'000'000'000'000'000;  // 285 years, the reach of the clock.

double seconds(std::int64_t ns) { return static_cast<double>(ns) / kNsPerSecond; }

// a + b for b >= 0, at most kLastNs.
std::int64_t add_capped(std::int64_t a, std::int64_t b) { return b > kLastNs - a ? kLastNs : a + b; }

// The factor of one shock; `from_left` asks for the limit from below, which differs at a step.
double factor_of(const RateShock& s, std::int64_t t, bool from_left) {
  const auto share = [&](std::int64_t corner) -> double {  // Of the way through a ramp that begins at `corner`.
    if (s.ramp.ns == 0) return t > corner || (t == corner && !from_left) ? 1 : 0;
    return std::clamp(static_cast<double>(t - corner) / static_cast<double>(s.ramp.ns), 0.0, 1.0);
  };
  const double up = t < s.at.ns ? 0 : share(s.at.ns);
  const std::int64_t fall = add_capped(s.at.ns, std::min(s.duration.ns, kLastNs));
  const double down = s.duration == Duration::max() || t < fall ? 0 : share(fall);
  return 1 + (s.factor - 1) * (up - down);
}

Status check(const ArrivalOptions& o) {
  const auto bad = [](std::string what) -> Status { return Error{std::move(what), ""}; };
  if (!(o.rate > 0 && o.rate <= 1e9)) return bad("rate is out of range (expected above 0, up to 1e9 a second)");
  if (!(o.cv >= 0.01 && o.cv <= 100)) return bad("cv is out of range (expected 0.01 to 100)");
  if (o.curve.period.ns < 1 || o.curve.period.ns > kLastNs) return bad("period is out of range (expected above 0)");
  if (o.curve.points.size() > 1'000'000 || static_cast<std::int64_t>(o.curve.points.size()) > o.curve.period.ns) {
    return bad("the curve has too many points (expected at most 1000000)");
  }
  for (const double p : o.curve.points) {
    if (!(p >= 0 && p <= 1e9)) return bad("a point of the curve is out of range (expected 0 to 1e9)");
  }
  if (o.shocks.size() > 10'000) return bad("too many shocks (expected at most 10000)");
  constexpr std::int64_t kMostSegments = 10'000'000;  // A ramp is walked point by point; a second or so.
  double highest = o.rate;
  for (const double p : o.curve.points) highest = std::max(highest, o.rate * p);
  for (const RateShock& s : o.shocks) {
    highest *= std::max(1.0, s.factor);
    if (o.curve.points.size() > 1 &&
        s.ramp.ns / o.curve.period.ns > kMostSegments / static_cast<std::int64_t>(o.curve.points.size())) {
      return bad("ramp of a shock spans too many points of the curve (expected at most 10 million)");
    }
    if (!(s.factor >= 0 && s.factor <= 1e9)) return bad("factor of a shock is out of range (expected 0 to 1e9)");
    if (s.at.ns < 0 || s.ramp.ns < 0 || s.duration.ns < 0)
      return bad("a time of a shock is negative (expected 0 or more)");
    if (s.at.ns > kLastNs || s.ramp.ns > kLastNs) return bad("a time of a shock is beyond 285 years");
    if (s.ramp > s.duration) return bad("ramp of a shock is longer than its duration (expected at most as long)");
  }
  if (!(highest <= 1e12)) return bad("the rate with curve and shocks is out of range (expected up to 1e12 a second)");
  return Ok{};
}

}  // namespace

RateCurve sinus_curve(double amplitude, Duration period, double phase, int points) {
  CHECK(points >= 1);
  RateCurve curve;
  curve.period = period;
  for (int k = 0; k < points; ++k) {
    const double turn = static_cast<double>(k) / points - phase;
    curve.points.push_back(std::max(0.0, 1 + amplitude * std::sin(2 * std::numbers::pi * turn)));
  }
  return curve;
}

double weibull_shape_of_cv(double cv) {
  // cv^2 = G(1 + 2/k) / G(1 + 1/k)^2 - 1 falls with k; bisection on log k.  k = 0.08 gives cv > 100, k = 200 cv < 0.01.
  double low = std::log(0.08), high = std::log(200.0);
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high), k = std::exp(middle);
    const double square = std::exp(std::lgamma(1 + 2 / k) - 2 * std::lgamma(1 + 1 / k)) - 1;
    (square > cv * cv ? low : high) = middle;
  }
  return std::exp(0.5 * (low + high));
}

Result<ArrivalProcess> ArrivalProcess::create(ArrivalOptions options, std::uint64_t seed, std::string_view stream) {
  if (Status s = check(options); !s) return s.error();
  return ArrivalProcess(std::move(options), RandomStream(seed, stream));
}

ArrivalProcess::ArrivalProcess(ArrivalOptions options, RandomStream random)
    : options_(std::move(options)), random_(random) {
  if (options_.law == ArrivalLaw::kGamma) {
    shape_ = 1 / (options_.cv * options_.cv);
    scale_ = 1 / shape_;
  } else if (options_.law == ArrivalLaw::kWeibull) {
    shape_ = weibull_shape_of_cv(options_.cv);
    scale_ = std::exp(-std::lgamma(1 + 1 / shape_));
  }
  for (const RateShock& s : options_.shocks) {
    const std::int64_t fall = add_capped(s.at.ns, std::min(s.duration.ns, kLastNs));
    for (const std::int64_t corner : {s.at.ns, add_capped(s.at.ns, s.ramp.ns), fall, add_capped(fall, s.ramp.ns)}) {
      corners_.push_back(corner);
    }
  }
  std::sort(corners_.begin(), corners_.end());
  const auto& points = options_.curve.points;
  double sum = points.empty() ? 1 : 0;
  for (const double p : points) sum += p;
  const double mean =
      sum / static_cast<double>(std::max<std::size_t>(1, points.size()));  // Trapezia of equal width, closed.
  period_mass_ = options_.rate * mean * seconds(options_.curve.period.ns);
  enter_segment();
}

double ArrivalProcess::draw_gap() {
  switch (options_.law) {
    case ArrivalLaw::kPoisson:
      return random_.exponential(1);
    case ArrivalLaw::kGamma:
      return random_.gamma(shape_, scale_);
    case ArrivalLaw::kWeibull:
      return random_.weibull(shape_, scale_);
  }
  return 0;
}

double ArrivalProcess::shock_factor(std::int64_t t_ns, bool from_left) const {
  double factor = 1;
  for (const RateShock& s : options_.shocks) factor *= factor_of(s, t_ns, from_left);
  return factor;
}

double ArrivalProcess::curve_factor(std::int64_t phase_ns) const {
  const auto& points = options_.curve.points;
  if (points.empty()) return 1;
  const double x = static_cast<double>(phase_ns) / static_cast<double>(options_.curve.period.ns) *
                   static_cast<double>(points.size());
  const auto k = std::min(static_cast<std::size_t>(x), points.size() - 1);
  const double part = std::min(x - static_cast<double>(k), 1.0);
  return points[k] + (points[(k + 1) % points.size()] - points[k]) * part;
}

double ArrivalProcess::rate_at(Instant t) const {
  return options_.rate * curve_factor(t.ns % options_.curve.period.ns) * shock_factor(t.ns, false);
}

std::int64_t ArrivalProcess::next_shock_corner(std::int64_t t_ns) const {
  const auto it = std::upper_bound(corners_.begin(), corners_.end(), t_ns);
  return it == corners_.end() ? kLastNs : *it;
}

// Sets the segment that begins at from_ns_: up to the next point of the curve or corner of a shock.
void ArrivalProcess::enter_segment() {
  std::int64_t to = next_shock_corner(from_ns_);
  const auto& curve = options_.curve;
  if (curve.points.size() > 1) {
    const std::int64_t phase = from_ns_ % curve.period.ns, start = from_ns_ - phase;
    const auto count = static_cast<Int128>(curve.points.size());
    const Int128 k = static_cast<Int128>(phase) * count / curve.period.ns + 1;
    // The first nanosecond at or after point k; one further where rounding put it at or before `from`.
    auto point = static_cast<std::int64_t>((k * curve.period.ns + count - 1) / count);
    if (point <= phase) point = phase + 1;
    to = std::min(to, add_capped(start, point));
  }
  to_ns_ = std::max(to, add_capped(from_ns_, 1));
  length_s_ = seconds(to_ns_ - from_ns_);
  rate_from_ = rate_at(Instant{from_ns_});
  const std::int64_t end_phase = to_ns_ % curve.period.ns;
  const double rate_to =
      options_.rate * curve_factor(end_phase == 0 ? curve.period.ns : end_phase) * shock_factor(to_ns_, true);
  slope_ = (rate_to - rate_from_) / length_s_;
  at_s_ = 0;
}

// Takes whole periods off `*need` while no shock changes within them.  False: the rate is 0 for ever.
bool ArrivalProcess::skip_periods(double* need) {
  if (at_s_ > 0) return true;
  const std::int64_t corner = next_shock_corner(from_ns_);
  const double factor = shock_factor(from_ns_, false);
  const double mass = period_mass_ * factor;
  if (corner == kLastNs && mass <= 0) return false;
  if (shock_factor(corner, true) != factor) return true;  // Within a ramp.
  const std::int64_t period = options_.curve.period.ns;
  const std::int64_t fit = (corner - from_ns_) / period - 1;  // One short, so that rounding never passes the corner.
  const double whole = mass > 0 ? std::floor(*need / mass) - 1 : 1e18;
  const auto skip = static_cast<std::int64_t>(std::min(static_cast<double>(fit), std::min(whole, 1e18)));
  if (skip < 1) return true;
  *need -= mass * static_cast<double>(skip);
  from_ns_ += skip * period;
  enter_segment();
  return true;
}

std::optional<Instant> ArrivalProcess::next() {
  if (ended_) return std::nullopt;
  double need = draw_gap();
  for (bool skipped = false;;) {
    const double rate_here = rate_from_ + slope_ * at_s_;
    const double left_s = length_s_ - at_s_;
    const double mass = left_s > 0 ? left_s * (rate_here + 0.5 * slope_ * left_s) : 0;
    if (need < mass) {
      // Solves rate_here x + slope x^2 / 2 = need; this form of the root loses no digits when the slope is small.
      const double root = std::sqrt(std::max(0.0, rate_here * rate_here + 2 * slope_ * need));
      at_s_ = std::min(length_s_, at_s_ + 2 * need / (rate_here + root));
      const std::int64_t ns = from_ns_ + std::llround(at_s_ * kNsPerSecond);
      last_ns_ = std::max(last_ns_, std::min(ns, kLastNs));
      if (last_ns_ >= std::min(options_.end.ns, kLastNs)) break;
      return Instant{last_ns_};
    }
    need -= std::max(0.0, mass);
    if (to_ns_ >= std::min(options_.end.ns, kLastNs)) break;
    from_ns_ = to_ns_;
    enter_segment();
    if (!skipped && !skip_periods(&need)) break;
    skipped = corners_.empty();  // Without shocks, once is enough for this gap.
  }
  ended_ = true;
  return std::nullopt;
}

}  // namespace jevons
