// Transforms that give jobs what their trace does not say: wrong estimates, a range of GPUs, deadlines, priorities.
#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "traces/generate/lengths.h"
#include "traces/transform.h"
#include "traces/transform_math.h"

namespace jevons {
namespace {

Gpus times(Gpus gpus, double factor) {
  const double product = std::floor(static_cast<double>(gpus.value) * factor);
  return Gpus{static_cast<std::int32_t>(std::clamp(product, 1.0, static_cast<double>(kMaxGpus)))};
}

}  // namespace

Status estimate_error(JobTrace* trace, double factor, EstimateLaw law, const RandomName& random) {
  if (!(factor >= 1 && factor <= 1000)) return Error{"estimate factor is out of range (expected 1 to 1000)", ""};
  RandomStream draws(random.seed, random.stream);
  const double most = std::log(factor);
  for (TrainingJob& j : trace->jobs) {
    const double log = law == EstimateLaw::kLogUniform
                           ? most * (2 * draws.uniform() - 1)
                           : std::clamp(std::log(draws.lognormal(0, most / 2)), -most, most);
    const double ns = std::floor(static_cast<double>(j.run_time.ns) * std::exp(log) + 0.5);
    j.estimate = Duration{
        ns >= static_cast<double>(kMaxTimeNs) ? kMaxTimeNs : std::max<std::int64_t>(1, static_cast<std::int64_t>(ns))};
  }
  return Ok{};
}

Status make_flexible(JobTrace* trace, const FlexibilityOptions& o, const RandomName& random) {
  if (Status s = check_share(o.share); !s) return s;
  if (!(o.min_factor > 0 && o.min_factor <= 1))
    return Error{"min_factor is out of range (expected above 0, up to 1)", ""};
  if (!(o.max_factor >= 1 && o.max_factor <= 1e4)) return Error{"max_factor is out of range (expected 1 to 1e4)", ""};
  RandomStream draws(random.seed, random.stream);
  for (TrainingJob& j : trace->jobs) {
    if (draws.uniform() >= o.share || j.share > MilliGpus{0}) continue;  // A share of a GPU stays what it is.
    j.flexibility = o.flexibility;
    j.min_gpus = times(j.gpus, o.min_factor);
    j.max_gpus = times(j.gpus, o.max_factor);
  }
  return Ok{};
}

Status set_deadlines(JobTrace* trace, const DeadlineOptions& o, const RandomName& random) {
  if (Status s = check_share(o.share); !s) return s;
  if (!(o.min_slack > 0 && o.min_slack <= o.max_slack && o.max_slack <= 1e6)) {
    return Error{"slack is out of range (expected 0 < min_slack <= max_slack, up to 1e6)", ""};
  }
  RandomStream chosen(random.seed, random.stream), slack(random.seed, random.stream + ".slack");
  for (TrainingJob& j : trace->jobs) {
    const double factor = o.min_slack + (o.max_slack - o.min_slack) * slack.uniform();
    if (chosen.uniform() >= o.share) continue;
    const double ns = std::max(1.0, std::floor(static_cast<double>(j.run_time.ns) * factor + 0.5));
    if (ns >= static_cast<double>(kMaxTimeNs - j.submit.ns)) return beyond_clock("a deadline");
    j.deadline = j.submit + Duration{static_cast<std::int64_t>(ns)};
  }
  return Ok{};
}

Status set_priorities(JobTrace* trace, const std::vector<PriorityShare>& shares, const RandomName& random) {
  std::vector<double> weights;
  for (const PriorityShare& s : shares) weights.push_back(s.weight);
  const auto table = AliasTable::create(weights);
  if (!table) return Error{"priorities: " + table.error().message, ""};
  RandomStream draws(random.seed, random.stream);
  for (TrainingJob& j : trace->jobs) j.priority = shares[table->draw(&draws)].priority;
  return Ok{};
}

}  // namespace jevons
