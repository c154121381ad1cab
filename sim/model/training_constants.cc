// Training stacks by name: what their kernels and collectives reach.
#include <array>

#include "base/text.h"
#include "sim/model/training_step.h"

namespace jevons {
namespace {

// Fitted by validation/fit_training.cc (the test fit_training_test repeats the fits and compares).
//   megatron: one number, gemm_share, on rows 1, 3, 5, 7, 9 of the SC'21 table (A100, 1.7B to 530B).
//   mosaic_*: activation_passes, attention_efficiency, fsdp_exposed on the even rows of the MosaicML tables.
// Counted, not fitted: 6 passes (each stored byte is written and read, forward; read twice, and its gradient written
// and read, backward); 16 bytes per parameter and micro-batch (BF16 weights read by forward, recomputation and
// backward, the BF16 gradient written and added to the FP32 one: 2+2+2+2+8); 30 bytes a logit (BF16 written and read,
// FP32 copy written and read thrice, gradient back: 2+2+4+12+4+4+2).
const std::array<TrainingConstants, 4>& presets() {
  static const std::array<TrainingConstants, 4> kPresets{{
      {"megatron", 0.882, 0, 6, 16, 30, 1, "gemm_share fitted on 5 of 10 rows of Megatron-LM SC'21 table 1, 2021-04"},
      {"kernels", 1, 0, 6, 16, 30, 1, "kernel measurements of the catalogue alone; nothing fitted on training runs"},
      {"mosaic_fsdp_a100", 1, 0.2946, 10.93, 16, 30, 0.5484, "fitted on MosaicML llm-foundry A100 tables, 2023-12"},
      {"mosaic_fsdp_h100", 1, 0.1716, 13.83, 16, 30, 0.7246, "fitted on MosaicML llm-foundry H100 tables, 2023-12"},
  }};
  return kPresets;
}

}  // namespace

std::vector<std::string> training_constants_names() {
  std::vector<std::string> names;
  for (const TrainingConstants& c : presets()) names.push_back(c.name);
  return names;
}

Result<TrainingConstants> find_training_constants(std::string_view name) {
  for (const TrainingConstants& c : presets()) {
    if (c.name == name) return c;
  }
  return Error{"unknown training stack '" + std::string(name.substr(0, 60)) + "'" +
                   nearest_hint(name, training_constants_names()),
               ""};
}

}  // namespace jevons
