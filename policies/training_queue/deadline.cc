// Plans by progressive filling, who is guaranteed, and what a slot gives to whom.
#include "policies/training_queue/deadline.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace jevons {
namespace {

constexpr double kRounding = 1e-6;  // Seconds.

}  // namespace

void DeadlineQueue::describe(ParamTable<Params>& t) {
  t.add("slot", &Params::slot, 1_s, 24_h, "Length of a slot, in which no guaranteed job changes its GPUs.");
  t.add("restart_cost", &Params::restart_cost, Duration{0}, 24_h, "Time a job is taken to lose when its GPUs change.");
  t.add("late_jobs", &Params::late_jobs, "refuse or best_effort",
        "What becomes of a job whose deadline cannot be met when it comes: refused, as in the paper, or run after all "
        "guaranteed ones.",
        [](std::string_view text) { return text == "refuse" || text == "best_effort"; });
}

void DeadlineQueue::decide(const QueueView& view, QueueDecision* decision) {
  if (view.waiting.empty() && view.running.empty()) return;
  const std::int64_t slot = view.now.ns / params_.slot.ns;
  const bool at_boundary = view.now.ns % params_.slot.ns == 0;
  const std::int64_t begin = at_boundary ? slot : slot + 1;
  if (slot + 1 <= Instant::never().ns / params_.slot.ns) decision->ask_again = Instant{(slot + 1) * params_.slot.ns};
  const bool same_capacity = capacity_ == view.capacity.value;
  capacity_ = view.capacity.value;
  if (!at_boundary && begin == first_ && same_capacity && !somebody_is_new(view)) return fill(view, decision);
  read(view, begin);
  if ((at_boundary && settled_at_ != view.now) || !same_capacity) settle(view);
  admit(view, decision);
  if (at_boundary) {
    settled_at_ = view.now;
    allocate(view, decision);
  } else {
    fill(view, decision);
  }
}

bool DeadlineQueue::somebody_is_new(const QueueView& view) const {
  const std::span<const WaitingJobView> jobs = view.changes ? view.changes->come : view.waiting;
  return std::any_of(jobs.begin(), jobs.end(), [&](const WaitingJobView& w) {
    return w.traits->deadline != Instant::never() && !plans_.contains(w.id) && !best_effort_.contains(w.id);
  });
}

// Drops what is past and who has ended; work is what will be left when the plans begin, as jobs run on until then.
void DeadlineQueue::read(const QueueView& view, std::int64_t begin) {
  list_sized_jobs(view, &jobs_);
  for (std::size_t j = 0; j < jobs_.size(); ++j) at_[jobs_[j].id] = j;
  const auto ended = [&](JobId id) { return at_[id] >= jobs_.size() || jobs_[at_[id]].id != id; };
  std::erase_if(plans_, [&](const auto& entry) {
    if (ended(entry.first)) book(entry.second, -1);
    return ended(entry.first);
  });
  std::erase_if(best_effort_, ended);
  const auto drop_past = [&](std::vector<std::int32_t>* gpus) {
    gpus->erase(gpus->begin(), gpus->begin() + std::min<std::int64_t>(begin - first_, std::ssize(*gpus)));
  };
  drop_past(&booked_);
  for (auto& [id, plan] : plans_) drop_past(&plan.gpus);
  first_ = begin;
  const double until = (Instant{begin * params_.slot.ns} - view.now).seconds();
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    SizedJob& job = jobs_[j];
    if (j < view.running.size()) job.work = std::max(0.0, job.work - view.running[j].speed * until);
    double slowest = 1;
    bool any = false;
    for (const QueueGroupView& g : view.groups) {
      const double speed = speed_on(*job.traits, g.id);
      if (speed <= 0 || g.capacity == Gpus{0}) continue;
      slowest = any ? std::min(slowest, speed) : speed;
      any = true;
    }
    for (double& speed : job.speeds) speed *= slowest;
  }
}

void DeadlineQueue::book(const Plan& plan, std::int32_t sign) {
  if (booked_.size() < plan.gpus.size()) booked_.resize(plan.gpus.size(), 0);
  for (std::size_t s = 0; s < plan.gpus.size(); ++s) booked_[s] += sign * plan.gpus[s];
}

// Run time done in a slot.
double DeadlineQueue::progress(const SizedJob& job, Gpus before, Gpus gpus) const {
  if (gpus == Gpus{0}) return 0;
  const auto at =
      static_cast<std::size_t>(std::lower_bound(job.sizes.begin(), job.sizes.end(), gpus) - job.sizes.begin());
  const double cost = before == gpus ? 0.0 : params_.restart_cost.seconds();
  return at < job.sizes.size() ? job.speeds[at] * std::max(0.0, params_.slot.seconds() - cost) : 0.0;
}

