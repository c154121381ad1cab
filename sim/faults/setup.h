// What may fail in a run: plain data.
#ifndef JEVONS_SIM_FAULTS_SETUP_H_
#define JEVONS_SIM_FAULTS_SETUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"

namespace jevons {

enum class FaultScope : std::uint8_t {
  kProcess,  // The job on the GPU, or the replicas of its node, start again where they can; nothing is broken.
  kNode,
  kLeaf,  // A switch: every node below it.
};

struct FaultCause {
  std::string name;
  FaultScope scope = FaultScope::kNode;
  double per_gpu_hour = 0;
  Duration repair{};         // Mean.
  bool exponential = false;  // Repair times: exponential, else all the same.
};

struct FaultSetup {
  std::vector<FaultCause> causes;  // Empty: nothing ever fails.
  std::vector<Nodes> spares;       // By group; empty = none.
  Duration spare_swap{};           // 0 = hot standby.
  std::uint64_t seed = 0;
};

}  // namespace jevons
#endif  // JEVONS_SIM_FAULTS_SETUP_H_
