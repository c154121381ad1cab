// Splitwise's measured prompt and token phases (Patel et al., ISCA 2024): Llama-2-70B and BLOOM-176B on DGX A100 and
// DGX H100, an eager stack of 2023.
#ifndef JEVONS_VALIDATION_SPLITWISE_DATA_H_
#define JEVONS_VALIDATION_SPLITWISE_DATA_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "validation/data_folder.h"

namespace jevons {

inline constexpr const char* kSplitwiseFile = "perf/splitwise_clean.csv";

// Medians over the runs of one shape.
struct PhaseTimes {
  std::string model, gpu;  // "Llama-2-70B", "A100-SXM4-80GB".
  std::int32_t tensor = 1;
  std::int64_t prompt = 0, batch = 1;
  std::int64_t asked = 0;  // Tokens asked for.
  double generated = 0;    // Tokens after the first; fewer where all sequences ended early.
  double prompt_s = 0, token_s = 0;
  int runs = 0;
  bool held_out = false;  // By validation/split.h over tensor, prompt, batch and tokens asked for.

  // Bytes of one all-reduce of the prompt phase, FP16.
  double all_reduce_bytes(const ModelSpec& m) const { return 2.0 * static_cast<double>(prompt * batch) * m.hidden; }
};

struct SplitwiseData {
  std::vector<PhaseTimes> shapes;
  std::map<std::string, int> rejected;  // Reason -> rows.
};
// Refused, with counts: power-capped rows (made up: the uncapped ones' prompts x 1.3), rows given twice, rows whose
// phases are less than half of their own total, missing times, steps faster than reading the weights once.  BLOOM's
// medians are in the code where the file has none.  Error: no file, a cell that is no number.
Result<SplitwiseData> read_splitwise(const DataFolder& data, const Catalogue& catalogue);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_SPLITWISE_DATA_H_
