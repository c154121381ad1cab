// Transforms of job traces, in place.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/rng.h"
#include "traces/job_check.h"
#include "traces/line_source.h"
#include "traces/transform.h"
#include "traces/transform_math.h"

namespace jevons {
namespace {

void sort_jobs(std::vector<TrainingJob>* jobs) {
  std::stable_sort(jobs->begin(), jobs->end(), [](const auto& a, const auto& b) { return a.submit < b.submit; });
}

TrainingJob copy_of(const TrainingJob& job, std::uint64_t copy) {
  TrainingJob c = job;
  const std::string mark = "#" + std::to_string(copy + 1);
  c.name += mark;
  for (std::string& name : c.after) name += mark;
  return c;
}

Status check_count(double jobs) {
  if (jobs <= static_cast<double>(kMaxJobs)) return Ok{};
  return Error{"the transform makes more than 10 million jobs (expected a smaller factor)", ""};
}

}  // namespace

Status slice(JobTrace* trace, Instant from, Instant to) {
  if (Status s = check_slice(from, to); !s) return s;
  std::erase_if(trace->jobs, [&](const TrainingJob& j) { return j.submit < from || j.submit >= to; });
  for (TrainingJob& j : trace->jobs) move_to(&j, Instant{0} + (j.submit - from));
  forget_missing_jobs(&trace->jobs);
  return Ok{};
}

Status scale_time(JobTrace* trace, Ratio factor) {
  if (Status s = check_ratio(factor); !s) return s;
  for (TrainingJob& j : trace->jobs) {
    auto moved = scaled(j.submit, factor);
    if (!moved) return moved.error();
    move_to(&j, *moved);
  }
  return Ok{};
}

Status scale_rate(JobTrace* trace, double factor, const RandomName& random, Duration jitter) {
  if (Status s = check_rate(factor, jitter); !s) return s;
  if (factor < 1) return thin(trace, factor, random);
  if (Status s = check_count(factor * static_cast<double>(trace->jobs.size())); !s) return s;
  RandomStream draws(random.seed, random.stream);
  const double whole = std::floor(factor);
  std::vector<TrainingJob> all;
  for (const TrainingJob& job : trace->jobs) {
    all.push_back(job);
    const auto copies = static_cast<std::uint64_t>(whole) + (draws.uniform() < factor - whole ? 1 : 0);
    for (std::uint64_t k = 1; k < copies; ++k) {
      all.push_back(copy_of(job, k));
      const auto delay = static_cast<std::int64_t>(draws.below(static_cast<std::uint64_t>(jitter.ns)));
      move_to(&all.back(), Instant{std::min(kMaxTimeNs, job.submit.ns + delay)});
    }
  }
  trace->jobs = std::move(all);
  sort_jobs(&trace->jobs);
  forget_missing_jobs(&trace->jobs);
  return Ok{};
}

Status thin(JobTrace* trace, double share, const RandomName& random) {
  if (Status s = check_share(share); !s) return s;
  RandomStream draws(random.seed, random.stream);
  std::vector<TrainingJob> kept;
  for (TrainingJob& job : trace->jobs) {
    if (draws.uniform() < share) kept.push_back(std::move(job));
  }
  trace->jobs = std::move(kept);
  forget_missing_jobs(&trace->jobs);
  return Ok{};
}

Status shift(JobTrace* trace, Duration by) {
  if (Status s = check_shift(by); !s) return s;
  for (TrainingJob& j : trace->jobs) {
    auto moved = shifted(j.submit, by);
    if (!moved) return moved.error();
    move_to(&j, *moved);
  }
  return Ok{};
}

Status limit(JobTrace* trace, std::uint64_t count) {
  if (trace->jobs.size() > count) trace->jobs.resize(static_cast<std::size_t>(count));
  return Ok{};
}

Status merge(JobTrace* trace, JobTrace other) {
  if (Status s = check_count(static_cast<double>(trace->jobs.size() + other.jobs.size())); !s) return s;
  trace->jobs.insert(trace->jobs.end(), std::make_move_iterator(other.jobs.begin()),
                     std::make_move_iterator(other.jobs.end()));
  sort_jobs(&trace->jobs);
  add_counts(other.counts, &trace->counts);
  return Ok{};
}

Status repeat(JobTrace* trace, Duration every, std::uint64_t times) {
  if (Status s = check_repeat(every); !s) return s;
  std::erase_if(trace->jobs, [&](const TrainingJob& j) { return j.submit.ns >= every.ns; });
  if (trace->jobs.empty() || times == 0) {
    trace->jobs.clear();
    return Ok{};
  }
  if (Status s = check_count(static_cast<double>(times) * static_cast<double>(trace->jobs.size())); !s) return s;
  const std::size_t length = trace->jobs.size();
  for (std::uint64_t k = 1; k < times; ++k) {
    if (static_cast<Int128>(k) * every.ns + trace->jobs[length - 1].submit.ns > kMaxTimeNs)
      return beyond_clock("repeat");
    for (std::size_t i = 0; i < length; ++i) {
      TrainingJob copy = copy_of(trace->jobs[i], k);
      move_to(&copy, Instant{copy.submit.ns + static_cast<std::int64_t>(k) * every.ns});
      trace->jobs.push_back(std::move(copy));
    }
  }
  return Ok{};
}

namespace {

Gpus scaled_up(Gpus gpus, double factor) {
  const double scaled = std::max(1.0, std::ceil(static_cast<double>(gpus.value) * factor));
  return Gpus{static_cast<std::int32_t>(std::min(scaled, static_cast<double>(kMaxGpus)))};
}

// Of points that fall together the last stays: it had most of the GPUs they now share.  At the GPUs asked for the speed
// is 1 by its definition.
void scale_curve(TrainingJob* job, double factor) {
  std::vector<ScalingPoint> curve;
  for (const ScalingPoint& p : job->scaling) {
    const Gpus gpus = scaled_up(p.gpus, factor);
    if (!curve.empty() && curve.back().gpus == gpus) curve.pop_back();
    curve.push_back({gpus, gpus == job->gpus ? 1.0 : p.speed});
  }
  job->scaling = std::move(curve);
}

// From a whole GPU on it has whole ones.
void scale_share(TrainingJob* job, double factor) {
  const double scaled = std::max(1.0, std::ceil(job->share.value * factor));
  const bool whole = scaled >= kWholeGpu.value;
  job->gpus = whole ? scaled_up(Gpus{1}, scaled / kWholeGpu.value) : Gpus{1};
  job->share = MilliGpus{whole ? 0 : static_cast<std::int32_t>(scaled)};
  job->scaling.clear();
}

}  // namespace

Status scale_gpus(JobTrace* trace, double factor) {
  if (!(factor > 0 && factor <= 1e6)) return Error{"GPU scale is out of range (expected above 0, up to 1e6)", ""};
  for (TrainingJob& j : trace->jobs) {
    if (j.share > MilliGpus{0}) {
      scale_share(&j, factor);
      continue;
    }
    if (static_cast<double>(std::max(j.gpus, j.max_gpus).value) * factor > static_cast<double>(kMaxGpus)) {
      return Error{"GPU scale makes a job of more than 100000000 GPUs", ""};
    }
    j.gpus = scaled_up(j.gpus, factor);
    if (j.min_gpus.value != 0) j.min_gpus = scaled_up(j.min_gpus, factor);
    if (j.max_gpus.value != 0) j.max_gpus = scaled_up(j.max_gpus, factor);
    scale_curve(&j, factor);
  }
  return Ok{};
}

}  // namespace jevons
