// Reading measured CSV files.
#include "validation/table.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "traces/csv.h"

namespace jevons {
namespace {

constexpr std::size_t kMaxRows = 1'000'000;

Result<std::vector<std::size_t>> find_columns(const std::vector<std::string>& header,
                                              const std::vector<std::string>& wanted, const std::string& where) {
  std::vector<std::size_t> places;
  for (const std::string& name : wanted) {
    const auto it = std::find(header.begin(), header.end(), name);
    if (it == header.end()) return Error{"the header has no column '" + name + "'", where};
    places.push_back(static_cast<std::size_t>(it - header.begin()));
  }
  return places;
}

}  // namespace

Result<Table> Table::read(const std::string& path, const std::vector<std::string>& wanted) {
  auto file = FileReader::open(path);
  if (!file) return file.error();
  LineReader lines(std::move(*file));
  Table table;
  table.path_ = path;
  table.names_ = wanted;
  table.width_ = wanted.size();
  std::vector<std::size_t> places;
  std::size_t fields = 0;
  for (std::string_view line;;) {
    auto more = lines.next(&line);
    if (!more) return more.error();
    if (!*more) break;
    if (line.empty() || line.front() == '#') continue;
    const std::vector<std::string> cells = split_csv(line);
    if (fields == 0) {
      auto found = find_columns(cells, wanted, lines.where());
      if (!found) return found.error();
      places = *std::move(found);
      fields = cells.size();
      continue;
    }
    if (cells.size() != fields) {
      return Error{"expected " + std::to_string(fields) + " fields, got " + std::to_string(cells.size()),
                   lines.where()};
    }
    if (table.where_.size() == kMaxRows) return Error{"more than a million rows", lines.where()};
    table.where_.push_back(lines.where());
    for (const std::size_t p : places) table.cells_.push_back(cells[p]);
  }
  if (table.where_.empty()) return Error{"no rows after the header", path};
  return table;
}

Result<double> Table::number(std::size_t row, std::size_t column) const {
  const auto v = parse_double(text(row, column));
  if (!v) {
    return Error{"expected " + names_[column] + " to be a number, got '" + text(row, column).substr(0, 60) + "'",
                 where_[row]};
  }
  return *v;
}

Result<std::vector<double>> Table::row(std::size_t row) const {
  std::vector<double> out;
  out.reserve(width_);
  for (std::size_t column = 0; column < width_; ++column) {
    auto v = number(row, column);
    if (!v) return v.error();
    out.push_back(*v);
  }
  return out;
}

Result<std::vector<double>> Table::numbers(std::size_t column) const {
  std::vector<double> out;
  out.reserve(rows());
  for (std::size_t row = 0; row < rows(); ++row) {
    auto v = number(row, column);
    if (!v) return v.error();
    out.push_back(*v);
  }
  return out;
}

}  // namespace jevons
