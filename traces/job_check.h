// What the fields of a training job must fulfil together, whoever made it: a file, a scenario, a transform.
#ifndef JEVONS_TRACES_JOB_CHECK_H_
#define JEVONS_TRACES_JOB_CHECK_H_

#include <set>
#include <string_view>
#include <vector>

#include "traces/fields.h"
#include "traces/trace.h"

namespace jevons {

// min_gpus <= gpus <= max_gpus, where given.
BadRow check_gpu_range(const TrainingJob& job);
// After the submission.
BadRow check_deadline(const TrainingJob& job);
// GPUs ascend from 1, speeds are above 0 and 1 at the GPUs asked for.
BadRow check_scaling(const TrainingJob& job);
// Speeds by GPU type from 0, no type twice or without a name.
BadRow check_speeds(const TrainingJob& job);
// A share is part of one GPU, and its job rigid.
BadRow check_gpu_share(const TrainingJob& job);
// All of them, cpus, memory and the names in `after`.  `got` of the result has no text.
BadRow check_job(const TrainingJob& job);

// The names of the jobs so far, in order of submission: what a job's `after` may name.  Empty and free where no job
// names another.  The jobs outlive it.
class EarlierJobs {
 public:
  explicit EarlierJobs(const std::vector<TrainingJob>& jobs);
  // The first name in `job.after` that no earlier job bears; nullptr if there is none.
  const std::string* unknown(const TrainingJob& job) const;
  bool knows(std::string_view name) const { return names_.contains(name); }
  void add(const TrainingJob& job) {
    if (any_) names_.insert(job.name);
  }

 private:
  bool any_ = false;
  std::set<std::string_view> names_;
};

// Takes names that no earlier job bears out of `after`: what a transform left out counts as completed.
void forget_missing_jobs(std::vector<TrainingJob>* jobs);

}  // namespace jevons
#endif  // JEVONS_TRACES_JOB_CHECK_H_
