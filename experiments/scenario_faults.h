// Failures of a scenario: presets from published fleets, and causes written out.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_FAULTS_H_
#define JEVONS_EXPERIMENTS_SCENARIO_FAULTS_H_

#include "experiments/scenario_load.h"
#include "sim/simulation.h"

namespace jevons {

// Checks what single fields cannot: names of groups, spares within their group, causes named twice.
Status check_faults(const ScenarioFile& file);
FaultSetup faults_of(const proto::Scenario& scenario, std::uint64_t seed);

// Wall time between checkpoints that loses least, by Daly's formula (Future Generation Computer Systems 22, 2006, eq.
// 37): with M the mean time between failures of a job and d the time to write a checkpoint,
//   sqrt(2 d M) (1 + sqrt(d / 2M) / 3 + d / 18M) - d, and M where d >= 2M.
// Young's sqrt(2 d M) is its first term.
Duration daly_interval(Duration write, Duration between_failures);

// For TrainingSetup::optimal_checkpoints.  Writes go at the store's rate or that of one node's NICs, whichever is less,
// as if nobody else wrote; asynchronous checkpoints follow one another as fast as they can be written.
std::function<Duration(const TrainingJob&, Bytes)> optimal_checkpoints(const Inputs& in);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_FAULTS_H_
