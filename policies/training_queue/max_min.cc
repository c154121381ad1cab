// Rounds: a program, claims on GPUs, a plan, and what must change for it.
#include "policies/training_queue/max_min.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "policies/training_queue/max_min_fill.h"

namespace jevons {
namespace {

constexpr double kNoShare = 1e-6;  // CLP's tolerance is 1e-7.

double rounded(double value) { return value > 0 ? std::exp2(std::ceil(4 * std::log2(value)) / 4) : 0.0; }

bool is_objective(std::string_view text) { return text == "max_min" || text == "makespan" || text == "cost"; }

}  // namespace

void MaxMinQueue::describe(ParamTable<Params>& t) {
  t.add("objective", &Params::objective, "max_min, makespan or cost",
        "What the program makes as large as can be: the smallest throughput, the shortest makespan, throughput per "
        "dollar.",
        is_objective);
  t.add("round", &Params::round, 1_s, 24_h, "Length of a round.");
  t.add("shares", &Params::shares, TenantShares::kFormat, "Weights by tenant; 1 for a tenant that is not named.",
        [](std::string_view text) { return TenantShares::parse(text).ok(); });
  t.add("by_gpus", &Params::by_gpus,
        "Whether max_min is fair in GPU time, as in the paper, rather than in the time that jobs run.");
}

MaxMinQueue::MaxMinQueue(const Params& params)
    : params_(params), shares_(TenantShares::parse(params.shares).value()) {}  // Checked by the table above.

void MaxMinQueue::decide(const QueueView& view, QueueDecision* decision) {
  if (view.waiting.empty() && (view.running.empty() || view.groups.size() <= 1)) return;  // Nobody could move.
  if (!view.waiting.empty() || view.groups.size() > 1) decision->ask_again = std::max(round_ends_, view.now + 1_ns);
  const bool at_end = view.now >= round_ends_;
  if (!at_end && planned_at_ != view.now && view.free <= Gpus{0}) return;
  groups_.assign(view.groups.begin(), view.groups.end());
  if (groups_.empty()) groups_.push_back({GroupId{}, view.free, view.capacity, 0.0});
  free_.clear();
  for (const QueueGroupView& g : groups_) free_.push_back(g.free);
  if (at_end || planned_at_ == view.now) {
    read(view);
    if (at_end) begin_round(view);
    plan();
    carry_out(view, decision);
  } else {
    fill(view, decision);
  }
  if (decision->ask_again != Instant::never()) decision->ask_again = round_ends_;
}

void MaxMinQueue::begin_round(const QueueView& view) {
  solve(view);
  round_ends_ = view.now + params_.round;
  planned_at_ = view.now;
  some_move_ = false;
  for (Job& job : jobs_) {
    job.life->moves_to = kNowhere;
    const std::vector<double>& x = x_[job.life->kind];
    for (std::size_t k = 0; k < groups_.size(); ++k) job.life->time[k].owed += x[k] * params_.round.seconds();
  }
}

void MaxMinQueue::read(const QueueView& view) {
  for (const JobId id : alive_) lives_[id]->seen = false;
  jobs_.clear();
  for (const WaitingJobView& w : view.waiting) {
    add(w.id, w.gpus, w.traits, w.ran, nullptr);
    jobs_.back().blocked = w.blocked;
    jobs_.back().work = w.remaining_estimate.seconds();
  }
  for (const RunningJobView& r : view.running) {
    std::size_t group = 0;
    for (std::size_t k = 0; k < groups_.size(); ++k) {
      if (groups_[k].id == r.group) group = k;
    }
    add(r.id, r.gpus, r.traits, r.ran_at(view.now), &group);
    Job& job = jobs_.back();
    if (!r.leaving) job.life->moves_to = kNowhere;
    job.waiting = false;
    job.group = group;
    job.pinned = job.wide || r.started == view.now || r.leaving;
    job.work = std::max(0.0, (r.expected_end - view.now).seconds() * r.speed);
  }
  for (const PromisedJobView& p : view.promised) {
    if (lives_[p.job.id] != nullptr) lives_[p.job.id]->seen = true;
  }
  std::erase_if(alive_, [&](JobId id) {
    const bool ended = !lives_[id]->seen;
    if (ended) lives_[id].reset();
    return ended;
  });
}

void MaxMinQueue::add(JobId id, Gpus gpus, const JobTraits* traits, Duration ran, const std::size_t* runs_on) {
  Life& life = life_of(id);
  life.seen = true;
  if (runs_on != nullptr) life.group = *runs_on;
  ran_until(ran, &life);
  jobs_.push_back({id, gpus, traits});
  jobs_.back().life = &life;
  jobs_.back().wide = wide(*traits, gpus);
}

MaxMinQueue::Life& MaxMinQueue::life_of(JobId id) {
  std::unique_ptr<Life>& life = lives_[id];
  if (life == nullptr) {
    life = std::make_unique<Life>();
    alive_.push_back(id);
  }
  life->time.resize(groups_.size());
  return *life;
}

// What it ran since we last looked, it ran where it is, or was last seen.
void MaxMinQueue::ran_until(Duration ran, Life* life) {
  if (ran <= life->ran) return;
  life->time[std::min(life->group, life->time.size() - 1)].had += ran - life->ran;
  life->ran = ran;
}

bool MaxMinQueue::wide(const JobTraits& traits, Gpus gpus) const {
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    if (may_run(traits, gpus, k)) return false;
  }
  return true;
}

