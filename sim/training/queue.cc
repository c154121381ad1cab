// The training queue: arrivals, asking the policy, placing gangs.
#include <algorithm>
#include <set>

#include "sim/run_error.h"
#include "sim/training/runtime.h"

namespace jevons {

TrainingRuntime::TrainingRuntime(const TrainingSetup* setup, const Cluster* cluster, GpuPool* gpus, Flows* flows,
                                 Calendar* calendar, const Observers* observers)
    : setup_(setup),
      cluster_(cluster),
      gpus_(gpus),
      flows_(flows),
      calendar_(calendar),
      observers_(observers),
      arrival_slot_(calendar->add_slot(EventKind::kJobArrival, 0)),
      schedule_slot_(calendar->add_slot(EventKind::kSchedule, 0)),
      jobs_(setup->jobs.size()) {}

void TrainingRuntime::begin(Instant end) {
  end_ = end;
  if (!all_arrived()) calendar_->schedule(arrival_slot_, setup_->jobs.front().submit);
}

void TrainingRuntime::on_arrival(Instant now) {
  while (!all_arrived() && setup_->jobs[next_arrival_].submit <= now) {
    const JobId id{static_cast<std::uint32_t>(next_arrival_++)};
    const TrainingJob& job = asked(id);
    JobState& s = state(id);
    s.record.id = id;
    s.record.name = job.name;
    s.record.tenant = job.tenant;
    s.record.gpus = job.gpus;
    s.record.submit = job.submit;
    s.record.first_start = Instant::never();
    s.record.finish = now;
    s.record.run_time = job.run_time;
    if (setup_->checkpoint_interval > Duration{0}) {
      const double per_gpu = setup_->checkpoint_bytes_per_gpu * job.gpus.value;
      s.checkpoint = job.parameters > 0 ? checkpoint_bytes(job.parameters) : Bytes{std::llround(per_gpu)};
    }
    observers_->tell(&Observer::on_job_arrival, now, id, job.gpus);
    if (job.gpus > gpus_->largest_capacity()) {
      s.phase = JobPhase::kEnded;
      s.record.reason = FinishReason::kRejected;
      ++ended_;
      observers_->tell(&Observer::on_job_end, now, s.record);
      continue;
    }
    insert_waiting(id);
  }
  if (!all_arrived()) calendar_->schedule(arrival_slot_, setup_->jobs[next_arrival_].submit);
  wake_schedule(now);
}

void TrainingRuntime::wake_schedule(Instant now) {
  if (waiting_.size() > waiting_head_ && !calendar_->pending(schedule_slot_)) calendar_->schedule(schedule_slot_, now);
}

void TrainingRuntime::on_schedule(Instant now) {
  // Each round starts, blocks or preempts at least one job; a policy that goes round in circles is stopped.
  const std::size_t limit = 4 * unfinished() + 16;
  bool again = true;
  for (std::size_t round = 0; again; ++round) {
    if (round > limit) throw_contract_error(setup_->queue_name, "preempts and starts the same jobs without end", now);
    decide_once(now, &again);
  }
  for (std::size_t i = waiting_head_; i < waiting_.size(); ++i) waiting_[i].blocked = false;
}

void TrainingRuntime::decide_once(Instant now, bool* again) {
  *again = false;
  decision_.clear();
  const QueueView view{.now = now,
                       .free = gpus_->free_for_training(),
                       .capacity = gpus_->capacity_for_training(),
                       .waiting = std::span(waiting_).subspan(waiting_head_),
                       .running = running_};
  setup_->queue->decide(view, &decision_);
  for (const JobId id : decision_.preempt) {
    if (!running(id)) {
      throw_contract_error(setup_->queue_name, "preempts a job that is not running", now);
    }
    preempt(id, now);
    *again = true;
  }
  for (const auto& [id, gpus, group] : decision_.start) {
    WaitingJobView* w = find_waiting(id);
    if (w == nullptr) throw_contract_error(setup_->queue_name, "starts a job that is not waiting", now);
    if (w->blocked) throw_contract_error(setup_->queue_name, "starts a blocked job", now);
    *again = true;
    if (try_start(id, now)) continue;
    w->blocked = true;  // try_start left the view where it was.
    return;
  }
}

bool TrainingRuntime::try_start(JobId id, Instant now) {
  JobState& s = state(id);
  const Gpus gpus = asked(id).gpus;
  if (gpus > gpus_->free_for_training()) return false;
  s.shares.clear();
  setup_->placement->place(gpus, gpus_->placeable(), &s.shares);
  if (s.shares.empty()) return false;
  check_placement(id, now);
  const Duration estimate_left = find_waiting(id)->remaining_estimate;
  erase_waiting(id);
  s.by_group.clear();
  s.speed = setup_->speed_by_group[cluster_->nodes[s.shares.front().node.index].group.index];
  std::vector<std::pair<NodeId, Gpus>> told;
  for (const NodeShare& share : s.shares) {
    const GroupId group = cluster_->nodes[share.node.index].group;
    s.speed = std::min(s.speed, setup_->speed_by_group[group.index]);
    const auto it = std::find_if(s.by_group.begin(), s.by_group.end(), [&](const auto& g) { return g.first == group; });
    if (it == s.by_group.end()) {
      s.by_group.emplace_back(group, share.gpus);
    } else {
      it->second += share.gpus;
    }
    told.emplace_back(share.node, share.gpus);
  }
  gpus_->take(s.shares, now);
  s.slot = calendar_->add_slot(EventKind::kJobPhase, id.index);
  s.started = now;
  if (s.record.first_start == Instant::never()) s.record.first_start = now;
  observers_->tell(&Observer::on_job_start, now, GangStart{id, gpus, told});
  const RunningJobView view{id, asked(id).submit, now, now + wall(estimate_left, s.speed), gpus};
  auto place = running_.end();
  while (place != running_.begin() && std::prev(place)->started == now && id < std::prev(place)->id) --place;
  running_.insert(place, view);
  if (s.record.preemptions > 0) {
    begin_restore(id, now);
  } else {
    begin_steps(id, now);
  }
  return true;
}

void TrainingRuntime::check_placement(JobId id, Instant now) const {
  Gpus sum{0};
  std::set<NodeId> seen;
  const std::span<const NodeView> nodes = gpus_->placeable();
  for (const NodeShare& share : jobs_[id.index].shares) {
    const auto it =
        std::lower_bound(nodes.begin(), nodes.end(), share.node, [](const NodeView& v, NodeId n) { return v.id < n; });
    if (it == nodes.end() || it->id != share.node || share.gpus < Gpus{1} || share.gpus > it->free ||
        !seen.insert(share.node).second) {
      throw_contract_error(setup_->placement_name, "places GPUs that are not idle", now);
    }
    sum += share.gpus;
  }
  if (sum != asked(id).gpus) throw_contract_error(setup_->placement_name, "places a part of a gang", now);
}

WaitingJobView* TrainingRuntime::find_waiting(JobId job) {
  const auto it = std::lower_bound(waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_head_), waiting_.end(), job,
                                   [](const WaitingJobView& v, JobId id) { return v.id < id; });
  return it == waiting_.end() || it->id != job ? nullptr : &*it;
}

