// Fits the host-side costs of serving stacks to public runs and writes topologies/catalogue/stacks_fitted.yaml.
#ifndef JEVONS_VALIDATION_CALIBRATE_STACKS_H_
#define JEVONS_VALIDATION_CALIBRATE_STACKS_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "validation/data_folder.h"

namespace jevons {

// The whole text of stacks_fitted.yaml: vllm_0.6 from APEX+ runs (replayed again and again), eager_2023 and
// eager_2023_h100 from Splitwise's (validation/splitwise_fit.h), on the kernels of `catalogue`.
Result<std::string> calibrate_stacks(const DataFolder& data, const Catalogue& catalogue, std::string_view date,
                                     const std::function<void(std::string_view)>& progress);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_CALIBRATE_STACKS_H_
