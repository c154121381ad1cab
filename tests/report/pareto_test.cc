// The policies no other beats on both SLO attainment and training, and their plot.
#include "report/pareto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/report/builders.h"

namespace jevons {
namespace {

// SLO met of 1,000 requests and useful GPU-hours, a policy each.
Comparison with(const std::vector<std::pair<std::uint64_t, std::int32_t>>& points) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < points.size(); ++i) names.push_back("p" + std::to_string(i));
  Comparison c = report_test::comparison_of(names);
  for (std::size_t i = 0; i < points.size(); ++i) {
    RunResult& r = c.cells[i].run->result;
    r.serving.arrived = 1000;
    r.serving.met_slo = points[i].first;
    r.training.useful = Gpus{points[i].second} * 1_h;
  }
  return c;
}

std::vector<bool> dominated(const Comparison& c) {
  std::vector<bool> out;
  for (const ParetoPoint& p : pareto(c)) out.push_back(p.dominated);
  return out;
}

TEST(Pareto, AFrontIsWhatNobodyBeatsOnBoth) {
  // p2 is beaten by p1 (same SLO, more hours); p3 by p0 and p1; equal points beat nobody.
  const Comparison c = with({{990, 10}, {950, 50}, {950, 40}, {900, 10}, {990, 10}});
  EXPECT_EQ(dominated(c), (std::vector<bool>{false, false, true, true, false}));
}

TEST(Pareto, ABoundNeitherBeatsNorIsBeaten) {
  Comparison c = with({{990, 10}, {999, 60}, {900, 5}});
  c.bounds = {false, true, true};
  EXPECT_EQ(dominated(c), (std::vector<bool>{false, false, false}));
  EXPECT_NE(pareto_plot(c, false).find("b p1 (bound): 99.9 %, 60.0 GPU-h\n"), std::string::npos)
      << pareto_plot(c, false);
}

TEST(Pareto, PointsLieWhereTheirValuesAre) {
  const std::string plot = pareto_plot(with({{1000, 0}, {900, 100}, {950, 50}}), false);
  std::vector<std::string> lines;
  std::istringstream in(plot);
  for (std::string line; std::getline(in, line);) {
    EXPECT_LE(line.size(), 80U) << line;
    lines.push_back(line);
  }
  ASSERT_GE(lines.size(), 13U);
  EXPECT_EQ(lines[2], "  100.0 % |a");                               // Top left.
  EXPECT_EQ(lines[7], "          |" + std::string(32, ' ') + "c");   // 5 of 10 down, round(31.5) to the right.
  EXPECT_EQ(lines[12], "   90.0 % |" + std::string(63, ' ') + "b");  // Bottom right.
}

TEST(Pareto, NothingTrainedIsNoPlot) {
  EXPECT_EQ(pareto_plot(with({{1000, 0}, {900, 0}}), false), "");
  Comparison cut = with({{1000, 0}, {900, 1}});
  cut.complete = false;
  EXPECT_EQ(pareto_plot(cut, false), "");
}

}  // namespace
}  // namespace jevons
