// Paired differences and their intervals, as a table.
#include "report/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "report/figures.h"
#include "report/number_text.h"
#include "report/table.h"

namespace jevons {
namespace {

// Differences are given in the unit the figures themselves are printed in, so that "+3.1 +-0.4" stays short.
struct Scale {
  double factor;
  std::string_view unit;
};
Scale scale_for(const Figure& f, double size) {
  switch (f.unit) {
    case Unit::kSeconds:
      if (size < 0.9995) return {1e3, ", ms"};
      if (size < 120) return {1, ", s"};
      if (size < 7200) return {1.0 / 60, ", min"};
      return {1.0 / 3600, ", h"};
    case Unit::kShare:
      return {100, ", points"};
    case Unit::kDollars:
      return {1, ", $"};
    default:
      return {1, ""};
  }
}

// "+12.3 ±1.1": as many decimals as give the half width two digits.
std::string difference_text(const Estimate& d, double factor) {
  const double mean = d.mean * factor;
  // Samples that are equal but for their last bit have no spread worth printing.
  const double spread = d.half_width > 1e-9 * std::fabs(d.mean) ? d.half_width * factor : 0;
  if (mean == 0 && spread == 0) return "same";
  const std::string_view sign = mean > 0 ? "+" : "";
  if (spread == 0) return fmt::format("{}{} ±0", sign, three_digits(mean));
  if (spread >= 100) return fmt::format("{}{} ±{}", sign, whole_number(mean), whole_number(spread));
  const int decimals = std::clamp(1 - static_cast<int>(std::floor(std::log10(spread))), 0, 6);
  return fmt::format("{}{:.{}f} ±{:.{}f}", sign, mean, decimals, spread, decimals);
}

std::vector<TableRow> difference_rows(const Comparison& c) {
  std::vector<TableRow> rows;
  for (const Figure& f : figures()) {
    if (!worth_showing(c, f)) continue;
    double size = 0;
    bool any = false;
    std::vector<std::optional<Estimate>> differences;
    for (std::size_t p = 1; p < c.policies.size(); ++p) {
      differences.push_back(paired_difference(c, p, 0, f));
      if (!differences.back()) continue;
      const Estimate& d = *differences.back();
      any = any || (d.has_interval() && (d.mean != 0 || d.half_width != 0));
      size = std::max(size, std::fabs(differences.back()->mean));
    }
    if (!any) continue;
    const Scale scale = scale_for(f, size);
    const bool has_unit = f.label.find(", ") != std::string_view::npos || f.label.starts_with("$");
    TableRow row{std::string(f.label) + (has_unit ? "" : std::string(scale.unit)), {}};
    for (const auto& d : differences) {
      if (!d || !d->has_interval()) {
        row.cells.push_back({"-", false});
        continue;
      }
      const std::string text = difference_text(*d, scale.factor);
      row.cells.push_back({d->differs_from_zero() || text == "same" ? text : "~" + text, false});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string difference_table(const Comparison& c, bool color) {
  if (c.seeds.size() < 2 || c.policies.size() < 2) return "";
  const std::vector<TableRow> rows = difference_rows(c);
  if (rows.empty()) return "";
  std::vector<std::string> others;
  for (std::size_t p = 1; p < c.policies.size(); ++p) others.push_back(c.label(p));
  return "\n" +
         wrap_text(fmt::format("Difference from {}, paired by seed, 95 % intervals (~: includes 0)", c.label(0))) +
         render_table(others, rows, color);
}

}  // namespace jevons
