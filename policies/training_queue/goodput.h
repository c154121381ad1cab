// Training queue: GPUs where they speed jobs up most.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_GOODPUT_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_GOODPUT_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/training_queue.h"
#include "policies/training_queue/sized_job.h"

namespace jevons {

// In the spirit of Pollux (Qiao et al., OSDI 2021): at the end of a round the GPUs a_j of all jobs are chosen so that
// the power mean with p = -1 (the paper's default) of their speed-ups is as large as can be.  The speed-up of a job is
// its speed on a_j over that on an equal share of all GPUs (at least its smallest size), and loses restart_cost / round
// if a_j is not what it holds, for a job that runs.  What Pollux knows and Jevons does not, the statistical efficiency
// of larger batches, is in the scaling curve or nowhere.
//
//   1. Each job gets its smallest size, while they last: by whole `turn`s that it has run, fewest first; then those
//   that
//      run; then by submission.  So jobs that do not all fit take turns, and one that waits is first after as many
//      turns as there are jobs.
//   2. Greedy: again and again the step to a larger size with the largest gain of -1 / speed-up a GPU.  That is optimal
//      where speeds are concave and steps are of one GPU.
//   3. An equal share for each is taken instead if that is better; and what the jobs hold now if that serves the same
//      jobs and is no worse.  So the power mean never is below that of equal shares.
// Within a round, waiting jobs start on idle GPUs in order of submission, on an equal share at most.
class GoodputQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "goodput";
  static constexpr std::string_view kSummary =
      "Give elastic jobs the GPUs that make the harmonic mean of their speed-ups largest, each round (after Pollux, "
      "2021).";
  struct Params {
    Duration round = 5_min;        // Pollux: 60 s, with restarts of 30 s or less; ours, for long jobs.
    Duration restart_cost = 30_s;  // Pollux's simulator: a delay of 30 s.
    Duration turn = 30_min;        // Ours.
  };
  static void describe(ParamTable<Params>& t);
  explicit GoodputQueue(const Params& params) : params_(params) {}

  void decide(const QueueView& view, QueueDecision* decision) override;

 private:
  struct Value {  // Of an allocation; the larger the better.
    std::size_t served = 0;
    double sum = 0;  // Of -1 / speed-up over those that are served.
  };
  struct Step {
    std::size_t job;
    Gpus to;
    double gain = 0;  // A GPU.
  };
  double speedup(const SizedJob& job, std::size_t j, Gpus gpus) const;
  Value value(const std::vector<Gpus>& gpus) const;
  Step best_step(std::size_t j, Gpus from, Gpus left) const;
  void order();
  std::vector<Gpus> smallest(Gpus* left) const;
  std::vector<Gpus> greedy(Gpus left) const;
  std::vector<Gpus> equal(Gpus left) const;
  std::vector<Gpus> held() const;
  void allocate(const QueueView& view);
  void fill(const QueueView& view, QueueDecision* decision) const;

  Params params_;
  Instant round_ends_{0}, planned_at_ = Instant::never();
  // Of one decision; kept for their memory only.
  std::vector<SizedJob> jobs_;
  std::vector<Gpus> fair_, target_;  // By position in jobs_.
  std::vector<std::size_t> order_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_GOODPUT_H_
