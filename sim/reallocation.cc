// Carrying out what the allocator decides.
#include "sim/reallocation.h"

#include <algorithm>
#include <set>

#include "sim/run_error.h"

namespace jevons {

Reallocation::Reallocation(const Inputs* inputs, std::vector<std::unique_ptr<Pool>>* pools, TrainingRuntime* training,
                           GpuPool* gpus, GuestSeats* seats, Flows* flows, Calendar* calendar,
                           const Observers* observers)
    : inputs_(inputs),
      pools_(pools),
      training_(training),
      gpus_(gpus),
      seats_(seats),
      flows_(flows),
      calendar_(calendar),
      observers_(observers),
      review_slot_(calendar->add_slot(EventKind::kReview, 0)),
      event_slot_(calendar->add_slot(EventKind::kEventReview, 0)),
      nodes_(inputs->cluster.nodes.size()),
      targets_(inputs->pools.size()),
      guest_targets_(inputs->pools.size()),
      desired_(inputs->pools.size(), -1),
      vacating_(inputs->pools.size()),
      spares_missing_(inputs->cluster.groups.size()) {
  training->on_left([this](Instant now) { claim_vacated(now); });
  seats->on_change([this](NodeId node, Instant now) { pool_of(node)->set_guests(node, seats_->on(node), now); });
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) nodes_[i].slot = calendar->add_slot(EventKind::kNodePhase, i);
}

Status Reallocation::begin(Instant now) {
  set_spares_aside(now);
  for (const auto& pool : *pools_) {
    std::int32_t missing = pool->setup().initial_nodes.value;
    targets_[pool->id().index] = missing;
    for (const PoolInstance& instance : pool->setup().instances) {
      for (const Node& n : inputs_->cluster.nodes) {
        if (missing == 0 || n.group != instance.group || !gpus_->whole_and_idle(n.id)) continue;
        gpus_->claim(n.id, pool->id(), now);
        nodes_[n.id.index] = {Phase::kServing, now, nodes_[n.id.index].slot, 0};
        pool->add_node(n.id, now);
        --missing;
      }
    }
    if (missing > 0) {
      return Error{"initial_nodes is " + std::to_string(pool->setup().initial_nodes.value) + ", but only " +
                       std::to_string(pool->setup().initial_nodes.value - missing) + " nodes of its groups are left",
                   "pool '" + pool->setup().name + "'"};
    }
  }
  if (inputs_->allocator != nullptr) {
    wants_ = inputs_->allocator->wants();
    calendar_->schedule(review_slot_, now);
  }
  return Ok{};
}

Reallocation::Counts Reallocation::counts(PoolId pool) const {
  Counts c;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const Phase p = nodes_[i].phase;
    if (gpus_->pool_of(NodeId{i}) != pool) continue;
    ++(p == Phase::kServing ? c.ready : p == Phase::kDraining ? c.draining : c.coming);
  }
  return c;
}

void Reallocation::fill_view(bool on_period, Instant now) {
  pool_views_.clear();
  victims_.clear();
  for (const auto& pool : *pools_) {
    PoolView v;
    pool->review(now, inputs_->review_every, on_period, &v);
    const Counts c = counts(pool->id());
    v.ready_nodes = c.ready;
    v.coming_nodes = c.coming;
    v.draining_nodes = c.draining;
    v.target_nodes = targets_[pool->id().index];
    v.leaving_nodes = static_cast<std::int32_t>(vacating_[pool->id().index].size());
    v.priority = pool->setup().priority;
    v.unit_nodes = pool->setup().unit_nodes.value;
    v.guest_nodes = pool->takes_guests() ? open_to_guests(pool->id()) : -1;
    v.idle_nodes = 0;
    for (const Node& n : inputs_->cluster.nodes) {
      if (gpus_->whole_and_idle(n.id) && pool->serves_on(n.group)) ++v.idle_nodes;
    }
    v.load_time = expected_load_time(*pool);
    if (pool->setup().autoscaler != nullptr && on_period) ask_autoscaler(&v, now);
    v.desired_nodes = desired_[pool->id().index];
    pool_views_.push_back(v);
  }
  if (!pools_->empty()) training_->fill_victims(now, &victims_);  // Without pools nobody wants their nodes.
  view_ = {.now = now,
           .review_every = inputs_->review_every,
           .pools = pool_views_,
           .training_nodes = gpus_->training_nodes(),
           .idle_training_nodes = gpus_->idle_training_nodes(),
           .waiting_gpus = training_->waiting_gpus(),
           .running_jobs = victims_,
           .waiting_jobs = training_->waiting_jobs(),
           .usd_per_training_gpu_hour = inputs_->training.usd_per_gpu_hour,
           .notice = inputs_->training.notice,
           .future = inputs_->future.get(),
           .on_period = on_period,
           .events = pending_};
  last_review_ = now;
}

