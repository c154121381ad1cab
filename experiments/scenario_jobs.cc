// Makes the list of jobs: traces, generators and jobs written out, transforms applied.
#include <algorithm>
#include <map>

#include "experiments/scenario_check.h"
#include "experiments/scenario_generators.h"
#include "experiments/scenario_job_list.h"
#include "experiments/scenario_rules.h"
#include "experiments/scenario_sources.h"
#include "traces/generate/training_jobs.h"
#include "traces/reader.h"
#include "traces/transform.h"

namespace jevons {
namespace {

// The trace of training.jobs[index], its GPU types named as the catalogue has them where it does.
Result<JobTrace> traced_jobs(const ScenarioFile& file, const Catalogue& catalogue, int index) {
  const std::string path = index_path("training.jobs", index) + ".trace";
  const auto name = resolve_path(file, path + ".file", file.message.training().jobs(index).trace().file());
  if (!name) return name.error();
  const auto options = job_trace_options(file, catalogue, index);
  if (!options) return options.error();
  auto trace = read_jobs(*name, *options);
  // An error that has a place is about a file: the trace, or one of those its format needs beside it.
  if (!trace) return trace.error().where.empty() ? place_error(file, path, *name, trace.error()) : trace.error();
  std::map<std::string, std::string> canonical;
  for (TrainingJob& job : trace->jobs) {
    for (auto& [gpu, speed] : job.speed_by_gpu) {
      const auto [it, fresh] = canonical.emplace(gpu, gpu);
      if (fresh) {
        const auto known = catalogue.gpu(gpu);
        if (known) it->second = known->name;
      }
      gpu = it->second;
    }
  }
  return trace;
}

Status check_growth(std::size_t jobs, double factor) {
  if (static_cast<double>(jobs) * factor <= static_cast<double>(kMostJobs)) return Ok{};
  return Error{"would make more than " + std::to_string(kMostJobs) + " jobs", ""};
}

// Transforms that add to jobs what their source does not say.
Status add_traits(const proto::Transform& t, const RandomName& random, JobTrace* trace) {
  if (t.has_estimate_error()) {
    const auto law = t.estimate_error().law() == "lognormal" ? EstimateLaw::kLognormal : EstimateLaw::kLogUniform;
    return estimate_error(trace, t.estimate_error().factor(), law, random);
  }
  if (t.has_flexibility()) {
    const proto::FlexibilityShare& f = t.flexibility();
    const auto kind = f.kind() == "elastic" ? Flexibility::kElastic : Flexibility::kMoldable;
    return make_flexible(trace, {f.share(), kind, f.min_factor(), f.max_factor()}, random);
  }
  if (t.has_deadlines()) {
    return set_deadlines(trace, {t.deadlines().share(), t.deadlines().min_slack(), t.deadlines().max_slack()}, random);
  }
  CHECK(t.has_priorities());
  std::vector<PriorityShare> shares;
  for (const proto::PriorityWeight& w : t.priorities().shares()) shares.push_back({w.priority(), w.weight()});
  return set_priorities(trace, shares, random);
}

Status transform_jobs(const proto::Transform& t, const RandomName& random, JobTrace* trace) {
  if (t.has_slice()) return slice(trace, instant_of(t.slice().from()), instant_of(t.slice().to()));
  if (t.has_thin()) return thin(trace, t.thin(), random);
  if (t.has_shift()) return shift(trace, duration_of(t.shift()));
  if (t.has_limit()) return limit(trace, static_cast<std::uint64_t>(t.limit()));
  if (t.has_gpu_scale()) return scale_gpus(trace, t.gpu_scale());
  if (t.has_rate_scale()) {
    if (Status s = check_growth(trace->jobs.size(), t.rate_scale()); !s) return s;
    return scale_rate(trace, t.rate_scale(), random);
  }
  if (t.has_repeat()) {
    if (Status s = check_growth(trace->jobs.size(), t.repeat().times()); !s) return s;
    return repeat(trace, duration_of(t.repeat().every()), static_cast<std::uint64_t>(t.repeat().times()));
  }
  if (!t.has_time_scale()) return add_traits(t, random, trace);
  const auto ratio = ratio_of(t.time_scale());
  if (!ratio) return ratio.error();
  return scale_time(trace, *ratio);
}

// The stream a transform names, or one by its place.
std::string stream_of(const proto::Transform& t, int place) {
  if (t.estimate_error().has_stream()) return t.estimate_error().stream();
  if (t.flexibility().has_stream()) return t.flexibility().stream();
  if (t.deadlines().has_stream()) return t.deadlines().stream();
  if (t.priorities().has_stream()) return t.priorities().stream();
  return "transform" + std::to_string(place);
}

// Two jobs of one name are fine until another waits for that name.
Status check_names(const std::vector<TrainingJob>& jobs) {
  std::map<std::string, int> count;
  for (const TrainingJob& job : jobs) {
    for (const std::string& name : job.after) count.emplace(name, 0);
  }
  if (count.empty()) return Ok{};
  for (const TrainingJob& job : jobs) {
    const auto it = count.find(job.name);
    if (it != count.end() && ++it->second > 1) {
      return Error{"two jobs are called '" + job.name + "', and a job waits for it (expected a name of its own)", ""};
    }
  }
  return Ok{};
}

}  // namespace

Result<TraceOptions> job_trace_options(const ScenarioFile& file, const Catalogue& catalogue, int index) {
  const proto::JobTraceFile& t = file.message.training().jobs(index).trace();
  const std::string path = index_path("training.jobs", index) + ".trace";
  TraceOptions o;
  o.format = t.format();
  o.drop_bad_rows = t.on_bad_row() == "drop";
  o.processors_per_gpu = t.processors_per_gpu();
  o.cut_at_estimate = t.cut_at_estimate();
  o.reference_type = t.reference_type();
  o.scale_throughputs = t.scale_throughputs();
  o.elastic_factor = t.elastic_factor();
  o.gpu_shares = gpu_shares_of(t.gpu_shares());
  for (const proto::ApplicationWork& w : t.work()) o.gpu_hours.emplace_back(w.application(), w.gpu_hours());
  for (int i = 0; i < t.gpu_names_size(); ++i) {
    const auto gpu = catalogue.gpu(t.gpu_names(i).gpu());
    if (!gpu) return file.places.error(index_path(path + ".gpu_names", i) + ".gpu", gpu.error().message);
    o.gpu_names.emplace_back(t.gpu_names(i).type(), gpu->name);
  }
  if (t.has_throughputs()) {
    const auto name = resolve_path(file, path + ".throughputs", t.throughputs());
    if (!name) return name.error();
    o.throughputs = *name;
  }
  if (t.has_job_table()) {
    const auto name = resolve_path(file, path + ".job_table", t.job_table());
    if (!name) return name.error();
    o.job_table = *name;
  }
  return o;
}

Result<JobTrace> make_jobs(const ScenarioFile& file, const Catalogue& catalogue, int index, std::uint64_t seed) {
  const proto::JobSource& source = file.message.training().jobs(index);
  const std::string path = index_path("training.jobs", index);
  const std::string random = "training/" + source.name();
  Result<JobTrace> trace = JobTrace{};
  if (source.has_trace()) {
    trace = traced_jobs(file, catalogue, index);
  } else if (source.has_generate()) {
    const auto options = job_generator(file, path + ".generate", source.generate(), source.name());
    if (!options) return options.error();
    trace = generate_jobs(*options, seed, random);
    if (!trace) return place_error(file, path + ".generate", "", trace.error());
    if (!source.generate().has_limit() && trace->jobs.size() >= kMostJobs) {
      return file.places.error(path + ".generate", "would make " + std::to_string(kMostJobs) + " jobs or more");
    }
  } else {
    trace = listed_jobs(file, catalogue, path, source);
  }
  if (!trace) return trace.error();
  for (int k = 0; k < source.transforms_size(); ++k) {
    const RandomName name{seed, random + "/" + stream_of(source.transforms(k), k)};
    if (Status s = transform_jobs(source.transforms(k), name, &*trace); !s) {
      return place_error(file, index_path(path + ".transforms", k), "", s.error());
    }
  }
  if (source.has_guests()) {
    for (TrainingJob& job : trace->jobs) {
      if (job.share == MilliGpus{0} && job.gpus.value <= source.guests().max_gpus())
        job.guest_memory = bytes_of(source.guests().memory_per_gpu());
    }
  }
  return trace;
}

Result<JobTrace> make_all_jobs(const ScenarioFile& file, const Catalogue& catalogue, std::uint64_t seed) {
  JobTrace all;
  for (int i = 0; i < file.message.training().jobs_size(); ++i) {
    auto trace = make_jobs(file, catalogue, i, seed);
    if (!trace) return trace.error();
    const std::string path = index_path("training.jobs", i);
    if (Status s = check_growth(all.jobs.size() + trace->jobs.size(), 1); !s) {
      return place_error(file, path, "", s.error());
    }
    if (Status s = merge(&all, *std::move(trace)); !s) return place_error(file, path, "", s.error());
  }
  if (Status s = check_names(all.jobs); !s) return place_error(file, "training.jobs", "", s.error());
  return all;
}

}  // namespace jevons
