// One load curve a pool.
#include "experiments/scenario_future.h"

#include <algorithm>
#include <vector>

namespace jevons {
namespace {

constexpr std::int64_t kMostSteps = 1 << 22;  // 32 MB a pool.

class LoadCurves final : public FutureView {
 public:
  LoadCurves(const Inputs& in, Duration step) : step_(step), load_(in.pools.size()) {
    for (const PoolSetup& pool : in.pools) {
      const PoolInstance& i = pool.instances.front();
      const double replicas = in.cluster.groups[i.group.index].gpus_per_node.value / i.gpus_per_replica.value;
      per_prompt_token_.push_back(1 / (i.plan.prefill_tokens_per_s * replicas * step.seconds()));
      per_output_token_.push_back(1 / (i.plan.decode_tokens_per_s * replicas * step.seconds()));
    }
  }

  // False once the trace is longer than the curves can be.
  bool add(PoolId pool, const Request& r) {
    const std::int64_t step = r.arrival.ns / step_.ns;
    if (step >= kMostSteps) return false;
    std::vector<double>& load = load_[pool.index];
    if (static_cast<std::int64_t>(load.size()) <= step) load.resize(static_cast<std::size_t>(step) + 1);
    load[static_cast<std::size_t>(step)] += static_cast<double>(r.prompt.value) * per_prompt_token_[pool.index] +
                                            static_cast<double>(r.output.value) * per_output_token_[pool.index];
    return true;
  }

  double peak_load(PoolId pool, Instant from, Instant to) const override {
    const std::vector<double>& load = load_[pool.index];
    const auto first = static_cast<std::size_t>(std::max<std::int64_t>(0, from.ns / step_.ns));
    const auto last = static_cast<std::size_t>(std::max<std::int64_t>(0, (to.ns - 1) / step_.ns));
    double peak = 0;
    for (std::size_t i = first; i <= last && i < load.size(); ++i) peak = std::max(peak, load[i]);
    return peak;
  }

 private:
  Duration step_;
  std::vector<std::vector<double>> load_;  // By pool, by step.
  std::vector<double> per_prompt_token_, per_output_token_;
};

}  // namespace

Result<std::unique_ptr<FutureView>> read_future(
    const Inputs& in, const std::function<Result<std::unique_ptr<RequestSource>>(int)>& open) {
  auto curves = std::make_unique<LoadCurves>(in, in.review_every);
  for (std::size_t i = 0; i < in.requests.size(); ++i) {
    auto source = open(static_cast<int>(i));
    if (!source) return source.error();
    Request r;
    for (Result<bool> more = (*source)->next(&r);; more = (*source)->next(&r)) {
      if (!more) return more.error();
      if (!*more || r.arrival >= in.horizon) break;
      if (!curves->add(in.requests[i].pool, r)) {
        return Error{"the oracle sees at most " + std::to_string(kMostSteps) + " review periods ahead", "review_every"};
      }
    }
  }
  return std::unique_ptr<FutureView>(std::move(curves));
}

}  // namespace jevons
