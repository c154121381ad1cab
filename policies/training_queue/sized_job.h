// A job with the GPU counts it can run on, for queues that choose among them.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_SIZED_JOB_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_SIZED_JOB_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "policies/api/training_queue.h"

namespace jevons {

// Sizes: the powers of two of its range (as ElasticFlow has them, ASPLOS 2023, section 4.3: they pack well), the ends
// of the range, what it asked for and the points of its scaling curve; without those that make it no faster than a
// smaller one.  A rigid job has one size; so has a moldable one that runs.
struct SizedJob {
  JobId id{};
  Instant submit{};
  const JobTraits* traits = nullptr;
  Gpus asked{0}, held{0};        // `held` is 0 while it waits.
  double work = 0;               // Seconds of run time left on the GPUs asked, by estimate.
  double ran = 0;                // Seconds it has held GPUs.
  bool blocked = false;          // Cannot be placed at this instant.
  bool settled = false;          // Started or resized at this instant, or on notice: stays as it is.
  bool stopped = false;          // At this instant.
  std::vector<Gpus> sizes{};     // Ascending.
  std::vector<double> speeds{};  // Likewise: relative to the GPUs asked.

  Gpus least() const { return sizes.front(); }
  double speed(Gpus gpus) const { return gpus == Gpus{0} ? 0.0 : relative_speed(traits->scaling, asked, gpus); }
  // The largest size up to `most`; 0 if there is none.
  Gpus largest(Gpus most) const {
    const auto it = std::upper_bound(sizes.begin(), sizes.end(), most);
    return it == sizes.begin() ? Gpus{0} : *std::prev(it);
  }
};

inline void find_sizes(SizedJob* job) {
  const JobTraits& t = *job->traits;
  job->sizes.clear();
  job->speeds.clear();
  if (t.flexibility == Flexibility::kRigid || (t.flexibility == Flexibility::kMoldable && job->held > Gpus{0})) {
    job->sizes = {job->held > Gpus{0} ? job->held : job->asked};
    job->speeds = {job->speed(job->sizes.front())};
    return;
  } else {
    const Gpus least = least_gpus(t, job->asked), most = most_gpus(t, job->asked);
    job->sizes = {least, most, std::clamp(job->asked, least, most)};
    for (std::int32_t power = 1; power < most.value && power > 0; power *= 2) {
      if (Gpus{power} > least) job->sizes.push_back(Gpus{power});
    }
    for (const ScalingPoint& p : t.scaling) {
      if (p.gpus > least && p.gpus < most) job->sizes.push_back(p.gpus);
    }
    std::sort(job->sizes.begin(), job->sizes.end());
    job->sizes.erase(std::unique(job->sizes.begin(), job->sizes.end()), job->sizes.end());
  }
  std::size_t kept = 0;
  for (const Gpus size : job->sizes) {
    const double speed = job->speed(size);
    if (kept > 0 && speed <= job->speeds[kept - 1]) continue;
    job->sizes[kept++] = size;
    job->speeds.push_back(speed);
  }
  job->sizes.resize(kept);
}

// What a list held before is written over, so that its jobs keep their memory.
inline void set_sized_job(const WaitingJobView& w, Instant now, SizedJob* job) {
  job->id = w.id;
  job->submit = w.submit;
  job->traits = w.traits;
  job->asked = w.gpus;
  job->held = Gpus{0};
  job->work = w.remaining_estimate.seconds();
  job->ran = w.ran.seconds();
  job->blocked = w.blocked;
  job->settled = false;
  job->stopped = w.preemptions > 0 && w.waiting_since == now;
  find_sizes(job);
}
inline void set_sized_job(const RunningJobView& r, Instant now, SizedJob* job) {
  job->id = r.id;
  job->submit = r.submit;
  job->traits = r.traits;
  job->asked = r.asked > Gpus{0} ? r.asked : r.gpus;
  job->held = r.gpus;
  job->work = std::max(0.0, (r.expected_end - now).seconds() * r.speed);
  job->ran = r.ran_at(now).seconds();
  job->blocked = job->stopped = false;
  job->settled = r.started == now || r.since == now || r.leaving;
  find_sizes(job);
}

// Those that run by (started, id), then those that wait by (submit, id), then those promised to start, as blocked.
inline void list_sized_jobs(const QueueView& view, std::vector<SizedJob>* jobs) {
  jobs->resize(view.running.size() + view.waiting.size() + view.promised.size());
  std::size_t j = 0;
  for (const RunningJobView& r : view.running) set_sized_job(r, view.now, &(*jobs)[j++]);
  for (const WaitingJobView& w : view.waiting) set_sized_job(w, view.now, &(*jobs)[j++]);
  for (const PromisedJobView& p : view.promised) {
    set_sized_job(p.job, view.now, &(*jobs)[j]);
    (*jobs)[j++].blocked = true;
  }
}

// Starts, stops and resizes jobs, in their order: from what each holds to its `target`.
inline void reach(const std::vector<SizedJob>& jobs, const std::vector<Gpus>& target, QueueDecision* decision) {
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    if (target[j] == jobs[j].held) continue;
    if (jobs[j].held == Gpus{0}) {
      decision->start.emplace_back(jobs[j].id, target[j]);
    } else if (target[j] == Gpus{0}) {
      decision->preempt.push_back(jobs[j].id);
    } else {
      decision->resize.push_back({jobs[j].id, target[j]});
    }
  }
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_SIZED_JOB_H_
