// One function a field, so that each reader can name the column at fault.
#include "traces/job_check.h"

#include <algorithm>

namespace jevons {
namespace {

constexpr const char* kScaling = "scaling malformed";
constexpr const char* kScalingExpected =
    "GPUs that ascend from 1, speeds above 0 and up to 1e6, 1 at the GPUs asked for";

bool in_range(double speed, double low) { return speed >= low && speed <= kMaxSpeed; }  // False for NaN.

}  // namespace

BadRow check_gpu_range(const TrainingJob& job) {
  constexpr const char* kReason = "GPU range malformed";
  constexpr const char* kExpected = "min_gpus <= GPUs <= max_gpus, 0 for none";
  if (job.min_gpus.value < 0 || job.min_gpus > job.gpus) return {kReason, kExpected, {}, 0};
  if (job.max_gpus.value != 0 && job.max_gpus < job.gpus) return {kReason, kExpected, {}, 0};
  if (job.max_gpus.value > kMaxGpus) return {kReason, "max_gpus up to 100000000", {}, 0};
  return {};
}

BadRow check_deadline(const TrainingJob& job) {
  if (job.deadline == Instant::never()) return {};
  if (job.deadline.ns > kMaxTimeNs) return {kDeadlineRules.out_of_range, kDeadlineRules.expected, {}, 0};
  if (job.deadline > job.submit) return {};
  return {"deadline not after submission", "a time after the submission", {}, 0};
}

BadRow check_scaling(const TrainingJob& job) {
  Gpus last{0};
  for (const ScalingPoint& p : job.scaling) {
    if (p.gpus <= last || p.gpus.value > kMaxGpus || !in_range(p.speed, 0) || p.speed == 0 ||
        (p.gpus == job.gpus && p.speed != 1)) {
      return {kScaling, kScalingExpected, {}, 0};
    }
    last = p.gpus;
  }
  return {};
}

BadRow check_speeds(const TrainingJob& job) {
  std::set<std::string_view> seen;
  for (const auto& [gpu, speed] : job.speed_by_gpu) {
    if (gpu.empty() || !in_range(speed, 0) || !seen.insert(gpu).second) {
      return {"speeds malformed", "each GPU type once, with a speed from 0 to 1e6", {}, 0};
    }
  }
  return {};
}

BadRow check_gpu_share(const TrainingJob& job) {
  if (job.share == MilliGpus{0}) return {};
  if (job.share < MilliGpus{0} || job.share >= kWholeGpu) {
    return {"GPU share malformed", "thousandths of a GPU, 1 to 999, or 0 for whole GPUs", {}, 0};
  }
  if (job.gpus == Gpus{1} && job.flexibility == Flexibility::kRigid) return {};
  return {"GPU share malformed", "none, for a job of several GPUs or one that is not rigid", {}, 0};
}

BadRow check_job(const TrainingJob& job) {
  if (BadRow bad = check_gpu_share(job)) return bad;
  if (BadRow bad = check_gpu_range(job)) return bad;
  if (BadRow bad = check_deadline(job)) return bad;
  if (BadRow bad = check_scaling(job)) return bad;
  if (BadRow bad = check_speeds(job)) return bad;
  if (!(job.cpus >= 0 && job.cpus <= kMaxCpus)) return {kCpuRules.out_of_range, kCpuRules.expected, {}, 0};
  if (job.memory.value < 0 || job.memory.value > kMaxMemory) {
    return {kMemoryRules.out_of_range, kMemoryRules.expected, {}, 0};
  }
  if (std::any_of(job.after.begin(), job.after.end(), [](const std::string& name) { return name.empty(); })) {
    return {"after malformed", "names of jobs", {}, 0};
  }
  return {};
}

EarlierJobs::EarlierJobs(const std::vector<TrainingJob>& jobs)
    : any_(std::any_of(jobs.begin(), jobs.end(), [](const TrainingJob& j) { return !j.after.empty(); })) {}

const std::string* EarlierJobs::unknown(const TrainingJob& job) const {
  const auto it = std::find_if(job.after.begin(), job.after.end(), [&](const auto& name) { return !knows(name); });
  return it == job.after.end() ? nullptr : &*it;
}

void forget_missing_jobs(std::vector<TrainingJob>* jobs) {
  EarlierJobs earlier(*jobs);
  for (TrainingJob& job : *jobs) {
    std::erase_if(job.after, [&](const std::string& name) { return !earlier.knows(name); });
    earlier.add(job);
  }
}

}  // namespace jevons
