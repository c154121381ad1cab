// The table of `jevons validate` for a terminal, as CSV and as JSON.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "validation/validate.h"
#include "validation/validation_cells.h"

namespace jevons {
namespace {

constexpr std::size_t kLabel = 36, kWidth = 80;

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string optional_cell(const std::optional<double>& v) { return v ? fmt::format("{:.6g}", *v) : ""; }

// `text` in lines of at most `width`, broken at blanks.
std::vector<std::string> wrap(const std::string& text, std::size_t width) {
  std::vector<std::string> lines{""};
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find(' ', at);
    if (end == std::string::npos) end = text.size();
    const std::string word = text.substr(at, end - at);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    at = end + 1;
  }
  return lines;
}

std::string row_text(const ValidationRow& row, bool details) {
  const ValidationCells cells = cells_of(row);
  const auto label = wrap(row.setup + ": " + cells.quantity, kLabel - 2);  // Continued lines are indented.
  std::string text;
  for (std::size_t i = 0; i + 1 < label.size(); ++i) text += label[i] + "\n";
  const std::string indent = label.size() > 1 ? "  " : "";
  text += fmt::format("{:<{}} {:>11} {:>11} {:>8} {:>5}{:>5}\n", indent + label.back(), kLabel, cells.published,
                      cells.simulated, cells.error, cells.allowed, cells.verdict);
  if (details && !row.note.empty()) {
    for (const std::string& line : wrap(row.note, kWidth - 4)) text += "    " + line + "\n";
  }
  return text;
}

}  // namespace

std::string validation_text(const ValidationRows& rows, bool details) {
  std::string text, section, source;
  for (const ValidationRow& row : rows) {
    if (row.section != section) {
      text += fmt::format("{}{}\n", text.empty() ? "" : "\n", row.section);
      section = row.section;
      source.clear();
      text += fmt::format("{:<{}} {:>11} {:>11} {:>8} {:>5}\n", "", kLabel, "published", "ours", "error", "allow");
    }
    if (row.source != source) {
      for (const std::string& line : wrap("-- " + row.source, kWidth)) text += line + "\n";
      source = row.source;
    }
    text += row_text(row, details);
  }
  const ValidationCounts c = count(rows);
  text += fmt::format("\n{} pass, {} MISS, {} seen by a fit, {} for information, {} without data\n", c.passed, c.failed,
                      c.fitted, c.information, c.no_data);
  return text;
}

std::string validation_csv(const ValidationRows& rows) {
  std::string text =
      "id,section,source,setup,quantity,unit,published,simulated,rows,error,p95,allowed,split,verdict,note\n";
  for (const ValidationRow& r : rows) {
    const ValidationCells cells = cells_of(r);
    text += fmt::format("{},{},{},{},{},{},{},{},{},{:.6g},{:.6g},{:.6g},{},{},{}\n", csv_cell(r.id),
                        csv_cell(r.section), csv_cell(r.source), csv_cell(r.setup), csv_cell(r.quantity), r.unit,
                        optional_cell(r.published), optional_cell(r.simulated), r.count, r.error, r.p95, r.allowed,
                        split_name(r.split), cells.verdict, csv_cell(r.note));
  }
  return text;
}

std::string validation_json(const ValidationRows& rows) {
  nlohmann::ordered_json out;
  out["rows"] = nlohmann::ordered_json::array();
  for (const ValidationRow& r : rows) {
    nlohmann::ordered_json row;
    row["id"] = r.id;
    row["section"] = r.section;
    row["source"] = r.source;
    row["setup"] = r.setup;
    row["quantity"] = r.quantity;
    if (!r.unit.empty()) row["unit"] = r.unit;
    if (r.published) row["published"] = *r.published;
    if (r.simulated) row["simulated"] = *r.simulated;
    row["rows"] = r.count;
    if (r.no_data.empty()) {
      row["error"] = r.error;
      if (r.p95 > 0) row["p95"] = r.p95;
    } else {
      row["no_data"] = r.no_data;
    }
    if (r.allowed > 0) row["allowed"] = r.allowed;
    row["split"] = split_name(r.split);
    row["verdict"] = cells_of(r).verdict;
    if (!r.note.empty()) row["note"] = r.note;
    out["rows"].push_back(std::move(row));
  }
  const ValidationCounts c = count(rows);
  out["passed"] = c.passed;
  out["failed"] = c.failed;
  out["fitted"] = c.fitted;
  out["information"] = c.information;
  out["no_data"] = c.no_data;
  return out.dump(2) + "\n";
}

}  // namespace jevons
