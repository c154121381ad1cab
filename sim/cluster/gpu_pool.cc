// Moving GPUs between holders, and counting the idle ones.
#include "sim/cluster/gpu_pool.h"

namespace jevons {

GpuPool::GpuPool(const Cluster& cluster, std::vector<bool> training_may_use, const Observers* observers)
    : cluster_(&cluster),
      may_use_(std::move(training_may_use)),
      observers_(observers),
      free_by_group_(cluster.groups.size()),
      capacity_by_group_(cluster.groups.size()) {
  CHECK(may_use_.size() == cluster.groups.size());
  for (const Node& n : cluster.nodes) {
    nodes_.push_back({total_of(n.id), PoolId{}, Instant{0}});
    offer(n.id, total_of(n.id), total_of(n.id));
    recount(n.id);
  }
  largest_by_group_ = capacity_by_group_;
}

void GpuPool::offer(NodeId node, Gpus free, Gpus capacity) {
  if (!usable(node)) return;
  const std::uint32_t group = cluster_->nodes[node.index].group.index;
  free_ += free;
  capacity_ += capacity;
  free_by_group_[group] += free;
  capacity_by_group_[group] += capacity;
}

void GpuPool::change_free(NodeId node, Gpus by, Instant now) {
  State& s = nodes_[node.index];
  const Purpose purpose = s.broken ? Purpose::kFailed : Purpose::kIdle;
  observers_->gpu_time(now, cluster_->nodes[node.index].group, purpose, s.free, s.since, now);
  s.since = now;
  s.free += by;
  CHECK(s.free >= Gpus{0} && s.free <= total_of(node));
  stale_ = true;
}

void GpuPool::take(std::span<const NodeShare> shares, Instant now) {
  for (const NodeShare& s : shares) {
    CHECK(with_training(s.node) && usable(s.node));
    change_free(s.node, Gpus{0} - s.gpus, now);
    offer(s.node, Gpus{0} - s.gpus, Gpus{0});
    recount(s.node);
  }
}

void GpuPool::give_back(std::span<const NodeShare> shares, Instant now) {
  for (const NodeShare& s : shares) {
    CHECK(with_training(s.node));
    change_free(s.node, s.gpus, now);
    if (!closed(s.node)) offer(s.node, s.gpus, Gpus{0});
    recount(s.node);
  }
}

void GpuPool::close(NodeId node) {
  CHECK(with_training(node) && !closed(node));
  nodes_[node.index].closed = true;
  offer(node, Gpus{0} - nodes_[node.index].free, Gpus{0} - total_of(node));
  stale_ = true;
}

void GpuPool::open(NodeId node) {
  CHECK(with_training(node) && closed(node));
  nodes_[node.index].closed = false;
  offer(node, nodes_[node.index].free, total_of(node));
  stale_ = true;
}

void GpuPool::claim(NodeId node, PoolId pool, Instant now) {
  CHECK(whole_and_idle(node));
  if (closed(node)) open(node);
  const Gpus all = total_of(node);
  change_free(node, Gpus{0} - all, now);
  nodes_[node.index].pool = pool;
  offer(node, Gpus{0} - all, Gpus{0} - all);
  recount(node);
  observers_->tell(&Observer::on_node_taken, now, node, pool);
}

void GpuPool::return_to_training(NodeId node, Instant now) {
  CHECK(nodes_[node.index].pool.valid());
  const Gpus all = total_of(node);
  observers_->tell(&Observer::on_node_given_back, now, node, nodes_[node.index].pool);
  nodes_[node.index].pool = PoolId{};
  change_free(node, all, now);
  offer(node, all, all);
  recount(node);
}

void GpuPool::take_out(NodeId node, bool broken, Instant now) {
  CHECK(whole_and_idle(node));
  if (closed(node)) open(node);
  change_free(node, Gpus{0}, now);
  nodes_[node.index].out = true;
  nodes_[node.index].broken = broken;
  offer(node, Gpus{0} - total_of(node), Gpus{0} - total_of(node));
  recount(node);
  if (broken) observers_->tell(&Observer::on_node_fails, now, node);
}

void GpuPool::set_broken(NodeId node, bool broken, Instant now) {
  CHECK(out(node) && nodes_[node.index].broken != broken);
  change_free(node, Gpus{0}, now);
  nodes_[node.index].broken = broken;
  observers_->tell(broken ? &Observer::on_node_fails : &Observer::on_node_repaired, now, node);
}

void GpuPool::put_back(NodeId node, Instant now) {
  CHECK(out(node));
  if (nodes_[node.index].broken) set_broken(node, false, now);
  change_free(node, Gpus{0}, now);
  nodes_[node.index].out = false;
  offer(node, total_of(node), total_of(node));
  recount(node);
}

std::span<const NodeView> GpuPool::placeable() const {
  if (stale_) {
    placeable_.clear();
    for (const Node& n : cluster_->nodes) {
      const State& s = nodes_[n.id.index];
      if (with_training(n.id) && !s.closed && s.free > Gpus{0} && usable(n.id)) {
        placeable_.push_back({n.id, n.group, n.leaf, total_of(n.id), s.free});
      }
    }
    stale_ = false;
  }
  return placeable_;
}

void GpuPool::recount(NodeId node) {
  State& s = nodes_[node.index];
  training_nodes_ += (with_training(node) ? 1 : 0) - (s.counted_training ? 1 : 0);
  idle_nodes_ += (whole_and_idle(node) ? 1 : 0) - (s.counted_idle ? 1 : 0);
  s.counted_training = with_training(node);
  s.counted_idle = whole_and_idle(node);
}

void GpuPool::end(Instant now) {
  for (const Node& n : cluster_->nodes) change_free(n.id, Gpus{0}, now);
}

}  // namespace jevons