void MaxMinQueue::solve(const QueueView& view) {
  lp_groups_.clear();
  for (const QueueGroupView& g : groups_) lp_groups_.push_back({double(g.capacity.value), g.usd_per_gpu_hour});
  classify(view, false);
  if (classes_.size() > kMostClasses) classify(view, true);
  if (classes_ == solved_classes_ && lp_groups_ == solved_groups_) return;
  if (params_.objective == "cost") {
    x_ = cheapest_shares(classes_, lp_groups_);
  } else {  // Only the last job to end makes the makespan.
    x_ = max_min_shares(classes_, lp_groups_, params_.objective == "makespan" ? 1 : kAllLevels);
  }
  one_kind_ = params_.objective != "cost" && one_kind(classes_, lp_groups_);
  solved_classes_ = classes_;
  solved_groups_ = lp_groups_;
}

void MaxMinQueue::classify(const QueueView& view, bool coarse) {
  const auto key = [](const LpClass& c) { return std::tie(c.gpus, c.unit, c.at_least, c.speed); };
  std::vector<std::size_t> known;  // Positions in classes_, by key.
  double all_gpus = 0;
  for (const Job& job : jobs_) all_gpus += job.gpus.value;
  classes_.clear();
  LpClass kind;
  for (Job& job : jobs_) {
    find_class(view, job, all_gpus, coarse, &kind);
    const auto at = std::lower_bound(known.begin(), known.end(), key(kind),
                                     [&](std::size_t c, const auto& k) { return key(classes_[c]) < k; });
    if (at == known.end() || key(classes_[*at]) != key(kind)) {
      job.life->kind = classes_.size();
      known.insert(at, classes_.size());
      classes_.push_back(kind);
    } else {
      job.life->kind = *at;
      classes_[*at].jobs += 1;
    }
  }
}

// X_equal: a GPU of group k is shared by all jobs, so each has the share N_k / (all their GPUs) of its time there; no
// job more than all its time.
void MaxMinQueue::find_class(const QueueView& view, const Job& job, double all_gpus, bool coarse, LpClass* out) const {
  LpClass& kind = *out;
  kind.speed.clear();
  kind.unit = 1;
  kind.at_least = 0;
  kind.gpus = job.gpus.value;
  double equal = 0, time = 0;
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    kind.speed.push_back(may_run(*job.traits, job.gpus, k) ? speed(*job.traits, k) : 0.0);
    if (coarse) kind.speed.back() = rounded(kind.speed.back());
    equal += kind.speed.back() * groups_[k].capacity.value / all_gpus;
    time += groups_[k].capacity.value / all_gpus;
  }
  equal /= std::max(1.0, time);
  if (params_.objective == "max_min") {
    const std::uint32_t t = job.traits->tenant;
    const double weight = shares_.of(t < view.tenants.size() ? view.tenants[t].name : std::string_view());
    kind.unit = equal > 0 ? weight * equal / (params_.by_gpus ? kind.gpus : 1.0) : 1.0;
    if (coarse) kind.unit = rounded(kind.unit);
  } else if (params_.objective == "makespan") {
    kind.unit = rounded(std::max(job.work, 1.0));
  } else if (job.traits->deadline != Instant::never() && job.traits->deadline > view.now) {
    kind.at_least = rounded(job.work / (job.traits->deadline - view.now).seconds());
  }
}

