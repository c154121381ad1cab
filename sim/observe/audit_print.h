// Fingerprints of times, for the auditor: sums of them are equal where the times are, but for a chance of 2^-64.
#ifndef JEVONS_SIM_OBSERVE_AUDIT_PRINT_H_
#define JEVONS_SIM_OBSERVE_AUDIT_PRINT_H_

#include <cstdint>

#include "base/units.h"

namespace jevons {

// SplitMix64 (Steele et al., 2014) of the time.
inline std::uint64_t print_of(Instant t) {
  std::uint64_t z = static_cast<std::uint64_t>(t.ns) + 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}
inline std::uint64_t print_of(std::int64_t gpus, Instant from, Instant to) {
  return static_cast<std::uint64_t>(gpus) * (print_of(to) - print_of(from));
}

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_AUDIT_PRINT_H_
