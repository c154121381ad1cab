// Public serving runs replayed with their real arrivals and lengths: APEX+ (vLLM 0.6.0 on 8 x H100).
#ifndef JEVONS_VALIDATION_SERVING_REPLAY_H_
#define JEVONS_VALIDATION_SERVING_REPLAY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "validation/data_folder.h"

namespace jevons {

struct ServedRun {
  std::string name;   // "llama_creation_025_8TP"; its trace has the same name.
  std::string model;  // As our catalogue names it.
  std::int32_t tensor = 8;
  double ttft_s = 0;  // Mean over requests.
  double tpot_s = 0;  // Mean over output tokens after the first.
  bool fp8() const { return model.ends_with("FP8"); }
  bool fitted = false;  // The stack's constants saw it.
};

inline constexpr std::string_view kServedRunsFile = "perf/apex_vllm060_h100_runs.csv";

// Which runs a fit may see: of each trace and number of GPUs the replica with the lowest index (each replica served
// other requests); of the FP8 runs only the one on 4 GPUs, so that 8 GPUs are never fitted.
Result<std::vector<ServedRun>> read_served_runs(const DataFolder& data);

struct ServedFigures {
  double ttft_s = 0, tpot_s = 0;
};

// Replays each run on `stack`, in worker processes.  vLLM 0.6.0 turns on chunked prefill (512 tokens) when
// max_model_len exceeds 32k: so did the runs on 4 and 8 GPUs, not those on 2 (max_model_len 24,272).
Result<std::vector<ServedFigures>> replay_served_runs(const DataFolder& data, const Catalogue& catalogue,
                                                      const StackSpec& stack, const std::vector<ServedRun>& runs);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_SERVING_REPLAY_H_
