// Fits kernel constants to measured files and writes topologies/catalogue/kernels.yaml with their provenance.
#ifndef JEVONS_VALIDATION_CALIBRATE_H_
#define JEVONS_VALIDATION_CALIBRATE_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "validation/data_folder.h"

namespace jevons {

// The whole text of kernels.yaml, fitted on the rows that validation/split.h does not hold out.  `catalogue` gives the
// data sheets.  `date` goes into every source.  `progress` is told what is being fitted; may be empty.  Error: a file
// that is absent or bad.
Result<std::string> calibrate_kernels(const DataFolder& data, const Catalogue& catalogue, std::string_view date,
                                      const std::function<void(std::string_view)>& progress);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_CALIBRATE_H_
