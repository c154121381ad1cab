// Shares of time by linear program: columns, rows, and water filling over them.
#include "policies/training_queue/max_min_lp.h"

#include <ClpSimplex.hpp>
#include <CoinPackedMatrix.hpp>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "policies/training_queue/max_min_fill.h"

namespace jevons {
namespace {

constexpr double kPrice = 1e-9;         // Dual values below are rounding.
constexpr double kSmallestUnit = 1e-5;  // Of the largest.
constexpr int kKeepWorkAreas = 1;       // Of one solution for the next: ClpSimplex::primal, startFinishOptions.
constexpr double kGive = 1e-9;          // By which a level already reached may be missed, relative.

// Columns: X[c][k] for every pair that is possible, then the level t.  Rows: one a class for its time, one a group,
// then one a class for its rate, rate - unit t >= 0, or rate >= unit x level once the class stands.  Units are scaled
// to at most 1, so that CLP's tolerance of 1e-7 is small beside rates.
class Program {
 public:
  // All classes take part in the level, which is worth nothing yet.
  Program(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups)
      : classes_(classes), rate_row_(static_cast<int>(classes.size() + groups.size())) {
    for (const LpClass& kind : classes) largest_unit_ = std::max(largest_unit_, kind.unit);
    std::vector<double> least, most;  // Of the rows.
    for (std::size_t c = 0; c < classes.size(); ++c) most.push_back(1.0);
    for (const LpGroup& g : groups) most.push_back(g.gpus);
    least.assign(most.size(), -COIN_DBL_MAX);
    least.resize(most.size() + classes.size(), 0.0);
    most.resize(least.size(), COIN_DBL_MAX);
    std::vector<int> row, column;
    std::vector<double> value;
    const auto set = [&](std::size_t r, int col, double v) {
      row.push_back(static_cast<int>(r));
      column.push_back(col);
      value.push_back(v);
    };
    column_.assign(classes.size(), std::vector<int>(groups.size(), -1));
    for (std::size_t c = 0; c < classes.size(); ++c) {
      for (std::size_t k = 0; k < groups.size(); ++k) {
        const LpClass& kind = classes[c];
        if (kind.speed[k] <= 0 || kind.gpus > groups[k].gpus) continue;
        set(c, level_, 1.0);
        set(classes.size() + k, level_, kind.jobs * kind.gpus);
        set(classes.size() + groups.size() + c, level_, kind.speed[k]);
        column_[c][k] = level_++;
      }
    }
    for (std::size_t c = 0; c < classes.size(); ++c) set(classes.size() + groups.size() + c, level_, -unit(c));
    CoinPackedMatrix matrix(true, row.data(), column.data(), value.data(), static_cast<CoinBigIndex>(row.size()));
    const std::vector<double> zeros(static_cast<std::size_t>(level_) + 1, 0.0);
    std::vector<double> upper(zeros.size(), 1.0);
    upper.back() = 0.0;
    model_.setLogLevel(0);
    model_.setPerturbation(100);  // Off.
    model_.loadProblem(matrix, zeros.data(), upper.data(), zeros.data(), least.data(), most.data());
    model_.setOptimizationDirection(-1);  // Largest.
  }

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
  // The class takes part in the level no more and has a rate of its own.
  void stand(std::size_t c, double least_rate) {
    model_.modifyCoefficient(rate_row(c), level_, 0.0, true);
    model_.setRowLower(rate_row(c), least_rate);
  }
  double unit(std::size_t c) const { return std::max(kSmallestUnit, classes_[c].unit / largest_unit_); }
  bool solve() {
    model_.primal(0, kKeepWorkAreas);
    if (!model_.isProvenOptimal() && !model_.isProvenPrimalInfeasible()) {  // Numerical trouble: the other way round.
      model_.allSlackBasis(true);
      model_.dual();
    }
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
  int rate_row_, level_ = 0;
  std::vector<std::vector<int>> column_;
  ClpSimplex model_;
};

}  // namespace

LpShares max_min_shares(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups, int levels) {
  return one_kind(classes, groups) ? filled_shares(classes, groups, levels)
                                   : max_min_shares_by_clp(classes, groups, levels);
}

LpShares max_min_shares_by_clp(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups, int levels) {
  Program program(classes, groups);
  std::vector<std::size_t> rising;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (program.can_run(c)) {
      rising.push_back(c);
    } else {
      program.stand(c, 0.0);
    }
  }
  if (rising.empty()) return program.shares();
  program.value_level(1.0);
  LpShares best = program.shares();  // Zeros.
  for (int n = 0; !rising.empty() && n < std::min(levels, kMostPrograms); ++n) {
    if (!program.solve()) return best;
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
    program.stand(c, program.can_run(c) ? kind.at_least : 0.0);
  }
  const LpShares nothing = program.shares();
  if (program.solve()) return program.shares();
  for (std::size_t c = 0; c < classes.size(); ++c) program.stand(c, 0.0);
  return program.solve() ? program.shares() : nothing;
}

}  // namespace jevons
