// Figures of something that only some runs have, beside those of every run, and their table.
#ifndef JEVONS_REPORT_SIDE_FIGURES_H_
#define JEVONS_REPORT_SIDE_FIGURES_H_

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/comparison.h"
#include "report/number_text.h"
#include "report/table.h"

namespace jevons {

struct SideFigure {
  std::string_view key, label, unit;  // Units: "GPU-h", "%", or what is counted.
  double (*value)(const RunResult&);
};

// Means over the seeds that ran, if `there` holds for any run; else empty.  Begins with an empty line.
inline std::string side_table(const Comparison& c, std::string_view title, std::span<const SideFigure> figures,
                              bool (*there)(const RunResult&), bool color) {
  if (std::none_of(c.cells.begin(), c.cells.end(), [&](const Cell& x) { return x.run && there(x.run->result); })) {
    return "";
  }
  std::vector<std::string> names;
  std::vector<TableRow> rows;
  for (const SideFigure& f : figures) rows.push_back({std::string(f.label), {}});
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    names.push_back(c.label(p));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      double sum = 0, runs = 0;
      for (std::size_t s = 0; s < c.seeds.size(); ++s) {
        const Cell& cell = c.cell(p, s);
        if (!cell.run) continue;
        sum += figures[i].value(cell.run->result);
        ++runs;
      }
      const bool counts = figures[i].unit != "GPU-h" && figures[i].unit != "%";
      rows[i].cells.push_back({runs == 0 ? "-" : counts ? whole_number(sum / runs) : three_digits(sum / runs), false});
    }
  }
  return "\n" + emphasize(std::string(title), color) + "\n" + render_table(names, rows, color);
}

}  // namespace jevons
#endif  // JEVONS_REPORT_SIDE_FIGURES_H_
