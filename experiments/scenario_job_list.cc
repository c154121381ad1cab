// One job at a time, then what they wait for, which needs them all.
#include "experiments/scenario_job_list.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/text.h"
#include "experiments/scenario_rules.h"
#include "experiments/scenario_sources.h"
#include "experiments/scenario_training.h"

namespace jevons {
namespace {

class JobMaker {
 public:
  JobMaker(const ScenarioFile& file, const Catalogue& catalogue, const proto::Job& job, std::string path)
      : file_(file), catalogue_(catalogue), j_(job), at_(std::move(path)) {}

  Result<TrainingJob> make() {
    job_.name = j_.name();
    job_.submit = instant_of(j_.submit());
    job_.gpus = Gpus{j_.gpus()};
    job_.parameters = j_.parameters();
    job_.tenant = j_.tenant();
    job_.priority = j_.priority();
    job_.cpus = j_.cpus();
    job_.memory = bytes_of(j_.memory());
    job_.after.assign(j_.after().begin(), j_.after().end());
    // The range and the curve before the model, whose own curve rests on them.
    for (const auto step : {&JobMaker::deadline, &JobMaker::range, &JobMaker::share, &JobMaker::scaling,
                            &JobMaker::speeds, &JobMaker::run_time}) {
      if (Status s = (this->*step)(); !s) return s.error();
    }
    return std::move(job_);
  }

 private:
  Error error(const std::string& field, const std::string& message) const {
    return file_.places.error(at_ + field, message);
  }

  Status deadline() {
    if (!j_.has_deadline()) return Ok{};
    job_.deadline = instant_of(j_.deadline());
    if (job_.deadline > job_.submit) return Ok{};
    return error(".deadline", "expected a time after submit (" + j_.submit() + "), got " + j_.deadline());
  }

  Status range() {
    const bool given = j_.has_min_gpus() || j_.has_max_gpus();
    if (j_.flexibility() == "rigid") {
      if (!given) return Ok{};
      return error(j_.has_min_gpus() ? ".min_gpus" : ".max_gpus",
                   "a rigid job has no range of GPUs (expected flexibility moldable or elastic)");
    }
    job_.flexibility = j_.flexibility() == "elastic" ? Flexibility::kElastic : Flexibility::kMoldable;
    if (j_.has_min_gpus()) job_.min_gpus = Gpus{j_.min_gpus()};
    if (j_.has_max_gpus()) job_.max_gpus = Gpus{j_.max_gpus()};
    const std::string gpus = "gpus (" + std::to_string(j_.gpus()) + "), got ";
    if (job_.min_gpus > job_.gpus)
      return error(".min_gpus", "expected at most " + gpus + std::to_string(j_.min_gpus()));
    if (j_.has_max_gpus() && job_.max_gpus < job_.gpus) {
      return error(".max_gpus", "expected at least " + gpus + std::to_string(j_.max_gpus()));
    }
    return Ok{};
  }

  Status share() {
    if (!j_.has_gpu_milli()) return Ok{};
    job_.share = MilliGpus{j_.gpu_milli()};
    if (job_.gpus != Gpus{1}) {
      return error(".gpu_milli", "a share is of one GPU (expected gpus 1, got " + std::to_string(j_.gpus()) + ")");
    }
    if (j_.has_rl()) return error(".gpu_milli", "a job with cycles of rollouts has whole GPUs (expected no gpu_milli)");
    if (job_.flexibility != Flexibility::kRigid) {
      return error(".gpu_milli",
                   "a job with a share of a GPU is rigid (expected flexibility rigid, got " + j_.flexibility() + ")");
    }
    return Ok{};
  }

  Status scaling() {
    for (int k = 0; k < j_.scaling_size(); ++k) {
      const ScalingPoint p{Gpus{j_.scaling(k).gpus()}, j_.scaling(k).speed()};
      const std::string at = index_path(".scaling", k);
      if (k > 0 && p.gpus <= job_.scaling.back().gpus) {
        return error(at + ".gpus", "expected more than the point before (" +
                                       std::to_string(job_.scaling.back().gpus.value) + "), got " +
                                       std::to_string(p.gpus.value));
      }
      if (p.gpus == job_.gpus && p.speed != 1) {
        return error(at + ".speed", "expected 1 at the job's own gpus, got " + text_of(p.speed));
      }
      job_.scaling.push_back(p);
    }
    return Ok{};
  }

