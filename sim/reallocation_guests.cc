// Which serving nodes are open to guests, how fast they are there, and when they must go.
#include <set>

#include "sim/reallocation.h"
#include "sim/run_error.h"

namespace jevons {

void Reallocation::check_guests(const AllocatorDecision& d, Instant now) const {
  std::set<PoolId> named;
  for (const PoolTarget& t : d.guests) {
    const bool known = t.pool.index < pools_->size();
    if (!known || !(*pools_)[t.pool.index]->takes_guests() || t.nodes < 0 || !named.insert(t.pool).second) {
      throw_contract_error(inputs_->allocator_name,
                           "lets guests into a pool that takes none, or names it twice, or less than 0 nodes", now);
    }
  }
}

std::int32_t Reallocation::open_to_guests(PoolId pool) const {
  std::int32_t open = 0;
  for (std::uint32_t i = 0; seats_->open_nodes() > 0 && i < nodes_.size(); ++i) {
    open += gpus_->pool_of(NodeId{i}) == pool && seats_->is_open(NodeId{i}) ? 1 : 0;
  }
  return open;
}

// The serving nodes with the lowest ids are open; the others are closed first, so that who must leave one may find a
// seat on another.
void Reallocation::arrange_guests(Instant now) {
  for (const auto& pool : *pools_) {
    if (!pool->takes_guests()) continue;
    const std::int32_t target = guest_targets_[pool->id().index];
    for (const bool opening : {false, true}) {
      std::int32_t before = 0;  // Serving nodes with lower ids.
      for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
        const NodeId node{i};
        if (gpus_->pool_of(node) != pool->id() || nodes_[i].phase != Phase::kServing) continue;
        const bool in = before++ < target;
        if (opening && in && !seats_->is_open(node)) let_guests_in(node, pool.get(), now);
        if (!opening && !in && seats_->is_open(node)) send_guests_away(node, now);
      }
    }
  }
}

void Reallocation::let_guests_in(NodeId node, Pool* pool, Instant now) {
  seats_->open(node, pool->guest_seats(node), pool->setup().colocation.memory, now);
  seats_->set_speeds(node, pool->guest_speeds(node));
  changed_ = true;
  training_->wake_schedule(now);
}

void Reallocation::send_guests_away(NodeId node, Instant now) {
  for (const JobId job : seats_->guests(node)) training_->preempt(job, now);
  seats_->close(node, now);
  changed_ = true;
}

void Reallocation::fail_guests(NodeId node, std::int32_t* jobs, GpuTime* lost, Instant now) {
  if (!seats_->is_open(node)) return;
  for (const JobId job : seats_->guests(node)) training_->fail(job, jobs, lost, now);
  seats_->close(node, now);
}

void Reallocation::set_guest_speeds(Instant now) {
  if (seats_->open_nodes() == 0) return;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const NodeId node{i};
    if (seats_->is_open(node)) seats_->set_speeds(node, pool_of(node)->guest_speeds(node));
  }
  training_->set_guest_speeds(now);
}

}  // namespace jevons
