// Controller: nodes for the load to come when a role change begun now is over.
#ifndef JEVONS_POLICIES_LOAD_FORECAST_H_
#define JEVONS_POLICIES_LOAD_FORECAST_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/params.h"
#include "policies/holt_winters.h"
#include "policies/slo_feedback.h"

namespace jevons {

// The defaults are this project's, chosen on the synthetic days of tests/policies/autoscaler_day_test.cc.
struct ForecastParams : SloFeedbackParams {
  Duration period = 24_h;
  Duration bin = 5_min;
  double quantile = 0.95;
  double target = 0.7;
  double alpha = 0.1, beta = 0, gamma = 0.3;
  Duration keep = 15_min;
};

template <class Params>
void describe_forecast(ParamTable<Params>& t) {
  using P = ForecastParams;
  t.add("period", &P::period, 1_min, 672_h, "Season of the load: 24h, or 7d where weekends differ.");
  t.add("bin", &P::bin, 1_s, 24_h, "The load is averaged over this long; at least a review period.");
  t.add("quantile", &P::quantile, 0.0, 1.0,
        "Provision for the forecast plus this quantile of its errors at that horizon in the last season.");
  t.add("target", &P::target, 0.01, 100.0, "Share of a node's full throughput that the load may take.");
  t.add("alpha", &P::alpha, 0.0, 1.0, "Holt-Winters: weight of the newest value in the level.");
  t.add("beta", &P::beta, 0.0, 1.0, "Holt-Winters: weight of the newest step in the trend.");
  t.add("gamma", &P::gamma, 0.0, 1.0, "Holt-Winters: weight of the newest value in the season.");
  t.add("keep", &P::keep, Duration{0}, 168_h, "Shrink to the most nodes that were wanted in the last while of this.");
  describe_slo_feedback(t);  // Used until a season and its first errors are known.
}

// Holt-Winters on PoolView::load_nodes.  Wanted: the highest forecast from now to one role change (load time + review
// period) ahead, plus the quantile of the errors of the forecasts made that far ahead; and never less than the load of
// the last period.  Until one season was seen and a forecast can be compared: SloFeedback.
class LoadForecast {
 public:
  explicit LoadForecast(const ForecastParams& params) : params_(params), until_known_(params) {}

  // Called once a review.
  std::int64_t desired(const PoolView& pool, Instant now, Duration review_every) {
    note(now, std::min(pool.load_nodes, kMostLoad), review_every, pool.load_time);
    const std::int64_t meanwhile = until_known_.desired(pool, now);
    if (errors_.empty()) return meanwhile;
    double load = pool.load_nodes;
    for (std::size_t ahead = 1; ahead <= horizon_; ++ahead) load = std::max(load, model_->forecast(ahead) + margin_);
    const std::int64_t nodes = keep_.add(now, ceil_nodes(load / params_.target), params_.keep);
    return sleep_.apply(pool, now, params_.idle_after, nodes);
  }

 private:
  static constexpr double kMostLoad = 1e9;  // So that no sum overflows.
  struct Promise {
    std::int64_t bin;
    double load;
  };

  void note(Instant now, double load, Duration review_every, Duration load_time) {
    if (!model_) {
      const Duration bin = std::max({params_.bin, review_every, Duration{1}});
      const std::int64_t slots = std::max<std::int64_t>(1, params_.period.ns / bin.ns);
      bin_ = {std::max<std::int64_t>(1, params_.period.ns / slots)};
      model_.emplace(static_cast<std::size_t>(slots), HoltWinters::Rates{params_.alpha, params_.beta, params_.gamma});
      slots_ = slots;
      start_ = now;
    }
    const std::int64_t role_change = ((load_time + review_every).ns + bin_.ns - 1) / bin_.ns;  // Bins.
    horizon_ = static_cast<std::size_t>(std::min(slots_, role_change + 1));  // And the bin that has begun.
    const std::int64_t at = (now - start_).ns / bin_.ns;
    // Bins without a review are taken to have been like the last; more than a season of them teach no more.
    for (std::int64_t skipped = std::min(at - current_, slots_); skipped > 0; --skipped) close(at - skipped);
    current_ = at;
    sum_ += load;
    ++samples_;
  }

  void close(std::int64_t bin) {
    if (samples_ > 0) last_ = sum_ / samples_;
    sum_ = samples_ = 0;
    while (!promises_.empty() && promises_.front().bin <= bin) {
      if (promises_.front().bin == bin) learn(last_ - promises_.front().load);
      promises_.pop_front();
    }
    model_->add(last_);
    if (!model_->ready()) return;
    const std::int64_t promised = bin + static_cast<std::int64_t>(horizon_);
    if (promises_.empty() || promises_.back().bin < promised)
      promises_.push_back({promised, model_->forecast(horizon_)});
  }

  void learn(double error) {
    errors_.push_back(error);
    if (std::ssize(errors_) > slots_) errors_.pop_front();
    sorted_.assign(errors_.begin(), errors_.end());
    const double rank = std::ceil(params_.quantile * static_cast<double>(sorted_.size()));
    const auto nth = static_cast<std::ptrdiff_t>(std::max(1.0, rank)) - 1;
    std::nth_element(sorted_.begin(), sorted_.begin() + nth, sorted_.end());
    margin_ = sorted_[static_cast<std::size_t>(nth)];
  }

  ForecastParams params_;
  SloFeedback until_known_;
  Sleep sleep_;
  HighestOf keep_;
  std::optional<HoltWinters> model_;
  Duration bin_{};
  std::int64_t slots_ = 1;  // Bins a season.
  Instant start_{};
  std::size_t horizon_ = 1;   // Bins.
  std::int64_t current_ = 0;  // The bin being filled,
  double sum_ = 0, samples_ = 0, last_ = 0;
  std::deque<Promise> promises_;  // Forecasts not yet due, in order.
  std::deque<double> errors_;     // Of the last season: load - forecast made horizon_ ahead.
  std::vector<double> sorted_;    // Kept for its memory only.
  double margin_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_LOAD_FORECAST_H_
