// Groups of GPUs that are nothing but numbers, and one training queue that may preempt, resize and choose groups.
//
// The engine's rules (policies/api/training_queue.h), without checkpoints: a stopped job keeps its work.  A job that is
// resized or starts again stands still for `restart`.  At each instant: ends, arrivals, decisions until the policy has
// no more.  Every answer is checked.  Estimates are exact.
#ifndef JEVONS_TESTS_SUPPORT_ELASTIC_SIMULATOR_H_
#define JEVONS_TESTS_SUPPORT_ELASTIC_SIMULATOR_H_

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "policies/api/training_queue.h"

namespace jevons::testing {

struct ElasticJob {
  Instant submit;
  Gpus gpus;
  Duration run;  // On the GPUs asked, of the reference type.
  JobTraits traits{};
};

struct ElasticCluster {
  std::vector<QueueGroupView> groups;  // `free` is not read.
  std::vector<std::string> tenants{};
  double cpus = 0;
  Bytes memory{0};
  Duration restart{0};
  std::function<bool(JobId)> unplaceable = [](JobId) { return false; };
  std::function<void(const QueueView&)> after_decisions = [](const QueueView&) {};
};

struct ElasticOutcome {
  Instant first_start = Instant::never(), end = Instant::never();
  int preemptions = 0, resizes = 0;
  bool refused = false;
};

template <class Views>
auto find_view(Views& views, JobId id) {
  return std::find_if(views.begin(), views.end(), [&](const auto& v) { return v.id == id; });
}

class ElasticSimulator {
 public:
  // `jobs` by submit time.
  ElasticSimulator(const std::vector<ElasticJob>& jobs, const ElasticCluster& cluster, TrainingQueue* queue)
      : jobs_(jobs), cluster_(cluster), queue_(queue), groups_(cluster.groups), state_(jobs.size()) {
    for (QueueGroupView& g : groups_) g.free = g.capacity;
    for (const std::string& name : cluster.tenants) tenants_.push_back({name, Gpus{0}, GpuTime{}});
    for (std::size_t j = 0; j < jobs.size(); ++j) state_[j].work = static_cast<double>(jobs[j].run.ns);
  }

  // Until no job is unfinished, or `until`; the rest is left without an end.
  std::vector<ElasticOutcome> run(Instant until = Instant::never()) {
    for (;;) {
      Instant next = std::min(next_ < jobs_.size() ? jobs_[next_].submit : Instant::never(), ask_);
      for (const RunningJobView& r : running_) next = std::min(next, r.expected_end);
      if (next > until || next == Instant::never()) break;
      advance(next);
    }
    std::vector<ElasticOutcome> outcomes;
    for (const State& s : state_) outcomes.push_back(s.outcome);
    return outcomes;
  }

 private:
  struct State {
    double work = 0;  // Nanoseconds of run time left at `at`.
    Instant at, stands_until;
    std::vector<std::pair<std::size_t, Gpus>> holds;  // By position of the group.
    ElasticOutcome outcome;
  };

  void advance(Instant now) {
    const bool asked = now == ask_;
    for (TenantView& t : tenants_) t.used += t.running * (now - now_);
    now_ = now;
    bool changed = false;
    for (std::size_t i = 0; i < running_.size();) {
      if (running_[i].expected_end > now) {
        ++i;
        continue;
      }
      const RunningJobView r = running_[i];
      give_back(r.id);
      ended_.push_back({r.id, jobs_[r.id.index].gpus, r.attained_at(now), r.ran_at(now)});
      state(r.id).outcome.end = now;
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      ++finished_;
      changed = true;
    }
    for (; next_ < jobs_.size() && jobs_[next_].submit == now; ++next_) {
      WaitingJobView w{JobId{static_cast<std::uint32_t>(next_)}, now, jobs_[next_].gpus, jobs_[next_].run, {}};
      w.tenant = name_of(jobs_[next_].traits.tenant);
      w.waiting_since = now;
      w.traits = &jobs_[next_].traits;
      waiting_.push_back(w);
      changed = true;
    }
    if (asked || (changed && (!waiting_.empty() || queue_->wants_every_change()))) decide();
  }

  void decide() {
    bool again = true;
    const std::size_t limit = 4 * (jobs_.size() - finished_) + 16;  // The engine's.
    for (std::size_t round = 0; again; ++round) {
      CHECK(round <= limit);
      decision_.clear();
      queue_->decide(view(), &decision_);
      ended_.clear();
      check();
      again = carry_out();
    }
    cluster_.after_decisions(view());
    for (WaitingJobView& w : waiting_) w.blocked = false;
    ask_ = finished_ < jobs_.size() ? decision_.ask_again : Instant::never();
    CHECK(ask_ > now_);
  }

