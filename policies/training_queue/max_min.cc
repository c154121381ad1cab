// Rounds: a program, claims on GPUs, a plan, and what must change for it.
#include "policies/training_queue/max_min.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

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
  read(view);
  if (at_end) {
    solve(view);
    round_ends_ = view.now + params_.round;
    planned_at_ = view.now;
    for (Job& job : jobs_) {
      job.life->moves_to = kNowhere;
      const std::vector<double>& x = x_[job.life->kind];
      for (std::size_t k = 0; k < groups_.size(); ++k) job.life->time[k].owed += x[k] * params_.round.seconds();
    }
  }
  if (decision->ask_again != Instant::never()) decision->ask_again = round_ends_;
  if (planned_at_ == view.now) {
    plan();
    carry_out(view, decision);
  } else {
    fill(view, decision);
  }
}

void MaxMinQueue::read(const QueueView& view) {
  groups_.assign(view.groups.begin(), view.groups.end());
  if (groups_.empty()) groups_.push_back({GroupId{}, view.free, view.capacity, 0.0});
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
  if (lives_[id] == nullptr) {
    lives_[id] = std::make_unique<Life>();
    alive_.push_back(id);
  }
  Life& life = *lives_[id];
  life.seen = true;
  life.time.resize(groups_.size());
  // What it ran since we last looked, it ran where it is, or was last seen.
  if (runs_on != nullptr) life.group = *runs_on;
  if (ran > life.ran) life.time[std::min(life.group, groups_.size() - 1)].had += (ran - life.ran).seconds();
  life.ran = ran;
  jobs_.push_back({id, gpus, traits});
  Job& job = jobs_.back();
  job.life = &life;
  job.wide = true;
  for (std::size_t k = 0; k < groups_.size(); ++k) job.wide = job.wide && !may_run(job, k);
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
    kind.speed.push_back(may_run(job, k) ? speed(job, k) : 0.0);
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
  std::vector<Gpus> left;
  for (const QueueGroupView& g : groups_) left.push_back(g.free);
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
  claim();
  for (const Claim& c : claims_) {
    Job& job = jobs_[c.job];
    if (job.planned == kNowhere && job.gpus <= left[c.group]) take(job, c.group);
  }
  for (Job& job : jobs_) {
    if (job.waiting || job.planned == job.group || job.gpus > left[job.group]) continue;
    if (job.planned == kNowhere) {
      take(job, job.group);
    } else if (speed(job, job.planned) <= speed(job, job.group)) {  // Moving is worth nothing.
      left[job.planned] += job.gpus;
      take(job, job.group);
    }
  }
  for (Job& job : jobs_) {
    if (!job.waiting || job.blocked || job.planned != kNowhere) continue;
    const std::size_t k = fastest(job, left);
    if (k != kNowhere) take(job, k);
  }
}

void MaxMinQueue::claim() {
  claims_.clear();
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const Job& job = jobs_[j];
    if (job.pinned || job.blocked || job.life->kind >= x_.size()) continue;
    const std::vector<double>& x = x_[job.life->kind];
    for (std::size_t k = 0; k < groups_.size(); ++k) {
      if (x[k] <= kNoShare || !may_run(job, k)) continue;
      const auto [owed, had] = job.life->time[k];
      claims_.push_back({j, k, job.id, had <= 0, had <= 0 ? owed : owed / had, !job.waiting && job.group == k});
    }
  }
  std::sort(claims_.begin(), claims_.end(), [](const Claim& a, const Claim& b) {
    if (a.never != b.never) return a.never;
    if (a.priority != b.priority) return a.priority > b.priority;
    if (a.runs_there != b.runs_there) return a.runs_there;
    return a.id != b.id ? a.id < b.id : a.group < b.group;
  });
}

std::size_t MaxMinQueue::fastest(const Job& job, const std::vector<Gpus>& left) const {
  std::size_t best = kNowhere;
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    if (!may_run(job, k) || job.gpus > left[k]) continue;
    if (best == kNowhere || speed(job, k) > speed(job, best)) best = k;
  }
  return best;
}

// What moves stops now and starts when asked again at this instant, or, if it is given notice, when it has left.
void MaxMinQueue::carry_out(const QueueView& view, QueueDecision* decision) {
  std::vector<Gpus> free;
  for (const QueueGroupView& g : groups_) free.push_back(g.free);
  for (const Job& job : jobs_) {
    if (job.waiting || job.planned == job.group) continue;
    decision->preempt.push_back(job.id);
    job.life->moves_to = job.planned;
    free[job.group] += job.gpus;
  }
  for (const Job& job : jobs_) {
    if (!job.waiting || job.planned == kNowhere || job.gpus > free[job.planned]) continue;
    decision->start.emplace_back(job.id, Gpus{0}, groups_[job.planned].id);
    free[job.planned] -= job.gpus;
  }
  if (decision->preempt.empty() && decision->start.empty()) start_wide(view.free, decision);
}

void MaxMinQueue::fill(const QueueView& view, QueueDecision* decision) const {
  std::vector<Gpus> free;
  Gpus all = view.free;
  for (const QueueGroupView& g : groups_) free.push_back(g.free);
  for (const Job& job : jobs_) {
    const std::size_t k = job.life->moves_to;
    if (k >= groups_.size() || job.blocked) continue;
    if (job.waiting && job.gpus <= free[k]) decision->start.emplace_back(job.id, Gpus{0}, groups_[k].id);
    free[k] -= job.gpus;
    all -= job.gpus;
  }
  for (const Job& job : jobs_) {
    if (!job.waiting || job.blocked || all < job.gpus || job.life->moves_to < groups_.size()) continue;
    const std::size_t k = fastest(job, free);
    if (k != kNowhere) {
      free[k] -= job.gpus;
      all -= job.gpus;
      decision->start.emplace_back(job.id, Gpus{0}, groups_[k].id);
    }
  }
  if (decision->start.empty()) start_wide(view.free, decision);
}

void MaxMinQueue::start_wide(Gpus free, QueueDecision* decision) const {
  for (const Job& job : jobs_) {
    if (!job.wide || !job.waiting || job.blocked || job.gpus > free) continue;
    decision->start.emplace_back(job.id);
    free -= job.gpus;
  }
}

}  // namespace jevons