void TrainingRuntime::insert_waiting(JobId id) {
  const TrainingJob& job = asked(id);
  const JobState& s = state(id);
  const WaitingJobView view{.id = id,
                            .submit = job.submit,
                            .gpus = job.gpus,
                            .remaining_estimate = std::max(job.estimate - s.saved, 1_s),
                            .tenant = job.tenant,
                            .preemptions = s.record.preemptions};
  const auto it = std::lower_bound(waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_head_), waiting_.end(), id,
                                   [](const WaitingJobView& v, JobId i) { return v.id < i; });
  waiting_.insert(it, view);
  waiting_gpus_ += job.gpus;
}

void TrainingRuntime::erase_waiting(JobId id) {
  const WaitingJobView* w = find_waiting(id);
  const auto at = w - waiting_.data();
  waiting_gpus_ -= w->gpus;
  if (at == static_cast<std::ptrdiff_t>(waiting_head_)) {
    ++waiting_head_;  // The usual case: no moving of the rest.
    if (waiting_head_ > 1024 && 2 * waiting_head_ > waiting_.size()) {
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_head_));
      waiting_head_ = 0;
    }
  } else {
    waiting_.erase(waiting_.begin() + at);
  }
}

void TrainingRuntime::erase_running(JobId id) {
  const auto it = std::find_if(running_.begin(), running_.end(), [&](const RunningJobView& v) { return v.id == id; });
  CHECK(it != running_.end());
  running_.erase(it);
}

bool TrainingRuntime::running(JobId job) const {
  if (job.index >= jobs_.size()) return false;
  const JobPhase p = jobs_[job.index].phase;
  return p != JobPhase::kWaiting && p != JobPhase::kEnded;
}

}  // namespace jevons
