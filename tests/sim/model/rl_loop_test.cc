// Cycles of rollout and training by hand.
#include "sim/model/rl_loop.h"

#include <gtest/gtest.h>

namespace jevons {
namespace {

// 8,192 samples of 5,000 tokens; 64 GPUs at 1,000 tokens/s: 640 s; straggler 300 s; training 64,000 GPU-s.
RlLoop loop(RlMode mode) {
  RlLoop l;
  l.mode = mode;
  l.samples = 8192;
  l.mean_tokens = 5000;
  l.longest_tokens = 9000;
  l.tokens_per_s_per_gpu = 1000;
  l.tokens_per_s_per_stream = 30;
  l.training_gpu_seconds = 64'000;
  l.weight_sync = 10_s;
  return l;
}

TEST(RlLoop, SynchronousSamplesThenTrains) {
  EXPECT_DOUBLE_EQ(rl_cycle_seconds(loop(RlMode::kSynchronous), Gpus{64}, Gpus{8}), 640 + 1000 + 10);
  // On 256 GPUs sampling would take 160 s, but the longest answer takes 300 s.
  EXPECT_DOUBLE_EQ(rl_cycle_seconds(loop(RlMode::kSynchronous), Gpus{256}, Gpus{8}), 300 + 250 + 10);
}

TEST(RlLoop, PartialRolloutsWaitForNoStraggler) {
  EXPECT_DOUBLE_EQ(rl_cycle_seconds(loop(RlMode::kPartialRollout), Gpus{256}, Gpus{8}), 160 + 250 + 10);
}

// 64 GPUs: 24 sample in 1,706.7 s while 40 train in 1,600 s; 32 and 32 would take 2,000 s, 16 and 48 2,560 s.
TEST(RlLoop, OneStepOffSplitsTheGpusBest) {
  EXPECT_NEAR(rl_cycle_seconds(loop(RlMode::kOneStepOff), Gpus{64}, Gpus{8}), 8192 * 5000.0 / 24'000 + 10, 1e-9);
}

TEST(RlLoop, ScalingIsOneAtTheGpusAskedAndAscends) {
  const auto curve = rl_scaling(loop(RlMode::kSynchronous), Gpus{64}, Gpus{32}, Gpus{256}, Gpus{8});
  EXPECT_EQ(curve.front().gpus, Gpus{32});
  EXPECT_DOUBLE_EQ(curve.front().speed, 1650.0 / (1280 + 2000 + 10));
  EXPECT_EQ(curve.back().gpus, Gpus{256});
  EXPECT_DOUBLE_EQ(curve.back().speed, 1650.0 / 560);
  EXPECT_EQ(relative_speed(curve, Gpus{64}, Gpus{64}), 1.0);
  for (std::size_t i = 1; i < curve.size(); ++i) EXPECT_GE(curve[i].speed, curve[i - 1].speed);
}

// R1-Zero: 8,192 outputs a cycle of at most 32,768 tokens, 1,097 s published: the straggler at 30 tokens/s.
TEST(RlLoop, R1ZerosCycleIsItsStraggler) {
  RlLoop l = loop(RlMode::kOneStepOff);
  l.longest_tokens = 32'768;
  l.training_gpu_seconds = 100'000;
  l.weight_sync = 5_s;
  EXPECT_NEAR(rl_cycle_seconds(l, Gpus{512}, Gpus{8}), 1097, 0.01 * 1097);
}

}  // namespace
}  // namespace jevons
