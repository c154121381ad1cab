// Training steps beside published ones: Megatron-LM SC'21, MosaicML, Llama 3, MegaScale, Megatron-Core, DeepSeek-V3.
#ifndef JEVONS_VALIDATION_TRAINING_ROWS_H_
#define JEVONS_VALIDATION_TRAINING_ROWS_H_

#include "topologies/catalogue.h"
#include "validation/data_folder.h"
#include "validation/row.h"

namespace jevons {

// Never fails: a file that is absent or damaged becomes a row with `no_data`.  Runs known from papers alone need no
// file.
ValidationRows training_rows(const DataFolder& data, const Catalogue& catalogue);
// Those alone.
ValidationRows published_training_rows(const Catalogue& catalogue);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_TRAINING_ROWS_H_
