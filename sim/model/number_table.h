// CSV files of numbers by column name, for measured tables.  Internal to sim/model.
#ifndef JEVONS_SIM_MODEL_NUMBER_TABLE_H_
#define JEVONS_SIM_MODEL_NUMBER_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace jevons {

// One column asked for.  `whole`: only whole numbers.
struct NumberColumn {
  std::string name;
  double low = 0, high = 0;  // Inclusive.
  bool whole = false;
};

struct NumberTable {
  std::vector<std::vector<double>> columns;  // In the order asked for; all of one length, at least 1.
  std::size_t rows() const { return columns.front().size(); }
};

// Reads the columns (found by name in the header, others skipped) of a plain or compressed file.  Errors:
// "path:line:column: expected ..." for a bad cell, a missing column, a row of another length, no rows, more than five
// million rows.
Result<NumberTable> read_number_table(const std::string& path, const std::vector<NumberColumn>& columns);

// The axis that a sorted grid has in one column, distinct and ascending.
std::vector<double> axis_of(const std::vector<double>& column);

// Rearranges `value` so that cell (i, j, ...) of the grid spanned by `axes` (last one fastest) comes at its place.
// Error: a cell that is missing or given twice (the grid must be full).
Result<std::vector<double>> full_grid(const NumberTable& table, std::size_t axes,
                                      const std::vector<NumberColumn>& columns, const std::string& path);

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_NUMBER_TABLE_H_
