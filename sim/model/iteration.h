// How long one iteration of one replica takes.
//
// Linear form (perf_models.md 3.9), in fixed point of 2^-20 ns so that the closed form over k decode steps is the exact
// sum of the steps, in any order:
//     t = max(D[T] + a_kv*S + a_q*Q + a_pkv*R, floor) + a_seq*B          floor: iterations that prefill only
//   T tokens in the iteration (decodes + chunk tokens), B decoding sequences, S sum of their context lengths,
//   Q sum over chunks of c*(p + c/2) (attention work; c chunk, p tokens before it), kept doubled as c*(2p + c),
//   R sum over chunks of p + c (KV read).
// D is a dense table by T, filled once per instance.  A table source (measured times) replaces the formula where a
// scenario asks for it; it is not linear, so the replica then steps.
//
// dense(), time() and step() are the hot path of the simulator: inline, integers only, no branch on data but the
// table's end.
#ifndef JEVONS_SIM_MODEL_ITERATION_H_
#define JEVONS_SIM_MODEL_ITERATION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/units.h"

namespace jevons {

// Time in 2^-20 ns.  64 bits hold 146 minutes; a single iteration must fit (checked where tables are filled).
inline constexpr int kFractionBits = 20;
using FixedTime = std::int64_t;

// The composition of one iteration.
struct IterationShape {
  std::int64_t tokens = 0;          // T = decode + sum of chunks.
  std::int64_t decode = 0;          // B.
  std::int64_t decode_context = 0;  // S: KV tokens read by the decodes, before the new token.
  std::int64_t chunk_work2 = 0;     // 2Q = sum of c*(2p + c).
  std::int64_t chunk_kv = 0;        // R = sum of p + c.
  std::int64_t chunks = 0;          // Number of prefill chunks.
  std::int64_t prompt_squares = 0;  // Sum over chunks of c^2 (table sources only).
};

struct LinearIterationModel {
  std::vector<FixedTime> by_tokens;  // D[T] for T = 0..kDenseTokens, every token; D[0] = 0.
  std::vector<FixedTime> by_stride;  // D[kDenseTokens + i*kStride], linear in between and beyond the end.
  FixedTime per_sequence = 0;        // a_seq.
  FixedTime per_kv_token = 0;        // a_kv.
  FixedTime per_chunk_work2 = 0;     // a_q / 2.
  FixedTime per_chunk_kv = 0;        // a_pkv.
  FixedTime prefill_floor = 0;       // Eager launch floor of iterations that prefill, host step included; 0 = none.
  static constexpr std::int64_t kDenseTokens = 1024;
  static constexpr std::int64_t kStride = 16;

  // D[T].  Exact up to the tables' last entry at the knots, integer linear interpolation (rounded down) in between, the
  // last segment's slope beyond.  Tables may be shorter than full size (tests): the last known slope carries on.
  FixedTime dense(std::int64_t tokens) const {
    if (tokens < static_cast<std::int64_t>(by_tokens.size())) {
      return tokens <= 0 ? 0 : by_tokens[static_cast<std::size_t>(tokens)];
    }
    const std::int64_t beyond = tokens - kDenseTokens;
    if (beyond < 0 || by_stride.size() < 2) return extrapolate(tokens);
    const auto i = std::min(static_cast<std::size_t>(beyond / kStride), by_stride.size() - 2);
    const std::int64_t rest = beyond - static_cast<std::int64_t>(i) * kStride;
    return by_stride[i] + (by_stride[i + 1] - by_stride[i]) * rest / kStride;
  }
  FixedTime time(const IterationShape& s) const {
    const FixedTime gpu =
        dense(s.tokens) + per_kv_token * s.decode_context + per_chunk_work2 * s.chunk_work2 + per_chunk_kv * s.chunk_kv;
    return (s.chunks > 0 && gpu < prefill_floor ? prefill_floor : gpu) + per_sequence * s.decode;
  }
  // Time of the next decode-only step with `b` sequences and total context `s`; each step raises s by b.
  FixedTime step(std::int64_t b, std::int64_t s) const { return dense(b) + per_sequence * b + per_kv_token * s; }
  FixedTime step_growth(std::int64_t b) const { return per_kv_token * b; }

 private:
  FixedTime extrapolate(std::int64_t tokens) const;
};

// Seconds to fixed point, rounded to nearest.  Negative, not finite, or more than 146 minutes: our own mistake.
FixedTime fixed_from_seconds(double seconds);
// A sum of fixed-point times to the clock, rounded to the nearest nanosecond (half up), so that the same sum gives the
// same instant in whatever order it was added.
constexpr Duration duration_from_fixed(Int128 fixed) {
  return {static_cast<std::int64_t>((fixed + (Int128{1} << (kFractionBits - 1))) >> kFractionBits)};
}
constexpr double seconds_from_fixed(FixedTime fixed) {
  return static_cast<double>(fixed) / (1e9 * static_cast<double>(1 << kFractionBits));
}

// Times that are not linear, such as measured tables.  Pure.
class IterationTable {
 public:
  virtual ~IterationTable() = default;
  virtual FixedTime time(const IterationShape& s) const = 0;
};

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_ITERATION_H_
