// What transforms of requests and of jobs share: arithmetic on times, checks of options, and what makes a copy another.
#ifndef JEVONS_TRACES_TRANSFORM_MATH_H_
#define JEVONS_TRACES_TRANSFORM_MATH_H_

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/units.h"
#include "traces/fields.h"
#include "traces/trace.h"
#include "traces/transform.h"

namespace jevons {

inline Error beyond_clock(const std::string& what) {
  return {what + " moves a time beyond 285 years (expected a time from 0 to 285 years)", ""};
}

inline Result<Instant> scaled(Instant t, Ratio factor) {
  const Int128 ns = (2 * static_cast<Int128>(t.ns) * factor.num + factor.den) / (2 * static_cast<Int128>(factor.den));
  if (ns > kMaxTimeNs) return beyond_clock("time scale");
  return Instant{static_cast<std::int64_t>(ns)};
}

inline Result<Instant> shifted(Instant t, Duration by) {
  const Int128 ns = static_cast<Int128>(t.ns) + by.ns;
  if (ns < 0) return Error{"shift makes a time negative (expected times from 0)", ""};
  if (ns > kMaxTimeNs) return beyond_clock("shift");
  return Instant{static_cast<std::int64_t>(ns)};
}

// Submits a job at another time; its deadline keeps its distance, within the clock.
inline void move_to(TrainingJob* job, Instant submit) {
  if (job->deadline != Instant::never()) {
    const Int128 ns = static_cast<Int128>(job->deadline.ns) + submit.ns - job->submit.ns;
    job->deadline.ns = static_cast<std::int64_t>(ns < kMaxTimeNs ? ns : kMaxTimeNs);
  }
  job->submit = submit;
}

// Makes the block hashes of copy `copy` (1, 2, ...) differ from the original's and from other copies', equal ones
// alike.
inline void change_hashes(Request* request, std::uint64_t copy) {
  const std::uint64_t salt = copy * 0x9e3779b97f4a7c15ULL;  // 2^64 / golden ratio: far apart for small numbers.
  for (std::uint64_t& h : request->block_hashes) {
    std::uint64_t z = h + salt;  // SplitMix64's finaliser, a bijection: within a copy, different stay different.
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    h = z ^ (z >> 31U);
  }
}

inline void add_counts(const ReadCounts& from, ReadCounts* to) {
  to->rows += from.rows;
  to->kept += from.kept;
  to->out_of_order += from.out_of_order;
  for (const auto& [reason, rows] : from.dropped) to->dropped[reason] += rows;
}

inline Status check_slice(Instant from, Instant to) {
  if (from.ns < 0 || to < from) return Error{"slice is out of range (expected 0 <= from <= to)", ""};
  return Ok{};
}

inline Status check_ratio(Ratio r) {
  constexpr std::int64_t kMost = 1'000'000'000;
  // Bounds of both terms keep products within 128 bits and the quotient within [1/10^9, 10^9].
  if (r.num < 1 || r.den < 1 || r.num > kMost * kMost || r.den > kMost || r.num > kMost * r.den ||
      r.den > kMost * Int128{r.num}) {
    return Error{"time scale is out of range (expected 1e-9 to 1e9)", ""};
  }
  return Ok{};
}

inline Status check_rate(double factor, Duration jitter) {
  if (!(factor >= 0 && factor <= 1e6)) return Error{"rate scale is out of range (expected 0 to 1e6)", ""};
  if (jitter.ns < 1 || jitter.ns > kMaxTimeNs) return Error{"jitter is out of range (expected above 0)", ""};
  return Ok{};
}

inline Status check_share(double share) {
  if (!(share >= 0 && share <= 1)) return Error{"share is out of range (expected 0 to 1)", ""};
  return Ok{};
}

inline Status check_shift(Duration by) {
  if (by.ns > kMaxTimeNs || by.ns < -kMaxTimeNs) return Error{"shift is out of range (expected within 285 years)", ""};
  return Ok{};
}

inline Status check_repeat(Duration every) {
  if (every.ns < 1 || every.ns > kMaxTimeNs) return Error{"repeat is out of range (expected a period above 0)", ""};
  return Ok{};
}

}  // namespace jevons
#endif  // JEVONS_TRACES_TRANSFORM_MATH_H_
