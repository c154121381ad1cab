// An allocation for a round: smallest sizes, greedy steps, and what it is measured against.
#include "policies/training_queue/goodput.h"

#include <algorithm>
#include <cmath>

namespace jevons {

void GoodputQueue::describe(ParamTable<Params>& t) {
  t.add("round", &Params::round, 1_s, 24_h, "Time between two allocations.");
  t.add("restart_cost", &Params::restart_cost, Duration{0}, 24_h, "Time a job is taken to lose when its GPUs change.");
  t.add("turn", &Params::turn, 1_s, 87600_h,
        "When jobs do not all fit, one gives way to a job that has run this much less.");
}

void GoodputQueue::decide(const QueueView& view, QueueDecision* decision) {
  if (view.now >= round_ends_) {
    round_ends_ = view.now + params_.round;
    planned_at_ = view.now;
  }
  if (planned_at_ == view.now) {
    list_sized_jobs(view, &jobs_);
    allocate(view);
    reach(jobs_, target_, decision);
  } else {
    fill(view, decision);
  }
  const auto rigid = [](const RunningJobView& r) { return r.traits->flexibility != Flexibility::kElastic; };
  if (!view.waiting.empty() || !std::all_of(view.running.begin(), view.running.end(), rigid)) {
    decision->ask_again = round_ends_;
  }
}

double GoodputQueue::speedup(const SizedJob& job, std::size_t j, Gpus gpus) const {
  const double kept = std::max(0.01, 1 - params_.restart_cost.seconds() / params_.round.seconds());
  const bool restarts = job.held > Gpus{0} && gpus != job.held;
  return job.speed(gpus) / job.speed(fair_[j]) * (restarts ? kept : 1.0);
}

GoodputQueue::Value GoodputQueue::value(const std::vector<Gpus>& gpus) const {
  Value v;
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    if (gpus[j] == Gpus{0}) continue;
    ++v.served;
    v.sum -= 1 / speedup(jobs_[j], j, gpus[j]);
  }
  return v;
}

GoodputQueue::Step GoodputQueue::best_step(std::size_t j, Gpus from, Gpus left) const {
  const SizedJob& job = jobs_[j];
  Step best{j, from};
  const double now = 1 / speedup(job, j, from);
  for (const Gpus size : job.sizes) {
    if (size <= from || size - from > left) continue;
    const double gain = (now - 1 / speedup(job, j, size)) / (size - from).value;
    if (gain > best.gain) best = {j, size, gain};
  }
  return best;
}

void GoodputQueue::order() {
  struct Key {
    bool movable;  // Settled ones first.
    double turns;
    bool waits;
    Instant submit;
    JobId id;
    std::size_t job;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  keys.reserve(jobs_.size());
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const SizedJob& job = jobs_[j];
    keys.push_back(
        {!job.settled, std::floor(job.ran / params_.turn.seconds()), job.held == Gpus{0}, job.submit, job.id, j});
  }
  std::sort(keys.begin(), keys.end());
  order_.clear();
  for (const Key& key : keys) order_.push_back(key.job);
}

std::vector<Gpus> GoodputQueue::smallest(Gpus* left) const {
  std::vector<Gpus> gpus(jobs_.size(), Gpus{0});
  for (const std::size_t j : order_) {
    const SizedJob& job = jobs_[j];
    const Gpus size = job.settled ? job.held : job.least();
    if (job.blocked || job.stopped || size > *left) continue;
    gpus[j] = size;
    *left -= size;
  }
  return gpus;
}

std::vector<Gpus> GoodputQueue::greedy(Gpus left) const {
  std::vector<Gpus> gpus = smallest(&left);
  const auto worse = [](const Step& a, const Step& b) { return a.gain != b.gain ? a.gain < b.gain : a.job > b.job; };
  std::vector<Step> steps;
  const auto push = [&](std::size_t j) {
    const Step step = best_step(j, gpus[j], left);
    if (step.gain <= 0) return;
    steps.push_back(step);
    std::push_heap(steps.begin(), steps.end(), worse);
  };
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    if (gpus[j] > Gpus{0} && !jobs_[j].settled) push(j);
  }
  while (!steps.empty() && left > Gpus{0}) {
    std::pop_heap(steps.begin(), steps.end(), worse);
    const Step step = steps.back();
    steps.pop_back();
    if (step.to - gpus[step.job] <= left) {
      left -= step.to - gpus[step.job];
      gpus[step.job] = step.to;
    }
    push(step.job);
  }
  return gpus;
}

std::vector<Gpus> GoodputQueue::equal(Gpus left) const {
  std::vector<Gpus> gpus = smallest(&left);
  for (const std::size_t j : order_) {
    if (gpus[j] == Gpus{0} || jobs_[j].settled) continue;
    const Gpus size = jobs_[j].largest(std::min(fair_[j], gpus[j] + left));
    left -= size - gpus[j];
    gpus[j] = size;
  }
  return gpus;
}

std::vector<Gpus> GoodputQueue::held() const {
  std::vector<Gpus> gpus;
  for (const SizedJob& job : jobs_) gpus.push_back(job.held);
  return gpus;
}

void GoodputQueue::allocate(const QueueView& view) {
  Gpus all = view.free;
  std::int32_t count = 0;
  for (const SizedJob& job : jobs_) {
    all += job.held;
    count += job.blocked || job.stopped ? 0 : 1;
  }
  const Gpus share{std::max(1, all.value / std::max(1, count))};
  fair_.clear();
  for (const SizedJob& job : jobs_) fair_.push_back(job.largest(std::max(share, job.least())));
  order();
  const auto better = [](const Value& a, const Value& b) {
    return a.served != b.served ? a.served > b.served : a.sum > b.sum;
  };
  target_ = greedy(all);
  const std::vector<Gpus> shares = equal(all), now = held();
  if (better(value(shares), value(target_))) target_ = shares;
  bool same_jobs = true;
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    same_jobs = same_jobs && (now[j] > Gpus{0}) == (target_[j] > Gpus{0});
  }
  if (same_jobs && !better(value(target_), value(now))) target_ = now;
}

void GoodputQueue::fill(const QueueView& view, QueueDecision* decision) const {
  Gpus free = view.free;
  const auto count = static_cast<std::int32_t>(view.waiting.size() + view.running.size());
  const Gpus share{std::max(1, view.capacity.value / std::max(1, count))};
  SizedJob job;
  for (const WaitingJobView& w : view.waiting) {
    if (free <= Gpus{0}) return;
    if (w.blocked || least_gpus(*w.traits, w.gpus) > free) continue;
    set_sized_job(w, view.now, &job);
    const Gpus size = job.largest(std::min(free, std::max(share, job.least())));
    if (size == Gpus{0}) continue;
    decision->start.emplace_back(w.id, size);
    free -= size;
  }
}

}  // namespace jevons
