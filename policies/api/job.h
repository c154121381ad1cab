// What a policy may know of a training job before it runs: what its owner said of it.
#ifndef JEVONS_POLICIES_API_JOB_H_
#define JEVONS_POLICIES_API_JOB_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/scaling.h"
#include "base/units.h"

namespace jevons {

struct JobTraits {
  std::uint32_t tenant = 0;   // Position in QueueView::tenants.
  std::int32_t priority = 0;  // Higher is more urgent.
  Instant deadline = Instant::never();
  Flexibility flexibility = Flexibility::kRigid;
  Gpus min_gpus{0}, max_gpus{0};  // Range it can run on; 0 and 0 = exactly what it asks for.
  std::vector<ScalingPoint> scaling{};
  // Speed on a group's GPUs over that on the reference GPU, by position of the group; 0 = it cannot run there.  Empty
  // = 1 everywhere.
  std::vector<double> speed_by_group{};
  double cpus = 0;  // For all its GPUs together; 0 = unknown.
  Bytes memory{0};  // Of the hosts, likewise.
};

inline const JobTraits kRigidJob{};

inline Gpus least_gpus(const JobTraits& t, Gpus asked) {
  return t.flexibility == Flexibility::kRigid || t.min_gpus == Gpus{0} ? asked : t.min_gpus;
}
inline Gpus most_gpus(const JobTraits& t, Gpus asked) {
  return t.flexibility == Flexibility::kRigid || t.max_gpus == Gpus{0} ? asked : t.max_gpus;
}
inline double speed_on(const JobTraits& t, GroupId group) {
  return group.index < t.speed_by_group.size() ? t.speed_by_group[group.index] : 1.0;
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_JOB_H_
