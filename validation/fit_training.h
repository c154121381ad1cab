// Fits the constants of training stacks to measured steps; calibrate_training.h writes them.
#ifndef JEVONS_VALIDATION_FIT_TRAINING_H_
#define JEVONS_VALIDATION_FIT_TRAINING_H_

#include <vector>

#include "validation/training_data.h"

namespace jevons {

// One fit: constants whose `source` says data, rows, and errors.
struct TrainingFit {
  TrainingConstants constants;
  int fitted_rows = 0, held_out_rows = 0;
  double fitted_error = 0, held_out_error = 0;  // Mean of |simulated / measured - 1|.
};

// gemm_share on the rows not held out, all else as in "kernels".
TrainingFit fit_megatron(const std::vector<MeasuredTraining>& rows, const Catalogue& catalogue);

// megatron (gemm_share on the odd rows of SC'21), mosaic_fsdp_a100 and mosaic_fsdp_h100 (activation_passes,
// attention_efficiency, fsdp_exposed on the rows not held out).  All else is counted or comes from the catalogue.
// Minimises the mean of |log(simulated / measured)|.  Errors: a file is missing or damaged.
Result<std::vector<TrainingFit>> fit_training(const DataFolder& data, const Catalogue& catalogue);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_FIT_TRAINING_H_
