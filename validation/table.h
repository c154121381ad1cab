// A measured CSV file as text: columns by name, comments (#) skipped, every number checked when it is asked for.
#ifndef JEVONS_VALIDATION_TABLE_H_
#define JEVONS_VALIDATION_TABLE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace jevons {

class Table {
 public:
  // Plain or compressed.  Errors: the file, a missing column of `wanted`, a row of another length, over a million rows.
  static Result<Table> read(const std::string& path, const std::vector<std::string>& wanted);

  std::size_t rows() const { return cells_.size() / width_; }
  // Column i of `wanted`.
  const std::string& text(std::size_t row, std::size_t column) const { return cells_[row * width_ + column]; }
  // A finite number, else an error with file and line.
  Result<double> number(std::size_t row, std::size_t column) const;
  // All wanted columns of a row as numbers, in their order.
  Result<std::vector<double>> row(std::size_t row) const;
  // All of a column as numbers.
  Result<std::vector<double>> numbers(std::size_t column) const;

 private:
  std::string path_;
  std::vector<std::string> names_;
  std::size_t width_ = 1;
  std::vector<std::string> cells_;
  std::vector<std::string> where_;  // "file:line" of each row.
};

}  // namespace jevons
#endif  // JEVONS_VALIDATION_TABLE_H_
