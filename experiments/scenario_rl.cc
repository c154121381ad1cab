// Run time and scaling of a job of reinforcement learning.
#include <algorithm>

#include "experiments/scenario_rollouts.h"
#include "experiments/scenario_rules.h"
#include "experiments/scenario_training.h"
#include "sim/model/rl_loop.h"

namespace jevons {
namespace {

RlLoop loop_of(const proto::RlCycles& r) {
  RlLoop l;
  if (r.mode() == "one_step_off") l.mode = RlMode::kOneStepOff;
  if (r.mode() == "partial_rollout") l.mode = RlMode::kPartialRollout;
  l.samples = static_cast<double>(r.samples());
  l.mean_tokens = r.mean_tokens();
  l.longest_tokens = r.longest_tokens();
  l.tokens_per_s_per_gpu = r.tokens_per_s_per_gpu();
  l.tokens_per_s_per_stream = r.tokens_per_s_per_stream();
  l.training_gpu_seconds = r.training_gpu_seconds();
  l.weight_sync = duration_of(r.weight_sync());
  return l;
}

// A pool's samples take no time of the job's: what is left of a cycle is training.
RlLoop training_of(const proto::RlCycles& r) {
  RlLoop l;
  l.tokens_per_s_per_gpu = l.tokens_per_s_per_stream = 1;
  l.training_gpu_seconds = r.training_gpu_seconds();
  l.weight_sync = duration_of(r.weight_sync());
  return l;
}

Status check_sampling(const ScenarioFile& file, const std::string& at, const proto::RlCycles& r) {
  const std::pair<const char*, bool> fields[] = {{".mean_tokens", r.has_mean_tokens()},
                                                 {".longest_tokens", r.has_longest_tokens()},
                                                 {".tokens_per_s_per_gpu", r.has_tokens_per_s_per_gpu()},
                                                 {".tokens_per_s_per_stream", r.has_tokens_per_s_per_stream()}};
  for (const auto& [field, given] : fields) {
    if (given && r.has_rollout())
      return file.places.error(at + field, "expected nothing here: the pool of rollout samples");
    if (!given && !r.has_rollout()) return file.places.error(at + field, "expected a number, or rollout on a pool");
  }
  if (r.has_rollout()) return check_rollout(file, at, r);
  if (r.longest_tokens() < r.mean_tokens()) {
    return file.places.error(at + ".longest_tokens", "expected at least mean_tokens");
  }
  return Ok{};
}

}  // namespace

Result<TrainingJobPlan> plan_rl_job(const ScenarioFile& file, const std::string& path, const proto::Job& job) {
  const proto::RlCycles& r = job.rl();
  const std::string at = path + ".rl";
  Gpus unit{1};  // A node of the largest group.
  for (const proto::NodeGroup& g : file.message.cluster().groups()) unit = std::max(unit, Gpus{g.gpus_per_node()});
  const bool rigid = job.flexibility() == "rigid";
  const Gpus asked{job.gpus()};
  const Gpus least = rigid || !job.has_min_gpus() ? asked : Gpus{job.min_gpus()};
  const Gpus most = rigid || !job.has_max_gpus() ? asked : Gpus{job.max_gpus()};
  if (Status s = check_sampling(file, at, r); !s) return s.error();
  const RlLoop loop = r.has_rollout() ? training_of(r) : loop_of(r);
  if (loop.mode == RlMode::kOneStepOff && least <= unit) {
    return file.places.error(at + ".mode", "one_step_off needs more GPUs than a node has (" +
                                               std::to_string(unit.value) + "), the job may have " +
                                               std::to_string(least.value));
  }
  constexpr std::int32_t kMostPoints = 4096;
  if ((most - least).value / unit.value > kMostPoints) {
    return file.places.error(path + ".max_gpus", "expected at most 4096 nodes more than min_gpus");
  }
  if (r.has_rollout() && !(rl_cycle_seconds(loop, asked, unit) >= 1e-3)) {
    return file.places.error(at + ".training_gpu_seconds",
                             "expected 1 ms of training and weight_sync in a cycle, or more");
  }
  TrainingJobPlan plan;
  const double seconds = static_cast<double>(r.cycles()) * rl_cycle_seconds(loop, asked, unit);
  constexpr double kMostSeconds = 3'660 * 86'400.0;  // As for a run_time that is given.
  if (!(seconds <= kMostSeconds)) {
    return file.places.error(at + ".cycles", "would run for more than 3660 days");
  }
  plan.run_time = std::max(duration_from_seconds(seconds), 1_ns);
  if (!rigid) plan.scaling = rl_scaling(loop, asked, least, most, unit);
  return plan;
}

}  // namespace jevons
