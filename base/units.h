// Strong types for what the simulator adds up: time, bytes, tokens, GPUs, GPU-time, money.
//
// Time is an integer count of nanoseconds, so that adding is exact, ordering is total and two machines agree to the
// last bit.  `Instant` is a point on the simulated clock (0 = start of the run) and `Duration` a length; the compiler
// rejects adding two instants.  GPU-time is kept in 128 bits: GPUs x nanoseconds overflows 64 bits at 292 GPUs x one
// year.
#ifndef JEVONS_BASE_UNITS_H_
#define JEVONS_BASE_UNITS_H_

#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>

#include "base/check.h"

namespace jevons {

__extension__ using Int128 = __int128;  // Not ISO C++; GCC and Clang have it on every 64-bit target.

// A count of `Tag` things.  Counts of different things do not mix.
template <class Tag, class Rep = std::int64_t>
struct Count {
  Rep value{};
  friend constexpr auto operator<=>(Count, Count) = default;
  friend constexpr Count operator+(Count a, Count b) { return {static_cast<Rep>(a.value + b.value)}; }
  friend constexpr Count operator-(Count a, Count b) { return {static_cast<Rep>(a.value - b.value)}; }
  friend constexpr Count operator*(Rep k, Count a) { return {static_cast<Rep>(k * a.value)}; }
  constexpr Count& operator+=(Count b) { return *this = *this + b; }
  constexpr Count& operator-=(Count b) { return *this = *this - b; }
  // The share `a` is of `b`; 0 when `b` is zero.
  friend constexpr double ratio(Count a, Count b) {
    return b.value == 0 ? 0.0 : static_cast<double>(a.value) / static_cast<double>(b.value);
  }
};

using Bytes = Count<struct BytesTag>;
using Tokens = Count<struct TokensTag>;
using Gpus = Count<struct GpusTag, std::int32_t>;
using MilliGpus = Count<struct MilliGpusTag, std::int32_t>;  // Thousandths of one GPU.
inline constexpr MilliGpus kWholeGpu{1000};
using Nodes = Count<struct NodesTag, std::int32_t>;
using Blocks = Count<struct BlocksTag>;  // KV-cache blocks of `block_size` tokens.

struct Duration {
  std::int64_t ns{};
  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(std::int64_t k, Duration d) { return {k * d.ns}; }
  constexpr Duration& operator+=(Duration b) { return *this = *this + b; }
  constexpr Duration& operator-=(Duration b) { return *this = *this - b; }
  constexpr double seconds() const { return static_cast<double>(ns) / 1e9; }
  static constexpr Duration max() { return {std::numeric_limits<std::int64_t>::max()}; }
};

struct Instant {
  std::int64_t ns{};
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }
  friend constexpr Instant operator-(Instant t, Duration d) { return {t.ns - d.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
  constexpr double seconds() const { return static_cast<double>(ns) / 1e9; }
  static constexpr Instant never() { return {std::numeric_limits<std::int64_t>::max()}; }
};

// GPUs x nanoseconds, exact.
struct GpuTime {
  Int128 gpu_ns{};
  friend constexpr auto operator<=>(GpuTime, GpuTime) = default;
  friend constexpr GpuTime operator+(GpuTime a, GpuTime b) { return {a.gpu_ns + b.gpu_ns}; }
  friend constexpr GpuTime operator-(GpuTime a, GpuTime b) { return {a.gpu_ns - b.gpu_ns}; }
  constexpr GpuTime& operator+=(GpuTime b) { return *this = *this + b; }
  constexpr GpuTime& operator-=(GpuTime b) { return *this = *this - b; }
  constexpr double hours() const { return static_cast<double>(gpu_ns) / 3.6e12; }
};
constexpr GpuTime operator*(Gpus g, Duration d) { return {static_cast<Int128>(g.value) * d.ns}; }

// Millionths of a US dollar.
using MicroDollars = Count<struct MicroDollarsTag>;

inline namespace literals {
constexpr Duration operator""_ns(unsigned long long n) { return {static_cast<std::int64_t>(n)}; }
constexpr Duration operator""_us(unsigned long long n) { return {static_cast<std::int64_t>(n) * 1'000}; }
constexpr Duration operator""_ms(unsigned long long n) { return {static_cast<std::int64_t>(n) * 1'000'000}; }
constexpr Duration operator""_s(unsigned long long n) { return {static_cast<std::int64_t>(n) * 1'000'000'000}; }
constexpr Duration operator""_min(unsigned long long n) { return {static_cast<std::int64_t>(n) * 60'000'000'000}; }
constexpr Duration operator""_h(unsigned long long n) { return {static_cast<std::int64_t>(n) * 3'600'000'000'000}; }
}  // namespace literals

// The only door from floating seconds (model output) to the clock: rounds to nearest; NaN, negative and more than 285
// years are our own mistakes and end the program.  Input from outside is checked before it gets here.
inline Duration duration_from_seconds(double s) {
  CHECK(std::isfinite(s) && s >= 0 && s < 9.0e9);
  return {std::llround(s * 1e9)};
}

template <class Tag>
struct Id {
  std::uint32_t index{std::numeric_limits<std::uint32_t>::max()};
  friend constexpr auto operator<=>(Id, Id) = default;
  constexpr bool valid() const { return index != std::numeric_limits<std::uint32_t>::max(); }
};
using NodeId = Id<struct NodeTag>;        // Position in Cluster::nodes.
using GroupId = Id<struct GroupTag>;      // Position in Cluster::groups.
using LeafId = Id<struct LeafTag>;        // Leaf switch.
using PoolId = Id<struct PoolTag>;        // Position in Inputs::pools.
using ReplicaId = Id<struct ReplicaTag>;  // Unique in one run; never reused.
using JobId = Id<struct JobTag>;          // Position in submit order; unique in one run.
struct RequestId {                        // Position in arrival order; unique in one run.
  std::uint64_t index{};
  friend constexpr auto operator<=>(RequestId, RequestId) = default;
};

}  // namespace jevons
#endif  // JEVONS_BASE_UNITS_H_
