// Training jobs made up: arrivals, gang sizes, run times and estimates, each from a random stream of its own
// ("<stream>.arrivals", ".size", ".run_time", ".estimate").
#ifndef JEVONS_TRACES_GENERATE_TRAINING_JOBS_H_
#define JEVONS_TRACES_GENERATE_TRAINING_JOBS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "traces/generate/arrivals.h"
#include "traces/trace.h"

namespace jevons {

struct JobSize {
  Gpus gpus{1};
  double weight = 1;
  double parameters = 0;  // Of the models such jobs train; 0 = unknown.
  MilliGpus share{0};     // Of their one GPU; 0 = whole GPUs.
};

struct JobGeneratorOptions {
  ArrivalOptions arrivals;  // Needs an end or `limit`.
  std::vector<JobSize> sizes;
  Duration median_run_time = 60_min;                    // Lognormal.
  double sigma = 1;                                     // Of its logarithm, in [0, 10].
  Duration min_run_time = 1_min, max_run_time = 720_h;  // Draws outside become the nearer of these.
  double estimate_factor = 1;       // Estimate = run time x a uniform draw from [1, this]; 1 = exact.  At most 1000.
  std::uint64_t limit = 1'000'000;  // Most jobs; at most 10 million.
  std::string name = "job";         // Jobs are called name-0, name-1, ...
};

Result<JobTrace> generate_jobs(const JobGeneratorOptions& options, std::uint64_t seed, const std::string& stream);

}  // namespace jevons
#endif  // JEVONS_TRACES_GENERATE_TRAINING_JOBS_H_
