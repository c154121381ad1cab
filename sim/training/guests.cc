// Guests: jobs that run on serving GPUs beside a replica, where an allocator lets them (policies/api/allocator.h).
//
// A guest goes through the phases of any running job.  What differs: it takes seats and not GPUs, its time is told as a
// guest's, and its speed changes under way, each time a review says how busy its GPUs were.
#include <algorithm>

#include "sim/training/runtime.h"

namespace jevons {

void TrainingRuntime::offer_guest_seats(Instant now) {
  if (!seats_->any_free()) return;
  std::vector<JobId> fit;
  for (const WaitingJobView& w : waiting_jobs()) {
    const bool may = asked(w.id).guest_memory > Bytes{0} && !shares_gpu(w.id) && rollouts_of(w.id) == nullptr;
    if (may) fit.push_back(w.id);
  }
  std::vector<NodeShare> shares;
  for (const JobId id : fit) {
    const std::vector<NodeView> nodes = seats_->offered(asked(id).guest_memory);
    Gpus free{0};
    for (const NodeView& n : nodes) free += n.free;
    if (free < asked(id).gpus) continue;
    place(id, asked(id).gpus, GroupId{}, nodes, &shares);
    if (shares.empty()) continue;
    check_placement(id, asked(id).gpus, shares, nodes, now);
    start_guest(id, shares, now);
    changed_ = true;
  }
}

void TrainingRuntime::start_guest(JobId id, const std::vector<NodeShare>& shares, Instant now) {
  JobState& s = state(id);
  erase_waiting(id);
  s.guest = true;
  s.shares = shares;
  s.gpus = asked(id).gpus;
  s.held_since = now;
  seats_->take(id, s.shares, now);
  guests_.push_back(id);
  s.by_group.clear();
  std::vector<std::pair<NodeId, Gpus>> told;
  for (const NodeShare& share : s.shares) {
    add_to_group(&s, share);
    told.emplace_back(share.node, share.gpus);
  }
  s.speed = guest_speed(id);
  observers_->tell(&Observer::on_guest_start, now, GangStart{id, s.gpus, told});
  begin_run(id, now);
}

// Its own type's speed where it is slowest, times that of a guest there.
double TrainingRuntime::guest_speed(JobId id) const {
  const JobState& s = jobs_[id.index];
  double own = speed_on(traits(id), s.by_group.front().first);
  for (const auto& [group, gpus] : s.by_group) own = std::min(own, speed_on(traits(id), group));
  return own * seats_->speed_of(id, s.shares);
}

void TrainingRuntime::set_guest_speeds(Instant now) {
  for (const JobId id : guests_) {
    JobState& s = state(id);
    const double speed = guest_speed(id);
    if (speed == s.speed) continue;
    keep_instantly_saved(s, now);
    const bool steps = s.phase == JobPhase::kStepping;
    if (steps && s.writing && s.speed_from <= s.snapshot) s.snapshot_done = stepped(s, s.snapshot);
    if (steps || s.phase == JobPhase::kSaving) {
      const Instant until = steps ? now : s.since;
      s.done_before = stepped(s, until);
      s.speed_from = until;
    }
    s.speed = speed;
    if (steps) schedule_step_end(id, now);
  }
}

// The seats are free from this instant.
void TrainingRuntime::leave_seats(JobId id, bool preempted, Instant now) {
  JobState& s = state(id);
  observers_->tell(&Observer::on_guest_stop, now, id, preempted);
  s.guest = false;
  std::erase(guests_, id);
  seats_->give_back(id, s.shares, now);
}

void TrainingRuntime::fill_guests(Instant now, std::vector<VictimView>* victims) const {
  for (const JobId id : guests_) {
    const JobState& s = jobs_[id.index];
    VictimView& view = victims->emplace_back();
    view.id = id;
    view.gpus = s.gpus;
    view.nodes = static_cast<std::int32_t>(s.shares.size());
    view.started = s.started;
    view.lost_if_stopped = s.gpus * (unsaved(s, now) + setup_->restart_overhead);
    view.shares = s.shares;
    view.priority = traits(id).priority;
    view.left = estimate_left(id);
    view.guest = true;
  }
}

}  // namespace jevons
