// Preemptive training queues: who runs when every job, waiting or running, has a rank.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_RANKING_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_RANKING_H_

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "policies/api/training_queue.h"

namespace jevons {

// Smaller is sooner; ties by submission, then id (ids are in order of submission).
struct JobRank {
  Int128 first = 0;
  std::int64_t second = 0;
  JobId id;
  friend auto operator<=>(const JobRank&, const JobRank&) = default;
};

// What a policy remembers of each job.
template <class T>
class JobNotes {
 public:
  T& operator[](JobId job) {
    if (job.index >= notes_.size()) notes_.resize(job.index + std::size_t{1});
    return notes_[job.index];
  }

 private:
  std::vector<T> notes_;
};

// Walks all jobs by rank and gives each its GPUs if they are left, skipping those that do not fit: as the simulator of
// Tiresias (Gu et al., NSDI 2019) does for all its preemptive policies.  Whoever runs and gets none gives way.
//
// It settles in one round as long as a job's rank does not get worse by starting nor better by being stopped: the jobs
// chosen then only move forward among the others, who fit no better than before.  So no policy that ranks like this
// goes round in circles at one instant.
//
// Thousands may wait and few of them can start, so waiting jobs stand in lines, one for each width, by rank: only the
// head of a line matters, and a line whose head does not fit is passed over.  Ranks are kept as long as they hold.
class Ranking {
 public:
  // Of a job as the view has it.  `until`: the first instant at which it may be another, though the job goes on
  // waiting, or running on the same GPUs.
  struct Rank {
    Int128 first = 0;
    std::int64_t second = 0;
    Instant until = Instant::never();
  };

  // All ranks are to be asked for anew.
  void forget() {
    stale_ = true;
    running_.clear();
    next_running_ = Instant::never();
  }

  // Brings ranks up to date.  `rank_of` takes a WaitingJobView or a RunningJobView and returns its Rank; it is asked
  // for those that are new or whose rank holds no longer.  O(running), and O(log waiting) a change.
  template <class RankOf>
  void read(const QueueView& view, RankOf rank_of) {
    if (!view.changes || view.waiting.empty()) forget();
    read_waiting(view, rank_of);
    if (!view.waiting.empty()) read_running(view, rank_of);
  }

  // After read(): O(running), and O(log running) for each that gets GPUs and lies after the first that waits.
  void decide(Gpus free, QueueDecision* decision) {
    rest_.clear();
    for (const auto& [gpus, line] : lines_) push_first(line, line.begin(), gpus);
    if (!rest_.empty() && !running_.empty()) {
      const JobRank first = std::min_element(rest_.begin(), rest_.end(), sooner)->rank;
      for (const Running& r : running_) {
        if (r.rank < first) continue;  // Keeps what it has.
        free += r.gpus;
        rest_.push_back({r.rank, r.gpus, nullptr});
      }
    }
    walk(free, decision);
    std::sort(decision->preempt.begin(), decision->preempt.end());
  }

  // The first instant at which a rank may be another.
  Instant next_change() const {
    Instant next = next_running_;
    for (const auto& [first, jobs] : until_) next = std::min(next, jobs.begin()->first);
    return next;
  }
  // Calls f(first, until) with the first part of a rank, for all that waiting jobs have, and the earliest `until`
  // there.
  template <class F>
  void for_each_until(F f) const {
    for (const auto& [first, jobs] : until_) f(first, jobs.begin()->first);
  }
  // Of a running job; null if none runs.
  const JobRank* last_running() const {
    const auto last = std::max_element(running_.begin(), running_.end(),
                                       [](const Running& a, const Running& b) { return a.rank < b.rank; });
    return last == running_.end() ? nullptr : &last->rank;
  }

 private:
  using Line = std::set<JobRank>;
  struct Waiting {
    JobRank rank;
    Gpus gpus;
    Instant until;
  };
  struct Running {
    JobRank rank;
    Gpus gpus;
    Instant until, started, since;
    bool holds(const RunningJobView& job, Instant now) const {
      return started == job.started && since == job.since && gpus == job.gpus && now < until;
    }
  };
  struct Entry {
    JobRank rank;
    Gpus gpus;
    const Line* line;  // Null: it runs.
  };
  static bool sooner(const Entry& a, const Entry& b) { return a.rank < b.rank; }
  static bool later(const Entry& a, const Entry& b) { return b.rank < a.rank; }

  template <class RankOf>
  void read_waiting(const QueueView& view, RankOf rank_of) {
    blocked_.clear();
    if (stale_) {
      lines_.clear();
      until_.clear();
      for (const WaitingJobView& job : view.waiting) {
        insert(job, rank_of(job));
        if (job.blocked) blocked_.push_back(job.id);
      }
      stale_ = false;
    } else {
      for (const JobId job : view.changes->gone) erase(job);
      for (const WaitingJobView& job : view.changes->come) insert(job, rank_of(job));
      blocked_.assign(view.changes->blocked.begin(), view.changes->blocked.end());
      rank_again(view, rank_of);
    }
    std::sort(blocked_.begin(), blocked_.end());
  }

