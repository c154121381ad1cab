// Jobs, drawn one after the other from four streams.
#include "traces/generate/training_jobs.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "traces/fields.h"
#include "traces/generate/lengths.h"
#include "traces/line_source.h"

namespace jevons {
namespace {

Status check(const JobGeneratorOptions& o) {
  if (o.sizes.empty()) return Error{"job sizes are missing (expected at least one)", ""};
  for (const JobSize& s : o.sizes) {
    if (s.gpus.value < 1 || s.gpus.value > kMaxGpus)
      return Error{"GPUs of a job are out of range (expected 1 to 100000000)", ""};
    if (!(s.parameters >= 0 && s.parameters <= 1e15))
      return Error{"parameters are out of range (expected 0 to 1e15)", ""};
    if (s.share < MilliGpus{0} || s.share >= kWholeGpu || (s.share > MilliGpus{0} && s.gpus != Gpus{1}))
      return Error{"GPU share is out of range (expected 1 to 999 thousandths of one GPU)", ""};
  }
  if (!(o.sigma >= 0 && o.sigma <= 10)) return Error{"sigma is out of range (expected 0 to 10)", ""};
  if (o.median_run_time.ns < 1 || o.min_run_time.ns < 1 || o.min_run_time > o.max_run_time ||
      o.median_run_time.ns > kMaxTimeNs || o.max_run_time.ns > kMaxTimeNs) {
    return Error{"run times are out of range (expected 1ns <= min <= max, up to 285 years)", ""};
  }
  if (!(o.estimate_factor >= 1 && o.estimate_factor <= 1000)) {
    return Error{"estimate factor is out of range (expected 1 to 1000)", ""};
  }
  if (o.limit > kMaxJobs) return Error{"limit is out of range (expected at most 10 million jobs)", ""};
  return Ok{};
}

std::int64_t to_ns(double ns, Duration low, Duration high) {
  if (ns >= static_cast<double>(high.ns))
    return high.ns;  // Before the conversion: the draw may lie beyond any integer.
  return std::max(low.ns, static_cast<std::int64_t>(std::floor(ns + 0.5)));
}

}  // namespace

Result<JobTrace> generate_jobs(const JobGeneratorOptions& options, std::uint64_t seed, const std::string& stream) {
  if (Status s = check(options); !s) return s.error();
  auto arrivals = ArrivalProcess::create(options.arrivals, seed, stream + ".arrivals");
  if (!arrivals) return Error{"arrivals: " + arrivals.error().message, ""};
  std::vector<double> weights;
  for (const JobSize& s : options.sizes) weights.push_back(s.weight);
  auto sizes = AliasTable::create(weights);
  if (!sizes) return Error{"sizes: " + sizes.error().message, ""};
  RandomStream size(seed, stream + ".size"), run(seed, stream + ".run_time"), estimate(seed, stream + ".estimate");
  const double mu = std::log(static_cast<double>(options.median_run_time.ns));
  JobTrace trace;
  while (trace.jobs.size() < options.limit) {
    const std::optional<Instant> submit = arrivals->next();
    if (!submit) break;
    const JobSize& s = options.sizes[sizes->draw(&size)];
    TrainingJob job;
    job.name = options.name + "-" + std::to_string(trace.jobs.size());
    job.submit = *submit;
    job.gpus = s.gpus;
    job.parameters = s.parameters;
    job.share = s.share;
    job.run_time = Duration{to_ns(run.lognormal(mu, options.sigma), options.min_run_time, options.max_run_time)};
    const double factor = 1 + (options.estimate_factor - 1) * estimate.uniform();
    job.estimate = Duration{to_ns(static_cast<double>(job.run_time.ns) * factor, job.run_time, Duration{kMaxTimeNs})};
    trace.jobs.push_back(std::move(job));
  }
  trace.counts.rows = trace.counts.kept = trace.jobs.size();
  return trace;
}

}  // namespace jevons
