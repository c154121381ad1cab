// Fits the constants of training stacks to measured steps and writes topologies/catalogue/training_fitted.yaml.
#ifndef JEVONS_VALIDATION_CALIBRATE_TRAINING_H_
#define JEVONS_VALIDATION_CALIBRATE_TRAINING_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "validation/data_folder.h"

namespace jevons {

// The whole text of training_fitted.yaml: the stacks of fit_training.h, on the kernels of `catalogue`.  `date` goes
// into every source.  `progress` is told what is being fitted; may be empty.  Error: a file that is absent or bad.
Result<std::string> calibrate_training(const DataFolder& data, const Catalogue& catalogue, std::string_view date,
                                       const std::function<void(std::string_view)>& progress);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_CALIBRATE_TRAINING_H_
