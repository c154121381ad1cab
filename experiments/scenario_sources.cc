// Opens traces and generators and applies transforms.
#include "experiments/scenario_sources.h"

#include <algorithm>

#include "experiments/scenario_check.h"
#include "experiments/scenario_generators.h"
#include "experiments/scenario_resolve.h"
#include "experiments/scenario_rules.h"
#include "experiments/scenario_training.h"
#include "traces/generate/requests.h"
#include "traces/generate/training_jobs.h"
#include "traces/reader.h"
#include "traces/transform.h"

namespace jevons {
namespace {

// An error of a file keeps its own place ("azure.csv:7:3"); one about an option gets the place of the field.
Error placed(const ScenarioFile& file, const std::string& path, const std::string& trace, Error error) {
  if (!trace.empty() && error.where.starts_with(trace)) return error;
  return file.places.error(path, error.where.empty() ? error.message : error.where + ": " + error.message);
}

Instant instant_of(const std::string& text) { return Instant{duration_of(text).ns}; }

class StreamOpener {
 public:
  StreamOpener(const ScenarioFile& file, int index, std::uint64_t seed)
      : file_(file),
        stream_(file.message.requests().streams(index)),
        path_(index_path("requests.streams", index)),
        seed_(seed),
        index_(index) {}

  Result<RequestSourcePtr> open() const {
    auto source = up_to(stream_.transforms_size());
    if (!source) return source.error();
    return with_workload(*std::move(source), static_cast<std::uint32_t>(index_));
  }

 private:
  std::string random_name() const { return "requests/" + stream_.name(); }

  // The stream after its first `count` transforms; opens the trace anew.
  Result<RequestSourcePtr> up_to(int count) const {
    if (count == 0) return stream_.has_trace() ? from_trace() : from_generator();
    const proto::Transform& t = stream_.transforms(count - 1);
    const std::string path = index_path(path_ + ".transforms", count - 1);
    auto result = t.has_repeat() ? repeated(t.repeat(), count) : transformed(t, count);
    if (!result) return placed(file_, path, trace_path_, result.error());
    return result;
  }

  Result<RequestSourcePtr> from_trace() const {
    const proto::RequestTrace& t = stream_.trace();
    const auto path = resolve_path(file_, path_ + ".trace.file", t.file());
    if (!path) return path.error();
    trace_path_ = *path;
    TraceOptions o;
    o.format = t.format();
    o.drop_bad_rows = t.on_bad_row() == "drop";
    o.hash_block = Tokens{t.block_size()};
    o.time_unit = t.time_unit();
    o.spread = duration_of(t.spread());
    o.reorder_window = t.reorder_window();
    o.seed = seed_;
    o.stream = random_name() + ".spread";
    auto source = open_requests(*path, o);
    if (!source) return placed(file_, path_ + ".trace", *path, source.error());
    return source;
  }

  Result<RequestSourcePtr> from_generator() const {
    const int pool = pool_index(file_.message, stream_.pool());
    CHECK(pool >= 0);
    const auto options =
        request_generator(file_, path_ + ".generate", stream_.generate(), stream_.transforms_size() > 0,
                          bundle_of(file_.message.serving().pools(pool)));
    if (!options) return options.error();
    auto source = generate_requests(*options, seed_, random_name());
    if (!source) return placed(file_, path_ + ".generate", "", source.error());
    return source;
  }

  Result<RequestSourcePtr> repeated(const proto::Repeat& r, int count) const {
    // A copy of the scenario: the source opens its trace again when the Scenario may be gone.
    return repeat([file = file_, index = index_, seed = seed_,
                   count] { return StreamOpener(file, index, seed).up_to(count - 1); },
                  duration_of(r.every()), static_cast<std::uint64_t>(r.times()));
  }

  Result<RequestSourcePtr> transformed(const proto::Transform& t, int count) const {
    auto source = up_to(count - 1);
    if (!source) return source.error();
    const RandomName random{seed_, random_name() + "/transform" + std::to_string(count - 1)};
    if (t.has_slice()) return slice(*std::move(source), instant_of(t.slice().from()), instant_of(t.slice().to()));
    if (t.has_rate_scale()) return scale_rate(*std::move(source), t.rate_scale(), random);
    if (t.has_thin()) return thin(*std::move(source), t.thin(), random);
    if (t.has_shift()) return shift(*std::move(source), duration_of(t.shift()));
    if (t.has_limit()) return limit(*std::move(source), static_cast<std::uint64_t>(t.limit()));
    CHECK(t.has_time_scale());
    const auto ratio = ratio_of(t.time_scale());
    if (!ratio) return ratio.error();
    return scale_time(*std::move(source), *ratio);
  }

