// Which nodes of training jobs to empty: greedily, the cheapest node first.
#include "policies/allocator/node_picker.h"

#include <algorithm>

namespace jevons {

bool cheaper(Int128 cost_a, std::int64_t nodes_a, Instant started_a, Int128 cost_b, std::int64_t nodes_b,
             Instant started_b) {
  const Int128 a = cost_a * nodes_b, b = cost_b * nodes_a;
  return a != b ? a < b : started_a > started_b;
}

NodePicker::NodePicker(std::span<const VictimView> jobs, VictimRule rule, bool may_withdraw)
    : jobs_(jobs),
      rule_(rule),
      occupancy_(jobs),
      stopped_(jobs.size(), 0),
      slack_(jobs.size(), 0),
      left_(occupancy_.nodes()),
      counted_(occupancy_.nodes(), 0),
      seen_(occupancy_.nodes(), 0) {
  for (std::uint32_t n = 0; n < occupancy_.nodes(); ++n) left_[n] = static_cast<std::int32_t>(occupancy_.on(n).size());
  for (std::size_t j = 0; may_withdraw && j < jobs.size(); ++j) {
    if (jobs[j].min_gpus > Gpus{0}) slack_[j] = std::max(0, (jobs[j].gpus - jobs[j].min_gpus).value);
  }
}

bool NodePicker::worse(const Offer& a, const Offer& b) {
  if (cheaper(b.cost, b.weight, b.started, a.cost, a.weight, a.started)) return true;
  if (cheaper(a.cost, a.weight, a.started, b.cost, b.weight, b.started)) return false;
  return a.node > b.node;
}

bool NodePicker::withdraws(Occupancy::Use use) const { return use.gpus.value <= slack_[use.at]; }

// What emptying the node costs now, and how many nodes that returns.
NodePicker::Offer NodePicker::offer_of(std::uint32_t node) {
  if (left_[node] == 0 || wanted_ <= 0) return {};
  Offer offer{node, 1, 0, Instant::never()};
  const auto stops = [&](Occupancy::Use use) { return stopped_[use.at] == 0 && !withdraws(use); };
  std::int64_t returned = 1;
  for (const Occupancy::Use use : occupancy_.on(node)) {
    if (!stops(use)) continue;
    offer.cost += jobs_[use.at].lost_if_stopped.gpu_ns;
    offer.started = std::min(offer.started, jobs_[use.at].started);
    if (rule_ == VictimRule::kLeastLoss) continue;
    for (const Occupancy::Use at : occupancy_.of(use.at)) {
      if (at.at != node && ++counted_[at.at] == left_[at.at]) ++returned;
    }
  }
  if (rule_ == VictimRule::kLeastLoss) return offer;
  for (const Occupancy::Use use : occupancy_.on(node)) {
    if (!stops(use)) continue;
    for (const Occupancy::Use at : occupancy_.of(use.at)) counted_[at.at] = 0;
  }
  offer.weight = std::min(returned, wanted_);
  return offer;
}

void NodePicker::push(const Offer& offer) {
  if (offer.weight == 0) return;
  heap_.push_back(offer);
  std::push_heap(heap_.begin(), heap_.end(), worse);
}

// An offer in the heap may have become worse since (it is looked at again when its turn comes), never better: what may
// be better after a job was stopped, or has less left to give up without being stopped, is offered again.
void NodePicker::offer_all() {
  heap_.clear();
  for (std::uint32_t n = 0; n < occupancy_.nodes(); ++n) {
    if (const Offer offer = offer_of(n); offer.weight > 0) heap_.push_back(offer);
  }
  std::make_heap(heap_.begin(), heap_.end(), worse);
}

void NodePicker::offer_again(std::uint32_t job) {
  ++round_;
  const auto again = [&](std::uint32_t node) {
    if (seen_[node] == round_ || left_[node] == 0) return;
    seen_[node] = round_;
    push(offer_of(node));
  };
  for (const Occupancy::Use at : occupancy_.of(job)) {
    if (left_[at.at] == 0) continue;
    again(at.at);
    if (rule_ == VictimRule::kLeastLoss) continue;
    for (const Occupancy::Use other : occupancy_.on(at.at)) {
      if (stopped_[other.at] != 0) continue;
      for (const Occupancy::Use node : occupancy_.of(other.at)) again(node.at);
    }
  }
}

void NodePicker::leave(std::uint32_t node, Picked* picked) {
  if (left_[node] == 0 || --left_[node] > 0) return;
  picked->nodes.push_back(node);
  --wanted_;
}

void NodePicker::stop(std::uint32_t job, Picked* picked) {
  stopped_[job] = 1;
  picked->jobs.push_back(job);
  for (const Occupancy::Use at : occupancy_.of(job)) leave(at.at, picked);
}

void NodePicker::empty(std::uint32_t node, Picked* picked) {
  changed_.clear();
  for (const Occupancy::Use use : occupancy_.on(node)) {
    if (stopped_[use.at] != 0) continue;
    changed_.push_back(use.at);
    if (withdraws(use)) {
      slack_[use.at] -= use.gpus.value;
      leave(node, picked);
    } else {
      stop(use.at, picked);
    }
  }
  for (const std::uint32_t job : changed_) offer_again(job);
}

NodePicker::Picked NodePicker::pick(std::int64_t wanted) {
  Picked picked;
  wanted_ = wanted;
  if (wanted_ > 0) offer_all();
  while (wanted_ > 0 && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), worse);
    const Offer best = heap_.back();
    heap_.pop_back();
    const Offer now = offer_of(best.node);
    if (now == best) {
      empty(best.node, &picked);
    } else if (now.weight > 0 && !worse(best, now)) {
      push(now);
    }  // Else it was offered again since.
  }
  if (wanted_ < 0) drop_needless(-wanted_, &picked);
  return picked;
}

// Lets the dearest jobs go on whose nodes are not needed after all.
void NodePicker::drop_needless(std::int64_t surplus, Picked* picked) {
  std::vector<std::uint32_t> dearest = picked->jobs;
  const auto weight = [&](std::uint32_t job) {
    return rule_ == VictimRule::kLeastLoss ? 1 : std::max<std::int64_t>(1, std::ssize(occupancy_.of(job)));
  };
  std::sort(dearest.begin(), dearest.end(), [&](std::uint32_t a, std::uint32_t b) {
    const VictimView &x = jobs_[a], &y = jobs_[b];
    if (cheaper(y.lost_if_stopped.gpu_ns, weight(b), y.started, x.lost_if_stopped.gpu_ns, weight(a), x.started))
      return true;
    if (cheaper(x.lost_if_stopped.gpu_ns, weight(a), x.started, y.lost_if_stopped.gpu_ns, weight(b), y.started))
      return false;
    return a > b;
  });
  for (const std::uint32_t job : dearest) {
    std::int64_t needed = 0;
    for (const Occupancy::Use at : occupancy_.of(job)) needed += left_[at.at] == 0 ? 1 : 0;
    if (needed > surplus) continue;
    surplus -= needed;
    stopped_[job] = 0;
    for (const Occupancy::Use at : occupancy_.of(job)) ++left_[at.at];
  }
  std::erase_if(picked->jobs, [&](std::uint32_t job) { return stopped_[job] == 0; });
  std::erase_if(picked->nodes, [&](std::uint32_t node) { return left_[node] > 0; });
}

}  // namespace jevons