  Status speeds() {
    for (int k = 0; k < j_.speed_by_gpu_size(); ++k) {
      const std::string at = index_path(".speed_by_gpu", k) + ".gpu";
      const auto gpu = catalogue_.gpu(j_.speed_by_gpu(k).gpu());
      if (!gpu) return error(at, gpu.error().message);
      for (const auto& [name, speed] : job_.speed_by_gpu) {
        if (name == gpu->name) return error(at, "'" + name + "' is used twice");
      }
      job_.speed_by_gpu.emplace_back(gpu->name, j_.speed_by_gpu(k).speed());
    }
    return Ok{};
  }

  Status run_time() {
    const int given = (j_.has_run_time() ? 1 : 0) + (j_.has_model() ? 1 : 0) + (j_.has_rl() ? 1 : 0);
    if (given != 1) {
      return error("", given == 0 ? "expected one of run_time, model and rl, got none"
                                  : "expected one of run_time, model and rl, got more");
    }
    if (j_.has_model()) {
      auto plan = plan_training_job(file_, catalogue_, at_, j_);
      if (!plan) return plan.error();
      job_.run_time = plan->run_time;
      if (job_.parameters == 0) job_.parameters = plan->parameters;
      if (job_.scaling.empty()) job_.scaling = std::move(plan->scaling);
    } else if (j_.has_rl()) {
      auto plan = plan_rl_job(file_, at_, j_);
      if (!plan) return plan.error();
      job_.run_time = plan->run_time;
      if (job_.scaling.empty()) job_.scaling = std::move(plan->scaling);
    } else {
      job_.run_time = duration_of(j_.run_time());
    }
    job_.estimate = j_.has_estimate() ? duration_of(j_.estimate()) : job_.run_time;
    return Ok{};
  }

  const ScenarioFile& file_;
  const Catalogue& catalogue_;
  const proto::Job& j_;
  std::string at_;
  TrainingJob job_;
};

// Where each job of the list stands by submit time.
std::vector<std::size_t> places_of(const std::vector<TrainingJob>& jobs) {
  std::vector<std::size_t> order(jobs.size()), place(jobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return jobs[a].submit < jobs[b].submit; });
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  return place;
}

Status check_after(const ScenarioFile& file, const std::string& path, const std::vector<TrainingJob>& jobs) {
  const std::vector<std::size_t> place = places_of(jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    for (std::size_t k = 0; k < jobs[i].after.size(); ++k) {
      const std::string& name = jobs[i].after[k];
      const std::string at =
          index_path(index_path(path + ".list", static_cast<int>(i)) + ".after", static_cast<int>(k));
      const auto is_named = [&](const TrainingJob& j) { return j.name == name; };
      const auto found = std::find_if(jobs.begin(), jobs.end(), is_named);
      if (found == jobs.end()) {
        std::vector<std::string> known;
        for (const TrainingJob& j : jobs) known.push_back(j.name);
        return file.places.error(at, "unknown job '" + shortened(name) + "'" + nearest_hint(name, known));
      }
      if (std::find_if(found + 1, jobs.end(), is_named) != jobs.end()) {
        return file.places.error(at, "two jobs are called '" + shortened(name) + "' (expected a name of its own)");
      }
      if (place[static_cast<std::size_t>(found - jobs.begin())] >= place[i]) {
        return file.places.error(at, "'" + shortened(name) + "' is not submitted before it (expected a job that is)");
      }
    }
  }
  return Ok{};
}

}  // namespace

Result<JobTrace> listed_jobs(const ScenarioFile& file, const Catalogue& catalogue, const std::string& path,
                             const proto::JobSource& source) {
  JobTrace trace;
  for (int i = 0; i < source.list_size(); ++i) {
    auto job = JobMaker(file, catalogue, source.list(i), index_path(path + ".list", i)).make();
    if (!job) return job.error();
    trace.jobs.push_back(*std::move(job));
  }
  if (Status s = check_after(file, path, trace.jobs); !s) return s.error();
  std::stable_sort(trace.jobs.begin(), trace.jobs.end(),
                   [](const TrainingJob& a, const TrainingJob& b) { return a.submit < b.submit; });
  trace.counts.rows = trace.counts.kept = trace.jobs.size();
  return trace;
}

}  // namespace jevons