  const ScenarioFile& file_;
  const proto::Stream& stream_;
  std::string path_;
  std::uint64_t seed_;
  int index_;
  mutable std::string trace_path_;
};

Result<JobTrace> listed_jobs(const ScenarioFile& file, const Catalogue& catalogue, const std::string& path,
                             const proto::JobSource& source) {
  JobTrace trace;
  for (int i = 0; i < source.list_size(); ++i) {
    const proto::Job& j = source.list(i);
    const std::string at = index_path(path + ".list", i);
    if (j.has_run_time() == j.has_model()) {
      return file.places.error(at, j.has_model() ? "expected either run_time or model, got both"
                                                 : "expected run_time or model, got neither");
    }
    TrainingJob job;
    job.name = j.name();
    job.submit = instant_of(j.submit());
    job.gpus = Gpus{j.gpus()};
    job.parameters = j.parameters();
    if (j.has_model()) {
      const auto plan = plan_training_job(file, catalogue, at, j);
      if (!plan) return plan.error();
      job.run_time = plan->run_time;
      if (job.parameters == 0) job.parameters = plan->parameters;
    } else {
      job.run_time = duration_of(j.run_time());
    }
    job.estimate = j.has_estimate() ? duration_of(j.estimate()) : job.run_time;
    job.tenant = j.tenant();
    trace.jobs.push_back(std::move(job));
  }
  std::stable_sort(trace.jobs.begin(), trace.jobs.end(),
                   [](const TrainingJob& a, const TrainingJob& b) { return a.submit < b.submit; });
  trace.counts.rows = trace.counts.kept = trace.jobs.size();
  return trace;
}

Result<JobTrace> traced_jobs(const ScenarioFile& file, const std::string& path, const proto::JobTraceFile& t) {
  const auto name = resolve_path(file, path + ".trace.file", t.file());
  if (!name) return name.error();
  TraceOptions o;
  o.format = t.format();
  o.drop_bad_rows = t.on_bad_row() == "drop";
  o.processors_per_gpu = t.processors_per_gpu();
  o.cut_at_estimate = t.cut_at_estimate();
  auto trace = read_jobs(*name, o);
  if (!trace) return placed(file, path + ".trace", *name, trace.error());
  return trace;
}

Status check_growth(std::size_t jobs, double factor) {
  if (static_cast<double>(jobs) * factor <= static_cast<double>(kMostJobs)) return Ok{};
  return Error{"would make more than " + std::to_string(kMostJobs) + " jobs", ""};
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
  CHECK(t.has_time_scale());
  const auto ratio = ratio_of(t.time_scale());
  if (!ratio) return ratio.error();
  return scale_time(trace, *ratio);
}

}  // namespace

Result<std::unique_ptr<RequestSource>> open_stream(const ScenarioFile& file, int index, std::uint64_t seed) {
  return StreamOpener(file, index, seed).open();
}

Result<JobTrace> make_jobs(const ScenarioFile& file, const Catalogue& catalogue, int index, std::uint64_t seed) {
  const proto::JobSource& source = file.message.training().jobs(index);
  const std::string path = index_path("training.jobs", index);
  const std::string random = "training/" + source.name();
  Result<JobTrace> trace = JobTrace{};
  if (source.has_trace()) {
    trace = traced_jobs(file, path, source.trace());
  } else if (source.has_generate()) {
    const auto options = job_generator(file, path + ".generate", source.generate(), source.name());
    if (!options) return options.error();
    trace = generate_jobs(*options, seed, random);
    if (!trace) return placed(file, path + ".generate", "", trace.error());
    if (!source.generate().has_limit() && trace->jobs.size() >= kMostJobs) {
      return file.places.error(path + ".generate", "would make " + std::to_string(kMostJobs) + " jobs or more");
    }
  } else {
    trace = listed_jobs(file, catalogue, path, source);
  }
  if (!trace) return trace.error();
  for (int k = 0; k < source.transforms_size(); ++k) {
    const RandomName name{seed, random + "/transform" + std::to_string(k)};
    if (Status s = transform_jobs(source.transforms(k), name, &*trace); !s) {
      return placed(file, index_path(path + ".transforms", k), "", s.error());
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
    if (Status s = check_growth(all.jobs.size() + trace->jobs.size(), 1); !s) return placed(file, path, "", s.error());
    if (Status s = merge(&all, *std::move(trace)); !s) return placed(file, path, "", s.error());
  }
  return all;
}

Instant horizon_of(const proto::Scenario& scenario) {
  return scenario.has_horizon() ? instant_of(scenario.horizon()) : Instant::never();
}

}  // namespace jevons
