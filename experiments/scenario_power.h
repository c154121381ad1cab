// Watts of a node group: what the scenario says, and the model's where it says nothing.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_POWER_H_
#define JEVONS_EXPERIMENTS_SCENARIO_POWER_H_

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "proto/scenario.pb.h"
#include "topologies/catalogue.h"
#include "topologies/power.h"

namespace jevons {

// A phase's own field goes before busy_watts and idle_watts, and those before the catalogue.  Whole milliwatts.
PowerDraw group_power(const proto::NodeGroup& group, const GpuSpec& gpu);

// Refuses a group that computes on fewer watts than it idles on; names the field that asks for it.
Status check_power(const ScenarioFile& file, const proto::NodeGroup& group, const GpuSpec& gpu,
                   const std::string& path);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_POWER_H_
