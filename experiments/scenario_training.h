// Run time of a training job from its model, layout and recipe (sim/model/training_step.h).
#ifndef JEVONS_EXPERIMENTS_SCENARIO_TRAINING_H_
#define JEVONS_EXPERIMENTS_SCENARIO_TRAINING_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "base/scaling.h"
#include "experiments/scenario_load.h"
#include "topologies/catalogue.h"

namespace jevons {

struct TrainingJobPlan {
  Duration run_time;  // On training.reference_gpu: whole steps until all tokens are seen.
  double parameters = 0;
  // Of a job that is not rigid and lists no curve: every number of GPUs in its range on which it can train, with the
  // same degrees but the data-parallel one, and the same global batch.
  std::vector<ScalingPoint> scaling;
};

// `job.model` is set; `path` is the job's.  Errors, with the field's place: no reference_gpu, an unknown model or
// stack, GPUs that the degrees do not divide, a layout that is inconsistent or does not fit in memory, more than 3,660
// days.
Result<TrainingJobPlan> plan_training_job(const ScenarioFile& file, const Catalogue& catalogue, const std::string& path,
                                          const proto::Job& job);

// Of a job with `rl` (sim/model/rl_loop.h).  Errors: one step off with no node to spare for training, more than 3,660
// days.
Result<TrainingJobPlan> plan_rl_job(const ScenarioFile& file, const std::string& path, const proto::Job& job);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_TRAINING_H_