void Reallocation::ask_autoscaler(PoolView* view, Instant now) {
  std::int32_t& desired = desired_[view->id.index];
  view->desired_nodes = desired;
  const std::int64_t answer = inputs_->pools[view->id.index].autoscaler->desired({now, inputs_->review_every, view});
  desired = static_cast<std::int32_t>(std::clamp<std::int64_t>(answer, view->min_nodes, view->max_nodes));
}

void Reallocation::happened(const AllocatorEvents& events, Instant now) {
  if (!(events & wants_).any()) return;
  pending_ = pending_ | (events & wants_);
  if (calendar_->pending(event_slot_)) return;
  calendar_->schedule(event_slot_, std::max(now, last_review_ + inputs_->min_review_gap));
}

void Reallocation::watch_slo(Pool* pool, Instant now) {
  if (wants_.slo_broken && pool->slo_breaks()) happened({.slo_broken = true}, now);
}

void Reallocation::watch_queue(Pool* pool, Instant now) {
  if (wants_.queue_jump && !pending_.queue_jump && pool->queue_jumped()) happened({.queue_jump = true}, now);
}

void Reallocation::on_review(Instant now) {
  if (inputs_->review_every < Instant::never() - now) calendar_->schedule(review_slot_, now + inputs_->review_every);
  review(true, now);
}

void Reallocation::on_event_review(Instant now) { review(false, now); }

void Reallocation::review(bool on_period, Instant now) {
  fill_view(on_period, now);
  pending_ = {};
  calendar_->cancel(event_slot_);
  decision_.clear();
  inputs_->allocator->review(view_, &decision_);
  check(decision_, now);
  changed_ = false;
  // Shrink first: what one pool gives back idle, another may take at once.
  for (const bool growing : {false, true}) {
    for (const PoolTarget& t : decision_.targets) {
      Pool* pool = (*pools_)[t.pool.index].get();
      const std::int32_t nodes = in_units(pool->setup(), t.nodes);
      const Counts c = counts(t.pool);
      if ((nodes > c.ready + c.coming) == growing) move_towards(pool, nodes, now);
    }
  }
  for (const PoolTarget& t : decision_.guests) guest_targets_[t.pool.index] = t.nodes;
  if (on_period) set_guest_speeds(now);
  arrange_guests(now);
}

