// Makes every default of a scenario visible: what depends on other fields or on the catalogues is written into the
// message.
//
// Resolving twice changes nothing more.  References that do not exist are left as they are, for scenario_check.h to
// report.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_RESOLVE_H_
#define JEVONS_EXPERIMENTS_SCENARIO_RESOLVE_H_

#include "policies/catalogue.h"
#include "proto/scenario.pb.h"
#include "sim/model/instance.h"
#include "topologies/catalogue.h"

namespace jevons {

void resolve_scenario(const Catalogue& catalogue, const Policies& policies, proto::Scenario* scenario);

// How a replica of `pool` on nodes of `nodes` is planned; `group` is the index into pool.groups that names them.
std::int64_t bundle_of(const proto::Pool& pool);  // 1 where none is given.
InstanceOptions instance_options(const proto::Pool& pool, int group, const proto::NodeGroup& nodes);

// Null when there is none of that name.
const proto::NodeGroup* find_group(const proto::Scenario& scenario, const std::string& name);
int group_index(const proto::Scenario& scenario, const std::string& name);  // -1 when there is none.
int pool_index(const proto::Scenario& scenario, const std::string& name);   // -1 when there is none.

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_RESOLVE_H_
