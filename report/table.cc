// A table of rows by policies that never passes 80 columns.
#include "report/table.h"

#include <algorithm>

#include "base/check.h"
#include "report/number_text.h"

namespace jevons {
namespace {

constexpr std::string_view kBold = "\033[1m", kGreen = "\033[1;32m", kPlain = "\033[0m";
constexpr std::size_t kGap = 1;            // Between columns, beside the place of the '*'.
constexpr std::size_t kLongestLabel = 40;  // A row label beyond this is cut: it would leave no room for figures.

// The first `n` code points.
std::string_view head(std::string_view text, std::size_t n) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U && n-- == 0) break;
  }
  return text.substr(0, i);
}

// A name in pieces of at most `width` columns.
std::vector<std::string> wrap_name(std::string_view name, std::size_t width) {
  std::vector<std::string> lines;
  while (text_columns(name) > width) {
    std::string_view piece = head(name, width);
    const std::size_t joint = piece.find_last_of("_-./ ");
    if (joint != std::string_view::npos && joint > 0) piece = piece.substr(0, joint + 1);
    lines.emplace_back(piece);
    name.remove_prefix(piece.size());
  }
  lines.emplace_back(name);
  return lines;
}

std::string padded_left(std::string_view text, std::size_t width) {
  const std::size_t columns = text_columns(text);
  return std::string(columns < width ? width - columns : 0, ' ') + std::string(text);
}
std::string padded_right(std::string_view text, std::size_t width) {
  const std::size_t columns = text_columns(text);
  return std::string(text) + std::string(columns < width ? width - columns : 0, ' ');
}

void end_line(std::string* out) {
  while (!out->empty() && out->back() == ' ') out->pop_back();
  out->push_back('\n');
}

struct Layout {
  std::size_t label = 0;      // Columns of the row labels.
  std::size_t cell = 0;       // Columns of a figure, without gap and mark.
  std::size_t per_block = 1;  // Policies side by side.
  std::size_t pitch() const { return cell + kGap + 1; }
};

Layout lay_out(const std::vector<std::string>& columns, const std::vector<TableRow>& rows) {
  Layout l;
  for (const TableRow& row : rows) {
    if (row.cells.empty()) continue;
    l.label = std::max(l.label, text_columns(row.label));
    for (const TableCell& c : row.cells) l.cell = std::max(l.cell, text_columns(c.text));
  }
  l.label = std::min(l.label, kLongestLabel);
  // Names may wrap, but pieces below 8 columns are hard to read.
  std::size_t longest = 0;
  for (const std::string& name : columns) longest = std::max(longest, text_columns(name));
  l.cell =
      std::clamp(std::max(l.cell, std::min<std::size_t>(longest, 8)), std::size_t{1}, kReportColumns - l.label - 2);
  const std::size_t room = kReportColumns - l.label;
  l.per_block = std::max<std::size_t>(1, room / l.pitch());
  const std::size_t blocks = (columns.size() + l.per_block - 1) / l.per_block;
  l.per_block = (columns.size() + blocks - 1) / blocks;
  l.cell = std::clamp(longest, l.cell, std::max(l.cell, room / l.per_block - kGap - 1));
  return l;
}

void render_names(const std::vector<std::string>& columns, std::size_t first, std::size_t last, const Layout& l,
                  bool color, std::string* out) {
  std::vector<std::vector<std::string>> names;
  std::size_t height = 0;
  for (std::size_t i = first; i < last; ++i) {
    names.push_back(wrap_name(columns[i], l.cell));
    height = std::max(height, names.back().size());
  }
  for (std::size_t y = 0; y < height; ++y) {
    std::string line(l.label, ' ');
    for (const auto& pieces : names) {
      const std::size_t skipped = height - pieces.size();  // Short names sit on the figures.
      line += padded_left(y < skipped ? "" : pieces[y - skipped], l.cell + kGap) + " ";
    }
    end_line(&line);
    line.pop_back();
    *out += emphasize(line, color) + "\n";
  }
}

}  // namespace

std::string emphasize(std::string_view text, bool color) {
  if (!color) return std::string(text);
  return std::string(kBold) + std::string(text) + std::string(kPlain);
}

std::string render_table(const std::vector<std::string>& columns, const std::vector<TableRow>& rows, bool color) {
  CHECK(!columns.empty());
  const Layout l = lay_out(columns, rows);
  std::string out;
  for (std::size_t first = 0; first < columns.size(); first += l.per_block) {
    const std::size_t last = std::min(columns.size(), first + l.per_block);
    if (first > 0) out += "\n";
    render_names(columns, first, last, l, color, &out);
    for (const TableRow& row : rows) {
      if (row.cells.empty()) {
        out += emphasize(row.label, color) + "\n";
        continue;
      }
      CHECK(row.cells.size() == columns.size());
      std::string line = padded_right(head(row.label, kLongestLabel), l.label);
      for (std::size_t i = first; i < last; ++i) {
        const TableCell& c = row.cells[i];
        std::string text = padded_left(head(c.text, l.cell), l.cell + kGap) + (c.best ? "*" : " ");
        if (c.best && color) text = std::string(kGreen) + text + std::string(kPlain);
        line += text;
      }
      end_line(&line);
      out += line;
    }
  }
  return out;
}

std::string wrap_text(std::string_view text, std::string_view indent) {
  std::string out, line;
  const auto flush = [&] {
    end_line(&line);
    out += line;
    line = indent;
  };
  bool empty = true;
  while (!text.empty()) {
    const std::size_t blank = text.find(' ');
    std::string_view word = text.substr(0, blank);
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    while (!word.empty()) {
      const std::size_t used = text_columns(line) + (empty ? 0 : 1);
      if (used + text_columns(word) <= kReportColumns) {
        line += (empty ? "" : " ") + std::string(word);
        empty = false;
        break;
      }
      if (!empty) {
        flush();
        empty = true;
        continue;
      }
      const std::string_view piece = head(word, kReportColumns - text_columns(line));
      line += piece;
      word.remove_prefix(piece.size());
      flush();
    }
  }
  if (!empty) flush();
  return out;
}

}  // namespace jevons