void Reallocation::check(const AllocatorDecision& d, Instant now) const {
  std::set<PoolId> named;
  for (const PoolTarget& t : d.targets) {
    if (t.pool.index >= pools_->size()) throw_contract_error(inputs_->allocator_name, "names an unknown pool", now);
    const PoolSetup& s = (*pools_)[t.pool.index]->setup();
    if (!named.insert(t.pool).second)
      throw_contract_error(inputs_->allocator_name, "names pool '" + s.name + "' twice", now);
    if (t.nodes < s.min_nodes.value || t.nodes > s.max_nodes.value) {
      throw_contract_error(inputs_->allocator_name,
                           "gives pool '" + s.name + "' " + std::to_string(t.nodes) + " nodes (expected " +
                               std::to_string(s.min_nodes.value) + " to " + std::to_string(s.max_nodes.value) + ")",
                           now);
    }
  }
  check_guests(d, now);
  std::set<JobId> victims;
  for (const JobId j : d.victims) {
    if (!training_->running(j) || !victims.insert(j).second) {
      throw_contract_error(inputs_->allocator_name, "names a victim that is not running, or names it twice", now);
    }
  }
  std::set<NodeId> nodes;
  for (const NodeId n : d.reclaim) {
    if (n.index >= nodes_.size() || !nodes.insert(n).second) {
      throw_contract_error(inputs_->allocator_name, "reclaims a node that does not exist, or names it twice", now);
    }
  }
}

// `target` in whole units, which stay within the bounds.
std::int32_t Reallocation::in_units(const PoolSetup& pool, std::int32_t target) {
  const std::int32_t unit = pool.unit_nodes.value, above = target - pool.min_nodes.value;
  return std::min(pool.max_nodes.value, pool.min_nodes.value + (above + unit - 1) / unit * unit);
}

void Reallocation::move_towards(Pool* pool, std::int32_t target, Instant now) {
  targets_[pool->id().index] = target;
  const Counts c = counts(pool->id());
  const std::int32_t have = c.ready + c.coming;
  if (target > have) grow(pool, target - have, now);
  if (target < have) shrink(pool, have - target, now);
}

// Cheapest first: nodes still draining, then idle ones, then those that jobs on notice are leaving, then more of
// training's.
void Reallocation::grow(Pool* pool, std::int32_t by, Instant now) {
  by -= undrain(pool, by, now);
  by -= claim_idle(pool, by, now);
  forget_vacated(pool, static_cast<std::size_t>(by));
  by -= static_cast<std::int32_t>(vacating_[pool->id().index].size());
  if (!decision_.may_preempt) return;
  by -= reclaim(pool, by, now);
  stop_victims(pool, by, now);
}

std::int32_t Reallocation::reclaim(Pool* pool, std::int32_t at_most, Instant now) {
  std::int32_t got = 0;
  for (const NodeId node : decision_.reclaim) {
    if (got >= at_most) break;
    if (!gpus_->with_training(node) || gpus_->closed(node) || !serves_on(*pool, node)) continue;
    if (gpus_->whole_and_idle(node)) {  // A gang that was stopped for another node has left it.
      begin_loading(node, pool, now);
    } else {
      vacate(node, pool, now);
    }
    ++got;
  }
  return got;
}

// Takes the node from its jobs: at once, or when those on notice have left.
void Reallocation::vacate(NodeId node, Pool* pool, Instant now) {
  for (const JobId job : training_->jobs_on(node)) {
    if (training_->withdraw(job, node, now)) continue;
    if (decision_.give_notice) {
      training_->preempt_with_notice(job, now);
    } else {
      training_->preempt(job, now);
    }
  }
  changed_ = true;
  if (gpus_->whole_and_idle(node)) return begin_loading(node, pool, now);
  gpus_->close(node);
  vacating_[pool->id().index].push_back(node);
}

std::int32_t Reallocation::stop_victims(Pool* pool, std::int32_t at_most, Instant now) {
  std::int32_t got = 0;
  for (const JobId victim : decision_.victims) {
    if (got >= at_most) break;
    if (!training_->running(victim) || training_->leaving(victim) || !helps(victim, *pool)) continue;
    const std::vector<NodeShare> held(training_->shares(victim).begin(), training_->shares(victim).end());
    changed_ = true;
    if (decision_.give_notice) {
      training_->preempt_with_notice(victim, now);
      for (const NodeShare& s : held) {
        if (got < at_most) got += await(s.node, pool);
      }
    } else {
      training_->preempt(victim, now);
    }
    got += claim_idle(pool, at_most - got, now);
  }
  return got;
}

