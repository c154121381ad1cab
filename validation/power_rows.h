// Measured and rated power beside the power model (sim/model/power.h).
#ifndef JEVONS_VALIDATION_POWER_ROWS_H_
#define JEVONS_VALIDATION_POWER_ROWS_H_

#include "validation/data_folder.h"
#include "validation/row.h"

namespace jevons {

// Every figure stands in the code with its source and date; the folder is not read.
ValidationRows power_rows(const DataFolder& data);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_POWER_ROWS_H_