// Whether the slots from `skip` on do what is left after `done`; `*needed`: up to which slot.
bool DeadlineQueue::keeps(const SizedJob& job, const std::vector<std::int32_t>& gpus, std::size_t skip, double done,
                          Gpus before, std::size_t* needed) const {
  const double work = job.work > 0 ? job.work + kRounding : 0.0;
  std::size_t s = skip;
  for (; s < gpus.size() && done < work; ++s) {
    done += progress(job, before, Gpus{gpus[s]});
    before = Gpus{gpus[s]};
  }
  *needed = s;
  return done >= work;
}

bool DeadlineQueue::plan(const SizedJob& job, std::int32_t capacity, Plan* plan) const {
  const std::int64_t slots = std::min(plan->end - first_, kMostSlots);
  const bool elastic = job.traits->flexibility == Flexibility::kElastic;
  plan->gpus.clear();
  if (job.work <= 0) return true;
  for (const Gpus level : job.sizes) {
    plan->gpus.clear();
    double done = 0;
    Gpus before = job.held;
    for (std::int64_t s = 0; s < slots; ++s) {
      const auto at = static_cast<std::size_t>(s);
      const std::int32_t room = capacity - (at < booked_.size() ? booked_[at] : 0);
      const Gpus fits = job.largest(std::min(level, Gpus{room}));
      const Gpus gpus = elastic || fits == level ? fits : Gpus{0};
      done += progress(job, before, gpus);
      before = gpus;
      plan->gpus.push_back(gpus.value);
      if (done >= job.work + kRounding) return true;
    }
  }
  return false;
}

// Everybody's plans, earliest deadline first.  All or nothing: leaves everything as it was if one does not fit.
bool DeadlineQueue::plan_anew(std::int32_t capacity, JobId extra, bool all_or_nothing) {
  std::map<JobId, Plan> old = plans_;  // `extra` has an empty plan in it.
  const std::vector<std::int32_t> old_booked = std::exchange(booked_, {});
  std::vector<std::pair<Instant, JobId>> order;
  for (const auto& [id, plan] : plans_) order.emplace_back(plan.deadline, id);
  std::sort(order.begin(), order.end());
  for (const auto& [deadline, id] : order) {
    const SizedJob& job = jobs_[at_[id]];
    Plan& made = plans_.at(id);
    if (plan(job, capacity, &made)) {
      book(made, 1);
      continue;
    }
    if (all_or_nothing) {
      plans_ = std::move(old);
      plans_.erase(extra);
      booked_ = old_booked;
      return false;
    }
    plans_.erase(id);
    best_effort_.insert(id);
  }
  return true;
}

// What jobs are ahead of their plans, they need no longer at the end.
void DeadlineQueue::settle(const QueueView& view) {
  bool broken = false;
  for (auto& [id, plan] : plans_) {
    const SizedJob& job = jobs_[at_[id]];
    std::size_t needed = 0;
    if (!keeps(job, plan.gpus, 0, 0.0, job.held, &needed)) broken = true;
    book(plan, -1);
    plan.gpus.resize(needed);
    book(plan, 1);
  }
  for (const std::int32_t gpus : booked_) broken = broken || gpus > view.capacity.value;
  if (broken) plan_anew(view.capacity.value, JobId{}, false);
}

void DeadlineQueue::admit(const QueueView& view, QueueDecision* decision) {
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    SizedJob& job = jobs_[j];
    const bool waits = j >= view.running.size() && j < view.running.size() + view.waiting.size();
    const Instant deadline = job.traits->deadline;
    if (deadline == Instant::never() || plans_.contains(job.id) || best_effort_.contains(job.id)) continue;
    Plan made{deadline, deadline.ns / params_.slot.ns};
    if (plan(job, view.capacity.value, &made)) {
      book(made, 1);
      plans_.emplace(job.id, std::move(made));
      continue;
    }
    made.gpus.clear();
    plans_.emplace(job.id, made);
    if (made.end <= first_ || !plan_anew(view.capacity.value, job.id, true)) {
      plans_.erase(job.id);
      if (refuses_ && waits) {
        decision->refuse.push_back(job.id);
        job.blocked = true;
      } else {
        best_effort_.insert(job.id);
      }
    }
  }
}

std::int32_t DeadlineQueue::planned(const SizedJob& job) const {
  const auto it = plans_.find(job.id);
  return it == plans_.end() || it->second.gpus.empty() ? 0 : it->second.gpus.front();
}

// That of a guaranteed job which cannot be resized; else 0.
Gpus DeadlineQueue::fixed_size(const SizedJob& job) const {
  const auto it = plans_.find(job.id);
  if (it == plans_.end() || it->second.gpus.empty() || job.traits->flexibility == Flexibility::kElastic) return Gpus{0};
  return Gpus{*std::max_element(it->second.gpus.begin(), it->second.gpus.end())};
}

