// Carrying out what the training queue decides.
#include <algorithm>
#include <utility>

#include "sim/run_error.h"
#include "sim/training/runtime.h"

namespace jevons {

void TrainingRuntime::wake_schedule(Instant now) {
  const bool asked = waiting_.size() > waiting_head_ || !promised_.empty() || setup_->queue->wants_every_change();
  if (asked && !calendar_->pending(schedule_slot_)) calendar_->schedule(schedule_slot_, now);
}

void TrainingRuntime::on_schedule(Instant now) {
  // Each round starts, blocks, refuses, preempts or shrinks at least one job; a policy that goes round in circles is
  // stopped, over all calls at an instant at which no job comes or ends.
  const std::size_t limit = 4 * unfinished() + 16;
  const std::pair since(now, ended_ + next_arrival_);
  if (std::exchange(rounds_since_, since) != since) rounds_ = 0;
  changed_ = keep_promises(now);
  changed_ = seat_shares(now) || changed_;
  for (bool again = true; again;) {
    if (++rounds_ > limit)
      throw_contract_error(setup_->queue_name, "preempts and starts the same jobs without end", now);
    decide_once(now, &again);
    if (again) seat_shares(now);
    changed_ = changed_ || again;
  }
  for (const JobId id : blocked_) {
    if (WaitingJobView* w = find_waiting(id)) w->blocked = false;
  }
  blocked_.clear();
  offer_guest_seats(now);
  calendar_->cancel(ask_slot_);
  if (decision_.ask_again != Instant::never()) {
    if (decision_.ask_again <= now) throw_contract_error(setup_->queue_name, "asks to be called again now", now);
    if (unfinished() > 0) calendar_->schedule(ask_slot_, decision_.ask_again);
  }
}

QueueView TrainingRuntime::view(Instant now) {
  const std::map<NodeId, Gpus> kept_idle = kept();
  Gpus free = gpus_->free_for_training();
  for (const auto& [node, gpus] : kept_idle) free -= gpus;
  group_views_.clear();
  double cpus = 0, memory = 0;
  for (std::uint32_t g = 0; g < cluster_->groups.size(); ++g) {
    const NodeGroup& group = cluster_->groups[g];
    const Gpus capacity = gpus_->capacity_of(GroupId{g});
    group_views_.push_back({GroupId{g}, gpus_->free_of(GroupId{g}), capacity, group.price_usd_per_gpu_hour});
    const double nodes = ratio(capacity, group.gpus_per_node);
    cpus += nodes * group.cpus_per_node;
    memory += nodes * static_cast<double>(group.memory_per_node.value);
  }
  for (const auto& [node, gpus] : kept_idle) group_views_[cluster_->nodes[node.index].group.index].free -= gpus;
  promised_views_.clear();
  for (const Promise& p : promised_) promised_views_.push_back(p.view);
  tenant_views_.clear();
  for (Tenant& t : tenants_) {
    t.view.used += t.view.running * (now - t.settled);
    t.settled = now;
    tenant_views_.push_back(t.view);
  }
  return {.now = now,
          .free = free,
          .capacity = gpus_->capacity_for_training(),
          .waiting = waiting_jobs(),
          .running = running_,
          .groups = group_views_,
          .tenants = tenant_views_,
          .ended = ended_jobs_,
          .cpus = cpus,
          .memory = Bytes{static_cast<std::int64_t>(memory)},
          .promised = promised_views_,
          .changes = WaitingChanges{gone_, come_, blocked_}};
}

void TrainingRuntime::check(const QueueDecision& d, Instant now) {
  const auto refuse = [&](const char* what) { throw_contract_error(setup_->queue_name, what, now); };
  ++decisions_;
  const auto first = [&](JobId id) { return std::exchange(state(id).named, decisions_) != decisions_; };
  for (const JobId id : d.preempt) {
    if (!running(id) || !first(id)) refuse("preempts a job that is not running, or names it twice");
  }
  for (const auto& [id, gpus] : d.resize) {
    if (!running(id) || !first(id)) refuse("resizes a job that is not running, or names it twice");
    const Gpus asked = setup_->jobs[id.index].gpus;
    if (traits(id).flexibility != Flexibility::kElastic) refuse("resizes a job that is not elastic");
    if (gpus < least_gpus(traits(id), asked) || gpus > most_gpus(traits(id), asked)) {
      refuse("resizes a job beyond its range");
    }
  }
  const auto waits = [&](JobId id) { return id.index < jobs_.size() && jobs_[id.index].phase == JobPhase::kWaiting; };
  for (const JobId id : d.refuse) {
    if (!waits(id) || !first(id)) refuse("refuses a job that is not waiting, or names it twice");
  }
  for (const auto& [id, gpus, group] : d.start) {
    if (!waits(id) || !first(id)) refuse("starts a job that is not waiting, or names it twice");
    const Gpus asked = setup_->jobs[id.index].gpus;
    if (gpus != Gpus{0} && (gpus < least_gpus(traits(id), asked) || gpus > most_gpus(traits(id), asked))) {
      refuse("starts a job beyond its range");
    }
    if (group.valid() && group.index >= cluster_->groups.size()) refuse("starts a job on an unknown group");
  }
}

void TrainingRuntime::decide_once(Instant now, bool* again) {
  decision_.clear();
  setup_->queue->decide(view(now), &decision_);
  ended_jobs_.clear();
  gone_.clear();
  come_.clear();
  check(decision_, now);
  for (const JobStart& start : decision_.start) {
    if (find_waiting(start.job)->blocked) throw_contract_error(setup_->queue_name, "starts a blocked job", now);
  }
  *again = carry_out(now);
}

bool TrainingRuntime::carry_out(Instant now) {
  for (const JobId id : decision_.refuse) {
    erase_waiting(id);
    reject(id, JobRejection::kByQueue, now);
  }
  std::erase_if(decision_.preempt, [&](JobId id) { return state(id).leaving; });
  std::erase_if(decision_.resize, [&](const JobResize& r) { return state(r.job).leaving; });
  if (!decision_.preempt.empty() && !decision_.start.empty()) {
    const JobId stuck = first_that_cannot_start(decision_, now);
    if (stuck.valid()) {
      block(stuck);
      return true;
    }
  }
  bool some_leave = false;
  for (const JobId id : decision_.preempt) {
    if (setup_->queue_notice > Duration{0}) {
      some_leave = preempt_with_notice(id, setup_->queue_notice, now) || some_leave;
    } else {
      preempt(id, now);
    }
  }
  bool changed = !decision_.refuse.empty() || !decision_.preempt.empty() || !decision_.start.empty();
  for (const auto& [id, gpus] : decision_.resize) {
    if (gpus >= state(id).gpus) continue;
    resize(id, gpus, now);
    changed = true;
  }
  if (some_leave) {
    for (std::size_t i = 0; i < decision_.start.size(); ++i) promise(decision_.start[i], std::move(places_[i]));
    keep_promises(now);
  } else if (!start_all(now)) {
    return true;
  }
  for (const auto& [id, gpus] : decision_.resize) {
    if (gpus > state(id).gpus) resize(id, gpus, now);
  }
  return changed;
}

// False: one cannot be placed, and is blocked.
bool TrainingRuntime::start_all(Instant now) {
  for (const JobStart& start : decision_.start) {
    if (try_start(start, now)) continue;
    block(start.job);
    return false;
  }
  return true;
}

void TrainingRuntime::place(JobId id, Gpus gpus, GroupId group, std::span<const NodeView> nodes,
                            std::vector<NodeShare>* shares) {
  const JobTraits& t = traits(id);
  const auto may = [&](const NodeView& n) { return (!group.valid() || n.group == group) && speed_on(t, n.group) > 0; };
  if (group.valid() || !t.speed_by_group.empty()) {
    offered_.clear();
    for (const NodeView& n : nodes) {
      if (may(n)) offered_.push_back(n);
    }
    nodes = offered_;
  }
  shares->clear();
  setup_->placement->place(gang_view(id, gpus), nodes, shares);
}

GangView TrainingRuntime::gang_view(JobId id, Gpus gpus) const {
  constexpr std::size_t kRecent = 1000;
  const JobState& s = jobs_[id.index];
  GangView gang(gpus);
  gang.job = id;
  if (running(id)) gang.holds = s.shares;
  gang.ran_on = s.ran_on;
  gang.speed_by_group = traits(id).speed_by_group;
  gang.usd_by_group = usd_by_group_;
  gang.recent = std::span(recent_).last(std::min(recent_.size(), kRecent));
  gang.share = asked(id).share;
  gang.recent_shares = std::span(recent_shares_).last(std::min(recent_shares_.size(), kRecent));
  return gang;
}

// As if the preemptions and the shrinking had been done.
JobId TrainingRuntime::first_that_cannot_start(const QueueDecision& d, Instant now) {
  places_.clear();
  freed_.resize(cluster_->nodes.size(), Gpus{0});
  std::vector<NodeId> touched;
  const auto free = [&](const NodeShare& s, Gpus gpus) {
    if (gpus_->closed(s.node)) return;  // Not for training.
    freed_[s.node.index] += gpus;
    touched.push_back(s.node);
  };
  for (const JobId id : d.preempt) {
    for (const NodeShare& s : state(id).shares) free(s, s.gpus);
  }
  for (const auto& [id, gpus] : d.resize) {
    const JobState& s = state(id);
    if (gpus >= s.gpus) continue;
    for (const NodeShare& had : s.shares) free(had, had.gpus);
    for (const NodeShare& keeps : without(s.shares, s.gpus - gpus)) free(keeps, Gpus{0} - keeps.gpus);
  }
  const std::span<const NodeView> open = open_nodes();
  std::vector<NodeView> nodes(open.begin(), open.end());
  for (NodeView& n : nodes) n.free += std::exchange(freed_[n.id.index], Gpus{0});
  for (const NodeId id : touched) {
    const Gpus gpus = std::exchange(freed_[id.index], Gpus{0});
    const Node& node = cluster_->nodes[id.index];
    if (gpus > Gpus{0}) nodes.push_back({id, node.group, node.leaf, cluster_->group_of(id).gpus_per_node, gpus});
  }
  const auto by_id = [](const NodeView& a, const NodeView& b) { return a.id < b.id; };
  std::sort(nodes.begin(), nodes.end(), by_id);
  for (const JobStart& start : d.start) {
    std::vector<NodeShare>& shares = places_.emplace_back();
    const Gpus gpus = start.gpus == Gpus{0} ? asked(start.job).gpus : start.gpus;
    std::erase_if(nodes, [](const NodeView& n) { return n.free <= Gpus{0}; });
    place(start.job, gpus, start.group, nodes, &shares);
    if (shares.empty()) return start.job;
    check_placement(start.job, gpus, shares, nodes, now);
    for (const NodeShare& s : shares) {
      std::lower_bound(nodes.begin(), nodes.end(), NodeView{s.node, {}, {}, {}, {}}, by_id)->free -= s.gpus;
    }
  }
  return JobId{};
}

bool TrainingRuntime::try_start(const JobStart& start, Instant now) {
  const JobId id = start.job;
  if (shares_gpu(id) && sit(id, rooms_for(id), now)) return true;  // A start before it has made room.
  const Gpus gpus = start.gpus == Gpus{0} ? asked(id).gpus : start.gpus;
  if (gpus > gpus_->free_for_training()) return false;
  std::vector<NodeShare> shares;
  const std::span<const NodeView> nodes = open_nodes();
  place(id, gpus, start.group, nodes, &shares);
  if (shares.empty()) return false;
  check_placement(id, gpus, shares, nodes, now);
  erase_waiting(id);
  this->start(id, std::move(shares), now);
  return true;
}

void TrainingRuntime::start(JobId id, std::vector<NodeShare> shares, Instant now) {
  JobState& s = state(id);
  s.shares = std::move(shares);
  gpus_->take(s.shares, now);
  s.started = now;
  list_running(id);
  hold(id, &Observer::on_job_start, now);
  if (shares_gpu(id)) open_shared(id, now);
  begin_run(id, now);
}

void TrainingRuntime::check_placement(JobId id, Gpus gpus, std::span<const NodeShare> shares,
                                      std::span<const NodeView> nodes, Instant now) const {
  Gpus sum{0};
  std::vector<NodeId> seen;
  seen.reserve(shares.size());
  for (const NodeShare& share : shares) {
    const auto it =
        std::lower_bound(nodes.begin(), nodes.end(), share.node, [](const NodeView& v, NodeId n) { return v.id < n; });
    if (it == nodes.end() || it->id != share.node || share.gpus < Gpus{1} || share.gpus > it->free ||
        speed_on(traits(id), it->group) <= 0) {
      throw_contract_error(setup_->placement_name, "places GPUs that are not idle", now);
    }
    sum += share.gpus;
    seen.push_back(share.node);
  }
  std::sort(seen.begin(), seen.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
    throw_contract_error(setup_->placement_name, "places GPUs of a node twice", now);
  }
  if (sum != gpus) throw_contract_error(setup_->placement_name, "places a part of a gang", now);
}

}  // namespace jevons
