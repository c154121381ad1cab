// Preemptive training queues: who runs when every job, waiting or running, has a rank.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_RANKING_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_RANKING_H_

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
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

// Walks all jobs by rank and gives each its GPUs if they are left, skipping those that do not fit: as the simulator of
// Tiresias (Gu et al., NSDI 2019) does for all its preemptive policies.  Whoever runs and gets none gives way.
//
// It settles in one round as long as a job's rank does not get worse by starting nor better by being stopped: the jobs
// chosen then only move forward among the others, who fit no better than before.  So no policy that ranks like this
// goes round in circles at one instant.
class Ranking {
 public:
  void clear() {
    waiting_.clear();
    running_.clear();
  }
  void add(const WaitingJobView& job, Int128 first, std::int64_t second) {
    if (!job.blocked) waiting_.push_back({{first, second, job.id}, job.gpus, false});
  }
  void add(const RunningJobView& job, Int128 first, std::int64_t second) {
    if (!job.leaving) running_.push_back({{first, second, job.id}, job.gpus, true});
  }

  // `free`: GPUs idle now.  O(jobs); O(log jobs) more for each that gets GPUs and lies between the first that waits and
  // the last that runs, or starts.
  void decide(Gpus free, QueueDecision* decision) {
    rest_.clear();
    JobRank last;
    if (!running_.empty()) {
      last = std::max_element(running_.begin(), running_.end(), sooner)->rank;
      for (const Entry& e : waiting_) {
        if (e.rank < last) rest_.push_back(e);
      }
    }
    if (!rest_.empty()) {  // Those before the first of them keep what they have.
      const JobRank first = std::min_element(rest_.begin(), rest_.end(), sooner)->rank;
      for (const Entry& e : running_) {
        if (e.rank < first) continue;
        free += e.gpus;
        rest_.push_back(e);
      }
      std::erase_if(rest_, [&](const Entry& e) { return e.gpus > free; });  // No running one: all of them fit.
      free = walk(free, decision);
    }
    if (free > Gpus{0}) {
      for (const Entry& e : waiting_) {
        if (e.gpus <= free && (running_.empty() || !(e.rank < last))) rest_.push_back(e);
      }
      walk(free, decision);
    }
    std::sort(decision->preempt.begin(), decision->preempt.end());
  }

 private:
  struct Entry {
    JobRank rank;
    Gpus gpus;
    bool runs;
  };
  static bool sooner(const Entry& a, const Entry& b) { return a.rank < b.rank; }
  static bool later(const Entry& a, const Entry& b) { return b.rank < a.rank; }

  // Gives rest_ what is free, by rank; returns what is left.  What does not fit now will not later, so that it is
  // thrown out with all that are as wide: once for each width.
  Gpus walk(Gpus free, QueueDecision* decision) {
    std::make_heap(rest_.begin(), rest_.end(), later);
    while (!rest_.empty()) {
      const Entry& e = rest_.front();
      if (e.gpus > free) {
        std::erase_if(rest_, [&](const Entry& r) {
          if (r.gpus > free && r.runs) decision->preempt.push_back(r.rank.id);
          return r.gpus > free;
        });
        std::make_heap(rest_.begin(), rest_.end(), later);
        continue;
      }
      free -= e.gpus;
      if (!e.runs) decision->start.push_back(e.rank.id);
      std::pop_heap(rest_.begin(), rest_.end(), later);
      rest_.pop_back();
    }
    return free;
  }

  std::vector<Entry> waiting_, running_, rest_;
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

// The first instant at which a job that holds `gpus` and had `had` GPU time at `since` has `goal`.
inline Instant reaches(GpuTime goal, GpuTime had, Gpus gpus, Instant since) {
  if (gpus <= Gpus{0}) return Instant::never();
  const Int128 wall = (goal.gpu_ns - had.gpu_ns + gpus.value - 1) / gpus.value;
  return wall >= (Instant::never() - since).ns ? Instant::never() : since + Duration{static_cast<std::int64_t>(wall)};
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_RANKING_H_
