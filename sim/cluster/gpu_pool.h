// The only owner of "who holds this GPU".
//
// A node belongs to training, where jobs hold some of its GPUs and the rest is idle, or to one serving pool, which
// holds it whole, or to nobody: out of service, broken or kept as a spare.  Time that nobody uses is reported from
// here; every holder reports its own.
#ifndef JEVONS_SIM_CLUSTER_GPU_POOL_H_
#define JEVONS_SIM_CLUSTER_GPU_POOL_H_

#include <span>
#include <vector>

#include "policies/api/placement.h"
#include "sim/observe/observers.h"
#include "topologies/cluster.h"

namespace jevons {

class GpuPool {
 public:
  // All nodes start with training, idle.  `training_may_use` by group: false = jobs never get its GPUs.
  GpuPool(const Cluster& cluster, std::vector<bool> training_may_use, const Observers* observers);

  // Jobs.  The GPUs must be idle (taken) or held (given back).
  void take(std::span<const NodeShare> shares, Instant now);
  void give_back(std::span<const NodeShare> shares, Instant now);

  // Pools.  The node must be idle and whole (claimed) or held by that pool (returned).
  void claim(NodeId node, PoolId pool, Instant now);
  void return_to_training(NodeId node, Instant now);

  // Out of service.  The node must be idle and whole (taken out) or out (put back).  `broken`: its time is failed, not
  // idle; may change while it is out.
  void take_out(NodeId node, bool broken, Instant now);
  void set_broken(NodeId node, bool broken, Instant now);
  void put_back(NodeId node, Instant now);

  // Closed: jobs keep what they hold of it, but get no more, until it is opened, claimed or taken out.
  void close(NodeId node);
  void open(NodeId node);
  bool closed(NodeId node) const { return nodes_[node.index].closed; }

  bool out(NodeId node) const { return nodes_[node.index].out; }
  bool with_training(NodeId node) const { return !nodes_[node.index].pool.valid() && !out(node); }
  bool whole_and_idle(NodeId node) const { return with_training(node) && nodes_[node.index].free == total_of(node); }
  PoolId pool_of(NodeId node) const { return nodes_[node.index].pool; }

  Gpus free_for_training() const { return free_; }          // Idle GPUs that jobs may take.
  Gpus capacity_for_training() const { return capacity_; }  // GPUs of nodes that jobs may use now, idle or not.
  Gpus free_of(GroupId group) const { return free_by_group_[group.index]; }
  Gpus capacity_of(GroupId group) const { return capacity_by_group_[group.index]; }
  Gpus largest_of(GroupId group) const { return largest_by_group_[group.index]; }  // If no pool held a node.
  // Nodes with an idle GPU that jobs may take, ascending.  Valid until the next change.
  std::span<const NodeView> placeable() const;

  std::int32_t training_nodes() const { return training_nodes_; }
  std::int32_t idle_training_nodes() const { return idle_nodes_; }
  void end(Instant now);  // Reports the idle time up to the end.

 private:
  struct State {
    Gpus free;
    PoolId pool;
    Instant since;  // When `free` last changed.
    bool out = false, broken = false, closed = false;
    bool counted_training = false, counted_idle = false;
  };
  Gpus total_of(NodeId node) const { return cluster_->group_of(node).gpus_per_node; }
  bool usable(NodeId node) const { return may_use_[cluster_->nodes[node.index].group.index]; }
  void change_free(NodeId node, Gpus by, Instant now);
  void recount(NodeId node);                          // After a change of `free`, `pool` or `out`.
  void offer(NodeId node, Gpus free, Gpus capacity);  // More of both for training.

  const Cluster* cluster_;
  std::vector<bool> may_use_;
  const Observers* observers_;
  std::vector<State> nodes_;
  Gpus free_, capacity_;
  std::int32_t training_nodes_ = 0, idle_nodes_ = 0;
  std::vector<Gpus> free_by_group_, capacity_by_group_, largest_by_group_;
  mutable std::vector<NodeView> placeable_;
  mutable bool stale_ = true;
};

}  // namespace jevons
#endif  // JEVONS_SIM_CLUSTER_GPU_POOL_H_
