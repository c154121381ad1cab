// The linear iteration model: table look-up, the formula, and the saturated replica of checks.md 6.
#include "sim/model/iteration.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "sim/model/decode_span.h"

namespace jevons {
namespace {

FixedTime ms(double v) { return fixed_from_seconds(v / 1e3); }

// D[T] = 1000 T + T^2/64 at the knots.
LinearIterationModel parabola(std::int64_t last) {
  const auto d = [](std::int64_t t) { return 1000 * t + t * t / 64; };
  LinearIterationModel m;
  for (std::int64_t t = 0; t <= LinearIterationModel::kDenseTokens; ++t) m.by_tokens.push_back(d(t));
  for (std::int64_t t = LinearIterationModel::kDenseTokens; t <= last; t += LinearIterationModel::kStride)
    m.by_stride.push_back(d(t));
  return m;
}

TEST(Iteration, TableIsExactAtKnotsLinearBetweenAndBeyond) {
  const LinearIterationModel m = parabola(2048);
  EXPECT_EQ(m.dense(0), 0);
  EXPECT_EQ(m.dense(-5), 0);
  for (std::int64_t t = 1; t <= 1024; ++t) ASSERT_EQ(m.dense(t), 1000 * t + t * t / 64);
  for (std::int64_t t = 1024; t <= 2048; t += 16) ASSERT_EQ(m.dense(t), 1000 * t + t * t / 64);
  EXPECT_EQ(m.dense(1024 + 4), m.dense(1024) + (m.dense(1040) - m.dense(1024)) * 4 / 16);
  EXPECT_EQ(m.dense(2048 + 1600), m.dense(2048) + 100 * (m.dense(2048) - m.dense(2032)));
  for (std::int64_t t = 0; t < 5000; ++t) ASSERT_LE(m.dense(t), m.dense(t + 1));
}

TEST(Iteration, ShortTablesCarryTheirSlopeOn) {
  LinearIterationModel m;
  m.by_tokens = {0, 100, 250};
  EXPECT_EQ(m.dense(2), 250);
  EXPECT_EQ(m.dense(3), 400);
  EXPECT_EQ(m.dense(100'000), 250 + 150 * 99'998LL);
}

TEST(Iteration, FormulaByHand) {
  LinearIterationModel m;
  m.by_tokens = {0, 1'000, 2'000};
  m.per_sequence = 10;
  m.per_kv_token = 3;
  m.per_chunk_work2 = 5;
  m.per_chunk_kv = 7;
  // Two decodes with contexts 40 and 60, one chunk of 8 tokens after 4: T = 10, 2Q = 8 x (2 x 4 + 8) = 128, R = 12.
  const IterationShape s{
      .tokens = 10, .decode = 2, .decode_context = 100, .chunk_work2 = 128, .chunk_kv = 12, .chunks = 1};
  EXPECT_EQ(m.time(s), 10'000 + 3 * 100 + 5 * 128 + 7 * 12 + 10 * 2);
  EXPECT_EQ(m.step(2, 100), 2'000 + 300 + 20);
  EXPECT_EQ(m.time({.tokens = 2, .decode = 2, .decode_context = 100}), m.step(2, 100));
  m.prefill_floor = 50'000;
  EXPECT_EQ(m.time(s), 50'000 + 20);  // The host launches, then walks over its sequences.
  EXPECT_EQ(m.time({.tokens = 2, .decode = 2, .decode_context = 100}), m.step(2, 100));
}

// Two drafted tokens: a decode of B has a table of its own, a chunk adds what it would add to the 3 B tokens fed; and
// never less than the wires.
TEST(Iteration, SpeculationAndWiresByHand) {
  LinearIterationModel m;
  m.by_tokens = {0, 1'000, 2'000};
  m.width = 3;
  m.decode.by_tokens = {0, 700, 1'400};
  m.per_kv_token = 2;
  EXPECT_EQ(m.step(4, 10), 4 * 700 + 20);
  // 4 decodes and a chunk of 5: D(17) - D(12) = 5,000 more.
  const IterationShape s{.tokens = 9, .decode = 4, .decode_context = 10, .chunks = 1};
  EXPECT_EQ(m.time(s), 2'800 + 5'000 + 20);
  m.wires.by_tokens = {0, 2'000, 4'000};
  m.decode_wires.by_tokens = {0, 900, 1'800};
  EXPECT_EQ(m.step_floor(4), 3'600);
  EXPECT_EQ(m.time(s), 3'600 + 10'000);
  EXPECT_EQ(m.time({.tokens = 4, .decode = 4, .decode_context = 10}), 3'600);
  EXPECT_EQ(m.time({.tokens = 4, .decode = 4, .decode_context = 1'000}), 2'800 + 2'000);
}

TEST(Iteration, StepsInClosedFormAreTheSumOfIterations) {
  RandomStream r(5, "steps");
  LinearIterationModel m = parabola(2048);
  m.per_sequence = 12'345;
  m.per_kv_token = 6'789;
  for (int round = 0; round < 100; ++round) {
    const auto b = static_cast<std::int64_t>(1 + r.below(256));
    const auto s = static_cast<std::int64_t>(r.below(1'000'000));
    if (round % 2 == 1) m.wires.by_tokens = {0, 2'000'000 + static_cast<FixedTime>(r.below(9'000'000'000)), 0};
    m.wires.by_tokens.resize(m.wires.empty() ? 0 : 2);
    const DecodeSpan span{m.step(b, s), m.step_growth(b), m.step_floor(b)};
    Int128 loop = 0;
    for (std::int64_t k = 0; k < 1000; ++k) loop += m.time({.tokens = b, .decode = b, .decode_context = s + k * b});
    ASSERT_TRUE(span.sum(1000) == loop);
  }
}

// checks.md 6: t(B) = 10 ms + 0.5 ms B, 32 sequences: 32 / 26 ms = 1230.77 tokens/s, exact to 1 ns an iteration.
TEST(Iteration, SaturatedReplica) {
  LinearIterationModel m;
  m.by_tokens.push_back(0);
  for (int t = 1; t <= 64; ++t) m.by_tokens.push_back(ms(10));
  m.per_sequence = ms(0.5);
  const DecodeSpan span{m.step(32, 0), m.step_growth(32)};
  EXPECT_EQ(duration_from_fixed(span.first).ns, 26'000'000);
  EXPECT_EQ(duration_from_fixed(span.sum(1'000'000)).ns, 26'000'000LL * 1'000'000);
  const double rate = 32.0 * 1e6 / duration_from_fixed(span.sum(1'000'000)).seconds();
  EXPECT_NEAR(rate, 1230.77, 0.005);
}

TEST(Iteration, FixedPointRoundsToNearest) {
  EXPECT_EQ(fixed_from_seconds(1e-9), 1 << kFractionBits);
  EXPECT_EQ(duration_from_fixed((Int128{5} << kFractionBits) + (1 << (kFractionBits - 1))).ns, 6);
  EXPECT_EQ(duration_from_fixed((Int128{5} << kFractionBits) + (1 << (kFractionBits - 1)) - 1).ns, 5);
  EXPECT_DOUBLE_EQ(seconds_from_fixed(fixed_from_seconds(0.0123)), 0.0123);
}

}  // namespace
}  // namespace jevons
