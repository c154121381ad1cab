// Carrying out what the training queue decides.
#include <algorithm>
#include <set>

#include "sim/run_error.h"
#include "sim/training/runtime.h"

namespace jevons {

void TrainingRuntime::wake_schedule(Instant now) {
  const bool asked = waiting_.size() > waiting_head_ || setup_->queue->wants_every_change();
  if (asked && !calendar_->pending(schedule_slot_)) calendar_->schedule(schedule_slot_, now);
}

void TrainingRuntime::on_schedule(Instant now) {
  // Each round starts, blocks, preempts or shrinks at least one job; a policy that goes round in circles is stopped.
  const std::size_t limit = 4 * unfinished() + 16;
  changed_ = false;
  bool again = true;
  for (std::size_t round = 0; again; ++round) {
    if (round > limit) throw_contract_error(setup_->queue_name, "preempts and starts the same jobs without end", now);
    decide_once(now, &again);
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
  tenant_views_.clear();
  for (Tenant& t : tenants_) {
    t.view.used += t.view.running * (now - t.settled);
    t.settled = now;
    tenant_views_.push_back(t.view);
  }
  return {.now = now,
          .free = gpus_->free_for_training(),
          .capacity = gpus_->capacity_for_training(),
          .waiting = waiting_jobs(),
          .running = running_,
          .groups = group_views_,
          .tenants = tenant_views_,
          .ended = ended_jobs_,
          .cpus = cpus,
          .memory = Bytes{static_cast<std::int64_t>(memory)}};
}

void TrainingRuntime::check(const QueueDecision& d, Instant now) const {
  const auto refuse = [&](const char* what) { throw_contract_error(setup_->queue_name, what, now); };
  std::set<JobId> named;
  for (const JobId id : d.preempt) {
    if (!running(id) || !named.insert(id).second) refuse("preempts a job that is not running, or names it twice");
  }
  for (const auto& [id, gpus] : d.resize) {
    if (!running(id) || !named.insert(id).second) refuse("resizes a job that is not running, or names it twice");
    const Gpus asked = setup_->jobs[id.index].gpus;
    if (traits(id).flexibility != Flexibility::kElastic) refuse("resizes a job that is not elastic");
    if (gpus < least_gpus(traits(id), asked) || gpus > most_gpus(traits(id), asked)) {
      refuse("resizes a job beyond its range");
    }
  }
  for (const auto& [id, gpus, group] : d.start) {
    const bool waits = id.index < jobs_.size() && jobs_[id.index].phase == JobPhase::kWaiting;
    if (!waits || !named.insert(id).second) refuse("starts a job that is not waiting, or names it twice");
    const Gpus asked = setup_->jobs[id.index].gpus;
    if (gpus != Gpus{0} && (gpus < least_gpus(traits(id), asked) || gpus > most_gpus(traits(id), asked))) {
      refuse("starts a job beyond its range");
    }
    if (group.valid() && group.index >= cluster_->groups.size()) refuse("starts a job on an unknown group");
  }
}

void TrainingRuntime::decide_once(Instant now, bool* again) {
  *again = false;
  decision_.clear();
  setup_->queue->decide(view(now), &decision_);
  ended_jobs_.clear();
  check(decision_, now);
  for (const JobStart& start : decision_.start) {
    if (find_waiting(start.job)->blocked) throw_contract_error(setup_->queue_name, "starts a blocked job", now);
  }
  if (!decision_.preempt.empty() && !decision_.start.empty()) {
    const JobId stuck = first_that_cannot_start(decision_);
    if (stuck.valid()) {
      block(stuck);
      *again = true;
      return;
    }
  }
  for (const JobId id : decision_.preempt) {
    preempt(id, now);
    *again = true;
  }
  for (const auto& [id, gpus] : decision_.resize) {
    if (gpus >= state(id).gpus || state(id).leaving) continue;
    resize(id, gpus, now);
    *again = true;
  }
  for (const JobStart& start : decision_.start) {
    *again = true;
    if (try_start(start, now)) continue;
    block(start.job);
    return;
  }
  for (const auto& [id, gpus] : decision_.resize) {
    if (gpus > state(id).gpus && !state(id).leaving) resize(id, gpus, now);
  }
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
  GangView gang(gpus);
  gang.job = id;
  if (running(id)) gang.holds = state(id).shares;
  gang.ran_on = state(id).ran_on;
  gang.speed_by_group = t.speed_by_group;
  gang.usd_by_group = usd_by_group_;
  constexpr std::size_t kRecent = 1000;
  gang.recent = recent_;
  if (recent_.size() > kRecent) gang.recent = gang.recent.last(kRecent);
  shares->clear();
  setup_->placement->place(gang, nodes, shares);
}

// As if the preemptions and the shrinking had been done.
JobId TrainingRuntime::first_that_cannot_start(const QueueDecision& d) {
  std::map<NodeId, Gpus> freed;
  for (const JobId id : d.preempt) {
    for (const NodeShare& s : state(id).shares) freed[s.node] += s.gpus;
  }
  for (const auto& [id, gpus] : d.resize) {
    const JobState& s = state(id);
    if (gpus >= s.gpus || s.leaving) continue;
    for (const NodeShare& had : s.shares) freed[had.node] += had.gpus;
    for (const NodeShare& keeps : without(s.shares, s.gpus - gpus)) freed[keeps.node] -= keeps.gpus;
  }
  std::map<NodeId, NodeView> nodes;
  for (const NodeView& n : gpus_->placeable()) nodes.emplace(n.id, n);
  for (const auto& [id, gpus] : freed) {
    const Node& node = cluster_->nodes[id.index];
    const auto it = nodes.emplace(id, NodeView{id, node.group, node.leaf, cluster_->group_of(id).gpus_per_node, {}});
    it.first->second.free += gpus;
  }
  std::vector<NodeView> list;
  std::vector<NodeShare> shares;
  for (const JobStart& start : d.start) {
    list.clear();
    for (const auto& [id, view] : nodes) {
      if (view.free > Gpus{0}) list.push_back(view);
    }
    place(start.job, start.gpus == Gpus{0} ? asked(start.job).gpus : start.gpus, start.group, list, &shares);
    if (shares.empty()) return start.job;
    for (const NodeShare& s : shares) {
      const auto it = nodes.find(s.node);
      if (it != nodes.end()) it->second.free -= s.gpus;  // A wrong placement is refused when the job starts.
    }
  }
  return JobId{};
}

bool TrainingRuntime::try_start(const JobStart& start, Instant now) {
  const JobId id = start.job;
  JobState& s = state(id);
  const Gpus gpus = start.gpus == Gpus{0} ? asked(id).gpus : start.gpus;
  if (gpus > gpus_->free_for_training()) return false;
  std::vector<NodeShare> shares;
  place(id, gpus, start.group, gpus_->placeable(), &shares);
  if (shares.empty()) return false;
  check_placement(id, gpus, shares, gpus_->placeable(), now);
  erase_waiting(id);
  s.shares = std::move(shares);
  gpus_->take(s.shares, now);
  s.started = now;
  RunningJobView view;
  view.id = id;
  view.submit = asked(id).submit;
  view.started = now;
  view.asked = asked(id).gpus;
  view.tenant = asked(id).tenant;
  view.traits = &traits(id);
  auto place = running_.end();
  while (place != running_.begin() && std::prev(place)->started == now && id < std::prev(place)->id) --place;
  running_.insert(place, view);
  hold(id, now);
  begin_run(id, now);
  return true;
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
