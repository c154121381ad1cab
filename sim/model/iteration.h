// How long one iteration of one replica takes.
//
// Linear form (perf_models.md 3.9), in fixed point of 2^-20 ns so that the closed form over k decode steps is the exact
// sum of the steps, in any order:
//     t = max(D[T] + a_kv*S + a_q*Q + a_pkv*R, W[T], floor) + a_seq*B        floor: iterations that prefill only
//   T tokens in the iteration (decodes + chunk tokens), B decoding sequences, S sum of their context lengths,
//   Q sum over chunks of c*(p + c/2) (attention work; c chunk, p tokens before it), kept doubled as c*(2p + c),
//   R sum over chunks of p + c (KV read).
// D and W are dense tables by T, filled once per instance: what the GPU computes, and what the wires need where
// micro-batches overlap the two (else W is empty).  A table source (measured times) replaces the formula where a
// scenario asks for it; it is not linear, so the replica then steps.
//
// With speculation a step feeds w = 1 + draft tokens a sequence and gives g on average; an iteration here is the share
// of a step that gives one token.  D of a batch that decodes is then a table of its own, and chunks add what they would
// add to it.
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

  // `n` more prompts of `length` tokens, each whole: one chunk with nothing before it.
  void add_prompts(std::int64_t n, std::int64_t length) {
    tokens += n * length;
    chunk_work2 += n * length * length;
    chunk_kv += n * length;
    prompt_squares += n * length * length;
    chunks += n;
  }
};

// A time by tokens: every token to kDenseTokens, then every kStride-th, linear in between and beyond the end.
struct TokenTable {
  std::vector<FixedTime> by_tokens;  // For T = 0..kDenseTokens; [0] = 0.
  std::vector<FixedTime> by_stride;  // For T = kDenseTokens + i*kStride.
  static constexpr std::int64_t kDenseTokens = 1024;
  static constexpr std::int64_t kStride = 16;

  bool empty() const { return by_tokens.empty(); }
  // Exact up to the tables' last entry at the knots, integer linear interpolation (rounded down) in between, the last
  // segment's slope beyond.  Tables may be shorter than full size (tests): the last known slope carries on.
  FixedTime at(std::int64_t tokens) const {
    if (tokens < static_cast<std::int64_t>(by_tokens.size())) {
      return tokens <= 0 ? 0 : by_tokens[static_cast<std::size_t>(tokens)];
    }
    const std::int64_t beyond = tokens - kDenseTokens;
    if (beyond < 0 || by_stride.size() < 2) return extrapolate(tokens);
    const auto i = std::min(static_cast<std::size_t>(beyond / kStride), by_stride.size() - 2);
    const std::int64_t rest = beyond - static_cast<std::int64_t>(i) * kStride;
    return by_stride[i] + (by_stride[i + 1] - by_stride[i]) * rest / kStride;
  }

 private:
  FixedTime extrapolate(std::int64_t tokens) const;
};

struct LinearIterationModel : TokenTable {  // The table is D.
  TokenTable wires;                         // W; empty: nothing overlaps.
  TokenTable decode, decode_wires;          // D and W of a decoding batch by sequences; used when width > 1.
  std::int64_t width = 1;                   // Tokens a decoding sequence feeds a step.
  FixedTime per_sequence = 0;               // a_seq.
  FixedTime per_kv_token = 0;               // a_kv.
  FixedTime per_chunk_work2 = 0;            // a_q / 2.
  FixedTime per_chunk_kv = 0;               // a_pkv.
  FixedTime prefill_floor = 0;  // Eager launch floor of iterations that prefill, host step included; 0 = none.

  FixedTime dense(std::int64_t tokens) const { return at(tokens); }
  FixedTime time(const IterationShape& s) const {
    FixedTime gpu = compute(s.decode, s.tokens - s.decode) + per_kv_token * s.decode_context +
                    per_chunk_work2 * s.chunk_work2 + per_chunk_kv * s.chunk_kv;
    if (!wires.empty()) gpu = std::max(gpu, exchange(s.decode, s.tokens - s.decode));
    return (s.chunks > 0 && gpu < prefill_floor ? prefill_floor : gpu) + per_sequence * s.decode;
  }
  // Time of the next decode-only step with `b` sequences and total context `s`; each step raises s by b.
  FixedTime step(std::int64_t b, std::int64_t s) const { return compute(b, 0) + per_sequence * b + per_kv_token * s; }
  FixedTime step_growth(std::int64_t b) const { return per_kv_token * b; }
  // No step of `b` sequences takes less.
  FixedTime step_floor(std::int64_t b) const { return wires.empty() ? 0 : exchange(b, 0) + per_sequence * b; }

 private:
  FixedTime compute(std::int64_t b, std::int64_t chunk) const {
    return width == 1 ? at(b + chunk) : decode.at(b) + at(b * width + chunk) - at(b * width);
  }
  FixedTime exchange(std::int64_t b, std::int64_t chunk) const {
    return width == 1 ? wires.at(b + chunk) : decode_wires.at(b) + wires.at(b * width + chunk) - wires.at(b * width);
  }
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
