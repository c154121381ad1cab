// Starts that wait until jobs which the queue stopped with notice have gone.
//
// A promised job has its GPUs by node.  On each node, what all of them were promised is no more than what is idle and
// what leaving jobs will give back, as long as no pool or failure takes it: so each starts as soon as enough GPUs of
// its nodes are idle, whichever they are.
#include <algorithm>

#include "sim/training/runtime.h"

namespace jevons {

void TrainingRuntime::promise(const JobStart& start, std::vector<NodeShare> shares) {
  const JobId id = start.job;
  promised_.push_back({{*find_waiting(id), start.gpus == Gpus{0} ? asked(id).gpus : start.gpus}, std::move(shares)});
  erase_waiting(id);
  state(id).phase = JobPhase::kPromised;
}

// GPUs that leaving jobs will give back to training, by node.
std::map<NodeId, Gpus> TrainingRuntime::coming() const {
  std::map<NodeId, Gpus> gpus;
  for (const RunningJobView& r : running_) {
    if (!r.leaving) continue;
    for (const NodeShare& s : jobs_[r.id.index].shares) {
      if (!gpus_->closed(s.node)) gpus[s.node] += s.gpus;
    }
  }
  return gpus;
}

// Idle GPUs that others may not have: what is promised beyond what is coming.
std::map<NodeId, Gpus> TrainingRuntime::kept() const {
  std::map<NodeId, Gpus> gpus;
  if (promised_.empty()) return gpus;
  for (const Promise& p : promised_) {
    for (const NodeShare& s : p.shares) gpus[s.node] += s.gpus;
  }
  for (const auto& [node, back] : coming()) {
    const auto it = gpus.find(node);
    if (it != gpus.end()) it->second -= back;
  }
  std::map<NodeId, Gpus> idle;
  for (const NodeView& n : gpus_->placeable()) {
    const auto it = gpus.find(n.id);
    if (it != gpus.end() && it->second > Gpus{0}) idle[n.id] = std::min(it->second, n.free);
  }
  return idle;
}

// GpuPool::placeable less what is kept.
std::span<const NodeView> TrainingRuntime::open_nodes() {
  if (promised_.empty()) return gpus_->placeable();
  const std::map<NodeId, Gpus> idle = kept();
  open_.clear();
  for (NodeView n : gpus_->placeable()) {
    const auto it = idle.find(n.id);
    if (it != idle.end()) n.free -= it->second;
    if (n.free > Gpus{0}) open_.push_back(n);
  }
  return open_;
}

bool TrainingRuntime::keep_promises(Instant now) {
  if (promised_.empty()) return false;
  std::map<NodeId, Gpus> idle, unclaimed = coming();
  for (const NodeView& n : gpus_->placeable()) {
    idle[n.id] = n.free;
    unclaimed[n.id] += n.free;
  }
  const auto within = [](const std::vector<NodeShare>& shares, const std::map<NodeId, Gpus>& gpus) {
    return std::all_of(shares.begin(), shares.end(), [&](const NodeShare& s) {
      const auto it = gpus.find(s.node);
      return it != gpus.end() && s.gpus <= it->second;
    });
  };
  std::vector<Promise> left;
  bool changed = false;
  for (Promise& p : promised_) {
    const JobId id = p.view.job.id;
    if (!within(p.shares, unclaimed)) {
      insert_waiting(id, p.view.job.waiting_since);
      changed = true;
      continue;
    }
    for (const NodeShare& s : p.shares) unclaimed[s.node] -= s.gpus;
    if (!within(p.shares, idle)) {
      left.push_back(std::move(p));
      continue;
    }
    for (const NodeShare& s : p.shares) idle[s.node] -= s.gpus;
    start(id, std::move(p.shares), now);
    changed = true;
  }
  promised_ = std::move(left);
  return changed;
}

}  // namespace jevons
