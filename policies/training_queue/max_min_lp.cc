// Shares of time by linear program: columns, rows, and water filling over them.
#include "policies/training_queue/max_min_lp.h"

#include <ClpSimplex.hpp>
#include <CoinBuild.hpp>
#include <algorithm>
#include <cstddef>

#include "base/check.h"

namespace jevons {
namespace {

constexpr double kPrice = 1e-9;  // Dual values below are rounding.
constexpr double kGive = 1e-9;   // By which a level already reached may be missed, relative.

// Columns: X[c][k] for every pair that is possible, then the level t.  Rows: one a class for its time, one a group,
// then one a class for its rate, rate - unit t >= 0, or rate >= unit x level once the class stands.  Units are scaled
// to at most 1, so that CLP's tolerance of 1e-7 is small beside rates.
class Program {
 public:
  Program(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups) : classes_(classes) {
    const int n = static_cast<int>(classes.size()), m = static_cast<int>(groups.size());
    rate_row_ = n + m;
    for (const LpClass& kind : classes) largest_unit_ = std::max(largest_unit_, kind.unit);
    model_.setLogLevel(0);
    model_.setPerturbation(100);  // Off.
    model_.resize(0, 0);
    CoinBuild rows;
    for (int r = 0; r < n + m + n; ++r) {
      const double most = r < n ? 1.0 : r < n + m ? groups[index(r - n)].gpus : COIN_DBL_MAX;
      rows.addRow(0, nullptr, nullptr, r < n + m ? -COIN_DBL_MAX : 0.0, most);
    }
    model_.addRows(rows);
    CoinBuild columns(1);
    column_.assign(classes.size(), std::vector<int>(groups.size(), -1));
    for (int c = 0; c < n; ++c) {
      const LpClass& kind = classes[index(c)];
      for (int k = 0; k < m; ++k) {
        const double speed = kind.speed[index(k)];
        if (speed <= 0 || kind.gpus > groups[index(k)].gpus) continue;
        const int where[] = {c, n + k, rate_row_ + c};
        const double what[] = {1.0, kind.jobs * kind.gpus, speed};
        column_[index(c)][index(k)] = level_;
        columns.addColumn(3, where, what, 0.0, 1.0, 0.0);
        ++level_;
      }
    }
    columns.addColumn(0, nullptr, nullptr, 0.0, 0.0, 0.0);
    model_.addColumns(columns);
    model_.setOptimizationDirection(-1);  // Largest.
  }

  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  bool can_run(std::size_t c) const {
    return std::any_of(column_[c].begin(), column_[c].end(), [](int at) { return at >= 0; });
  }
  void value_level(double coefficient) {
    model_.setObjectiveCoefficient(level_, coefficient);
    model_.setColumnUpper(level_, coefficient > 0 ? COIN_DBL_MAX : 0.0);
  }
  void value(std::size_t c, std::size_t k, double coefficient) {
    if (column_[c][k] >= 0) model_.setObjectiveCoefficient(column_[c][k], coefficient);
  }
  // The class takes part in the level, or no longer does and stands at `least`.
  void follow(std::size_t c) { model_.modifyCoefficient(rate_row(c), level_, -unit(c)); }
  void stand(std::size_t c, double least_rate) {
    model_.modifyCoefficient(rate_row(c), level_, 0.0);
    model_.setRowLower(rate_row(c), least_rate);
  }
  double unit(std::size_t c) const { return classes_[c].unit / largest_unit_; }
  bool solve() {
    model_.primal();
    return model_.isProvenOptimal();
  }
  double level() const { return model_.primalColumnSolution()[level_]; }
  double price(std::size_t c) const { return model_.dualRowSolution()[rate_row(c)]; }

  LpShares shares() const {
    LpShares x(column_.size());
    for (std::size_t c = 0; c < x.size(); ++c) {
      for (const int at : column_[c]) {
        x[c].push_back(at < 0 ? 0.0 : std::clamp(model_.primalColumnSolution()[at], 0.0, 1.0));
      }
    }
    return x;
  }

 private:
  int rate_row(std::size_t c) const { return rate_row_ + static_cast<int>(c); }
  const std::vector<LpClass>& classes_;
  double largest_unit_ = 0;
  int rate_row_ = 0, level_ = 0;
  std::vector<std::vector<int>> column_;
  ClpSimplex model_;
};

}  // namespace

LpShares max_min_shares(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups) {
  Program program(classes, groups);
  std::vector<std::size_t> rising;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (!program.can_run(c)) continue;
    program.follow(c);
    rising.push_back(c);
  }
  if (rising.empty()) return program.shares();
  program.value_level(1.0);
  LpShares best;
  for (int levels = 0; !rising.empty() && levels < kMostLevels; ++levels) {
    CHECK(program.solve());
    const double level = program.level();
    best = program.shares();
    const auto stands = [&](std::size_t c) { return std::abs(program.price(c)) > kPrice; };
    std::vector<std::size_t> standing;
    std::copy_if(rising.begin(), rising.end(), std::back_inserter(standing), stands);
    if (standing.empty()) break;  // Rounding: the sum below does the rest.
    std::erase_if(rising, stands);
    for (const std::size_t c : standing) program.stand(c, program.unit(c) * level * (1 - kGive));
  }
  if (rising.empty()) return best;
  const double reached = program.level();
  for (const std::size_t c : rising) program.stand(c, program.unit(c) * reached * (1 - kGive));
  program.value_level(0.0);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const LpClass& kind = classes[c];
    for (std::size_t k = 0; k < groups.size(); ++k) program.value(c, k, kind.jobs * kind.speed[k]);
  }
  return program.solve() ? program.shares() : best;
}

LpShares cheapest_shares(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups) {
  Program program(classes, groups);
  const bool free = std::any_of(groups.begin(), groups.end(), [](const LpGroup& g) { return g.usd_per_gpu_hour <= 0; });
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const LpClass& kind = classes[c];
    for (std::size_t k = 0; k < groups.size(); ++k) {
      program.value(c, k, kind.jobs * kind.gpus * kind.speed[k] / (free ? 1.0 : groups[k].usd_per_gpu_hour));
    }
    if (program.can_run(c)) program.stand(c, kind.at_least);
  }
  if (program.solve()) return program.shares();
  for (std::size_t c = 0; c < classes.size(); ++c) program.stand(c, 0.0);
  CHECK(program.solve());
  return program.shares();
}

}  // namespace jevons
