// A table of rows by policies that never passes 80 columns: as many policies side by side as fit, the rest in further
// blocks.
#ifndef JEVONS_REPORT_TABLE_H_
#define JEVONS_REPORT_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

namespace jevons {

inline constexpr std::size_t kReportColumns = 80;

struct TableCell {
  std::string text;
  bool best = false;  // Marked with '*', and in colour where there is colour.
};

struct TableRow {
  std::string label;
  std::vector<TableCell> cells;  // One per column, or none: a heading.
};

// Every line ends in '\n'.  Column names too long for their column are wrapped, at '_', '-', '.', '/' or ' ' if they
// have one.
std::string render_table(const std::vector<std::string>& columns, const std::vector<TableRow>& rows, bool color);

// Breaks at blanks so that no line passes 80 columns (a single longer word is broken); `indent` opens every line but
// the first.  Every line ends in '\n'.
std::string wrap_text(std::string_view text, std::string_view indent = "");

// Wraps names in SGR codes where there is colour.
std::string emphasize(std::string_view text, bool color);  // Bold.

}  // namespace jevons
#endif  // JEVONS_REPORT_TABLE_H_
