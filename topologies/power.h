// What a GPU does, as far as its power draw goes, and the watts of each.
//
// Phases of a replica's iterations follow Splitwise (ISCA'24) and POLCA (ASPLOS'24): a prompt draws the GPU's full
// power, a decode step less, and more the larger its batch is.  Decode is therefore kept by batch size, in octaves: so
// energy stays a sum of GPU-time x watts, in integers, and still follows the measured curve (sim/model/power.h).
#ifndef JEVONS_TOPOLOGIES_POWER_H_
#define JEVONS_TOPOLOGIES_POWER_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace jevons {

enum class PowerPhase : std::uint8_t {
  kIdle,        // Held by nobody: no model in memory.
  kLoading,     // Weights or a checkpoint on their way into memory.
  kWaiting,     // A model in memory and nothing to run.
  kPrefill,     // An iteration of prompt chunks alone.
  kMixed,       // Prompt chunks and decoding requests in one iteration.
  kTraining,    // Training steps, lost ones included.
  kCheckpoint,  // Writing a checkpoint.
  kDecode,      // kDecode + n: decode steps of 2^n to 2^(n+1) - 1 requests; the last one of 2^n and more.
};
inline constexpr int kDecodeOctaves = 9;  // 1, 2-3, 4-7, ..., 128-255, 256 and more.
inline constexpr int kPowerKinds = 8;     // What reports show: all decode as one.
inline constexpr int kPowerPhases = kPowerKinds - 1 + kDecodeOctaves;

constexpr std::size_t index_of(PowerPhase p) { return static_cast<std::size_t>(p); }

// The phase of a decode step of `batch` >= 1 requests.
constexpr PowerPhase decode_phase(std::int64_t batch) {
  const int octave = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(batch))) - 1;
  return static_cast<PowerPhase>(static_cast<int>(PowerPhase::kDecode) + std::min(octave, kDecodeOctaves - 1));
}
// kDecode for every octave, itself otherwise.
constexpr PowerPhase kind_of(std::size_t phase) {
  return phase < index_of(PowerPhase::kDecode) ? static_cast<PowerPhase>(phase) : PowerPhase::kDecode;
}
constexpr std::string_view power_kind_name(PowerPhase kind) {
  constexpr std::array<std::string_view, kPowerKinds> kNames{"idle",  "loading",  "waiting",    "prefill",
                                                             "mixed", "training", "checkpoint", "decode"};
  return kNames[index_of(kind)];
}

// Watts of one GPU with its share of the host, by phase; indexed by index_of.
struct PowerDraw {
  std::array<double, kPowerPhases> watts{};
  double& operator[](PowerPhase p) { return watts[index_of(p)]; }
  double operator[](PowerPhase p) const { return watts[index_of(p)]; }
  void set_decode(double w) { std::fill(watts.begin() + static_cast<int>(PowerPhase::kDecode), watts.end(), w); }
};

// One wattage while the GPU computes (prefill, mixed, decode, training), another while it does not.
inline PowerDraw two_level_draw(double idle_watts, double busy_watts) {
  PowerDraw d;
  d.watts.fill(busy_watts);
  for (const PowerPhase p : {PowerPhase::kIdle, PowerPhase::kLoading, PowerPhase::kWaiting, PowerPhase::kCheckpoint}) {
    d[p] = idle_watts;
  }
  return d;
}

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_POWER_H_
