// Transforms of job traces, in place.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/rng.h"
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
  c.name += "#" + std::to_string(copy + 1);
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
  for (TrainingJob& j : trace->jobs) j.submit = Instant{0} + (j.submit - from);
  return Ok{};
}

Status scale_time(JobTrace* trace, Ratio factor) {
  if (Status s = check_ratio(factor); !s) return s;
  for (TrainingJob& j : trace->jobs) {
    auto moved = scaled(j.submit, factor);
    if (!moved) return moved.error();
    j.submit = *moved;
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
      all.back().submit.ns = std::min(kMaxTimeNs, job.submit.ns + delay);
    }
  }
  trace->jobs = std::move(all);
  sort_jobs(&trace->jobs);
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
  return Ok{};
}

Status shift(JobTrace* trace, Duration by) {
  if (Status s = check_shift(by); !s) return s;
  for (TrainingJob& j : trace->jobs) {
    auto moved = shifted(j.submit, by);
    if (!moved) return moved.error();
    j.submit = *moved;
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
      copy.submit.ns += static_cast<std::int64_t>(k) * every.ns;
      trace->jobs.push_back(std::move(copy));
    }
  }
  return Ok{};
}

Status scale_gpus(JobTrace* trace, double factor) {
  if (!(factor > 0 && factor <= 1e6)) return Error{"GPU scale is out of range (expected above 0, up to 1e6)", ""};
  for (TrainingJob& j : trace->jobs) {
    const double gpus = std::max(1.0, std::ceil(static_cast<double>(j.gpus.value) * factor));
    if (gpus > static_cast<double>(kMaxGpus)) return Error{"GPU scale makes a job of more than 100000000 GPUs", ""};
    j.gpus = Gpus{static_cast<std::int32_t>(gpus)};
  }
  return Ok{};
}

}  // namespace jevons
