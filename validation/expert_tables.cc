// Tables of measured experts.
#include "validation/expert_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/model/kernels.h"
#include "validation/kernel_data.h"
#include "validation/table.h"

namespace jevons {
namespace {

constexpr double kLeastRise = 0.999;

std::string list_text(const std::vector<double>& values, double scale) {
  std::string text;
  for (const double v : values) text += fmt::format("{}{:.5g}", text.empty() ? "" : ", ", v * scale);
  return text;
}

}  // namespace

Result<std::map<ExpertShape, std::vector<CollectivePoint>>> read_expert_tables(const DataFolder& data) {
  const std::vector<std::string> columns{"hidden_size", "inter_size",  "topk",       "num_experts",
                                         "moe_tp_size", "moe_ep_size", "num_tokens", "ms"};
  auto table = Table::read(data.file(kExpertTableFile), columns);
  if (!table) return table.error();
  std::map<ExpertShape, std::vector<CollectivePoint>> shapes;
  std::set<double> sizes;
  for (std::size_t i = 0; i < table->rows(); ++i) {
    const auto row = table->row(i);
    if (!row) return row.error();
    const std::vector<double>& v = *row;
    shapes[{v[0], v[1], v[2], v[3], v[4], v[5]}].push_back({v[6], v[7] / 1e3, false});
    sizes.insert(v[6]);
  }
  std::erase_if(shapes, [&](const auto& entry) { return entry.second.size() != sizes.size(); });
  for (auto& [shape, points] : shapes) {
    std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
    for (std::size_t i = 2; i + 1 < points.size(); i += 3) points[i].held_out = true;
  }
  return shapes;
}

CollectiveCurve curve_through(const std::vector<CollectivePoint>& points) {
  CollectiveCurve curve;
  for (const CollectivePoint& p : points) {
    if (p.held_out) continue;
    curve.bytes.push_back(p.bytes);
    curve.seconds.push_back(p.seconds);
  }
  for (std::size_t i = curve.seconds.size() - 1; i-- > 0;) {
    curve.seconds[i] = std::min(curve.seconds[i], curve.seconds[i + 1] * kLeastRise);
  }
  return curve;
}

std::vector<double> held_out_errors(const CollectiveCurve& curve, const std::vector<CollectivePoint>& points) {
  std::vector<double> errors;
  for (const CollectivePoint& p : points) {
    if (p.held_out) errors.push_back(std::fabs(collective_s(curve, p.bytes) / p.seconds - 1));
  }
  return errors;
}

Status add_expert_tables(const DataFolder& data, std::string_view date,
                         std::map<std::string, std::map<std::string, std::string>>* text) {
  const auto shapes = read_expert_tables(data);
  if (!shapes) return shapes.error();
  std::string rows, tokens;
  std::vector<double> errors;
  for (const auto& [s, points] : *shapes) {
    const CollectiveCurve curve = curve_through(points);
    tokens = list_text(curve.bytes, 1);
    rows += fmt::format("        \"{:.0f}/{:.0f}/{:.0f}/{:.0f}/{:.0f}/{:.0f}\": [{}]\n", s.hidden, s.width, s.chosen,
                        s.experts, s.tensor, s.expert, list_text(curve.seconds, 1e6));
    const auto e = held_out_errors(curve, points);
    errors.insert(errors.end(), e.begin(), e.end());
  }
  const ErrorSummary held = summarise(std::move(errors));
  (*text)[std::string(kExpertTableSilicon)][std::string(kExpertTableLibrary)] += fmt::format(
      "      expert_tables:\n        source: \"{} (vLLM 0.14), two sizes in three are knots, {} held out: {:.1f} % "
      "mean, "
      "{:.1f} % p95; tokens by a power law; {}\"\n        tokens: [{}]\n{}",
      kExpertTableFile.substr(5), held.rows, 100 * held.mean, 100 * held.p95, date, tokens, rows);
  return Ok{};
}

}  // namespace jevons
