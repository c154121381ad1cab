// Moving GPUs between holders, and counting the idle ones.
#include "sim/cluster/gpu_pool.h"

namespace jevons {

GpuPool::GpuPool(const Cluster& cluster, std::vector<bool> training_may_use, const Observers* observers)
    : cluster_(&cluster), may_use_(std::move(training_may_use)), observers_(observers) {
  CHECK(may_use_.size() == cluster.groups.size());
  for (const Node& n : cluster.nodes) {
    nodes_.push_back({total_of(n.id), PoolId{}, Instant{0}});
    if (usable(n.id)) largest_ += total_of(n.id);
  }
  free_ = capacity_ = largest_;
}

void GpuPool::change_free(NodeId node, Gpus by, Instant now) {
  State& s = nodes_[node.index];
  observers_->gpu_time(now, cluster_->nodes[node.index].group, Purpose::kIdle, s.free, s.since, now);
  s.since = now;
  s.free += by;
  CHECK(s.free >= Gpus{0} && s.free <= total_of(node));
  stale_ = true;
}

void GpuPool::take(std::span<const NodeShare> shares, Instant now) {
  for (const NodeShare& s : shares) {
    CHECK(with_training(s.node) && usable(s.node));
    change_free(s.node, Gpus{0} - s.gpus, now);
    free_ -= s.gpus;
  }
}

void GpuPool::give_back(std::span<const NodeShare> shares, Instant now) {
  for (const NodeShare& s : shares) {
    CHECK(with_training(s.node));
    change_free(s.node, s.gpus, now);
    free_ += s.gpus;
  }
}

void GpuPool::claim(NodeId node, PoolId pool, Instant now) {
  CHECK(whole_and_idle(node));
  const Gpus all = total_of(node);
  change_free(node, Gpus{0} - all, now);
  nodes_[node.index].pool = pool;
  if (usable(node)) {
    free_ -= all;
    capacity_ -= all;
  }
  observers_->tell(&Observer::on_node_taken, now, node, pool);
}

void GpuPool::return_to_training(NodeId node, Instant now) {
  CHECK(!with_training(node));
  const Gpus all = total_of(node);
  observers_->tell(&Observer::on_node_given_back, now, node, nodes_[node.index].pool);
  nodes_[node.index].pool = PoolId{};
  change_free(node, all, now);
  if (usable(node)) {
    free_ += all;
    capacity_ += all;
  }
}

std::span<const NodeView> GpuPool::placeable() const {
  if (stale_) {
    placeable_.clear();
    for (const Node& n : cluster_->nodes) {
      const State& s = nodes_[n.id.index];
      if (!s.pool.valid() && s.free > Gpus{0} && usable(n.id)) {
        placeable_.push_back({n.id, n.group, n.leaf, total_of(n.id), s.free});
      }
    }
    stale_ = false;
  }
  return placeable_;
}

std::int32_t GpuPool::training_nodes() const {
  std::int32_t n = 0;
  for (const Node& node : cluster_->nodes) n += with_training(node.id) ? 1 : 0;
  return n;
}

std::int32_t GpuPool::idle_training_nodes() const {
  std::int32_t n = 0;
  for (const Node& node : cluster_->nodes) n += whole_and_idle(node.id) ? 1 : 0;
  return n;
}

void GpuPool::end(Instant now) {
  for (const Node& n : cluster_->nodes) change_free(n.id, Gpus{0}, now);
}

}  // namespace jevons
