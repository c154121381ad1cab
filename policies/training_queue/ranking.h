// Preemptive training queues: who runs when every job, waiting or running, has a rank.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_RANKING_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_RANKING_H_

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <tuple>
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
  void clear() { entries_.clear(); }
  void add(const WaitingJobView& job, Int128 first, std::int64_t second) {
    if (!job.blocked) entries_.push_back({{first, second, job.id}, job.gpus, false});
  }
  void add(const RunningJobView& job, Int128 first, std::int64_t second) {
    entries_.push_back({{first, second, job.id}, job.gpus, true});
  }

  // `free`: GPUs idle now.  O(jobs) and O(log jobs) for each that is looked at before the GPUs are all given away.
  void decide(Gpus free, QueueDecision* decision) {
    for (const Entry& e : entries_) free += e.runs ? e.gpus : Gpus{0};
    const auto later = [](const Entry& a, const Entry& b) { return b.rank < a.rank; };
    std::make_heap(entries_.begin(), entries_.end(), later);
    while (!entries_.empty() && free > Gpus{0}) {
      std::pop_heap(entries_.begin(), entries_.end(), later);
      const Entry e = entries_.back();
      entries_.pop_back();
      if (e.gpus <= free) {
        free -= e.gpus;
        if (!e.runs) decision->start.push_back(e.rank.id);
      } else if (e.runs) {
        decision->preempt.push_back(e.rank.id);
      }
    }
    for (const Entry& e : entries_) {
      if (e.runs) decision->preempt.push_back(e.rank.id);
    }
    std::sort(decision->preempt.begin(), decision->preempt.end());
  }

 private:
  struct Entry {
    JobRank rank;
    Gpus gpus;
    bool runs;
  };
  std::vector<Entry> entries_;
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
