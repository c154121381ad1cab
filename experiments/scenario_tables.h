// The measured iteration times that a pool of a scenario asks for.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_TABLES_H_
#define JEVONS_EXPERIMENTS_SCENARIO_TABLES_H_

#include <memory>
#include <string>

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "sim/model/iteration.h"

namespace jevons {

// `pool` has an iteration_table; `path` is that of the pool.  Errors: a file that is missing or of the wrong form, a
// table that does not cover every iteration the pool can form.
Result<std::unique_ptr<IterationTable>> read_iteration_table(const ScenarioFile& file, const std::string& path,
                                                             const proto::Pool& pool);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_TABLES_H_
