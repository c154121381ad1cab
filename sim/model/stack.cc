// Presets of host-side costs, by engine version.
#include <array>

#include "base/text.h"
#include "sim/model/instance.h"

namespace jevons {
namespace {

const std::array<StackSpec, 3>& presets() {
  static const std::array<StackSpec, 3> kPresets{{
      {"none", 0, 0, 0, 0, 0, 0, "no host cost: GPU kernels only"},
      // perf_models.md 3.5, constants b1, fitted on 13 APEX+ runs (70B, 8xH100): 1.12 ms a step, 0.30 ms a sequence,
      // 249 us a layer eager launch floor, 10.6 ms API; 45 us a layer less H100's own 25.8; 18.2 us an all-reduce less
      // H100's own 5.4.
      {"vllm_0.6", 1.12e-3, 0.30e-3, 19.2e-6, 12.8e-6, 249e-6, 10.6e-3,
       "fitted on 13 APEX+ runs of vLLM 0.6.0 on 8xH100 (TPOT 1.4 % on 22 held-out runs), 2024"},
      // Derived, not fitted.  CUDA graphs and torch.compile for all iterations: no launch floor, custom all-reduce as
      // measured under graphs.  Layer: 5 small fused kernels of 2 us.  Step: 0.25 ms, the 200-300 us gap left by
      // asynchronous scheduling (vllm-project/vllm#10634).  Sequence: 12.7 us of scheduler (profile in
      // openfabric-systems/simllm#204).  API: half of 0.6's.
      {"vllm_0.15", 0.25e-3, 12.7e-6, 10e-6, 0, 0, 5.3e-3,
       "derived for vLLM V1 with CUDA graphs and asynchronous scheduling (docs/models.md), 2026-09; not fitted"},
  }};
  return kPresets;
}

}  // namespace

std::vector<std::string> stack_names() {
  std::vector<std::string> names;
  for (const StackSpec& s : presets()) names.push_back(s.name);
  return names;
}

Result<StackSpec> find_stack(std::string_view name) {
  for (const StackSpec& s : presets()) {
    if (s.name == name) return s;
  }
  return Error{"unknown serving stack '" + std::string(name.substr(0, 60)) + "'" + nearest_hint(name, stack_names()),
               ""};
}

}  // namespace jevons
