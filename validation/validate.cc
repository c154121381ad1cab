// Collecting all rows.
#include "validation/validate.h"

#include <algorithm>
#include <functional>

#include "validation/kernel_rows.h"
#include "validation/layer_rows.h"
#include "validation/power_rows.h"
#include "validation/splitwise_rows.h"
#include "validation/training_rows.h"

namespace jevons {
namespace {

struct Part {
  std::string_view prefix;  // Of all its rows' ids.
  std::function<Result<ValidationRows>(const DataFolder&, const Catalogue&)> rows;
};

std::vector<Part> parts() {
  return {
      {"kernels", kernel_rows},
      {"collectives", collective_rows},
      {"layers", [](const DataFolder& d, const Catalogue&) -> Result<ValidationRows> { return layer_rows(d); }},
      {"serving", serving_rows},
      {"splitwise", [](const DataFolder& d, const Catalogue&) -> Result<ValidationRows> { return splitwise_rows(d); }},
      {"experts", expert_rows},
      {"training",
       [](const DataFolder& d, const Catalogue& c) -> Result<ValidationRows> { return training_rows(d, c); }},
      {"power", [](const DataFolder& d, const Catalogue&) -> Result<ValidationRows> { return power_rows(d); }},
  };
}

}  // namespace

Result<ValidationRows> validate(const DataFolder& data, const Catalogue& catalogue, std::string_view only) {
  ValidationRows all;
  for (const Part& part : parts()) {
    // A part is worked out only when the filter can reach it.
    if (!part.prefix.starts_with(only.substr(0, part.prefix.size()))) continue;
    auto rows = part.rows(data, catalogue);
    if (!rows) return rows.error();
    for (ValidationRow& row : *rows) {
      if (row.id.starts_with(only)) all.push_back(std::move(row));
    }
  }
  return all;
}

std::vector<std::string> validation_parts() {
  std::vector<std::string> names;
  for (const Part& part : parts()) names.emplace_back(part.prefix);
  return names;
}

ValidationCounts count(const ValidationRows& rows) {
  ValidationCounts c;
  for (const ValidationRow& r : rows) {
    int& n = !r.no_data.empty()          ? c.no_data
             : r.split == Split::kFitted ? c.fitted
             : r.allowed == 0            ? c.information
             : r.passes()                ? c.passed
                                         : c.failed;
    ++n;
  }
  return c;
}

}  // namespace jevons
