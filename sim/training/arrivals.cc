// Jobs as they come: what is known of them, whom they depend on, and those that could never run.
#include <algorithm>
#include <cmath>
#include <map>

#include "sim/training/runtime.h"

namespace jevons {

TrainingRuntime::TrainingRuntime(const TrainingSetup* setup, const Cluster* cluster, GpuPool* gpus, GuestSeats* seats,
                                 Flows* flows, Calendar* calendar, const Observers* observers)
    : setup_(setup),
      cluster_(cluster),
      gpus_(gpus),
      seats_(seats),
      flows_(flows),
      calendar_(calendar),
      observers_(observers),
      arrival_slot_(calendar->add_slot(EventKind::kJobArrival, 0)),
      schedule_slot_(calendar->add_slot(EventKind::kSchedule, 0)),
      ask_slot_(calendar->add_slot(EventKind::kSchedule, 1)),
      jobs_(setup->jobs.size()),
      dependents_(dependents_by_job()) {
  for (const NodeGroup& g : cluster->groups) usd_by_group_.push_back(g.price_usd_per_gpu_hour);
  read_traits();
  read_rollouts();
}

void TrainingRuntime::read_traits() {
  std::map<std::string_view, std::uint32_t> tenant_of;
  const std::vector<double>& by_group = setup_->speed_by_group;
  const bool alike = std::all_of(by_group.begin(), by_group.end(), [](double s) { return s == 1.0; });
  traits_.reserve(setup_->jobs.size());
  for (const TrainingJob& job : setup_->jobs) {
    const auto [it, fresh] = tenant_of.emplace(job.tenant, static_cast<std::uint32_t>(tenants_.size()));
    if (fresh) tenants_.push_back({{job.tenant, Gpus{0}, GpuTime{}}, Instant{}});
    JobTraits& t = traits_.emplace_back();
    t.tenant = it->second;
    t.priority = job.priority;
    t.deadline = job.deadline;
    t.flexibility = job.flexibility;
    t.min_gpus = job.min_gpus;
    t.max_gpus = job.max_gpus;
    t.scaling = job.scaling;
    t.cpus = job.cpus;
    t.memory = job.memory;
    any_share_ = any_share_ || job.share > MilliGpus{0};
    if (alike && job.speed_by_gpu.empty()) continue;
    t.speed_by_group = by_group;
    for (std::size_t g = 0; g < by_group.size(); ++g) {
      for (const auto& [gpu, speed] : job.speed_by_gpu) {
        if (by_group[g] > 0 && cluster_->groups[g].gpu.name == gpu) t.speed_by_group[g] = speed;
      }
    }
  }
}

// A name stands for the last job of that name submitted before; one that is not there (cut from the trace) holds nobody
// back.
std::vector<std::vector<JobId>> TrainingRuntime::dependents_by_job() const {
  std::vector<std::vector<JobId>> dependents;
  std::map<std::string_view, std::uint32_t> by_name;
  for (std::uint32_t i = 0; i < setup_->jobs.size(); ++i) {
    for (const std::string& name : setup_->jobs[i].after) {
      const auto it = by_name.find(name);
      if (it == by_name.end()) continue;
      if (dependents.empty()) dependents.resize(setup_->jobs.size());
      dependents[it->second].push_back(JobId{i});
    }
    by_name[setup_->jobs[i].name] = i;
  }
  return dependents;
}

void TrainingRuntime::begin(Instant end) {
  end_ = end;
  for (std::uint32_t i = 0; i < dependents_.size(); ++i) {
    for (const JobId d : dependents_[i]) ++state(d).open;
  }
  if (!all_arrived()) calendar_->schedule(arrival_slot_, setup_->jobs.front().submit);
}

void TrainingRuntime::on_arrival(Instant now) {
  while (!all_arrived() && setup_->jobs[next_arrival_].submit <= now) {
    arrive(JobId{static_cast<std::uint32_t>(next_arrival_++)}, now);
  }
  if (!all_arrived()) calendar_->schedule(arrival_slot_, setup_->jobs[next_arrival_].submit);
  wake_schedule(now);
}

void TrainingRuntime::arrive(JobId id, Instant now) {
  const TrainingJob& job = asked(id);
  JobState& s = state(id);
  s.record.id = id;
  s.record.name = job.name;
  s.record.tenant = job.tenant;
  s.record.priority = job.priority;
  s.record.gpus = job.gpus;
  s.record.share = job.share;
  s.record.submit = job.submit;
  s.record.first_start = Instant::never();
  s.record.finish = now;
  s.record.run_time = job.run_time;
  s.record.deadline = job.deadline;
  if (setup_->checkpoint_interval > Duration{0} || setup_->optimal_checkpoints) {
    const double part = job.share > MilliGpus{0} ? ratio(job.share, kWholeGpu) : 1.0;
    const double per_gpu = setup_->checkpoint_bytes_per_gpu * job.gpus.value * part;
    s.checkpoint = job.parameters > 0 ? checkpoint_bytes(job.parameters) : Bytes{std::llround(per_gpu)};
    s.interval =
        setup_->optimal_checkpoints ? setup_->optimal_checkpoints(job, s.checkpoint) : setup_->checkpoint_interval;
  }
  recent_.push_back(job.gpus);
  if (any_share_) recent_shares_.push_back(job.share);
  observers_->tell(&Observer::on_job_arrival, now, id, job.gpus);
  if (job.flexibility != Flexibility::kRigid) {
    observers_->tell(&Observer::on_job_range, now, id, least_gpus(traits(id), job.gpus),
                     most_gpus(traits(id), job.gpus));
  }
  if (too_large(id)) return reject(id, JobRejection::kTooLarge, now);
  if (s.open == 0) insert_waiting(id, now);
}

void TrainingRuntime::reject(JobId id, JobRejection why, Instant now) {
  JobState& s = state(id);
  s.phase = JobPhase::kEnded;
  s.record.reason = FinishReason::kRejected;
  s.record.rejection = why;
  s.record.finish = now;
  ++ended_;
  observers_->tell(&Observer::on_job_end, now, s.record);
}

bool TrainingRuntime::too_large(JobId id) const {
  Gpus largest{0};
  for (const NodeGroup& g : cluster_->groups) {
    const GroupId group{static_cast<std::uint32_t>(&g - cluster_->groups.data())};
    if (speed_on(traits(id), group) > 0) largest += gpus_->largest_of(group);
  }
  return least_gpus(traits(id), asked(id).gpus) > largest;
}

void TrainingRuntime::completed(JobId id, Instant now) {
  const JobState& s = state(id);
  ended_jobs_.push_back({id, asked(id).gpus, s.attained, s.ran});
  if (dependents_.empty()) return;
  for (const JobId d : dependents_[id.index]) {
    JobState& dependent = state(d);
    const bool has_come = d.index < next_arrival_;
    if (--dependent.open == 0 && has_come && dependent.phase == JobPhase::kHeldBack) insert_waiting(d, now);
  }
}

}  // namespace jevons
