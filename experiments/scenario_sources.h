// The load of a scenario: opens its request streams (scenario_sources.cc) and makes its list of jobs
// (scenario_jobs.cc), transforms applied.
//
// Every random choice comes from a stream named after the scenario's own names ("requests/chat", "training/kalos"), so
// neither a policy nor another stream changes it.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_SOURCES_H_
#define JEVONS_EXPERIMENTS_SCENARIO_SOURCES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "experiments/scenario_load.h"
#include "topologies/catalogue.h"
#include "traces/reader.h"
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

// Options of reading the trace of training.jobs[index]; paths resolved.  Errors: a file that is not there, a GPU that
// the catalogue does not have.
Result<TraceOptions> job_trace_options(const ScenarioFile& file, const Catalogue& catalogue, int index);

// An error of a file keeps its own place ("azure.csv:7:3"); one about an option gets that of the field at `path`.
Error place_error(const ScenarioFile& file, const std::string& path, const std::string& trace, Error error);

// A duration that passed the rules, from the start.
Instant instant_of(const std::string& text);

// Never() without a horizon.
Instant horizon_of(const proto::Scenario& scenario);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_SOURCES_H_