  QueueView view() const {
    Gpus free{0}, capacity{0};
    for (const QueueGroupView& g : groups_) {
      free += g.free;
      capacity += g.capacity;
    }
    return {now_, free, capacity, waiting_, running_, groups_, tenants_, ended_, cluster_.cpus, cluster_.memory};
  }

  void check() const {
    std::set<JobId> named;
    for (const JobId id : decision_.preempt)
      CHECK(find_view(running_, id) != running_.end() && named.insert(id).second);
    for (const auto& [id, gpus] : decision_.resize) {
      CHECK(find_view(running_, id) != running_.end() && named.insert(id).second);
      const ElasticJob& j = jobs_[id.index];
      CHECK(j.traits.flexibility == Flexibility::kElastic);
      CHECK(gpus >= least_gpus(j.traits, j.gpus) && gpus <= most_gpus(j.traits, j.gpus));
    }
    for (const JobId id : decision_.refuse) CHECK(find_view(waiting_, id) != waiting_.end() && named.insert(id).second);
    for (const auto& [id, gpus, group] : decision_.start) {
      const auto it = find_view(waiting_, id);
      CHECK(it != waiting_.end() && !it->blocked && named.insert(id).second);
      const ElasticJob& j = jobs_[id.index];
      CHECK(gpus == Gpus{0} || (gpus >= least_gpus(j.traits, j.gpus) && gpus <= most_gpus(j.traits, j.gpus)));
    }
  }

  bool carry_out() {
    for (const JobId id : decision_.refuse) {
      waiting_.erase(find_view(waiting_, id));
      state(id).outcome.refused = true;
      ++finished_;
    }
    if (!decision_.preempt.empty() && !decision_.start.empty()) {
      const JobId stuck = first_that_cannot_start();
      if (stuck.valid()) {
        find_view(waiting_, stuck)->blocked = true;
        return true;
      }
    }
    bool again = !decision_.refuse.empty() || !decision_.preempt.empty() || !decision_.start.empty();
    for (const JobId id : decision_.preempt) stop(id);
    for (const auto& [id, gpus] : decision_.resize) {
      if (gpus < find_view(running_, id)->gpus) {
        resize(id, gpus);
        again = true;
      }
    }
    for (const JobStart& s : decision_.start) {
      if (start(s)) continue;
      find_view(waiting_, s.job)->blocked = true;
      return true;
    }
    for (const auto& [id, gpus] : decision_.resize) {
      if (gpus > find_view(running_, id)->gpus) resize(id, gpus);
    }
    return again;
  }

  JobId first_that_cannot_start() {
    const std::vector<QueueGroupView> before = groups_;
    for (const JobId id : decision_.preempt) {
      for (const auto& [g, n] : state(id).holds) groups_[g].free += n;
    }
    for (const auto& [id, gpus] : decision_.resize) {
      const Gpus less = find_view(running_, id)->gpus - gpus;
      if (less > Gpus{0}) groups_[state(id).holds.back().first].free += less;
    }
    JobId stuck;
    for (const JobStart& s : decision_.start) {
      if (!take(s.job, s.gpus == Gpus{0} ? jobs_[s.job.index].gpus : s.gpus, s.group).empty()) continue;
      stuck = s.job;
      break;
    }
    groups_ = before;
    return stuck;
  }

  // One group if one has room, else several; takes them.  Empty: there is no room.
  std::vector<std::pair<std::size_t, Gpus>> take(JobId id, Gpus gpus, GroupId in) {
    std::vector<std::pair<std::size_t, Gpus>> got;
    if (cluster_.unplaceable(id)) return got;
    const auto may = [&](const QueueGroupView& g) {
      return (!in.valid() || g.id == in) && speed_on(jobs_[id.index].traits, g.id) > 0;
    };
    Gpus room{0};
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (!may(groups_[g])) continue;
      room += groups_[g].free;
      if (groups_[g].free < gpus) continue;
      groups_[g].free -= gpus;
      return {{g, gpus}};
    }
    for (std::size_t g = 0; g < groups_.size() && room >= gpus && gpus > Gpus{0}; ++g) {
      const Gpus here = may(groups_[g]) ? std::min(gpus, groups_[g].free) : Gpus{0};
      if (here == Gpus{0}) continue;
      groups_[g].free -= here;
      gpus -= here;
      room -= here;
      got.emplace_back(g, here);
    }
    return got;
  }

