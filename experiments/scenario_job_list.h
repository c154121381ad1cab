// Jobs written out in a scenario.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_JOB_LIST_H_
#define JEVONS_EXPERIMENTS_SCENARIO_JOB_LIST_H_

#include <string>

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "topologies/catalogue.h"
#include "traces/trace.h"

namespace jevons {

// The list of `source`, which stands at `path`, by submit time.  Errors name the field: neither or both of run_time and
// model, a range without `gpus` in it, a deadline before the submission, a scaling curve that does not ascend, a job
// that waits for one which the list does not have or submits later.
Result<JobTrace> listed_jobs(const ScenarioFile& file, const Catalogue& catalogue, const std::string& path,
                             const proto::JobSource& source);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_JOB_LIST_H_
