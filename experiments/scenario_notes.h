// What a reader of the results should know about the model behind them: constants that were derived rather than
// measured, shapes and limits outside what was measured, stacks that were not fitted.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_NOTES_H_
#define JEVONS_EXPERIMENTS_SCENARIO_NOTES_H_

#include <string>
#include <vector>

#include "experiments/scenario_load.h"
#include "topologies/catalogue.h"

namespace jevons {

// One line each, "chat on h800: ...", those of several pools and groups once; pools first, then training.  Depends on
// the scenario alone.  `file` has passed check_scenario.
std::vector<std::string> scenario_notes(const ScenarioFile& file, const Catalogue& catalogue);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_NOTES_H_
