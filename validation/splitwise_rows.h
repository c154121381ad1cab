// Splitwise's prompt and token phases beside the preset eager_2023: H100 and BLOOM, which it never saw.
#ifndef JEVONS_VALIDATION_SPLITWISE_ROWS_H_
#define JEVONS_VALIDATION_SPLITWISE_ROWS_H_

#include "validation/data_folder.h"
#include "validation/row.h"

namespace jevons {

ValidationRows splitwise_rows(const DataFolder& data);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_SPLITWISE_ROWS_H_
