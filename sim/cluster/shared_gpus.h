// GPUs that jobs share: who is on each, and how much room is left.
//
// One of the jobs on a GPU holds it: the GPU pool knows that job alone (sim/cluster/gpu_pool.h).  When it leaves and
// others stay, the GPU passes to the one with the largest share, of equals the first by id.
#ifndef JEVONS_SIM_CLUSTER_SHARED_GPUS_H_
#define JEVONS_SIM_CLUSTER_SHARED_GPUS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/units.h"

namespace jevons {

using SharedGpuId = Id<struct SharedGpuTag>;  // In order of opening; never used again.

class SharedGpus {
 public:
  struct Seat {
    JobId job;
    MilliGpus share;
  };
  struct Gpu {
    SharedGpuId id;
    NodeId node;
    JobId holder;
    MilliGpus room;
    std::vector<Seat> seats;  // The holder's too, in order of coming.
  };

  SharedGpuId open(NodeId node, JobId holder, MilliGpus share);
  void join(SharedGpuId gpu, JobId job, MilliGpus share);  // There must be room.
  // The job must be there.  Returns whom the GPU passes to; invalid if it passes to nobody.  It closes with its last
  // job.
  JobId leave(SharedGpuId gpu, JobId job);

  bool is_open(SharedGpuId gpu) const { return gpus_.contains(gpu); }
  const Gpu& at(SharedGpuId gpu) const { return gpus_.at(gpu); }
  std::vector<JobId> beside_holder(SharedGpuId gpu) const;  // In order of coming.
  MilliGpus largest_room() const { return rooms_.empty() ? MilliGpus{0} : rooms_.rbegin()->first; }
  // GPUs with at least so much room, by node and age.
  std::vector<const Gpu*> with_room(MilliGpus share) const;
  std::size_t beside() const { return beside_; }  // Jobs on GPUs that another holds.

 private:
  void set_room(Gpu* gpu, MilliGpus room);
  std::map<SharedGpuId, Gpu> gpus_;
  std::set<std::pair<MilliGpus, SharedGpuId>> rooms_;
  std::uint32_t opened_ = 0;
  std::size_t beside_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_SIM_CLUSTER_SHARED_GPUS_H_
