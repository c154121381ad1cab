// The phases of a running job: restore, step, save; and what a stop or the end of the run leaves.
#include "sim/training/runtime.h"

#include <algorithm>
#include <cmath>

namespace jevons {

// Speed 1 stays exact to the nanosecond.
Duration TrainingRuntime::wall(Duration run_time, double speed) const {
  if (speed == 1.0) return run_time;
  constexpr double kLongest = 9.0e18;  // Nanoseconds: 285 years.
  return Duration{static_cast<std::int64_t>(std::min(kLongest, std::ceil(static_cast<double>(run_time.ns) / speed)))};
}

Instant TrainingRuntime::end_after(Instant from, Duration wall) {
  return wall < Instant::never() - from ? from + wall : Instant::never();
}

Duration TrainingRuntime::run_time(Duration wall, double speed) const {
  return speed == 1.0 ? wall : Duration{static_cast<std::int64_t>(std::floor(static_cast<double>(wall.ns) * speed))};
}

Duration TrainingRuntime::stepped(const JobState& s, Instant to) const {
  return s.done_before + run_time(to - s.speed_from, s.speed);
}

void TrainingRuntime::count_steps_from(JobState& s, Instant from) {
  s.steps_from = s.speed_from = from;
  s.done_before = Duration{0};
}

void TrainingRuntime::keep(JobState& s, Duration run_time) {
  s.saved += run_time;
  if (s.guest) s.record.guest_work += s.gpus * run_time;
}

// It has its GPUs or seats; from here to its end its phases follow from each other.
void TrainingRuntime::begin_run(JobId job, Instant now) {
  JobState& s = state(job);
  s.slot = calendar_->add_slot(EventKind::kJobPhase, job.index);
  s.started = now;
  if (s.record.first_start == Instant::never()) s.record.first_start = now;
  s.phase = JobPhase::kRestoring;
  if (s.record.preemptions > 0) {
    begin_restore(job, now);
  } else {
    begin_steps(job, now);
  }
}

void TrainingRuntime::begin_restore(JobId job, Instant now) {
  JobState& s = state(job);
  s.phase = JobPhase::kRestoring;
  s.since = now;
  calendar_->schedule(s.slot, now + setup_->restart_overhead);
}

void TrainingRuntime::begin_reading(JobId job, Instant now) {
  JobState& s = state(job);
  if (s.saved == Duration{0} || s.checkpoint == Bytes{0}) {
    close_stretch(job, false, now);
    return begin_steps(job, now);
  }
  s.phase = JobPhase::kReading;  // `since` stays: restoring and reading are one stretch of loading.
  s.flow = flows_->read_storage(s.shares.front().node, s.checkpoint, this, now);
  flow_owner_[s.flow] = job;
}

void TrainingRuntime::begin_steps(JobId job, Instant now) {
  JobState& s = state(job);
  s.since = now;
  count_steps_from(s, now);
  if (rollouts_of(job) != nullptr) return begin_cycle(job, now);
  s.phase = JobPhase::kStepping;
  const bool saves = s.interval > Duration{0} && s.checkpoint > Bytes{0};
  s.next_save = saves ? now + s.interval : Instant::never();
  schedule_step_end(job, now);
}

void TrainingRuntime::schedule_step_end(JobId job, Instant now) {
  JobState& s = state(job);
  const Duration left = wall(asked(job).run_time - s.saved - s.done_before, s.speed);
  calendar_->schedule(s.slot, std::max(now, std::min(end_after(s.speed_from, left), s.next_save)));
}

void TrainingRuntime::on_job_phase(JobId job, Instant now) {
  JobState& s = state(job);
  switch (s.phase) {
    case JobPhase::kRestoring:
      return begin_reading(job, now);
    case JobPhase::kResizing:
    case JobPhase::kSampling:
      close_stretch(job, false, now);
      return begin_steps(job, now);
    case JobPhase::kSaving:
      CHECK(s.leaving);  // The notice is over.
      return stop(job, now);
    default:
      break;
  }
  CHECK(s.phase == JobPhase::kStepping);
  if (now - s.speed_from >= wall(asked(job).run_time - s.saved - s.done_before, s.speed)) return finish(job, now);
  checkpoint_due(job, now);
}

void TrainingRuntime::checkpoint_due(JobId job, Instant now) {
  JobState& s = state(job);
  if (rollouts_of(job) != nullptr) return end_cycle(job, now);
  if (!setup_->asynchronous_checkpoints) {
    s.phase = JobPhase::kSaving;
    s.since = now;
    return begin_writing(job, now);
  }
  s.next_save = now + s.interval;
  if (!s.writing) {  // Else the last one is still on its way, and this one is skipped.
    s.writing = true;
    s.snapshot = now;
    begin_writing(job, now);
  }
  schedule_step_end(job, now);
}

void TrainingRuntime::begin_writing(JobId job, Instant now) {
  JobState& s = state(job);
  s.flow = flows_->write_storage(s.shares.front().node, s.checkpoint, this, now);
  flow_owner_[s.flow] = job;
}

void TrainingRuntime::flow_done(std::uint64_t flow, Instant now) {
  const auto it = flow_owner_.find(flow);
  CHECK(it != flow_owner_.end());
  const JobId job = it->second;
  flow_owner_.erase(it);
  JobState& s = state(job);
  if (s.writing) {
    s.writing = false;
    report(s, Purpose::kTraining, s.steps_from, s.snapshot, now);
    if (s.speed_from <= s.snapshot) {
      keep(s, stepped(s, s.snapshot));
      count_steps_from(s, s.snapshot);
    } else {
      keep(s, s.snapshot_done);
      s.done_before -= s.snapshot_done;
      s.steps_from = s.snapshot;
    }
    ++s.record.checkpoints;
    return schedule_step_end(job, now);
  }
  const bool saving = s.phase == JobPhase::kSaving;
  close_stretch(job, false, now);
  if (saving) {
    keep(s, progress(job, s.since) - s.saved);
    ++s.record.checkpoints;
  }
  if (!s.leaving) return begin_steps(job, now);
  s.phase = JobPhase::kStepping;  // With nothing to lose.
  s.since = now;
  count_steps_from(s, now);
  stop(job, now);
}

void TrainingRuntime::finish(JobId job, Instant now) {
  JobState& s = state(job);
  close_stretch(job, false, now);
  keep(s, asked(job).run_time - s.saved);
  leave(job, false, now);
  s.phase = JobPhase::kEnded;
  s.record.finish = now;
  ++ended_;
  completed(job, now);
  observers_->tell(&Observer::on_job_end, now, s.record);
  wake_schedule(now);
}

void TrainingRuntime::keep_instantly_saved(JobState& s, Instant now) {
  const Duration kept = instantly_saved(s, now);
  if (s.phase != JobPhase::kStepping || kept <= Duration{0}) return;
  keep(s, stepped(s, s.steps_from + kept));
  s.record.checkpoints += static_cast<std::int32_t>(kept.ns / s.interval.ns);
  report(s, Purpose::kTraining, s.steps_from, s.steps_from + kept, now);
  count_steps_from(s, s.steps_from + kept);
}

void TrainingRuntime::preempt(JobId job, Instant now) {
  for (const JobId other : beside(job)) stop(other, now);
  stop(job, now);
}

void TrainingRuntime::stop(JobId job, Instant now) {
  JobState& s = state(job);
  const bool left_on_notice = s.leaving;
  keep_instantly_saved(s, now);
  close_stretch(job, true, now);
  leave(job, true, now);
  ++s.record.preemptions;
  insert_waiting(job, now);
  wake_schedule(now);
  if (left_on_notice && on_left_) on_left_(now);
}

void TrainingRuntime::preempt_with_notice(JobId job, Instant now) { preempt_with_notice(job, setup_->notice, now); }

bool TrainingRuntime::preempt_with_notice(JobId job, Duration notice, Instant now) {
  const SharedGpuId gpu = state(job).shared_gpu;
  for (const JobId other : beside(job)) give_notice(other, notice, now);
  give_notice(job, notice, now);
  return gpu.valid() ? shared_.is_open(gpu) : state(job).leaving;
}

void TrainingRuntime::give_notice(JobId job, Duration notice, Instant now) {
  JobState& s = state(job);
  if (s.leaving) return;
  const bool can_save = s.interval > Duration{0};
  if (can_save && s.checkpoint == Bytes{0} && s.phase == JobPhase::kStepping) {
    keep(s, stepped(s, now));
    ++s.record.checkpoints;
    report(s, Purpose::kTraining, s.steps_from, now, now);
    count_steps_from(s, now);
    return stop(job, now);
  }
  const bool has_steps = s.phase == JobPhase::kStepping || s.phase == JobPhase::kSaving;
  if (!can_save || !has_steps || notice == Duration{0}) return stop(job, now);
  s.leaving = true;
  if (running(job)) find_running(job)->leaving = true;
  if (s.phase == JobPhase::kStepping) {
    cut_flow(&s, now);
    s.phase = JobPhase::kSaving;
    s.since = now;
    begin_writing(job, now);
  }
  calendar_->schedule(s.slot, now + notice);
}

void TrainingRuntime::fail(JobId job, std::int32_t* jobs, GpuTime* lost, Instant now) {
  std::vector<JobId> stopped = beside(job);
  stopped.push_back(job);
  for (const JobId id : stopped) {
    JobRecord& r = state(id).record;
    const GpuTime before = r.lost;
    stop(id, now);
    ++r.failures;
    r.lost_to_failures += r.lost - before;
    *lost += r.lost - before;
    ++*jobs;
  }
}

void TrainingRuntime::cut_flow(JobState* s, Instant now) {
  const bool flows = s->phase == JobPhase::kReading || s->phase == JobPhase::kSaving || s->writing;
  s->writing = false;
  if (!flows) return;
  const auto it = flow_owner_.find(s->flow);
  if (it == flow_owner_.end() || it->second != s->record.id) return;  // It has just ended.
  flows_->cut(s->flow, now);
  flow_owner_.erase(it);
}

void TrainingRuntime::leave(JobId job, bool preempted, Instant now) {
  JobState& s = state(job);
  cut_flow(&s, now);
  calendar_->remove_slot(s.slot);
  const bool guest = s.guest, holds = running(job);
  s.attained += s.gpus * (now - s.held_since);
  s.ran += now - s.held_since;
  if (guest) leave_seats(job, preempted, now);
  if (holds) {
    gpus_->give_back(s.shares, now);
    settle_tenant(job, Gpus{0} - s.gpus, now);
  }
  s.gpus = Gpus{0};
  s.leaving = false;
  s.ran_on = std::move(s.shares);
  s.shares.clear();
  if (holds) {
    erase_running(job);
    observers_->tell(&Observer::on_job_stop, now, job, preempted);
  }
  if (s.shared_gpu.valid()) leave_shared(job, preempted, now);
}

// Reports the time since the phase began - and, with it, the steps it saved or lost.
void TrainingRuntime::close_stretch(JobId job, bool lost, Instant now) {
  JobState& s = state(job);
  switch (s.phase) {
    case JobPhase::kRestoring:
    case JobPhase::kReading:
    case JobPhase::kResizing:
      report(s, Purpose::kLoading, s.since, now, now);
      break;
    case JobPhase::kStepping:
      report(s, lost ? Purpose::kLostWork : Purpose::kTraining, s.steps_from, now, now);
      break;
    case JobPhase::kSaving:
      report(s, lost ? Purpose::kLostWork : Purpose::kTraining, s.steps_from, s.since, now);
      report(s, lost ? Purpose::kLostWork : Purpose::kCheckpoint, s.since, now, now);
      break;
    case JobPhase::kSampling:
      report(s, Purpose::kAwaitingSamples, s.since, now, now);
      break;
    case JobPhase::kHeldBack:
    case JobPhase::kWaiting:
    case JobPhase::kPromised:
    case JobPhase::kEnded:
      CHECK(false && "a job without GPUs has no stretch to close");
  }
}

void TrainingRuntime::report(JobState& s, Purpose purpose, Instant from, Instant to, Instant now) {
  // What came before it had others' GPUs.
  const Instant holds_from = s.guest ? to : s.shared_gpu.valid() ? std::clamp(s.beside_until, from, to) : from;
  for (const auto& [group, gpus] : s.by_group) {
    const GpuTime time = gpus * (to - from);
    if (s.guest) {
      observers_->guest_time(now, group, purpose, gpus, from, to);
    } else {
      observers_->share_time(now, group, purpose, gpus, from, holds_from);
      observers_->gpu_time(now, group, purpose, gpus, holds_from, to);
    }
    if (purpose == Purpose::kTraining) s.record.beside_useful += gpus * (holds_from - from);
    if (purpose == Purpose::kTraining) s.record.useful += time;
    if (purpose == Purpose::kCheckpoint) s.record.checkpoint += time;
    if (purpose == Purpose::kLostWork) s.record.lost += time;
    if (purpose == Purpose::kLoading) s.record.restoring += time;
    if (purpose == Purpose::kAwaitingSamples) s.record.awaiting += time;
  }
}

Duration TrainingRuntime::unsaved(const JobState& s, Instant now) const {
  const bool has_steps = s.phase == JobPhase::kStepping || s.phase == JobPhase::kSaving;
  return has_steps ? now - s.steps_from - instantly_saved(s, now) : Duration{0};
}

Duration TrainingRuntime::instantly_saved(const JobState& s, Instant now) const {
  const std::int64_t interval = s.interval.ns;
  if (interval == 0 || s.checkpoint > Bytes{0} || s.phase != JobPhase::kStepping) return Duration{0};
  if (rollouts_of(s.record.id) != nullptr) return Duration{0};
  return Duration{(now - s.steps_from).ns / interval * interval};
}

void TrainingRuntime::end(Instant now) {
  const auto cut_short = [&](JobId job) {
    JobState& s = state(job);
    s.phase = JobPhase::kEnded;
    s.record.reason = FinishReason::kUnfinished;
    s.record.finish = now;
    observers_->tell(&Observer::on_job_end, now, s.record);
  };
  while (any_running()) {
    JobId job = running_.empty() ? guests_.front() : running_.front().id;
    if (const std::vector<JobId> others = beside(job); !others.empty()) job = others.front();
    JobState& s = state(job);
    const bool steps = s.phase == JobPhase::kStepping;
    if (s.guest && (steps || s.phase == JobPhase::kSaving)) keep(s, stepped(s, steps ? now : s.since));
    close_stretch(job, false, now);
    leave(job, false, now);
    cut_short(job);
  }
  for (std::size_t i = waiting_head_; i < waiting_.size(); ++i) cut_short(waiting_[i].id);
  for (const Promise& p : promised_) cut_short(p.view.job.id);
  for (std::uint32_t i = 0; i < next_arrival_; ++i) {
    if (jobs_[i].phase == JobPhase::kHeldBack) cut_short(JobId{i});
  }
}

}  // namespace jevons