// 1 if the node will be empty when those on notice have left: then it waits for that.
std::int32_t Reallocation::await(NodeId node, Pool* pool) {
  if (!serves_on(*pool, node) || gpus_->closed(node) || gpus_->whole_and_idle(node)) return 0;
  for (const JobId job : training_->jobs_on(node)) {
    if (!training_->leaving(job)) return 0;
  }
  gpus_->close(node);
  vacating_[pool->id().index].push_back(node);
  return 1;
}

void Reallocation::claim_vacated(Instant now) {
  for (const auto& pool : *pools_) {
    std::vector<NodeId>& waits = vacating_[pool->id().index];
    for (std::size_t i = 0; i < waits.size();) {
      if (!gpus_->whole_and_idle(waits[i])) {
        ++i;
        continue;
      }
      const NodeId node = waits[i];
      waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(i));
      begin_loading(node, pool.get(), now);
    }
  }
}

// Gives up nodes it waits for, beyond the first `keep`: training may use them again.
void Reallocation::forget_vacated(Pool* pool, std::size_t keep) {
  std::vector<NodeId>& waits = vacating_[pool->id().index];
  while (waits.size() > keep) {
    gpus_->open(waits.back());
    waits.pop_back();
  }
}

bool Reallocation::serves_on(const Pool& pool, NodeId node) const {
  return pool.serves_on(inputs_->cluster.nodes[node.index].group);
}

// True if the job holds GPUs of a node that could serve the pool.
bool Reallocation::helps(JobId job, const Pool& pool) const {
  for (const NodeShare& s : training_->shares(job)) {
    if (serves_on(pool, s.node)) return true;
  }
  return false;
}

std::int32_t Reallocation::undrain(Pool* pool, std::int32_t at_most, Instant now) {
  std::int32_t n = 0;
  for (std::uint32_t i = 0; i < nodes_.size() && n < at_most; ++i) {
    const NodeId node{i};
    if (nodes_[i].phase != Phase::kDraining || gpus_->pool_of(node) != pool->id()) continue;
    calendar_->cancel(nodes_[i].slot);
    set_phase(node, Phase::kServing, now);
    pool->set_draining(node, false, now);
    ++n;
  }
  return n;
}

std::int32_t Reallocation::claim_idle(Pool* pool, std::int32_t at_most, Instant now) {
  std::int32_t n = 0;
  for (const PoolInstance& instance : pool->setup().instances) {
    for (const Node& node : inputs_->cluster.nodes) {
      if (n == at_most) return n;
      if (node.group != instance.group || !gpus_->whole_and_idle(node.id)) continue;
      begin_loading(node.id, pool, now);
      ++n;
    }
  }
  return n;
}

// Cheapest first: nodes that are still loading, then the least loaded.
void Reallocation::shrink(Pool* pool, std::int32_t by, Instant now) {
  forget_vacated(pool, 0);
  std::vector<std::pair<std::int64_t, NodeId>> order;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const NodeId node{i};
    if (nodes_[i].phase == Phase::kDraining || gpus_->pool_of(node) != pool->id()) continue;
    order.emplace_back(nodes_[i].phase == Phase::kServing ? pool->node_load(node) : -1, node);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [load, node] : order) {
    if (by-- == 0) return;
    if (load < 0) {
      stop_loading(node, now);
    } else {
      begin_draining(node, pool, now);
    }
  }
}

void Reallocation::end(Instant now) {
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const NodeId node{i};
    if (nodes_[i].phase == Phase::kLoading || nodes_[i].phase == Phase::kWarming) {
      const GroupId group = inputs_->cluster.nodes[i].group;
      observers_->gpu_time(now, group, Purpose::kLoading, inputs_->cluster.group_of(node).gpus_per_node,
                           nodes_[i].since, now);
    }
    if (nodes_[i].phase == Phase::kServing || nodes_[i].phase == Phase::kDraining)
      set_phase(node, Phase::kTraining, now);
  }
}

}  // namespace jevons
