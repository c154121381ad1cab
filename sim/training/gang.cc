// The GPUs of a running job: what they add up to, and how they change.
#include <algorithm>

#include "sim/training/runtime.h"

namespace jevons {

// `shares` less `gpus` GPUs: the smallest shares go first, so that whole nodes come free; of equals the highest node.
std::vector<NodeShare> TrainingRuntime::without(std::vector<NodeShare> shares, Gpus gpus) {
  std::sort(shares.begin(), shares.end(), [](const NodeShare& a, const NodeShare& b) {
    return a.gpus != b.gpus ? a.gpus > b.gpus : a.node < b.node;
  });
  while (gpus > Gpus{0}) {
    CHECK(!shares.empty());
    const Gpus taken = std::min(gpus, shares.back().gpus);
    shares.back().gpus -= taken;
    gpus -= taken;
    if (shares.back().gpus == Gpus{0}) shares.pop_back();
  }
  std::sort(shares.begin(), shares.end(), [](const NodeShare& a, const NodeShare& b) { return a.node < b.node; });
  return shares;
}

void TrainingRuntime::hold(JobId id, Told told_as, Instant now) {
  JobState& s = state(id);
  const Gpus before = s.gpus;
  s.by_group.clear();
  s.gpus = Gpus{0};
  double speed = 0;
  GroupId first{};
  std::vector<std::pair<NodeId, Gpus>> told;
  for (const NodeShare& share : s.shares) {
    const GroupId group = cluster_->nodes[share.node.index].group;
    const double own = speed_on(traits(id), group);
    speed = told.empty() ? own : std::min(speed, own);
    first = std::min(first, group);
    add_to_group(&s, share);
    s.gpus += share.gpus;
    told.emplace_back(share.node, share.gpus);
  }
  s.speed = speed * relative_speed(traits(id).scaling, asked(id).gpus, s.gpus);
  s.held_since = now;
  settle_tenant(id, s.gpus - before, now);
  const GangStart gang{id, s.gpus, told};
  observers_->tell(told_as, now, gang);
  RunningJobView& view = *find_running(id);
  view.gpus = s.gpus;
  view.since = now;
  view.attained = s.attained;
  view.ran = s.ran;
  view.group = first;
  view.speed = s.speed;
  view.expected_end = end_after(now, wall(estimate_left(id), s.speed));
}

void TrainingRuntime::add_to_group(JobState* s, const NodeShare& share) const {
  const GroupId group = cluster_->nodes[share.node.index].group;
  const auto it = std::find_if(s->by_group.begin(), s->by_group.end(), [&](const auto& g) { return g.first == group; });
  if (it == s->by_group.end()) {
    s->by_group.emplace_back(group, share.gpus);
  } else {
    it->second += share.gpus;
  }
}

// What it has done so far it keeps: resizing hands the state over, by checkpoint or in memory.
void TrainingRuntime::set_shares(JobId id, std::vector<NodeShare> shares, Instant now) {
  JobState& s = state(id);
  const bool restored = s.phase != JobPhase::kRestoring && s.phase != JobPhase::kReading;
  if (s.phase == JobPhase::kStepping) s.saved = progress(id, now);
  if (s.phase == JobPhase::kSaving) s.saved = progress(id, s.since);
  close_stretch(id, false, now);
  cut_flow(&s, now);
  s.attained += s.gpus * (now - s.held_since);
  s.ran += now - s.held_since;
  gpus_->give_back(s.shares, now);
  s.shares = std::move(shares);
  gpus_->take(s.shares, now);
  ++s.record.resizes;
  hold(id, &Observer::on_job_resize, now);
  if (!restored) return begin_restore(id, now);
  s.phase = JobPhase::kResizing;
  s.since = now;
  calendar_->schedule(s.slot, now + setup_->resize_overhead);
}

void TrainingRuntime::resize(JobId id, Gpus gpus, Instant now) {
  JobState& s = state(id);
  if (gpus < s.gpus) {
    set_shares(id, without(s.shares, s.gpus - gpus), now);
    return wake_schedule(now);
  }
  std::vector<NodeShare> more;
  const Gpus by = gpus - s.gpus;
  if (by > gpus_->free_for_training()) return;
  const std::span<const NodeView> nodes = open_nodes();
  place(id, by, GroupId{}, nodes, &more);
  if (more.empty()) return;
  check_placement(id, by, more, nodes, now);
  std::vector<NodeShare> all = s.shares;
  for (const NodeShare& m : more) {
    const auto it = std::find_if(all.begin(), all.end(), [&](const NodeShare& a) { return a.node == m.node; });
    if (it == all.end()) {
      all.push_back(m);
    } else {
      it->gpus += m.gpus;
    }
  }
  set_shares(id, std::move(all), now);
}

bool TrainingRuntime::withdraw(JobId id, NodeId node, Instant now) {
  const JobState& s = state(id);
  if (traits(id).flexibility != Flexibility::kElastic || s.leaving) return false;
  std::vector<NodeShare> rest = s.shares;
  std::erase_if(rest, [&](const NodeShare& r) { return r.node == node; });
  Gpus left{0};
  for (const NodeShare& r : rest) left += r.gpus;
  if (left < least_gpus(traits(id), asked(id).gpus) || left == Gpus{0}) return false;
  set_shares(id, std::move(rest), now);
  wake_schedule(now);
  return true;
}

}  // namespace jevons