  // Waiting jobs whose ranks hold no longer.
  template <class RankOf>
  void rank_again(const QueueView& view, RankOf rank_of) {
    due_.clear();
    for (const auto& [first, jobs] : until_) {
      for (auto it = jobs.begin(); it != jobs.end() && it->first <= view.now; ++it) due_.push_back(it->second);
    }
    for (const JobId id : due_) {
      const auto job = std::lower_bound(view.waiting.begin(), view.waiting.end(), id,
                                        [](const WaitingJobView& v, JobId i) { return v.id < i; });
      erase(id);
      insert(*job, rank_of(*job));
    }
  }

  void insert(const WaitingJobView& job, const Rank& rank) {
    const Waiting& w = notes_[job.id] = {{rank.first, rank.second, job.id}, job.gpus, rank.until};
    lines_[job.gpus].insert(w.rank);
    if (w.until != Instant::never()) until_[w.rank.first].emplace(w.until, job.id);
  }
  void erase(JobId job) {
    const Waiting& w = notes_[job];
    const auto line = lines_.find(w.gpus);
    line->second.erase(w.rank);
    if (line->second.empty()) lines_.erase(line);
    if (w.until == Instant::never()) return;
    const auto until = until_.find(w.rank.first);
    until->second.erase({w.until, job});
    if (until->second.empty()) until_.erase(until);
  }

  // Both the view and running_ are by (started, id).
  template <class RankOf>
  void read_running(const QueueView& view, RankOf rank_of) {
    std::size_t kept = 0, old = 0;
    next_running_ = Instant::never();
    for (const RunningJobView& job : view.running) {
      if (job.leaving) continue;
      const auto before = [&](const Running& r) {
        return r.started != job.started ? r.started < job.started : r.rank.id < job.id;
      };
      while (old < running_.size() && before(running_[old])) ++old;
      const bool known = old < running_.size() && running_[old].rank.id == job.id;
      if (known && running_[old].holds(job, view.now)) {
        if (kept < old) running_[kept] = running_[old];
      } else {
        if (!known && kept == old) running_.emplace(running_.begin() + static_cast<std::ptrdiff_t>(old++));
        const Rank rank = rank_of(job);
        running_[kept] = {{rank.first, rank.second, job.id}, job.gpus, rank.until, job.started, job.since};
      }
      next_running_ = std::min(next_running_, running_[kept].until);
      old += known ? 1 : 0;
      ++kept;
    }
    running_.resize(kept);
  }

  // The first from `at` on that is not blocked.
  void push_first(const Line& line, Line::const_iterator at, Gpus gpus) {
    while (at != line.end() && std::binary_search(blocked_.begin(), blocked_.end(), at->id)) ++at;
    if (at != line.end()) rest_.push_back({*at, gpus, &line});
  }

  // Gives rest_, and those who stand behind them, what is free, by rank.  What does not fit now will not later, so that
  // it is thrown out with all that are as wide: once for each width.
  void walk(Gpus free, QueueDecision* decision) {
    const auto drop_too_wide = [&] {
      std::erase_if(rest_, [&](const Entry& e) {
        if (e.gpus > free && e.line == nullptr) decision->preempt.push_back(e.rank.id);
        return e.gpus > free;
      });
      std::make_heap(rest_.begin(), rest_.end(), later);
    };
    drop_too_wide();
    while (!rest_.empty()) {
      const Entry e = rest_.front();
      if (e.gpus > free) {
        drop_too_wide();
        continue;
      }
      free -= e.gpus;
      std::pop_heap(rest_.begin(), rest_.end(), later);
      rest_.pop_back();
      if (e.line == nullptr) continue;
      decision->start.push_back(e.rank.id);
      const std::size_t count = rest_.size();
      push_first(*e.line, e.line->upper_bound(e.rank), e.gpus);
      if (rest_.size() > count) std::push_heap(rest_.begin(), rest_.end(), later);
    }
  }

  bool stale_ = true;
  JobNotes<Waiting> notes_;                                      // Of those that wait.
  std::map<Gpus, Line> lines_;                                   // By width; none is empty.
  std::map<Int128, std::set<std::pair<Instant, JobId>>> until_;  // By the first part of the rank; none is empty.
  std::vector<Running> running_;                                 // By (started, id).
  Instant next_running_ = Instant::never();                      // The earliest `until` of theirs.
  std::vector<JobId> blocked_;                                   // Ascending.
  std::vector<JobId> due_;                                       // Kept for its memory only, as is rest_.
  std::vector<Entry> rest_;
};

// The first instant at which a job that holds `gpus` and had `had` GPU time at `since` has `goal`.
inline Instant reaches(GpuTime goal, GpuTime had, Gpus gpus, Instant since) {
  if (gpus <= Gpus{0}) return Instant::never();
  const Int128 wall = (goal.gpu_ns - had.gpu_ns + gpus.value - 1) / gpus.value;
  return wall >= (Instant::never() - since).ns ? Instant::never() : since + Duration{static_cast<std::int64_t>(wall)};
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_RANKING_H_
