// Watts by hand.
#include "sim/model/power.h"

#include <gtest/gtest.h>

namespace jevons {
namespace {

TEST(PowerDraw, OfAnH100) {
  const PowerDraw d = power_draw(*Catalogue::builtin().gpu("H100"));
  EXPECT_DOUBLE_EQ(d[PowerPhase::kIdle], 300);
  for (const PowerPhase p : {PowerPhase::kWaiting, PowerPhase::kLoading, PowerPhase::kCheckpoint}) {
    EXPECT_DOUBLE_EQ(d[p], 300 + 0.07 * 700) << power_kind_name(p);
  }
  EXPECT_DOUBLE_EQ(d[PowerPhase::kPrefill], 400 + 700);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kMixed], 400 + 0.91 * 700);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kTraining], 400 + 0.81 * 700);
  // Batch of one: log2(1 / 18.4) = -4.2016, 1 / (1 + e^4.2016) = 0.01475; 700 (0.43 + 0.43 x 0.01475) = 305.4.
  EXPECT_NEAR(d[decode_phase(1)], 400 + 305.4, 0.05);
  // 32 to 63, taken at 2^5.5 = 45.25: log2(45.25 / 18.4) = 1.2984, 0.78554; 700 (0.43 + 0.43 x 0.78554) = 537.45.
  EXPECT_NEAR(d[decode_phase(32)], 400 + 537.45, 0.05);
  EXPECT_EQ(d[decode_phase(63)], d[decode_phase(32)]);
  EXPECT_NEAR(d[decode_phase(1'000'000)], 400 + 700 * 0.86, 700 * 0.43 * 0.015);
}

TEST(PowerDraw, DecodeIsHalfWayAtItsHalfBatch) {
  GpuSpec g = *Catalogue::builtin().gpu("H100");
  EXPECT_NEAR(decode_board_watts(g, 18.4), 700 * (0.43 + 0.86) / 2, 1e-9);
  g.decode_half_batch = 64;
  EXPECT_NEAR(decode_board_watts(g, 64), 700 * (0.43 + 0.86) / 2, 1e-9);
  // A100: 312 TFLOP/s over 2.039 TB/s = 153.0 against 295.3 FLOP a byte: 18.4 x 0.5181 = 9.533.
  EXPECT_NEAR(decode_board_watts(*Catalogue::builtin().gpu("A100"), 9.533), 400 * (0.43 + 0.86) / 2, 0.01);
}

TEST(PowerDraw, AnUnknownGpuTakesTheRules) {
  Catalogue c = Catalogue::builtin();
  const char* text =
      "gpus:\n  X:\n    bf16_flops: 1e15\n    memory: 80GB\n    memory_bytes_per_s: 3e12\n    link_bytes_per_s: 1e11\n"
      "    nic_bytes_per_s: 1e10\n    tdp_watts: 350\n";
  ASSERT_TRUE(c.add_yaml(text, "x.yaml").ok());
  const GpuSpec x = *c.gpu("X");
  EXPECT_EQ(x.sources.at("training_power"), "not given: as H100-SXM5-80GB");
  const PowerDraw d = power_draw(x);
  EXPECT_DOUBLE_EQ(d[PowerPhase::kIdle], 150);            // 3/7 of TDP.
  EXPECT_DOUBLE_EQ(d[PowerPhase::kWaiting], 150 + 24.5);  // 0.07 of TDP more.
  EXPECT_DOUBLE_EQ(d[PowerPhase::kPrefill], 200 + 350);   // Host 4/7 of TDP.
  EXPECT_DOUBLE_EQ(d[PowerPhase::kTraining], 200 + 0.81 * 350);
}

TEST(PowerDraw, WithoutATdpItIsTheIdlePower) {
  GpuSpec g;
  for (const double w : power_draw(g).watts) EXPECT_EQ(w, 0);
  g.idle_watts = 50;
  for (const double w : power_draw(g).watts) EXPECT_EQ(w, 50);
}

// Every built-in part: nothing below idle, a node below its rated maximum.
TEST(PowerDraw, OfEveryPartMakesSense) {
  const Catalogue c = Catalogue::builtin();
  for (const std::string& name : c.gpu_names()) {
    const GpuSpec g = *c.gpu(name);
    const PowerDraw d = power_draw(g);
    for (std::size_t p = 0; p < kPowerPhases; ++p) {
      EXPECT_GE(d.watts[p], d[PowerPhase::kIdle]) << name;
      EXPECT_LE(d.watts[p], d[PowerPhase::kPrefill]) << name;
    }
    for (int n = 1; n < kDecodeOctaves; ++n) {
      EXPECT_GT(d[decode_phase(std::int64_t{1} << n)], d[decode_phase(std::int64_t{1} << (n - 1))]) << name;
    }
  }
  EXPECT_LT(8 * power_draw(*c.gpu("H100"))[PowerPhase::kPrefill], 10'200);  // DGX H100, rated.
  EXPECT_LT(8 * power_draw(*c.gpu("A100"))[PowerPhase::kPrefill], 6'500);   // DGX A100.
  EXPECT_LT(8 * power_draw(*c.gpu("B200"))[PowerPhase::kPrefill], 14'300);  // DGX B200.
}

TEST(TrainingWatts, BetweenWaitingForTheNetworkAndTdp) {
  const GpuSpec g = *Catalogue::builtin().gpu("H100");
  EXPECT_DOUBLE_EQ(training_watts(g, 1), 400 + 700);
  EXPECT_DOUBLE_EQ(training_watts(g, 0), 400 + 0.43 * 700);
  // The catalogue's mean, 0.81, is two thirds of the time at TDP.
  EXPECT_NEAR(training_watts(g, 2.0 / 3), power_draw(g)[PowerPhase::kTraining], 1);
}

TEST(DecodePhase, IsTheOctaveOfTheBatch) {
  EXPECT_EQ(decode_phase(1), PowerPhase::kDecode);
  EXPECT_EQ(index_of(decode_phase(2)), index_of(PowerPhase::kDecode) + 1);
  EXPECT_EQ(decode_phase(3), decode_phase(2));
  EXPECT_NE(decode_phase(4), decode_phase(3));
  EXPECT_EQ(index_of(decode_phase(256)), kPowerPhases - 1U);
  EXPECT_EQ(decode_phase(100'000), decode_phase(256));
  for (std::size_t p = 0; p < kPowerPhases; ++p) {
    EXPECT_EQ(kind_of(p) == PowerPhase::kDecode, p >= index_of(PowerPhase::kDecode));
  }
}

}  // namespace
}  // namespace jevons
