// Named random streams and our own distributions.
//
// A stream is named by (seed, name): two users of randomness never share one, so changing one policy leaves every
// arrival untouched.  The generator is SplitMix64-seeded xoshiro256++ (Blackman and Vigna, 2019); the distributions are
// ours because those of the standard library differ between implementations.  Every draw is a pure function of the
// stream's state, and uses +, *, /, sqrt, log, exp only, so results are the same on any IEEE machine with the same
// libm.
#ifndef JEVONS_BASE_RNG_H_
#define JEVONS_BASE_RNG_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace jevons {

class RandomStream {
 public:
  // The stream called `name` of a run seeded with `seed`.
  RandomStream(std::uint64_t seed, std::string_view name);

  std::uint64_t bits();                  // 64 uniform bits.
  double uniform();                      // In [0, 1), 53 bits.
  std::uint64_t below(std::uint64_t n);  // Uniform in [0, n); n >= 1.  Exact (Lemire's rejection).
  double exponential(double mean);
  double normal();  // Mean 0, variance 1 (Marsaglia's polar method).
  double lognormal(double mu, double sigma);
  double gamma(double shape, double scale);  // Marsaglia and Tsang (2000); shape > 0.
  double weibull(double shape, double scale);
  std::uint64_t poisson(double mean);  // mean >= 0; inversion below 10, PTRS (Hormann 1993) above.

 private:
  std::array<std::uint64_t, 4> s_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace jevons
#endif  // JEVONS_BASE_RNG_H_