  bool start(const JobStart& s) {
    const Gpus gpus = s.gpus == Gpus{0} ? jobs_[s.job.index].gpus : s.gpus;
    State& job = state(s.job);
    job.holds = take(s.job, gpus, s.group);
    if (job.holds.empty()) return false;
    const auto w = find_view(waiting_, s.job);
    RunningJobView r{s.job, w->submit, now_, now_, gpus};
    r.asked = w->gpus;
    r.tenant = w->tenant;
    r.since = now_;
    r.attained = w->attained;
    r.ran = w->ran;
    r.traits = w->traits;
    job.at = now_;
    job.stands_until = w->preemptions > 0 ? now_ + cluster_.restart : now_;
    if (job.outcome.first_start == Instant::never()) job.outcome.first_start = now_;
    waiting_.erase(w);
    if (!tenants_.empty()) tenants_[r.traits->tenant].running += gpus;
    const auto before = [](const auto& a, const auto& b) {
      return a.started != b.started ? a.started < b.started : a.id < b.id;
    };
    set_speed(&*running_.insert(std::upper_bound(running_.begin(), running_.end(), r, before), r));
    return true;
  }

  // Of a running job at this instant: work done so far, then the end to come.
  void settle(RunningJobView* r) {
    State& job = state(r->id);
    const Instant from = std::min(std::max(job.at, job.stands_until), now_);
    job.work = std::max(0.0, job.work - static_cast<double>((now_ - from).ns) * r->speed);
    job.at = now_;
  }
  void set_speed(RunningJobView* r) {
    const State& job = state(r->id);
    double slowest = 1e9;
    for (const auto& [g, n] : job.holds) slowest = std::min(slowest, speed_on(*r->traits, groups_[g].id));
    r->group = groups_[job.holds.front().first].id;
    r->speed = relative_speed(r->traits->scaling, r->asked, r->gpus) * slowest;
    const auto left = static_cast<std::int64_t>(std::ceil(job.work / r->speed));
    r->expected_end = std::max(now_, job.stands_until) + Duration{std::max<std::int64_t>(left, 1)};
  }

  void give_back(JobId id) {
    for (const auto& [g, n] : state(id).holds) {
      groups_[g].free += n;
      if (!tenants_.empty()) tenants_[jobs_[id.index].traits.tenant].running -= n;
    }
    state(id).holds.clear();
  }

  void stop(JobId id) {
    const auto r = find_view(running_, id);
    settle(&*r);
    give_back(id);
    WaitingJobView w{id, r->submit, r->asked, Duration{static_cast<std::int64_t>(std::ceil(state(id).work))},
                     r->tenant};
    w.preemptions = ++state(id).outcome.preemptions;
    w.attained = r->attained_at(now_);
    w.ran = r->ran_at(now_);
    w.waiting_since = now_;
    w.traits = r->traits;
    running_.erase(r);
    const auto before = [](const auto& a, const auto& b) {
      return a.submit != b.submit ? a.submit < b.submit : a.id < b.id;
    };
    waiting_.insert(std::upper_bound(waiting_.begin(), waiting_.end(), w, before), w);
  }

  void resize(JobId id, Gpus gpus) {
    const auto r = find_view(running_, id);
    State& job = state(id);
    if (gpus > r->gpus) {
      const auto more = take(id, gpus - r->gpus, GroupId{});
      if (more.empty()) return;
      job.holds.insert(job.holds.end(), more.begin(), more.end());
    }
    settle(&*r);
    r->attained = r->attained_at(now_);
    r->ran = r->ran_at(now_);
    r->since = now_;
    for (Gpus less = r->gpus - gpus; less > Gpus{0};) {
      auto& [g, n] = job.holds.back();
      const Gpus here = std::min(less, n);
      groups_[g].free += here;
      n -= here;
      less -= here;
      if (n == Gpus{0}) job.holds.pop_back();
    }
    if (!tenants_.empty()) tenants_[r->traits->tenant].running += gpus - r->gpus;
    r->gpus = gpus;
    ++job.outcome.resizes;
    job.stands_until = now_ + cluster_.restart;
    set_speed(&*r);
  }

  State& state(JobId id) { return state_[id.index]; }
  std::string_view name_of(std::uint32_t tenant) const {
    return tenant < tenants_.size() ? tenants_[tenant].name : std::string_view();
  }

  const std::vector<ElasticJob>& jobs_;
  const ElasticCluster& cluster_;
  TrainingQueue* queue_;
  std::vector<QueueGroupView> groups_;
  std::vector<TenantView> tenants_;
  std::vector<State> state_;
  std::vector<WaitingJobView> waiting_;
  std::vector<RunningJobView> running_;
  std::vector<EndedJobView> ended_;
  QueueDecision decision_;
  std::size_t next_ = 0, finished_ = 0;
  Instant now_{0}, ask_ = Instant::never();
};

inline std::vector<ElasticOutcome> simulate_elastic(const std::vector<ElasticJob>& jobs, const ElasticCluster& cluster,
                                                    TrainingQueue* queue, Instant until = Instant::never()) {
  return ElasticSimulator(jobs, cluster, queue).run(until);
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_ELASTIC_SIMULATOR_H_
