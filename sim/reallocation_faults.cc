// What a failure does to a node and to whoever has it; repairs and spares.
#include <algorithm>

#include "sim/reallocation.h"

namespace jevons {

// The last nodes of each group.
void Reallocation::set_spares_aside(Instant now) {
  std::vector<Nodes> missing = inputs_->faults.spares;
  for (auto n = inputs_->cluster.nodes.rbegin(); n != inputs_->cluster.nodes.rend(); ++n) {
    if (n->group.index >= missing.size() || missing[n->group.index] == Nodes{0}) continue;
    missing[n->group.index] -= Nodes{1};
    gpus_->take_out(n->id, false, now);
    nodes_[n->id.index].phase = Phase::kSpare;
    nodes_[n->id.index].since = now;
  }
}

void Reallocation::on_fault(const Faults::Strike& strike, Instant now) {
  const FaultScope scope = inputs_->faults.causes[strike.cause].scope;
  std::int32_t jobs = 0;
  GpuTime lost{};
  if (scope == FaultScope::kProcess) strike_process(strike, &jobs, &lost, now);
  if (scope == FaultScope::kNode) break_node(strike.node, strike.repair, &jobs, &lost, now);
  if (scope == FaultScope::kLeaf) {
    const LeafId leaf = inputs_->cluster.nodes[strike.node.index].leaf;
    for (const Node& n : inputs_->cluster.nodes) {
      if (n.leaf == leaf) break_node(n.id, strike.repair, &jobs, &lost, now);
    }
  }
  observers_->tell(&Observer::on_fault, now, strike.cause, jobs, lost);
  claim_vacated(now);
  top_up(now);
}

void Reallocation::strike_process(const Faults::Strike& strike, std::int32_t* jobs, GpuTime* lost, Instant now) {
  const NodeId node = strike.node;
  if (gpus_->with_training(node)) {
    std::int32_t gpus = 0;
    for (const JobId job : training_->jobs_on(node)) {
      for (const NodeShare& s : training_->shares(job)) gpus += s.node == node ? s.gpus.value : 0;
      if (gpus <= strike.gpu) continue;
      training_->fail(job, jobs, lost, now);
      return;
    }
    return;  // The GPU was idle.
  }
  const Phase phase = nodes_[node.index].phase;
  if (phase != Phase::kServing && phase != Phase::kDraining) return;
  Pool* pool = pool_of(node);
  fail_guests(node, jobs, lost, now);
  pool->evict_node(node, now);
  if (phase == Phase::kDraining) return give_back(node, pool, now);
  pool->remove_node(node, now);
  reload(node, pool, now);
}

// Whoever has the node loses it; then it is whole, idle and training's.
void Reallocation::empty(NodeId node, std::int32_t* jobs, GpuTime* lost, Instant now) {
  if (gpus_->with_training(node)) {
    for (std::vector<NodeId>& waits : vacating_) std::erase(waits, node);
    for (const JobId job : training_->jobs_on(node)) {
      training_->fail(job, jobs, lost, now);
    }
    return;
  }
  const Phase phase = nodes_[node.index].phase;
  if (phase == Phase::kLoading || phase == Phase::kWarming) return stop_loading(node, now);
  Pool* pool = pool_of(node);
  fail_guests(node, jobs, lost, now);
  pool->evict_node(node, now);
  give_back(node, pool, now);
}

void Reallocation::break_node(NodeId node, Duration repair, std::int32_t* jobs, GpuTime* lost, Instant now) {
  State& s = nodes_[node.index];
  const GroupId group = inputs_->cluster.nodes[node.index].group;
  if (s.phase == Phase::kBroken) return;
  if (gpus_->out(node)) {
    calendar_->cancel(s.slot);
    gpus_->set_broken(node, true, now);
    if (s.phase == Phase::kSpare) ++spares_missing_[group.index];
  } else {
    empty(node, jobs, lost, now);
    gpus_->take_out(node, true, now);
  }
  const bool was_spare = s.phase == Phase::kSpare;
  s.phase = Phase::kBroken;
  s.since = now;
  calendar_->schedule(s.slot, now + repair);
  if (!was_spare) call_spare(group, now);
}

void Reallocation::call_spare(GroupId group, Instant now) {
  for (const Node& n : inputs_->cluster.nodes) {
    State& s = nodes_[n.id.index];
    if (n.group != group || s.phase != Phase::kSpare) continue;
    s.phase = Phase::kSwapping;
    s.since = now;
    ++spares_missing_[group.index];
    calendar_->schedule(s.slot, now + inputs_->faults.spare_swap);
    return;
  }
}

// Repaired, or a spare that has taken the place of a broken node.
void Reallocation::on_back(NodeId node, Instant now) {
  State& s = nodes_[node.index];
  const GroupId group = inputs_->cluster.nodes[node.index].group;
  const bool repaired = s.phase == Phase::kBroken;
  s.since = now;
  if (repaired && spares_missing_[group.index] > 0) {
    --spares_missing_[group.index];
    gpus_->set_broken(node, false, now);
    s.phase = Phase::kSpare;
    return;
  }
  gpus_->put_back(node, now);
  s.phase = Phase::kTraining;
  top_up(now);
  training_->wake_schedule(now);
}

// Pools that lost a node to a failure take idle ones at once.
void Reallocation::top_up(Instant now) {
  for (const auto& pool : *pools_) {
    const Counts c = counts(pool->id());
    const std::int32_t missing =
        targets_[pool->id().index] - c.ready - c.coming - static_cast<std::int32_t>(vacating_[pool->id().index].size());
    if (missing > 0) claim_idle(pool.get(), missing, now);
  }
}

}  // namespace jevons