// Jobs just started stay; then by claim; then whoever runs and need not give way; then who waits.
void MaxMinQueue::plan() {
  std::vector<Gpus> left = free_;
  for (const Job& job : jobs_) {
    if (!job.waiting && !job.wide) left[job.group] += job.gpus;
    if (!job.waiting && job.life->moves_to < left.size()) left[job.life->moves_to] -= job.gpus;  // It is leaving.
  }
  const auto take = [&](Job& job, std::size_t k) {
    job.planned = k;
    left[k] -= job.gpus;
  };
  for (Job& job : jobs_) {
    if (job.wide && !job.waiting) job.planned = job.group;
    if (job.pinned && !job.wide) take(job, job.group);
  }
  plan_claims(&left);
  for (Job& job : jobs_) {
    if (job.waiting || job.planned == job.group || job.gpus > left[job.group]) continue;
    if (job.planned == kNowhere) {
      take(job, job.group);
    } else if (speed(*job.traits, job.planned) <= speed(*job.traits, job.group)) {  // Moving is worth nothing.
      left[job.planned] += job.gpus;
      take(job, job.group);
    }
  }
  for (Job& job : jobs_) {
    if (!job.waiting || job.blocked || job.planned != kNowhere) continue;
    const std::size_t k = fastest(*job.traits, job.gpus, left);
    if (k != kNowhere) take(job, k);
  }
}

// On groups of one kind a job that runs keeps its place if it can, and others go where nobody need make room for them.
void MaxMinQueue::plan_claims(std::vector<Gpus>* left) {
  std::vector<Gpus> idle = *left;  // Without those of jobs that run and have no plan yet.
  for (const Job& job : jobs_) {
    if (!job.waiting && job.planned == kNowhere) idle[job.group] -= job.gpus;
  }
  claim();
  const auto any_left = [&] {
    return std::any_of(left->begin(), left->end(), [](Gpus gpus) { return gpus > Gpus{0}; });
  };
  for (std::size_t done = 0; done < claims_.size() && any_left();) {
    for (const std::size_t end = sort_claims(done); done < end; ++done) {
      const Claim& c = claims_[done];
      Job& job = jobs_[c.job];
      if (job.planned != kNowhere) continue;
      const std::size_t k = c.group != kNowhere ? c.group : most_idle(job, *left, idle);
      if (k == kNowhere || job.gpus > (*left)[k]) continue;
      job.planned = k;
      (*left)[k] -= job.gpus;
      if (!job.waiting) idle[job.group] += job.gpus;
      idle[k] -= job.gpus;
    }
  }
}

// Brings the first of those from `done` on to their places; returns where these end.  Thousands may claim what a few
// hundred can get.
std::size_t MaxMinQueue::sort_claims(std::size_t done) {
  constexpr std::size_t kAtOnce = 512;
  const std::size_t end = std::min(claims_.size(), done + std::max(kAtOnce, done));
  const auto at = [&](std::size_t i) { return claims_.begin() + static_cast<std::ptrdiff_t>(i); };
  const auto sooner = [](const Claim& a, const Claim& b) {
    if (a.never != b.never) return a.never;
    if (a.priority != b.priority) return a.priority > b.priority;
    if (a.runs_there != b.runs_there) return a.runs_there;
    return a.id != b.id ? a.id < b.id : a.group < b.group;
  };
  if (end < claims_.size()) std::nth_element(at(done), at(end), claims_.end(), sooner);
  std::sort(at(done), at(end), sooner);
  return end;
}

std::size_t MaxMinQueue::most_idle(const Job& job, const std::vector<Gpus>& left, const std::vector<Gpus>& idle) const {
  if (!job.waiting && job.gpus <= left[job.group]) return job.group;
  std::size_t best = kNowhere;
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    if (job.gpus <= left[k] && (best == kNowhere || idle[k] > idle[best])) best = k;
  }
  return best;
}

