// Checks rollouts and joins them to their jobs.
#include "experiments/scenario_rollouts.h"

#include <cmath>

#include "base/text.h"
#include "experiments/scenario_generators.h"
#include "experiments/scenario_resolve.h"
#include "experiments/scenario_rules.h"
#include "traces/generate/on_demand.h"

namespace jevons {
namespace {

constexpr std::int64_t kMostRequests = 1'000'000;  // Of a cycle: they are all in memory at once.

const proto::Pool& pool_of(const ScenarioFile& file, const proto::RlCycles& rl) {
  return file.message.serving().pools(pool_index(file.message, rl.rollout().pool()));
}

std::int64_t requests_of(const ScenarioFile& file, const proto::RlCycles& rl) {
  const std::int64_t bundle = bundle_of(pool_of(file, rl));
  return (rl.samples() + bundle - 1) / bundle;
}

Result<std::unique_ptr<OnDemandRequests>> source_of(const ScenarioFile& file, const std::string& at,
                                                    const proto::Rollout& rollout, std::uint64_t seed,
                                                    const std::string& stream) {
  const auto prompt = length_options(file, at + ".prompt", rollout.prompt());
  if (!prompt) return prompt.error();
  const auto output = length_options(file, at + ".output", rollout.output());
  if (!output) return output.error();
  auto source = OnDemandRequests::create(*prompt, *output, seed, stream);
  if (!source) return file.places.error(at + "." + source.error().where, source.error().message);
  return source;
}

// The one job of that name; jobs.size() if a transform has dropped it.
Result<std::size_t> job_called(const std::string& name, const std::vector<TrainingJob>& jobs) {
  std::size_t found = jobs.size();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].name != name) continue;
    if (found < jobs.size())
      return Error{"two jobs are called '" + shortened(name) + "' (expected a name of its own)", ""};
    found = i;
  }
  return found;
}

Status add_rollout(const ScenarioFile& file, const std::string& path, const proto::Job& job, std::uint64_t seed,
                   Inputs* in) {
  const auto index = job_called(job.name(), in->training.jobs);
  if (!index) return file.places.error(path + ".name", index.error().message);
  if (*index == in->training.jobs.size()) return Ok{};
  if (in->training.jobs[*index].run_time.ns < job.rl().cycles()) {
    return file.places.error(path + ".rl.cycles", "expected cycles of 1 ns or more, after all transforms");
  }
  const proto::Rollout& r = job.rl().rollout();
  auto source = source_of(file, path + ".rl.rollout", r, seed, "rollouts/" + job.name());
  if (!source) return source.error();
  RolloutSetup setup;
  setup.job = static_cast<std::uint32_t>(*index);
  setup.stream = static_cast<std::uint32_t>(in->requests.size());
  setup.source = source->get();
  setup.cycles = job.rl().cycles();
  setup.samples = requests_of(file, job.rl());
  setup.ahead = job.rl().mode() == "one_step_off" ? 1 : 0;
  if (job.rl().mode() == "partial_rollout") {
    setup.carried = static_cast<std::int64_t>(std::floor(r.carried_share() * static_cast<double>(setup.samples)));
  }
  in->training.rollouts.push_back(setup);
  const PoolId pool{static_cast<std::uint32_t>(pool_index(file.message, r.pool()))};
  in->requests.push_back({job.name() + " rollouts", pool, *std::move(source), job.tenant(), r.priority(), false});
  return Ok{};
}

}  // namespace

Status check_rollout(const ScenarioFile& file, const std::string& at, const proto::RlCycles& rl) {
  if (pool_index(file.message, rl.rollout().pool()) < 0) {
    std::vector<std::string> known;
    for (const proto::Pool& p : file.message.serving().pools()) known.push_back(p.name());
    return file.places.error(at + ".rollout.pool", "unknown pool '" + shortened(rl.rollout().pool()) + "'" +
                                                       nearest_hint(rl.rollout().pool(), known));
  }
  if (requests_of(file, rl) > kMostRequests) {
    return file.places.error(at + ".samples", "expected at most 1000000 requests (or bundles of the pool) in a cycle");
  }
  const auto source = source_of(file, at + ".rollout", rl.rollout(), 0, "check");
  return source ? Status(Ok{}) : Status(source.error());
}

Status add_rollouts(const ScenarioFile& file, std::uint64_t seed, Inputs* in) {
  const proto::Training& training = file.message.training();
  for (int i = 0; i < training.jobs_size(); ++i) {
    for (int k = 0; k < training.jobs(i).list_size(); ++k) {
      const proto::Job& job = training.jobs(i).list(k);
      if (!job.rl().has_rollout()) continue;
      const std::string path = index_path(index_path("training.jobs", i) + ".list", k);
      if (Status s = add_rollout(file, path, job, seed, in); !s) return s;
    }
  }
  return Ok{};
}

}  // namespace jevons
