// The lists of waiting and running jobs that the policies see.
#include <algorithm>

#include "sim/training/runtime.h"

namespace jevons {

WaitingJobView* TrainingRuntime::find_waiting(JobId job) {
  const auto it = std::lower_bound(waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_head_), waiting_.end(), job,
                                   [](const WaitingJobView& v, JobId id) { return v.id < id; });
  return it == waiting_.end() || it->id != job ? nullptr : &*it;
}

void TrainingRuntime::block(JobId job) {
  find_waiting(job)->blocked = true;
  blocked_.push_back(job);
}

Duration TrainingRuntime::estimate_left(JobId id) const {
  return std::max(asked(id).estimate - jobs_[id.index].saved, 1_s);
}

void TrainingRuntime::insert_waiting(JobId id, Instant now) {
  const TrainingJob& job = asked(id);
  JobState& s = state(id);
  s.phase = JobPhase::kWaiting;
  WaitingJobView view{.id = id,
                      .submit = job.submit,
                      .gpus = job.gpus,
                      .remaining_estimate = estimate_left(id),
                      .tenant = job.tenant,
                      .preemptions = s.record.preemptions};
  view.attained = s.attained;
  view.ran = s.ran;
  view.waiting_since = now;
  view.traits = &traits(id);
  come_.push_back(view);
  if (any_share_) waiting_in_order_.emplace(-job.priority, id);
  if (shares_gpu(id)) waiting_shares_.emplace(-job.priority, id);
  const auto first = waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_head_);
  const auto at =
      std::lower_bound(first, waiting_.end(), id, [](const WaitingJobView& v, JobId i) { return v.id < i; });
  if (waiting_head_ > 0 && at - first <= waiting_.end() - at) {  // The shorter side moves.
    *(std::move(first, at, first - 1)) = view;
    --waiting_head_;
  } else {
    waiting_.insert(at, view);
  }
  waiting_gpus_ += job.gpus;
}

void TrainingRuntime::erase_waiting(JobId id) {
  if (any_share_) waiting_in_order_.erase({-asked(id).priority, id});
  if (shares_gpu(id)) waiting_shares_.erase({-asked(id).priority, id});
  const auto untold = std::find_if(come_.begin(), come_.end(), [&](const WaitingJobView& v) { return v.id == id; });
  if (untold == come_.end()) {
    gone_.push_back(id);
  } else {
    come_.erase(untold);
  }
  const WaitingJobView* w = find_waiting(id);
  waiting_gpus_ -= w->gpus;
  const auto first = waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_head_);
  const auto at = waiting_.begin() + (w - waiting_.data());
  if (at - first > waiting_.end() - at) {  // The shorter side moves.
    waiting_.erase(at);
    return;
  }
  std::move_backward(first, at, at + 1);
  ++waiting_head_;
  if (waiting_head_ > 1024 && 2 * waiting_head_ > waiting_.size()) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_head_));
    waiting_head_ = 0;
  }
}

RunningJobView* TrainingRuntime::find_running(JobId id) {
  const Instant started = state(id).started;
  const auto it = std::lower_bound(
      running_.begin(), running_.end(), std::pair(started, id),
      [](const RunningJobView& v, const std::pair<Instant, JobId>& key) { return std::pair(v.started, v.id) < key; });
  CHECK(it != running_.end() && it->id == id);
  return &*it;
}

// At its place by (started, id).
void TrainingRuntime::list_running(JobId id) {
  RunningJobView view;
  view.id = id;
  view.submit = asked(id).submit;
  view.started = state(id).started;
  view.asked = asked(id).gpus;
  view.tenant = asked(id).tenant;
  view.traits = &traits(id);
  view.leaving = state(id).leaving;
  auto place = running_.end();
  const auto after = [&](const RunningJobView& v) { return std::pair(view.started, id) < std::pair(v.started, v.id); };
  while (place != running_.begin() && after(*std::prev(place))) --place;
  running_.insert(place, view);
}

void TrainingRuntime::erase_running(JobId id) {
  running_.erase(running_.begin() + (find_running(id) - running_.data()));
}

bool TrainingRuntime::running(JobId job) const {
  if (job.index >= jobs_.size()) return false;
  const JobPhase p = jobs_[job.index].phase;
  return p != JobPhase::kHeldBack && p != JobPhase::kWaiting && p != JobPhase::kPromised && p != JobPhase::kEnded &&
         !jobs_[job.index].guest && jobs_[job.index].beside_until != Instant::never();
}

std::vector<JobId> TrainingRuntime::jobs_on(NodeId node) const {
  std::vector<JobId> jobs;
  for (const RunningJobView& v : running_) {
    const auto& shares = jobs_[v.id.index].shares;
    if (std::any_of(shares.begin(), shares.end(), [&](const NodeShare& s) { return s.node == node; })) {
      jobs.push_back(v.id);
    }
  }
  std::sort(jobs.begin(), jobs.end());
  return jobs;
}

void TrainingRuntime::settle_tenant(JobId job, Gpus by, Instant now) {
  Tenant& t = tenants_[traits(job).tenant];
  t.view.used += t.view.running * (now - t.settled);
  t.settled = now;
  t.view.running += by;
}

void TrainingRuntime::fill_victims(Instant now, std::vector<VictimView>* victims) const {
  for (const RunningJobView& v : running_) {
    const JobState& s = jobs_[v.id.index];
    VictimView& view = victims->emplace_back();
    view.id = v.id;
    view.gpus = v.gpus;
    view.nodes = static_cast<std::int32_t>(s.shares.size());
    view.started = v.started;
    view.lost_if_stopped = v.gpus * (unsaved(s, now) + setup_->restart_overhead);
    view.shares = s.shares;
    view.priority = v.traits->priority;
    view.left = estimate_left(v.id);
    view.leaving = s.leaving;
    for (const JobId other : beside(v.id)) {
      view.lost_if_stopped += Gpus{1} * (unsaved(jobs_[other.index], now) + setup_->restart_overhead);
      view.left = std::max(view.left, estimate_left(other));
    }
    if (v.traits->flexibility == Flexibility::kElastic && !s.leaving) view.min_gpus = least_gpus(*v.traits, v.asked);
  }
  fill_guests(now, victims);
  std::sort(victims->begin(), victims->end(), [](const VictimView& a, const VictimView& b) { return a.id < b.id; });
}

}  // namespace jevons