void DeadlineQueue::allocate(const QueueView& view, QueueDecision* decision) {
  Gpus left = view.free;
  target_.assign(jobs_.size(), Gpus{0});
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const SizedJob& job = jobs_[j];
    left += job.held;
    if (!job.blocked) target_[j] = job.settled ? job.held : Gpus{planned(job)};
    left -= target_[j];
  }
  give_least(&left);
  for (std::size_t j = 0; j < jobs_.size(); ++j) {  // What it held before.
    const Gpus held = jobs_[j].held;
    if (target_[j] == Gpus{0} || held <= target_[j] || held - target_[j] > left) continue;
    left -= held - target_[j];
    target_[j] = held;
  }
  give_spare(left);
  reach(jobs_, target_, decision);
}

// Guaranteed jobs that their plan leaves out for now, earliest deadline first; then best effort, running before
// waiting.
void DeadlineQueue::give_least(Gpus* left) {
  std::vector<std::pair<Instant, std::size_t>> order;
  for (const auto& [id, plan] : plans_) order.emplace_back(plan.deadline, at_[id]);
  std::sort(order.begin(), order.end());
  for (std::size_t j = 0; j < jobs_.size(); ++j) order.emplace_back(Instant::never(), j);  // Those above once more.
  for (const auto& [deadline, j] : order) {
    if (*left <= Gpus{0}) return;
    const SizedJob& job = jobs_[j];
    if (target_[j] > Gpus{0} || job.blocked || job.stopped) continue;
    const Gpus fixed = fixed_size(job), size = fixed > Gpus{0} ? fixed : job.least();
    if (size > *left) continue;
    target_[j] = size;
    *left -= size;
  }
}

void DeadlineQueue::give_spare(Gpus left) {
  struct Step {
    std::size_t job;
    Gpus to;
    double gain;  // Seconds a GPU.
  };
  std::vector<Step> steps;
  const auto worse = [](const Step& a, const Step& b) { return a.gain != b.gain ? a.gain < b.gain : a.job > b.job; };
  const auto push = [&](std::size_t j) {
    const SizedJob& job = jobs_[j];
    const auto next = std::upper_bound(job.sizes.begin(), job.sizes.end(), target_[j]);
    if (next == job.sizes.end() || next == job.sizes.begin() || *next - target_[j] > left) return;
    const auto at = static_cast<std::size_t>(next - job.sizes.begin());
    double gain = job.work / job.speeds[at - 1] - job.work / job.speeds[at];
    if (job.held > Gpus{0} && job.held == target_[j]) gain -= params_.restart_cost.seconds();
    if (gain <= 0 || !may_grow(job, *next)) return;
    steps.push_back({j, *next, gain / (*next - target_[j]).value});
    std::push_heap(steps.begin(), steps.end(), worse);
  };
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    if (target_[j] > Gpus{0} && !jobs_[j].settled && fixed_size(jobs_[j]) == Gpus{0}) push(j);
  }
  while (!steps.empty() && left > Gpus{0}) {
    std::pop_heap(steps.begin(), steps.end(), worse);
    const Step step = steps.back();
    steps.pop_back();
    const Gpus more = step.to - target_[step.job];
    if (more > left) continue;
    left -= more;
    target_[step.job] = step.to;
    push(step.job);
  }
}

// A guaranteed job that grows pays for it now and when it shrinks again; its plan must still do the rest.
bool DeadlineQueue::may_grow(const SizedJob& job, Gpus to) const {
  const auto it = plans_.find(job.id);
  if (it == plans_.end()) return true;
  const double done = progress(job, job.held, to);
  std::size_t needed = 0;
  return keeps(job, it->second.gpus, 1, done, to, &needed);
}

// Waiting jobs on idle GPUs, guaranteed ones first; those not so late in a slot that they would still be restarting in
// the next, where their plans do not pay for it.
void DeadlineQueue::fill(const QueueView& view, QueueDecision* decision) const {
  Gpus free = view.free;
  const std::set<JobId> refused(decision->refuse.begin(), decision->refuse.end());
  SizedJob job;
  for (const bool guaranteed : {true, false}) {
    if (guaranteed && plans_.empty()) continue;
    for (const WaitingJobView& w : view.waiting) {
      if (free <= Gpus{0}) return;
      if (w.blocked || least_gpus(*w.traits, w.gpus) > free || plans_.contains(w.id) != guaranteed) continue;
      if (refused.contains(w.id)) continue;
      if (guaranteed && decision->ask_again - view.now < params_.restart_cost) continue;
      set_sized_job(w, view.now, &job);
      const Gpus fixed = fixed_size(job);
      const Gpus size = fixed > Gpus{0} ? fixed : job.largest(std::min(free, std::max(job.asked, job.least())));
      if (size == Gpus{0} || size > free) continue;
      decision->start.emplace_back(job.id, size);
      free -= size;
    }
  }
}

}  // namespace jevons
