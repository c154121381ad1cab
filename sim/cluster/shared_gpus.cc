// GPUs that jobs share.
#include "sim/cluster/shared_gpus.h"

#include <algorithm>
#include <utility>

namespace jevons {

SharedGpuId SharedGpus::open(NodeId node, JobId holder, MilliGpus share) {
  const SharedGpuId id{opened_++};
  Gpu& gpu = gpus_[id];
  gpu = {id, node, holder, kWholeGpu - share, {{holder, share}}};
  CHECK(gpu.room > MilliGpus{0} && share > MilliGpus{0});
  rooms_.emplace(gpu.room, id);
  return id;
}

void SharedGpus::set_room(Gpu* gpu, MilliGpus room) {
  rooms_.erase({gpu->room, gpu->id});
  gpu->room = room;
  rooms_.emplace(gpu->room, gpu->id);
}

void SharedGpus::join(SharedGpuId id, JobId job, MilliGpus share) {
  Gpu& gpu = gpus_.at(id);
  CHECK(share > MilliGpus{0} && share <= gpu.room);
  gpu.seats.push_back({job, share});
  set_room(&gpu, gpu.room - share);
  ++beside_;
}

JobId SharedGpus::leave(SharedGpuId id, JobId job) {
  Gpu& gpu = gpus_.at(id);
  const auto seat = std::find_if(gpu.seats.begin(), gpu.seats.end(), [&](const Seat& s) { return s.job == job; });
  CHECK(seat != gpu.seats.end());
  set_room(&gpu, gpu.room + seat->share);
  gpu.seats.erase(seat);
  if (gpu.holder != job) {
    --beside_;
    return JobId{};
  }
  if (gpu.seats.empty()) {
    rooms_.erase({gpu.room, id});
    gpus_.erase(id);
    return JobId{};
  }
  const auto before = [](const Seat& a, const Seat& b) {
    return a.share != b.share ? a.share > b.share : a.job < b.job;
  };
  gpu.holder = std::min_element(gpu.seats.begin(), gpu.seats.end(), before)->job;
  --beside_;
  return gpu.holder;
}

std::vector<JobId> SharedGpus::beside_holder(SharedGpuId id) const {
  std::vector<JobId> jobs;
  const Gpu& gpu = gpus_.at(id);
  for (const Seat& s : gpu.seats) {
    if (s.job != gpu.holder) jobs.push_back(s.job);
  }
  return jobs;
}

std::vector<const SharedGpus::Gpu*> SharedGpus::with_room(MilliGpus share) const {
  std::vector<const Gpu*> found;
  for (auto it = rooms_.lower_bound({share, SharedGpuId{0}}); it != rooms_.end(); ++it) {
    found.push_back(&gpus_.at(it->second));
  }
  std::sort(found.begin(), found.end(),
            [](const Gpu* a, const Gpu* b) { return a->node != b->node ? a->node < b->node : a->id < b->id; });
  return found;
}

}  // namespace jevons
