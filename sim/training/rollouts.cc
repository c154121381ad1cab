// Asking for samples, waiting for them, and the ends of cycles.
#include "sim/training/rollouts.h"

#include <algorithm>

#include "sim/training/runtime.h"
#include "traces/generate/on_demand.h"

namespace jevons {

bool TrainingRuntime::any_working() const {
  const auto works = [&](const RunningJobView& r) { return jobs_[r.id.index].phase != JobPhase::kSampling; };
  return !guests_.empty() || std::any_of(running_.begin(), running_.end(), works);
}

const RolloutSetup* TrainingRuntime::rollouts_of(JobId job) const {
  if (rollout_of_.empty() || rollout_of_[job.index] < 0) return nullptr;
  return &setup_->rollouts[static_cast<std::size_t>(rollout_of_[job.index])];
}

TrainingRuntime::Samples& TrainingRuntime::samples_of(JobId job) {
  return samples_[static_cast<std::size_t>(rollout_of_[job.index])];
}

void TrainingRuntime::read_rollouts() {
  if (setup_->rollouts.empty()) return;
  samples_.resize(setup_->rollouts.size());
  rollout_of_.assign(setup_->jobs.size(), -1);
  for (std::size_t i = 0; i < setup_->rollouts.size(); ++i) {
    rollout_of_[setup_->rollouts[i].job] = static_cast<std::int32_t>(i);
  }
}

void TrainingRuntime::ask_for_samples(JobId job, std::int64_t cycles, Instant now) {
  const RolloutSetup& r = *rollouts_of(job);
  Samples& s = samples_of(job);
  const std::int64_t more = std::min(cycles, r.cycles) - s.cycles_asked;
  if (more <= 0) return;
  s.cycles_asked += more;
  r.source->ask(now, more * r.samples);
  on_samples_asked_(r.stream);
}

bool TrainingRuntime::samples_have_come(JobId job, Instant now) {
  const RolloutSetup& r = *rollouts_of(job);
  const std::int64_t cycle = cycle_at(r, asked(job).run_time, state(job).saved);
  ask_for_samples(job, cycle + 1, now);
  if (samples_of(job).ended < samples_needed(r, cycle)) return false;
  ask_for_samples(job, cycle + 1 + r.ahead, now);
  return true;
}

Duration TrainingRuntime::cycle_end(JobId job) const {
  const RolloutSetup& r = *rollouts_of(job);
  const Duration all = asked(job).run_time;
  return cycle_start(r, all, cycle_at(r, all, jobs_[job.index].saved) + 1);
}

void TrainingRuntime::begin_cycle(JobId job, Instant now) {
  JobState& s = state(job);
  const bool trains = samples_have_come(job, now);
  s.phase = trains ? JobPhase::kStepping : JobPhase::kSampling;
  s.next_save = Instant::never();
  if (!trains) return;
  const Duration left = wall(cycle_end(job) - s.saved, s.speed);
  if (left < Instant::never() - now) s.next_save = now + left;
  schedule_step_end(job, now);
}

// At the end of a cycle exactly that, though speeds are rounded.
Duration TrainingRuntime::progress(JobId job, Instant until) const {
  const JobState& s = jobs_[job.index];
  if (rollouts_of(job) != nullptr && until == s.next_save) return cycle_end(job);
  return s.saved + stepped(s, until);
}

void TrainingRuntime::end_cycle(JobId job, Instant now) {
  JobState& s = state(job);
  if (s.interval > Duration{0} && s.checkpoint > Bytes{0}) {
    s.phase = JobPhase::kSaving;
    s.since = now;
    return begin_writing(job, now);
  }
  close_stretch(job, false, now);
  s.saved = cycle_end(job);
  ++s.record.checkpoints;
  begin_steps(job, now);
}

void TrainingRuntime::sample_ended(std::size_t rollout, Instant now) {
  const RolloutSetup& r = setup_->rollouts[rollout];
  const JobId job{r.job};
  JobState& s = state(job);
  const std::int64_t ended = ++samples_[rollout].ended;
  if (s.phase != JobPhase::kSampling || calendar_->pending(s.slot)) return;
  if (ended >= samples_needed(r, cycle_at(r, asked(job).run_time, s.saved))) calendar_->schedule(s.slot, now);
}

}  // namespace jevons
