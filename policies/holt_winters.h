// Seasonal exponential smoothing: Holt-Winters, additive.
#ifndef JEVONS_POLICIES_HOLT_WINTERS_H_
#define JEVONS_POLICIES_HOLT_WINTERS_H_

#include <cstddef>
#include <vector>

#include "base/check.h"

namespace jevons {

// The component form of Hyndman and Athanasopoulos, Forecasting: Principles and Practice, section "Holt-Winters'
// seasonal method", with m values a season:
//   level_t  = alpha (y_t - season_{t-m}) + (1 - alpha) (level_{t-1} + trend_{t-1})
//   trend_t  = beta (level_t - level_{t-1}) + (1 - beta) trend_{t-1}
//   season_t = gamma (y_t - level_{t-1} - trend_{t-1}) + (1 - gamma) season_{t-m}
//   forecast of y_{t+h}: level_t + h trend_t + the latest season of that phase
// It starts from the first season: level = its mean, trend = 0, season = its distance from the mean.  A series that
// repeats exactly is therefore forecast exactly.
class HoltWinters {
 public:
  struct Rates {
    double alpha = 0, beta = 0, gamma = 0;  // Each from 0 to 1.
  };
  HoltWinters(std::size_t period, Rates rates) : period_(period), rates_(rates) { CHECK(period >= 1); }

  void add(double y) {
    if (season_.size() < period_) {
      season_.push_back(y);
      if (season_.size() == period_) start();
      return;
    }
    double& season = season_[phase_];
    const double before = level_ + trend_, last = level_;
    level_ = rates_.alpha * (y - season) + (1 - rates_.alpha) * before;
    trend_ = rates_.beta * (level_ - last) + (1 - rates_.beta) * trend_;
    season = rates_.gamma * (y - before) + (1 - rates_.gamma) * season;
    phase_ = (phase_ + 1) % period_;
  }

  bool ready() const { return season_.size() == period_; }  // One season was seen.
  // The value `ahead` >= 1 after the last one.  Only when ready.
  double forecast(std::size_t ahead) const {
    CHECK(ready() && ahead >= 1);
    return level_ + static_cast<double>(ahead) * trend_ + season_[(phase_ + ahead - 1) % period_];
  }

 private:
  void start() {
    for (const double y : season_) level_ += y / static_cast<double>(period_);
    for (double& s : season_) s -= level_;
  }
  std::size_t period_;
  Rates rates_;
  std::vector<double> season_;  // By phase; while the first season lasts, the values themselves.
  std::size_t phase_ = 0;       // Of the next value.
  double level_ = 0, trend_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_HOLT_WINTERS_H_
