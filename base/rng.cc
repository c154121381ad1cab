// xoshiro256++ and the distributions drawn from it.
#include "base/rng.h"

#include <bit>
#include <cmath>

#include "base/check.h"
#include "base/units.h"

namespace jevons {
namespace {

std::uint64_t splitmix(std::uint64_t* x) {
  std::uint64_t z = (*x += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) : s_{} {
  std::uint64_t h = 0xcbf29ce484222325ULL;  // FNV-1a over the name, mixed with the seed.
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  std::uint64_t x = seed;
  x = splitmix(&x) ^ h;
  for (auto& s : s_) s = splitmix(&x);
}

std::uint64_t RandomStream::bits() {
  const std::uint64_t result = std::rotl(s_[0] + s_[3], 23) + s_[0];
  const std::uint64_t t = s_[1] << 17;
  s_[2] ^= s_[0];
  s_[3] ^= s_[1];
  s_[1] ^= s_[2];
  s_[0] ^= s_[3];
  s_[2] ^= t;
  s_[3] = std::rotl(s_[3], 45);
  return result;
}

double RandomStream::uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

std::uint64_t RandomStream::below(std::uint64_t n) {
  CHECK(n >= 1);
  __extension__ using Wide = unsigned __int128;
  Wide m = static_cast<Wide>(bits()) * n;
  if (static_cast<std::uint64_t>(m) < n) {
    const std::uint64_t reject = (0 - n) % n;
    while (static_cast<std::uint64_t>(m) < reject) m = static_cast<Wide>(bits()) * n;
  }
  return static_cast<std::uint64_t>(m >> 64);
}

double RandomStream::exponential(double mean) { return -mean * std::log(1.0 - uniform()); }

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  double u, v, s;
  do {
    u = 2.0 * uniform() - 1.0;
    v = 2.0 * uniform() - 1.0;
    s = u * u + v * v;
  } while (s >= 1.0 || s == 0.0);
  const double k = std::sqrt(-2.0 * std::log(s) / s);
  spare_ = v * k;
  has_spare_ = true;
  return u * k;
}

double RandomStream::lognormal(double mu, double sigma) { return std::exp(mu + sigma * normal()); }

double RandomStream::gamma(double shape, double scale) {
  CHECK(shape > 0);
  if (shape < 1) return gamma(shape + 1, scale) * std::exp(std::log(1.0 - uniform()) / shape);
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = normal();
    const double t = 1.0 + c * x;
    if (t <= 0) continue;
    const double v = t * t * t;
    if (std::log(1.0 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v * scale;
  }
}

double RandomStream::weibull(double shape, double scale) {
  CHECK(shape > 0);
  return scale * std::exp(std::log(-std::log(1.0 - uniform())) / shape);
}

std::uint64_t RandomStream::poisson(double mean) {
  CHECK(mean >= 0);
  if (mean < 10) {
    const double limit = std::exp(-mean);
    std::uint64_t k = 0;
    for (double p = uniform(); p > limit; p *= uniform()) ++k;
    return k;
  }
  const double slam = std::sqrt(mean), loglam = std::log(mean);
  const double b = 0.931 + 2.53 * slam, a = -0.059 + 0.02483 * b;
  const double inv_alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = uniform() - 0.5, v = uniform();
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= vr) return static_cast<std::uint64_t>(k);
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inv_alpha) - std::log(a / (us * us) + b) <= k * loglam - mean - std::lgamma(k + 1))
      return static_cast<std::uint64_t>(k);
  }
}

}  // namespace jevons
