// Options of the generators of traces/generate, from the scenario.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_GENERATORS_H_
#define JEVONS_EXPERIMENTS_SCENARIO_GENERATORS_H_

#include <string>

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "traces/generate/requests.h"
#include "traces/generate/training_jobs.h"

namespace jevons {

// `path` is that of `generate`.  A stream that is transformed afterwards does not end at the horizon: a transform may
// pull later requests before it.
// In bundles: rate and limit are divided by `bundle`.
Result<RequestGeneratorOptions> request_generator(const ScenarioFile& file, const std::string& path,
                                                  const proto::RequestGenerator& generate, bool transformed,
                                                  std::int64_t bundle);

// `path` is that of the law.
Result<LengthOptions> length_options(const ScenarioFile& file, const std::string& path, const proto::Lengths& lengths);

Result<JobGeneratorOptions> job_generator(const ScenarioFile& file, const std::string& path,
                                          const proto::JobGenerator& generate, const std::string& name);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_GENERATORS_H_
