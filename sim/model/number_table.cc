// Reading CSV files of numbers.
#include "sim/model/number_table.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/text.h"

namespace jevons {
namespace {

constexpr std::size_t kMaxRows = 5'000'000;

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> cells;
  for (;;) {
    const std::size_t comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

Result<double> read_cell(std::string_view text, const NumberColumn& c) {
  const auto v = parse_double(text);
  if (v && *v >= c.low && *v <= c.high && (!c.whole || *v == std::floor(*v))) return *v;
  const std::string kind = c.whole ? "a whole number" : "a number";
  return Error{"expected " + c.name + " to be " + kind + " from " + text_of(c.low) + " to " + text_of(c.high) +
                   ", got '" + std::string(text.substr(0, 60)) + "'",
               ""};
}

// Position of every wanted column in the header.
Result<std::vector<std::size_t>> find_columns(std::string_view header, const std::vector<NumberColumn>& wanted,
                                              const LineReader& lines) {
  const auto names = split(header);
  std::vector<std::size_t> places;
  for (const NumberColumn& c : wanted) {
    const auto it = std::find(names.begin(), names.end(), c.name);
    if (it == names.end()) return Error{"the header has no column '" + c.name + "'", lines.where()};
    if (std::find(it + 1, names.end(), c.name) != names.end()) {
      return Error{"the header has two columns '" + c.name + "'", lines.where()};
    }
    places.push_back(static_cast<std::size_t>(it - names.begin()));
  }
  return places;
}

}  // namespace

Result<NumberTable> read_number_table(const std::string& path, const std::vector<NumberColumn>& columns) {
  auto file = FileReader::open(path);
  if (!file) return file.error();
  LineReader lines(std::move(*file));
  std::string_view line;
  auto more = lines.next(&line);
  if (!more) return more.error();
  const std::size_t width = split(line).size();
  const auto places = find_columns(line, columns, lines);
  if (!places) return places.error();

  NumberTable table;
  table.columns.resize(columns.size());
  for (;;) {
    more = lines.next(&line);
    if (!more) return more.error();
    if (!*more) break;
    if (line.empty()) continue;
    const auto cells = split(line);
    if (cells.size() != width) {
      return Error{"expected " + std::to_string(width) + " fields, got " + std::to_string(cells.size()), lines.where()};
    }
    if (table.rows() == kMaxRows) return Error{"more than " + std::to_string(kMaxRows) + " rows", lines.where()};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string_view cell = cells[(*places)[i]];
      auto v = read_cell(cell, columns[i]);
      if (!v) return Error{v.error().message, lines.where(static_cast<std::size_t>(cell.data() - line.data()) + 1)};
      table.columns[i].push_back(*v);
    }
  }
  if (table.rows() == 0) return Error{"no rows after the header", path};
  return table;
}

std::vector<double> axis_of(const std::vector<double>& column) {
  std::vector<double> axis = column;
  std::sort(axis.begin(), axis.end());
  axis.erase(std::unique(axis.begin(), axis.end()), axis.end());
  return axis;
}

Result<std::vector<double>> full_grid(const NumberTable& table, std::size_t axes,
                                      const std::vector<NumberColumn>& columns, const std::string& path) {
  std::vector<std::vector<double>> axis;
  std::size_t cells = 1;
  for (std::size_t a = 0; a < axes; ++a) {
    axis.push_back(axis_of(table.columns[a]));
    // More cells than rows cannot be full; stopping here also keeps the product small.
    if (cells > table.rows() / axis[a].size())
      cells = table.rows() + 1;
    else
      cells *= axis[a].size();
  }
  const auto text_of_row = [&](std::size_t row) {
    std::string text;
    for (std::size_t a = 0; a < axes; ++a) {
      text += (a == 0 ? "" : ", ") + columns[a].name + " " + text_of(table.columns[a][row]);
    }
    return text;
  };
  std::vector<double> grid(std::min(cells, table.rows()));
  std::vector<bool> given(grid.size(), false);
  for (std::size_t row = 0; row < table.rows() && cells <= table.rows(); ++row) {
    std::size_t at = 0;
    for (std::size_t a = 0; a < axes; ++a) {
      const auto it = std::lower_bound(axis[a].begin(), axis[a].end(), table.columns[a][row]);
      at = at * axis[a].size() + static_cast<std::size_t>(it - axis[a].begin());
    }
    if (given[at]) return Error{"the row of " + text_of_row(row) + " is given twice", path};
    given[at] = true;
    grid[at] = table.columns[axes][row];
  }
  if (cells != table.rows()) {
    return Error{"the grid is not full, expected one row for every combination of its axes' values", path};
  }
  return grid;
}

}  // namespace jevons
