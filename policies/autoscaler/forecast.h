// Autoscaler: nodes for the load to come.
#ifndef JEVONS_POLICIES_AUTOSCALER_FORECAST_H_
#define JEVONS_POLICIES_AUTOSCALER_FORECAST_H_

#include <string_view>

#include "policies/api/autoscaler.h"
#include "policies/load_forecast.h"

namespace jevons {

class ForecastAutoscaler final : public Autoscaler {
 public:
  static constexpr std::string_view kName = "forecast";
  static constexpr std::string_view kSummary =
      "Forecast the load by its season (Holt-Winters) and want the nodes for an upper quantile of it one role change "
      "ahead; slo_feedback until one season is seen.";
  using Params = ForecastParams;
  static void describe(ParamTable<Params>& t) { describe_forecast(t); }
  explicit ForecastAutoscaler(const Params& params) : controller_(params) {}

  std::int64_t desired(const AutoscalerView& view) override {
    return controller_.desired(*view.pool, view.now, view.review_every);
  }

 private:
  LoadForecast controller_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_AUTOSCALER_FORECAST_H_
