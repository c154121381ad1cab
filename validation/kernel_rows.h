// Rows of `jevons validate` for single kernels, collectives and served runs.
#ifndef JEVONS_VALIDATION_KERNEL_ROWS_H_
#define JEVONS_VALIDATION_KERNEL_ROWS_H_

#include "base/result.h"
#include "topologies/catalogue.h"
#include "validation/data_folder.h"
#include "validation/row.h"

namespace jevons {

// A row a file: the mean error of the formula, with the catalogue's constants, on the shapes that no fit saw.
Result<ValidationRows> kernel_rows(const DataFolder& data, const Catalogue& catalogue);
// A row a file and operation: the curves between their knots; DeepEP's all-to-all on sizes held out.
Result<ValidationRows> collective_rows(const DataFolder& data, const Catalogue& catalogue);
// Every run's mean TPOT and TTFT, and what they come to on the runs held out.
Result<ValidationRows> serving_rows(const DataFolder& data, const Catalogue& catalogue);
// DeepSeek-V3 over many nodes: published operating points of DeepSeek, SGLang and Ant Group.
Result<ValidationRows> expert_rows(const DataFolder& data, const Catalogue& catalogue);

// A row that stands for a file which is absent.
ValidationRow absent(const char* id, const char* section, std::string_view file, const std::string& setup,
                     const char* quantity, double allowed);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_KERNEL_ROWS_H_