void MaxMinQueue::claim() {
  claims_.clear();
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const Job& job = jobs_[j];
    if (job.pinned || job.blocked || job.life->kind >= x_.size()) continue;
    const std::vector<double>& x = x_[job.life->kind];
    Time all;
    for (std::size_t k = 0; k < groups_.size(); ++k) {
      const Time& time = job.life->time[k];
      all.owed += time.owed;
      all.had += time.had;
      if (!one_kind_ && may_run(*job.traits, job.gpus, k)) add_claim(j, k, x[k], time);
    }
    if (one_kind_) add_claim(j, kNowhere, *std::max_element(x.begin(), x.end()), all);
  }
}

void MaxMinQueue::add_claim(std::size_t job, std::size_t group, double share, Time time) {
  if (share <= kNoShare) return;
  const Job& j = jobs_[job];
  const bool never = time.had <= Duration{0};
  claims_.push_back({job, group, j.id, never, never ? time.owed : time.owed / time.had.seconds(),
                     !j.waiting && (group == kNowhere || j.group == group)});
}

std::size_t MaxMinQueue::fastest(const JobTraits& traits, Gpus gpus, const std::vector<Gpus>& left) const {
  std::size_t best = kNowhere;
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    if (gpus > left[k] || !may_run(traits, gpus, k)) continue;
    if (best == kNowhere || speed(traits, k) > speed(traits, best)) best = k;
  }
  return best;
}

// What moves stops now and starts when asked again at this instant, or, if it is given notice, when it has left.
void MaxMinQueue::carry_out(const QueueView& view, QueueDecision* decision) {
  for (const Job& job : jobs_) {
    if (job.waiting || job.planned == job.group) continue;
    decision->preempt.push_back(job.id);
    job.life->moves_to = job.planned;
    some_move_ = some_move_ || job.planned != kNowhere;
    free_[job.group] += job.gpus;
  }
  for (const Job& job : jobs_) {
    if (!job.waiting || job.planned == kNowhere || job.gpus > free_[job.planned]) continue;
    free_[job.planned] -= job.gpus;
    start(job.id, job.life->ran, job.planned, decision);
  }
  if (decision->preempt.empty() && decision->start.empty()) start_wide(view, decision);
}

void MaxMinQueue::start(JobId id, Duration ran, std::size_t group, QueueDecision* decision) {
  decision->start.emplace_back(id, Gpus{0}, groups_[group].id);
  Life& life = life_of(id);
  ran_until(ran, &life);
  life.group = group;
}

void MaxMinQueue::fill(const QueueView& view, QueueDecision* decision) {
  Gpus all = view.free;
  if (some_move_) fill_where_they_move(view, &all, decision);
  const auto moves = [&](JobId id) { return lives_[id] != nullptr && lives_[id]->moves_to < groups_.size(); };
  for (const WaitingJobView& w : view.waiting) {
    if (all <= Gpus{0}) break;
    if (w.gpus > all || w.blocked || (some_move_ && moves(w.id))) continue;
    const std::size_t k = fastest(*w.traits, w.gpus, free_);
    if (k == kNowhere) continue;
    free_[k] -= w.gpus;
    all -= w.gpus;
    start(w.id, w.ran, k, decision);
  }
  if (decision->start.empty()) start_wide(view, decision);
}

// Keeps the GPUs, of what is left there, that jobs stopped for another group have been given.
void MaxMinQueue::fill_where_they_move(const QueueView& view, Gpus* all, QueueDecision* decision) {
  const auto keep = [&](JobId id, Gpus gpus, bool waits, Duration ran) {
    const std::size_t k = lives_[id] != nullptr ? lives_[id]->moves_to : kNowhere;
    if (k >= groups_.size()) return;
    if (waits && gpus <= free_[k]) start(id, ran, k, decision);
    free_[k] -= gpus;
    *all -= gpus;
  };
  for (const WaitingJobView& w : view.waiting) {
    if (!w.blocked) keep(w.id, w.gpus, true, w.ran);
  }
  for (const RunningJobView& r : view.running) {
    if (r.leaving) {
      keep(r.id, r.gpus, false, r.ran);
    } else if (lives_[r.id] != nullptr) {
      lives_[r.id]->moves_to = kNowhere;  // It has come there.
    }
  }
}

void MaxMinQueue::start_wide(const QueueView& view, QueueDecision* decision) const {
  Gpus free = view.free;
  for (const WaitingJobView& w : view.waiting) {
    if (w.blocked || w.gpus > free || !wide(*w.traits, w.gpus)) continue;
    decision->start.emplace_back(w.id);
    free -= w.gpus;
  }
}

}  // namespace jevons
