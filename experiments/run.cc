// One run of a scenario.
#include "experiments/run.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace jevons {
namespace {

// Passes a source through and remembers whether it failed: simulate() answers with one error, and only the source knows
// whether the trace was to blame.
class WatchedSource final : public RequestSource {
 public:
  WatchedSource(std::unique_ptr<RequestSource> source, bool* failed) : source_(std::move(source)), failed_(failed) {}
  Result<bool> next(Request* out) override {
    Result<bool> more = source_->next(out);
    if (!more) *failed_ = true;
    return more;
  }
  const ReadCounts& counts() const override { return source_->counts(); }

 private:
  std::unique_ptr<RequestSource> source_;
  bool* failed_;
};

std::vector<GroupPrice> prices_of(const Inputs& inputs) {
  std::vector<GroupPrice> prices;
  for (const NodeGroup& group : inputs.cluster.groups) {
    prices.push_back({Gpus{group.nodes.value * group.gpus_per_node.value}, group.price_usd_per_gpu_hour, group.power,
                      inputs.energy_usd_per_kwh * inputs.pue});
  }
  return prices;
}

std::unique_ptr<RequestsCsv> requests_writer(const Scenario& scenario, const RunSetup& setup, const Inputs& inputs) {
  if (!setup.requests) return nullptr;
  std::vector<std::string> pools, workloads;
  for (const PoolSetup& pool : inputs.pools) pools.push_back(pool.name);
  for (const RequestStreamSetup& stream : inputs.requests) workloads.push_back(stream.name);
  return std::make_unique<RequestsCsv>(scenario.policy_labels()[setup.policy], setup.seed, std::move(pools),
                                       std::move(workloads), setup.requests);
}

}  // namespace

RunOutcome run_scenario(const Scenario& scenario, const RunSetup& setup) {
  RunOutcome outcome;
  auto inputs = scenario.inputs(setup.policy, setup.seed, setup.engine);
  if (!inputs) {
    outcome.error = inputs.error();
    outcome.bad_input = true;
    return outcome;
  }
  bool source_failed = false;
  for (RequestStreamSetup& stream : inputs->requests) {
    stream.source = std::make_unique<WatchedSource>(std::move(stream.source), &source_failed);
  }
  RunReport report;
  report.prices = prices_of(*inputs);
  report.horizon = inputs->horizon;
  const auto requests = requests_writer(scenario, setup, *inputs);
  if (requests) inputs->observers.push_back(requests.get());
  inputs->stop = setup.stop;
  inputs->on_progress = setup.on_progress;
  auto result = simulate(*std::move(inputs));
  if (!result) {
    outcome.error = result.error();
    outcome.bad_input = source_failed;
    return outcome;
  }
  if (requests) {
    if (Status written = requests->finish(); !written) {
      outcome.error = written.error();
      outcome.bad_input = true;  // The user's disk: no other run would fare better.
      return outcome;
    }
  }
  report.result = *std::move(result);
  outcome.report = std::move(report);
  return outcome;
}

}  // namespace jevons
