// The Pareto front and its plot.
#include "report/pareto.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/figures.h"
#include "report/table.h"

namespace jevons {
namespace {

constexpr int kWidth = 64, kHeight = 11;  // Of the plot, in characters; with the axis below 80 columns.

bool beats(const ParetoPoint& a, const ParetoPoint& b) {
  return a.slo_attainment >= b.slo_attainment && a.useful_gpu_hours >= b.useful_gpu_hours &&
         (a.slo_attainment > b.slo_attainment || a.useful_gpu_hours > b.useful_gpu_hours);
}

struct Range {
  double low, high;
  // Where a value lies on `cells` cells; in the middle when all are equal.
  int cell(double v, int cells) const {
    if (high <= low) return (cells - 1) / 2;
    return static_cast<int>(std::lround((v - low) / (high - low) * (cells - 1)));
  }
};

Range range_of(const std::vector<ParetoPoint>& points, double ParetoPoint::*value) {
  Range r{points[0].*value, points[0].*value};
  for (const ParetoPoint& p : points) {
    r.low = std::min(r.low, p.*value);
    r.high = std::max(r.high, p.*value);
  }
  return r;
}

// a to z, then A to Z; further policies share a '#'.
char letter(std::size_t i) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return i < kLetters.size() ? kLetters[i] : '#';
}

// Who shares a cell with an earlier one shows as '&'; the legend has the values.
std::vector<std::string> grid_of(const std::vector<ParetoPoint>& points, const Range& slo, const Range& hours) {
  std::vector<std::string> grid(kHeight, std::string(kWidth, ' '));
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto row = static_cast<std::size_t>(kHeight - 1 - slo.cell(points[i].slo_attainment, kHeight));
    const auto column = static_cast<std::size_t>(hours.cell(points[i].useful_gpu_hours, kWidth));
    char& place = grid[row][column];
    place = place == ' ' ? letter(i) : '&';
  }
  return grid;
}

}  // namespace

std::vector<ParetoPoint> pareto(const Comparison& c) {
  std::vector<ParetoPoint> points;
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    const auto slo = policy_estimate(c, p, figure("slo_attainment"));
    const auto hours = policy_estimate(c, p, figure("useful_gpu_hours"));
    if (slo && hours) points.push_back({p, slo->mean, hours->mean, c.is_bound(p), false});
  }
  for (ParetoPoint& a : points) {
    a.dominated = !a.bound && std::any_of(points.begin(), points.end(),
                                          [&](const ParetoPoint& b) { return !b.bound && beats(b, a); });
  }
  return points;
}

std::string pareto_plot(const Comparison& c, bool color) {
  const std::vector<ParetoPoint> points = pareto(c);
  const bool trains =
      std::any_of(points.begin(), points.end(), [](const ParetoPoint& p) { return p.useful_gpu_hours > 0; });
  if (points.size() < 2 || !c.complete || !trains) return "";
  const Range slo = range_of(points, &ParetoPoint::slo_attainment);
  const Range hours = range_of(points, &ParetoPoint::useful_gpu_hours);
  std::string out = "\n" + emphasize("SLO met against useful GPU-hours of training", color) + "\n";
  const std::vector<std::string> grid = grid_of(points, slo, hours);
  for (int row = 0; row < kHeight; ++row) {
    std::string axis;
    if (row == 0) axis = figure_text(figure("slo_attainment"), slo.high);
    if (row == kHeight - 1) axis = figure_text(figure("slo_attainment"), slo.low);
    std::string line = fmt::format("{:>9} |{}", axis, grid[static_cast<std::size_t>(row)]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  const std::string low = figure_text(figure("useful_gpu_hours"), hours.low);
  const std::string high = figure_text(figure("useful_gpu_hours"), hours.high);
  out += fmt::format("{:>9} +{}\n", "", std::string(kWidth, '-'));
  out += fmt::format("{:>9}  {}{:>{}}\n", "", low, high, kWidth - static_cast<int>(low.size()));
  for (std::size_t i = 0; i < points.size(); ++i) {
    const ParetoPoint& p = points[i];
    out += wrap_text(fmt::format("{} {}: {}, {} GPU-h{}", letter(i), c.label(p.policy),
                                 figure_text(figure("slo_attainment"), p.slo_attainment),
                                 figure_text(figure("useful_gpu_hours"), p.useful_gpu_hours),
                                 p.bound       ? ""
                                 : p.dominated ? ", dominated"
                                               : ""),
                     "  ");
  }
  return out;
}

}  // namespace jevons
