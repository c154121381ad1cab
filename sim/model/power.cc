// Power by phase.
#include "sim/model/power.h"

#include <algorithm>
#include <cmath>

namespace jevons {
namespace {

// By rule, where the catalogue has no figure.
constexpr double kIdleOfTdp = 300.0 / 700;  // An idle 8xH200 node: 2.4 kW (MLPerf inference v4.1, 2024-08).
constexpr double kHostOfTdp = 400.0 / 700;  // H100's host_watts_per_gpu.
constexpr double kHalfBatch = 18.4;         // 2^4.2 on H100: arXiv:2602.05116, figure 2 (2026-02), second-hand.
constexpr double kHalfBatchFlopsPerByte = 989.4e12 / 3.35e12;  // H100's, to which kHalfBatch belongs.

double idle_watts(const GpuSpec& gpu) { return gpu.idle_watts > 0 ? gpu.idle_watts : kIdleOfTdp * gpu.tdp_watts; }

// A decode step's arithmetic grows with the batch, its weight traffic does not: the batch at which they balance goes
// with the part's FLOP per byte.
double half_batch(const GpuSpec& gpu) {
  if (gpu.decode_half_batch > 0) return gpu.decode_half_batch;
  if (gpu.bf16_flops <= 0 || gpu.memory_bytes_per_s <= 0) return kHalfBatch;
  return kHalfBatch * gpu.bf16_flops / gpu.memory_bytes_per_s / kHalfBatchFlopsPerByte;
}

// The middle of an octave on the logarithmic scale; the first holds a batch of one alone.
double octave_batch(int octave) { return octave == 0 ? 1 : std::exp2(octave + 0.5); }

}  // namespace

double host_watts(const GpuSpec& gpu) {
  return gpu.host_watts_per_gpu > 0 ? gpu.host_watts_per_gpu : kHostOfTdp * gpu.tdp_watts;
}

double decode_board_watts(const GpuSpec& gpu, double batch) {
  const double octaves = std::log2(batch) - std::log2(half_batch(gpu));
  const double share = gpu.decode_power_low + (gpu.decode_power_high - gpu.decode_power_low) / (1 + std::exp(-octaves));
  return share * gpu.tdp_watts;
}

double training_watts(const GpuSpec& gpu, double busy) {
  return host_watts(gpu) + (gpu.decode_power_low + (gpu.prefill_power - gpu.decode_power_low) * busy) * gpu.tdp_watts;
}

PowerDraw power_draw(const GpuSpec& gpu) {
  const double idle = idle_watts(gpu), tdp = gpu.tdp_watts, host = host_watts(gpu);
  PowerDraw d;
  const auto set = [&](std::size_t phase, double watts) { d.watts[phase] = std::max(watts, idle); };
  set(index_of(PowerPhase::kIdle), idle);
  for (const PowerPhase p : {PowerPhase::kLoading, PowerPhase::kWaiting, PowerPhase::kCheckpoint}) {
    set(index_of(p), idle + gpu.loaded_power * tdp);
  }
  set(index_of(PowerPhase::kPrefill), host + gpu.prefill_power * tdp);
  set(index_of(PowerPhase::kMixed), host + gpu.mixed_power * tdp);
  set(index_of(PowerPhase::kTraining), host + gpu.training_power * tdp);
  for (int n = 0; n < kDecodeOctaves; ++n) {
    set(index_of(PowerPhase::kDecode) + static_cast<std::size_t>(n), host + decode_board_watts(gpu, octave_batch(n)));
  }
  return d;
}

}  // namespace jevons
