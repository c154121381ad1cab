// Transforms of traces: each takes a trace and gives a trace, and they compose.
//
// On requests they are wrappers that stream; counts() of the result are those of the source below (what was read, not
// what passed).  On jobs they work in place on the whole list; JobTrace::counts stays what was read.  Random choices
// come from the stream (seed, name); give every transform of a run a name of its own.
//
// Contract: the result is sorted by time; ties keep the order of the source; no time is negative or beyond 285 years
// (an error).  Options out of range are an Error, never a CHECK.
#ifndef JEVONS_TRACES_TRANSFORM_H_
#define JEVONS_TRACES_TRANSFORM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "traces/trace.h"

namespace jevons {

using RequestSourcePtr = std::unique_ptr<RequestSource>;
using RequestSourceOpener = std::function<Result<RequestSourcePtr>()>;  // Opens the same trace anew.

// An exact fraction, at least 1/10^9 and at most 10^9.
struct Ratio {
  std::int64_t num = 1, den = 1;
};
// The decimal a double is written as, exactly: 0.1 -> 1/10.  Error beyond 9 decimals or outside the range.
Result<Ratio> ratio_of(double factor);

struct RandomName {
  std::uint64_t seed = 1;
  std::string stream;
};

// Keeps what arrives in [from, to) and starts the clock at `from`.
Result<RequestSourcePtr> slice(RequestSourcePtr source, Instant from, Instant to);
// Multiplies arrival times; 2/1 halves the rate.  Exact, rounded half up to the nanosecond.
Result<RequestSourcePtr> scale_time(RequestSourcePtr source, Ratio factor);
// Multiplies the rate by superposing copies: of each request, floor(factor) copies plus one more with the remaining
// probability.  The first copy keeps its time; every other is delayed by a uniform draw from [0, jitter), so that
// copies of a burst do not fall on one instant, and its block hashes are changed, alike within one copy number: a copy
// is another set of users and shares prefixes within itself only.  factor < 1 thins.
Result<RequestSourcePtr> scale_rate(RequestSourcePtr source, double factor, RandomName random, Duration jitter = 60_s);
// Keeps each request with probability `share`.
Result<RequestSourcePtr> thin(RequestSourcePtr source, double share, RandomName random);
// Delays everything; a negative shift is allowed while no arrival gets negative.
Result<RequestSourcePtr> shift(RequestSourcePtr source, Duration by);
// Keeps the first `count`.
Result<RequestSourcePtr> limit(RequestSourcePtr source, std::uint64_t count);
// One stream of several; requests of equal arrival come in the order of `sources`.
Result<RequestSourcePtr> merge(std::vector<RequestSourcePtr> sources);
// Plays the trace `times` times, copy k delayed by k x every.  What arrives at or after `every` within a copy is left
// out. Copies differ in their block hashes, as those of scale_rate do.  Memory: one open source.
Result<RequestSourcePtr> repeat(RequestSourceOpener open, Duration every, std::uint64_t times);
// Numbers every request `workload`.
RequestSourcePtr with_workload(RequestSourcePtr source, std::uint32_t workload);

// The same for jobs.  Times are submit times: run times never change, and deadlines keep their distance.  Copies are
// named "name#2", "name#3", ..., and wait for copies alike.  A job that is left out counts as completed for those that
// wait for it, and so does a copy that comes later than what waits for it (scale_rate).
Status slice(JobTrace* trace, Instant from, Instant to);
Status scale_time(JobTrace* trace, Ratio factor);
Status scale_rate(JobTrace* trace, double factor, const RandomName& random, Duration jitter = 60_min);
Status thin(JobTrace* trace, double share, const RandomName& random);
Status shift(JobTrace* trace, Duration by);
Status limit(JobTrace* trace, std::uint64_t count);
Status merge(JobTrace* trace, JobTrace other);
Status repeat(JobTrace* trace, Duration every, std::uint64_t times);
// Multiplies GPUs, rounded up, at least 1; a job's range and scaling curve likewise.  A share of a GPU, rounded up to
// thousandths, becomes whole GPUs from one on.
Status scale_gpus(JobTrace* trace, double factor);

// What a trace does not say of its jobs, made up.  Every job takes one draw, whatever becomes of it.

enum class EstimateLaw { kLognormal, kLogUniform };
// Estimates become the run time times a factor in [1/factor, factor] with median 1: its logarithm is normal, two
// standard deviations to an end and cut there (kLognormal), or uniform (kLogUniform).  factor 1 to 1000.
Status estimate_error(JobTrace* trace, double factor, EstimateLaw law, const RandomName& random);

struct FlexibilityOptions {
  double share = 1;  // Of the jobs; the others stay as they are.
  Flexibility flexibility = Flexibility::kElastic;
  double min_factor = 0.5,
         max_factor = 2;  // Range over the GPUs asked for; both ends rounded down, at least 1 and GPUs.
};
Status make_flexible(JobTrace* trace, const FlexibilityOptions& options, const RandomName& random);

struct DeadlineOptions {
  double share = 1;
  double min_slack = 1, max_slack = 2;  // Deadline = submission + run time x a uniform draw from here, above 0.
};
// The jobs of the share; the others keep what they have.
Status set_deadlines(JobTrace* trace, const DeadlineOptions& options, const RandomName& random);

struct PriorityShare {
  std::int32_t priority = 0;
  double weight = 1;
};
Status set_priorities(JobTrace* trace, const std::vector<PriorityShare>& shares, const RandomName& random);

}  // namespace jevons
#endif  // JEVONS_TRACES_TRANSFORM_H_
