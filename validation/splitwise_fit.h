// The stack behind Splitwise's measurements: what it takes by the model that simulations run on, and its constants.
#ifndef JEVONS_VALIDATION_SPLITWISE_FIT_H_
#define JEVONS_VALIDATION_SPLITWISE_FIT_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "validation/splitwise_data.h"

namespace jevons {

// Over eight GPUs prompts whose all-reduces are 64 MiB or more take out of all proportion longer, in both models and on
// both GPUs (Llama-2-70B on H100: 137 ms for 2,048 tokens, 390 ms for 4,096); over two they do not.
bool beyond_cliff(const PhaseTimes& shape, const ModelSpec& model);

struct SimulatedPhases {
  double prompt_s = 0, token_s = 0;
};
// The prompt phase is one iteration of batch x prompt tokens; the token phase one step of the batch half-way through
// what it generated.  One answer a shape.
Result<std::vector<SimulatedPhases>> simulate_phases(const Catalogue& catalogue, const StackSpec& stack,
                                                     const std::vector<PhaseTimes>& shapes);

// The presets fitted on rows of Llama-2-70B that are not held out, prompts beyond the cliff left out: eager_2023 on
// A100, and eager_2023_h100, which keeps its GPU's constants and takes the host's from H100.
Result<std::vector<StackSpec>> fit_splitwise(const SplitwiseData& data, const Catalogue& catalogue);

// Entries for stacks_fitted.yaml.
Result<std::string> splitwise_stacks_text(const DataFolder& data, const Catalogue& catalogue, std::string_view date);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_SPLITWISE_FIT_H_
