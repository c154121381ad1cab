// The cells of a validation row as text, shared by all forms of the table.  Internal to validation.
#ifndef JEVONS_VALIDATION_VALIDATION_CELLS_H_
#define JEVONS_VALIDATION_VALIDATION_CELLS_H_

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "validation/row.h"

namespace jevons {

struct ValidationCells {
  std::string quantity, published, simulated, error, allowed, verdict;  // The quantity with its unit.
};

inline std::string_view split_name(Split split) {
  if (split == Split::kFitted) return "fitted";
  return split == Split::kHeldOut ? "held out" : "never fitted";
}

// 14,815; 15.6; 0.256.
inline std::string whole_text(double v) {
  std::string digits = fmt::format("{:.0f}", v);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (v < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}
inline std::string figure_text(double v) {
  const double size = std::fabs(v);
  if (size >= 1000) return whole_text(v);
  return size >= 100 ? fmt::format("{:.0f}", v) : size >= 10 ? fmt::format("{:.1f}", v) : fmt::format("{:.3g}", v);
}

// A row that sums up many shows how many, and its 95th percentile, in place of the two figures.
inline ValidationCells cells_of(const ValidationRow& r) {
  ValidationCells c;
  c.quantity = r.quantity + (r.unit.empty() ? "" : ", " + r.unit);
  if (r.published) {
    c.published = figure_text(*r.published);
  } else {
    c.published = fmt::format("{} row{}", whole_text(static_cast<double>(r.count)), r.count == 1 ? "" : "s");
  }
  if (r.simulated) {
    c.simulated = figure_text(*r.simulated);
  } else if (r.p95 > 0) {
    c.simulated = fmt::format("p95 {:.1f} %", 100 * r.p95);
  }
  if (r.allowed > 0) c.allowed = fmt::format("{:.0f} %", 100 * r.allowed);
  if (!r.no_data.empty()) {
    c.published = c.simulated = "";
    c.verdict = "none";
    c.error = "no data";
    return c;
  }
  c.error = r.published ? fmt::format("{:+.1f} %", 100 * r.error) : fmt::format("{:.1f} %", 100 * r.error);
  c.verdict = r.split == Split::kFitted ? "seen" : r.allowed == 0 ? "info" : r.passes() ? "pass" : "MISS";
  return c;
}

}  // namespace jevons
#endif  // JEVONS_VALIDATION_VALIDATION_CELLS_H_
