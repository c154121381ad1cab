// Everything `jevons validate` compares, and the table it prints.
#ifndef JEVONS_VALIDATION_VALIDATE_H_
#define JEVONS_VALIDATION_VALIDATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "validation/data_folder.h"
#include "validation/row.h"

namespace jevons {

// Rows whose id starts with `only` (all if empty).  Rows whose data is absent say so.  Error: a data file that is there
// and bad.
Result<ValidationRows> validate(const DataFolder& data, const Catalogue& catalogue, std::string_view only);

// What ids start with: "kernels", "serving", ...
std::vector<std::string> validation_parts();

struct ValidationCounts {
  int passed = 0, failed = 0, fitted = 0, information = 0, no_data = 0;
};
ValidationCounts count(const ValidationRows& rows);

// For 80 columns: a heading for each section and source, a line a row.  `details`: notes below their rows.
std::string validation_text(const ValidationRows& rows, bool details);
// docs/validation.md, whole: how to read it, the domain where the model is known good, every row.
std::string validation_markdown(const ValidationRows& rows);
std::string validation_csv(const ValidationRows& rows);
std::string validation_json(const ValidationRows& rows);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_VALIDATE_H_
