// One node's way: loading, warming, serving, draining, back.
#include <algorithm>

#include "sim/reallocation.h"

namespace jevons {

// GPUs of the node that no replica of the pool uses (gpus_per_node is not a multiple of the replica's).
Gpus Reallocation::unused_gpus(NodeId node, const Pool& pool) const {
  const NodeGroup& g = inputs_->cluster.group_of(node);
  const PoolInstance* i = pool.instance_for(inputs_->cluster.nodes[node.index].group);
  return {g.gpus_per_node.value % i->gpus_per_replica.value};
}

// Reports the phase that ends, as far as nobody else does: replicas report their own GPUs.
void Reallocation::set_phase(NodeId node, Phase phase, Instant now) {
  State& s = nodes_[node.index];
  if (s.phase == Phase::kServing && seats_->is_open(node)) send_guests_away(node, now);
  const GroupId group = inputs_->cluster.nodes[node.index].group;
  const Gpus all = inputs_->cluster.group_of(node).gpus_per_node;
  const auto is_loading = [](Phase p) { return p == Phase::kLoading || p == Phase::kWarming; };
  const auto is_moving = [&](Phase p) { return is_loading(p) || p == Phase::kDraining; };
  if (is_loading(s.phase)) {
    observers_->gpu_time(now, group, Purpose::kLoading, all, s.since, now);
  } else if (s.phase == Phase::kServing || s.phase == Phase::kDraining) {
    const Purpose idle = s.phase == Phase::kServing ? Purpose::kIdleServing : Purpose::kDraining;
    observers_->gpu_time(now, group, idle, unused_gpus(node, *pool_of(node)), s.since, now);
  }
  moving_ += (is_moving(phase) ? 1 : 0) - (is_moving(s.phase) ? 1 : 0);
  s.phase = phase;
  s.since = now;
  changed_ = true;
}

Duration Reallocation::expected_load_time(const Pool& pool) const {
  const PoolInstance& i = pool.setup().instances.front();
  const NodeGroup& g = inputs_->cluster.groups[i.group.index];
  const double rate =
      std::min(g.nic_bytes_per_s * inputs_->cluster.fabric.efficiency, inputs_->cluster.storage.read_bytes_per_s);
  return duration_from_seconds(static_cast<double>(i.plan.weights.value) / rate) + pool.setup().warm_up;
}

// The weights cross the wire once a node: its replicas share the host's page cache.
void Reallocation::begin_loading(NodeId node, Pool* pool, Instant now) {
  gpus_->claim(node, pool->id(), now);
  reload(node, pool, now);
}

void Reallocation::reload(NodeId node, Pool* pool, Instant now) {
  set_phase(node, Phase::kLoading, now);
  const PoolInstance* instance = pool->instance_for(inputs_->cluster.nodes[node.index].group);
  State& s = nodes_[node.index];
  s.flow = flows_->read_storage(node, instance->plan.weights, this, now);
  flow_node_[s.flow] = node;
}

void Reallocation::flow_done(std::uint64_t flow, Instant now) {
  const auto it = flow_node_.find(flow);
  CHECK(it != flow_node_.end());
  const NodeId node = it->second;
  flow_node_.erase(it);
  set_phase(node, Phase::kWarming, now);
  calendar_->schedule(nodes_[node.index].slot, now + pool_of(node)->setup().warm_up);
}

void Reallocation::stop_loading(NodeId node, Instant now) {
  State& s = nodes_[node.index];
  if (s.phase == Phase::kLoading) {
    flows_->cut(s.flow, now);
    flow_node_.erase(s.flow);
  }
  calendar_->cancel(s.slot);
  set_phase(node, Phase::kTraining, now);
  gpus_->return_to_training(node, now);
  training_->wake_schedule(now);
}

void Reallocation::on_node_phase(NodeId node, Instant now) {
  if (gpus_->out(node)) return on_back(node, now);
  Pool* pool = pool_of(node);
  if (nodes_[node.index].phase == Phase::kWarming) {
    set_phase(node, Phase::kServing, now);
    return pool->add_node(node, now);
  }
  CHECK(nodes_[node.index].phase == Phase::kDraining);
  if (!pool->node_empty(node)) pool->evict_node(node, now);
  give_back(node, pool, now);
}

void Reallocation::begin_draining(NodeId node, Pool* pool, Instant now) {
  set_phase(node, Phase::kDraining, now);
  pool->set_draining(node, true, now);
  if (pool->node_empty(node)) return give_back(node, pool, now);
  const Duration limit = pool->setup().drain_limit;
  if (limit < Instant::never() - now) calendar_->schedule(nodes_[node.index].slot, now + limit);
}

void Reallocation::collect_drained(Pool* pool, Instant now) {
  for (NodeId node = pool->next_drained(); node.valid(); node = pool->next_drained()) {
    if (nodes_[node.index].phase == Phase::kDraining && gpus_->pool_of(node) == pool->id()) give_back(node, pool, now);
  }
}

void Reallocation::give_back(NodeId node, Pool* pool, Instant now) {
  calendar_->cancel(nodes_[node.index].slot);
  pool->remove_node(node, now);
  set_phase(node, Phase::kTraining, now);
  gpus_->return_to_training(node, now);
  training_->wake_schedule(now);
}

}  // namespace jevons
