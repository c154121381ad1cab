// Which training job runs on which node, in flat arrays that are quick to build for thousands of jobs.
#ifndef JEVONS_POLICIES_ALLOCATOR_OCCUPANCY_H_
#define JEVONS_POLICIES_ALLOCATOR_OCCUPANCY_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "policies/api/allocator.h"

namespace jevons {

// Jobs are known by their position in `jobs`, nodes by their position among those that have a job, ascending id.  Jobs
// on notice are left out: they go anyway, and with them what they hold.
class Occupancy {
 public:
  struct Use {
    std::uint32_t at = 0;  // The node, or the job.
    Gpus gpus{0};
  };

  explicit Occupancy(std::span<const VictimView> jobs) : of_first_(jobs.size() + 1, 0) {
    std::uint32_t past = 0;  // Past the highest node.
    std::size_t uses = 0;
    for (const VictimView& job : jobs) {
      if (job.leaving) continue;
      uses += job.shares.size();
      for (const NodeShare& share : job.shares) past = std::max(past, share.node.index + 1);
    }
    std::vector<std::uint32_t> count(past, 0);
    for (const VictimView& job : jobs) {
      if (job.leaving) continue;
      for (const NodeShare& share : job.shares) ++count[share.node.index];
    }
    std::vector<std::uint32_t> fill;  // By node: where its next job goes.
    std::uint32_t first = 0;
    for (std::uint32_t id = 0; id < past; ++id) {
      if (count[id] == 0) continue;
      ids_.push_back(NodeId{id});
      on_first_.push_back(first);
      first += count[id];
      count[id] = static_cast<std::uint32_t>(ids_.size() - 1);  // From now on: its position.
    }
    fill = on_first_;
    on_first_.push_back(first);
    of_.reserve(uses);
    on_.resize(uses);
    for (std::uint32_t j = 0; j < jobs.size(); ++j) {
      of_first_[j] = static_cast<std::uint32_t>(of_.size());
      if (jobs[j].leaving) continue;
      for (const NodeShare& share : jobs[j].shares) {
        const std::uint32_t node = count[share.node.index];
        of_.push_back({node, share.gpus});
        on_[fill[node]++] = {j, share.gpus};
      }
    }
    of_first_[jobs.size()] = static_cast<std::uint32_t>(of_.size());
  }

  std::uint32_t nodes() const { return static_cast<std::uint32_t>(ids_.size()); }
  NodeId id(std::uint32_t node) const { return ids_[node]; }
  // Jobs on a node, and nodes of a job, ascending.
  std::span<const Use> on(std::uint32_t node) const {
    return {on_.data() + on_first_[node], on_.data() + on_first_[node + 1]};
  }
  std::span<const Use> of(std::uint32_t job) const {
    return {of_.data() + of_first_[job], of_.data() + of_first_[job + 1]};
  }
  bool any_shared() const { return on_.size() > ids_.size(); }

 private:
  std::vector<NodeId> ids_;
  std::vector<Use> on_, of_;
  std::vector<std::uint32_t> on_first_, of_first_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_OCCUPANCY_H_
