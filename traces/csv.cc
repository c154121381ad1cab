// One pass over a line; only quoted fields with doubled quotes are copied.
#include "traces/csv.h"

#include <algorithm>

namespace jevons {

// `*pos` is behind the opening quote; leaves it at the comma or the end of the line.
bool CsvRow::take_quoted(std::string_view line, std::size_t* pos, std::string_view* text) {
  const std::size_t from = *pos, stored = unquoted_.size();
  bool doubled = false;
  for (std::size_t i = from;; ++i) {
    i = line.find('"', i);
    if (i == std::string_view::npos) return false;
    if (i + 1 < line.size() && line[i + 1] == '"') {
      if (!doubled) unquoted_.append(line.substr(from, i - from));
      doubled = true;
      ++i;
      const std::size_t next = std::min(line.find('"', i + 1), line.size());
      unquoted_.append(line.substr(i, next - i));
      continue;
    }
    *text = doubled ? std::string_view(unquoted_).substr(stored) : line.substr(from, i - from);
    *pos = i + 1;
    return *pos == line.size() || line[*pos] == ',';
  }
}

BadRow CsvRow::split(std::string_view line) {
  constexpr const char* kQuote = "a closed quote before the comma or the end of the line";
  unquoted_.clear();
  if (unquoted_.capacity() < line.size() && line.find('"') != std::string_view::npos) unquoted_.reserve(line.size());
  const std::size_t columns = slot_of_column_.size();
  std::size_t pos = 0;
  for (std::size_t c = 0;; ++c) {
    const std::size_t from = pos;
    std::string_view text;
    if (pos < line.size() && line[pos] == '"') {
      ++pos;
      if (!take_quoted(line, &pos, &text)) return {"quote malformed", kQuote, line.substr(from), from + 1};
    } else {
      while (pos < line.size() && line[pos] != ',') ++pos;
      text = line.substr(from, pos - from);
    }
    if (c >= columns) return {"too many columns", "as many columns as the header", line.substr(from), from + 1};
    if (const int slot = slot_of_column_[c]; slot >= 0)
      fields_[static_cast<std::size_t>(slot)] = {text, from + 1, true};
    if (pos == line.size()) {
      if (c + 1 < columns) return {"too few columns", "as many columns as the header", line, line.size() + 1};
      return {};
    }
    ++pos;
  }
}

std::vector<std::string> split_csv(std::string_view line) {
  std::vector<std::string> out;
  std::string field;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && (quoted || field.empty())) {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        field += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted) {
      out.push_back(std::move(field));
      field.clear();
    } else {
      field += c;
    }
  }
  out.push_back(std::move(field));
  return out;
}

bool csv_header_has(std::string_view header, std::initializer_list<std::string_view> names) {
  const std::vector<std::string> columns = split_csv(header);
  return std::all_of(names.begin(), names.end(), [&](std::string_view name) {
    return std::find(columns.begin(), columns.end(), name) != columns.end();
  });
}

Result<CsvRow> CsvRow::bind(std::string_view header, std::initializer_list<std::string_view> required,
                            std::initializer_list<std::string_view> optional) {
  const std::vector<std::string> columns = split_csv(header);
  CsvRow row;
  row.slot_of_column_.assign(columns.size(), -1);
  std::size_t slot = 0;
  const auto bind_one = [&](std::string_view name, bool needed) -> Status {
    int found = 0;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (columns[c] != name) continue;
      row.slot_of_column_[c] = static_cast<int>(slot);
      ++found;
    }
    ++slot;
    if (found > 1) return Error{"column '" + std::string(name) + "' is there twice", ""};
    if (needed && found == 0) {
      return Error{"column '" + std::string(name) + "' is missing (expected a header line with it, got '" +
                       std::string(header.substr(0, 100)) + "')",
                   ""};
    }
    return Ok{};
  };
  for (const std::string_view name : required) {
    if (Status s = bind_one(name, true); !s) return s.error();
  }
  for (const std::string_view name : optional) {
    if (Status s = bind_one(name, false); !s) return s.error();
  }
  row.fields_.resize(slot);
  return row;
}

}  // namespace jevons
