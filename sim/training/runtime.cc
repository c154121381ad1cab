// The phases of a running job: restore, step, save; and what a preemption or the end of the run leaves.
#include "sim/training/runtime.h"

#include <algorithm>
#include <cmath>

namespace jevons {

// Speed 1 stays exact to the nanosecond.
Duration TrainingRuntime::wall(Duration run_time, double speed) const {
  return speed == 1.0 ? run_time
                      : Duration{static_cast<std::int64_t>(std::ceil(static_cast<double>(run_time.ns) / speed))};
}

Duration TrainingRuntime::run_time(Duration wall, double speed) const {
  return speed == 1.0 ? wall : Duration{static_cast<std::int64_t>(std::floor(static_cast<double>(wall.ns) * speed))};
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
  s.phase = JobPhase::kStepping;
  s.since = s.steps_from = now;
  const Duration left = wall(asked(job).run_time - s.saved, s.speed);
  const bool saves = s.checkpoint > Bytes{0} && left > setup_->checkpoint_interval;
  calendar_->schedule(s.slot, now + (saves ? setup_->checkpoint_interval : left));
}

void TrainingRuntime::on_job_phase(JobId job, Instant now) {
  JobState& s = state(job);
  if (s.phase == JobPhase::kRestoring) return begin_reading(job, now);
  CHECK(s.phase == JobPhase::kStepping);
  if (now - s.steps_from >= wall(asked(job).run_time - s.saved, s.speed)) return finish(job, now);
  begin_saving(job, now);
}

void TrainingRuntime::begin_saving(JobId job, Instant now) {
  JobState& s = state(job);
  s.phase = JobPhase::kSaving;
  s.since = now;
  s.flow = flows_->write_storage(s.shares.front().node, s.checkpoint, this, now);
  flow_owner_[s.flow] = job;
}

void TrainingRuntime::flow_done(std::uint64_t flow, Instant now) {
  const auto it = flow_owner_.find(flow);
  CHECK(it != flow_owner_.end());
  const JobId job = it->second;
  flow_owner_.erase(it);
  const bool saving = state(job).phase == JobPhase::kSaving;
  close_stretch(job, false, now);
  if (saving) {
    JobState& s = state(job);
    s.saved += run_time(s.since - s.steps_from, s.speed);
    ++s.record.checkpoints;
  }
  begin_steps(job, now);
}

void TrainingRuntime::finish(JobId job, Instant now) {
  close_stretch(job, false, now);
  leave(job, false, now);
  JobState& s = state(job);
  s.phase = JobPhase::kEnded;
  s.record.finish = now;
  ++ended_;
  observers_->tell(&Observer::on_job_end, now, s.record);
  wake_schedule(now);
}

void TrainingRuntime::preempt(JobId job, Instant now) {
  JobState& s = state(job);
  if (s.phase == JobPhase::kStepping) {
    const Duration kept = instantly_saved(s, now);
    if (kept > Duration{0}) {
      s.saved += run_time(kept, s.speed);
      s.record.checkpoints += static_cast<std::int32_t>(kept.ns / setup_->checkpoint_interval.ns);
      report(s, Purpose::kTraining, s.steps_from, s.steps_from + kept, now);
      s.steps_from = s.steps_from + kept;
    }
  }
  close_stretch(job, true, now);
  leave(job, true, now);
  s.phase = JobPhase::kWaiting;
  ++s.record.preemptions;
  insert_waiting(job);
  wake_schedule(now);
}

void TrainingRuntime::leave(JobId job, bool preempted, Instant now) {
  JobState& s = state(job);
  if (s.phase == JobPhase::kReading || s.phase == JobPhase::kSaving) {
    const auto it = flow_owner_.find(s.flow);
    if (it != flow_owner_.end()) {
      flows_->cut(s.flow, now);
      flow_owner_.erase(it);
    }
  }
  calendar_->remove_slot(s.slot);
  gpus_->give_back(s.shares, now);
  erase_running(job);
  observers_->tell(&Observer::on_job_stop, now, job, preempted);
}

// Reports the time since the phase began - and, with it, the steps it saved or lost.
void TrainingRuntime::close_stretch(JobId job, bool lost, Instant now) {
  JobState& s = state(job);
  switch (s.phase) {
    case JobPhase::kRestoring:
    case JobPhase::kReading:
      report(s, Purpose::kLoading, s.since, now, now);
      break;
    case JobPhase::kStepping:
      report(s, lost ? Purpose::kLostWork : Purpose::kTraining, s.steps_from, now, now);
      break;
    case JobPhase::kSaving:
      report(s, lost ? Purpose::kLostWork : Purpose::kTraining, s.steps_from, s.since, now);
      report(s, lost ? Purpose::kLostWork : Purpose::kCheckpoint, s.since, now, now);
      break;
    case JobPhase::kWaiting:
    case JobPhase::kEnded:
      CHECK(false && "a job without GPUs has no stretch to close");
  }
}

void TrainingRuntime::report(JobState& s, Purpose purpose, Instant from, Instant to, Instant now) {
  for (const auto& [group, gpus] : s.by_group) {
    observers_->gpu_time(now, group, purpose, gpus, from, to);
    const GpuTime time = gpus * (to - from);
    if (purpose == Purpose::kTraining) s.record.useful += time;
    if (purpose == Purpose::kCheckpoint) s.record.checkpoint += time;
    if (purpose == Purpose::kLostWork) s.record.lost += time;
    if (purpose == Purpose::kLoading) s.record.restoring += time;
  }
}

Duration TrainingRuntime::instantly_saved(const JobState& s, Instant now) const {
  const std::int64_t interval = setup_->checkpoint_interval.ns;
  if (interval == 0 || s.checkpoint > Bytes{0}) return Duration{0};
  return Duration{(now - s.steps_from).ns / interval * interval};
}

void TrainingRuntime::fill_victims(Instant now, std::vector<VictimView>* victims) const {
  for (const RunningJobView& v : running_) {
    const JobState& s = jobs_[v.id.index];
    const bool has_steps = s.phase == JobPhase::kStepping || s.phase == JobPhase::kSaving;
    const Duration lost = has_steps ? now - s.steps_from - instantly_saved(s, now) : Duration{0};
    victims->push_back({v.id, v.gpus, static_cast<std::int32_t>(s.shares.size()), v.started,
                        v.gpus * (lost + setup_->restart_overhead), s.shares});
  }
  std::sort(victims->begin(), victims->end(), [](const VictimView& a, const VictimView& b) { return a.id < b.id; });
}

void TrainingRuntime::end(Instant now) {
  while (!running_.empty()) {
    const JobId job = running_.front().id;
    close_stretch(job, false, now);
    leave(job, false, now);
    JobState& s = state(job);
    s.phase = JobPhase::kEnded;
    s.record.reason = FinishReason::kUnfinished;
    s.record.finish = now;
    observers_->tell(&Observer::on_job_end, now, s.record);
  }
  for (std::size_t i = waiting_head_; i < waiting_.size(); ++i) {
    JobState& s = state(waiting_[i].id);
    s.record.reason = FinishReason::kUnfinished;
    s.record.finish = now;
    observers_->tell(&Observer::on_job_end, now, s.record);
  }
}

}  // namespace jevons
