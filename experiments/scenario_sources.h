// The load of a scenario: opens its request streams and makes its list of jobs, transforms applied.
//
// Every random choice comes from a stream named after the scenario's own names ("requests/chat", "training/kalos"), so
// neither a policy nor another stream changes it.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_SOURCES_H_
#define JEVONS_EXPERIMENTS_SCENARIO_SOURCES_H_

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "topologies/catalogue.h"
#include "traces/trace.h"

namespace jevons {

// Jobs are kept in memory.
inline constexpr std::uint64_t kMostJobs = 2'000'000;

// requests.streams[index]; may be endless where the scenario has a horizon.
Result<std::unique_ptr<RequestSource>> open_stream(const ScenarioFile& file, int index, std::uint64_t seed);

// training.jobs[index].
Result<JobTrace> make_jobs(const ScenarioFile& file, const Catalogue& catalogue, int index, std::uint64_t seed);

// All of training.jobs by submit time; counts are sums.
Result<JobTrace> make_all_jobs(const ScenarioFile& file, const Catalogue& catalogue, std::uint64_t seed);

// Never() without a horizon.
Instant horizon_of(const proto::Scenario& scenario);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_SOURCES_H_
