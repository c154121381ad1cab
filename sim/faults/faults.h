// Failures: what breaks, how often, what it takes with it and for how long.
//
// Each cause is a Poisson process over all GPUs of the cluster, broken ones too; a failure picks one GPU at random, and
// strikes its job, its node or all nodes of its leaf switch.  A node that breaks stops the jobs on it (they lose what
// they have not saved, and wait to start again), loses the requests it serves (they start again elsewhere) and is under
// repair for a while; a spare of its group, if one is left, takes its place after `spare_swap`.  A failure that strikes
// a node under repair does nothing.
#ifndef JEVONS_SIM_FAULTS_FAULTS_H_
#define JEVONS_SIM_FAULTS_FAULTS_H_

#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "base/units.h"
#include "sim/engine/calendar.h"
#include "sim/faults/setup.h"
#include "topologies/cluster.h"

namespace jevons {

// The calendar's failures; `strike` and `repaired` do what they mean.
class Faults {
 public:
  struct Strike {
    std::uint32_t cause = 0;
    NodeId node;           // Of the GPU.
    std::int32_t gpu = 0;  // Of the node.
    Duration repair{};
  };
  // All pointers outlive it.
  Faults(const FaultSetup* setup, const Cluster* cluster, Calendar* calendar);

  void begin(Instant now);
  // kFault with a cause as payload: draws the strike and the next failure of that cause.
  Strike on_fault(std::uint32_t cause, Instant now);

 private:
  struct Source {
    RandomStream random;
    Slot slot;
    double gpus_per_s = 0;  // Failures per second, all GPUs together.
  };
  void schedule_next(Source* source, Instant now);

  const FaultSetup* setup_;
  const Cluster* cluster_;
  Calendar* calendar_;
  std::vector<Source> sources_;
  std::vector<std::int64_t> first_gpu_;  // By node: GPUs of the nodes before it.
  std::int64_t gpus_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_SIM_FAULTS_FAULTS_H_
