// Views for queues that know tenants, priorities and GPU groups, built piece by piece.
#ifndef JEVONS_TESTS_POLICIES_SHARED_VIEWS_H_
#define JEVONS_TESTS_POLICIES_SHARED_VIEWS_H_

#include <deque>
#include <string>
#include <vector>

#include "tests/policies/builtins.h"
#include "tests/support/elastic_simulator.h"

namespace jevons::testing {

inline Gpus gpus_of(std::int64_t n) { return Gpus{static_cast<std::int32_t>(n)}; }

struct SharedView {
  Instant now{1000};
  Gpus free{0};
  std::vector<TenantView> tenants{};
  double cpus = 0;
  Bytes memory{0};
  std::deque<JobTraits> traits{};  // Stays where it is.
  std::vector<WaitingJobView> waiting{};
  std::vector<RunningJobView> running{};

  JobTraits& waits(std::uint32_t id, int gpus, std::uint32_t tenant = 0, std::int32_t priority = 0) {
    traits.emplace_back();
    traits.back().tenant = tenant;
    traits.back().priority = priority;
    waiting.push_back({JobId{id}, Instant{id}, Gpus{gpus}, 10_s, {}});
    waiting.back().traits = &traits.back();
    return traits.back();
  }
  JobTraits& runs(std::uint32_t id, int gpus, std::uint32_t tenant = 0, std::int32_t priority = 0,
                  Instant started = Instant{0}) {
    traits.emplace_back();
    traits.back().tenant = tenant;
    traits.back().priority = priority;
    running.push_back({JobId{id}, Instant{id}, started, Instant{2000}, Gpus{gpus}});
    running.back().asked = Gpus{gpus};
    running.back().traits = &traits.back();
    return traits.back();
  }
  QueueView view() const {
    Gpus capacity = free;
    for (const RunningJobView& r : running) capacity += r.gpus;
    return {now, free, capacity, waiting, running, {}, tenants, {}, cpus, memory};
  }
};

inline std::vector<std::uint32_t> ids_of(const std::vector<JobId>& jobs) {
  std::vector<std::uint32_t> ids;
  for (const JobId id : jobs) ids.push_back(id.index);
  return ids;
}
inline std::vector<std::uint32_t> ids_of(const std::vector<JobStart>& starts) {
  std::vector<std::uint32_t> ids;
  for (const JobStart& s : starts) ids.push_back(s.job.index);
  return ids;
}
using Ids = std::vector<std::uint32_t>;

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_POLICIES_SHARED_VIEWS_H_
