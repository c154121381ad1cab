// An allocator divides the cluster's nodes between serving pools and training.
//
// Contract
//   - Called every `review_every` of simulated time, and once at the start.
//   - Returns a target number of nodes per pool (pools it does not name keep what they have).  The simulator moves
//     towards it.  Growing takes idle nodes first; if `may_preempt`, then nodes busy with training, stopping the jobs
//     in the order of `victims` (running jobs not listed are never stopped).  Shrinking drains replicas: they finish
//     what they run.
//   - Or it names the nodes it wants emptied, in order, in `reclaim`: of each, elastic jobs withdraw if their range
//     allows, and the others are stopped.  A node of `reclaim` counts for the first pool that still wants one and can
//     use it; those no pool wants are left alone.
//   - With `give_notice`, and where the scenario gives a notice, jobs to be stopped write a checkpoint first and leave
//     when it is written or the notice is over; the pool takes the nodes then.
//   - A target outside [pool.min_nodes, pool.max_nodes] or an unknown pool or job ends the run with an error that
//     names the policy.
//   - Nodes that no pool holds belong to training.
#ifndef JEVONS_POLICIES_API_ALLOCATOR_H_
#define JEVONS_POLICIES_API_ALLOCATOR_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "policies/api/placement.h"
#include "policies/api/training_queue.h"

namespace jevons {

struct PoolView {
  PoolId id;
  std::string_view name;
  std::int32_t initial_nodes = 0;  // As the scenario gives them.
  std::int32_t min_nodes = 0;
  std::int32_t max_nodes = 0;
  std::int32_t unit_nodes = 1;      // It moves in steps of these from min_nodes: a target between two is rounded up.
  std::int32_t ready_nodes = 0;     // Serving.
  std::int32_t coming_nodes = 0;    // Being emptied or loading the model.
  std::int32_t draining_nodes = 0;  // On their way out.
  std::int32_t target_nodes = 0;    // The last target in force.
  std::int64_t held = 0;            // Requests in the front queue.
  std::int64_t waiting = 0;         // In replica queues.
  std::int64_t running = 0;
  double kv_use = 0;                // Mean share of KV memory in use over ready replicas, 0 to 1.
  double load_nodes = 0;            // Offered load of the last review period in units of nodes at full throughput:
                                    // prompt and output token rates over one node's capacity for each.
  double slo_met = 1;               // Share of the requests finished in the last period that met the pool's SLO.
  std::int64_t finished = 0;        // Requests finished in the last period.
  std::int64_t arrived = 0;         // Requests that arrived in the last period.
  Duration load_time{};             // Expected time to load the model on an empty node.
  std::int32_t desired_nodes = -1;  // By the pool's autoscaler; -1 = it has none.
  std::int32_t priority = 0;        // Higher is served first when pools compete for nodes.
  std::int32_t leaving_nodes = 0;   // Training's still, but on their way to this pool: jobs on notice.
  // The SLO's limits (0 = none), and the 95th percentiles of the requests that finished in the last period (0 = none
  // finished).
  Duration slo_ttft{}, slo_tpot{};
  Duration ttft_p95{}, tpot_p95{};
  Tokens prompt{0}, output{0};   // Tokens of the requests that arrived (prompt) and produced (output) in the period.
  double usd_per_node_hour = 0;  // What a node costs.
  double earned_usd = 0;         // Tariff of the tokens of requests that finished within the SLO in the last period.
  std::int32_t idle_nodes = -1;  // Of AllocatorView::idle_training_nodes, those that it can use; -1 = not told.
};

struct VictimView {
  JobId id;
  Gpus gpus;
  std::int32_t nodes = 0;  // Nodes it occupies (shared ones count).
  Instant started;
  GpuTime lost_if_stopped{};            // Work since its last checkpoint plus its restart cost.
  std::span<const NodeShare> shares{};  // Where it runs, each node once; empty if not told.
  Gpus min_gpus{0};                     // Elastic: it can give up all but these without stopping.  0 = rigid.
  std::int32_t priority = 0;
  Duration left{};       // Run time still needed, by estimate.
  bool leaving = false;  // It is on notice, and will go.
};

// What will come.  Only the oracle is given one.
class FutureView {
 public:
  virtual ~FutureView() = default;
  // The largest PoolView::load_nodes that the requests arriving in [from, to) will make, over steps of a review period.
  virtual double peak_load(PoolId pool, Instant from, Instant to) const = 0;
};

struct AllocatorView {
  Instant now;
  Duration review_every{};
  std::span<const PoolView> pools{};               // Ascending id.
  std::int32_t training_nodes = 0;                 // Nodes that no pool holds.
  std::int32_t idle_training_nodes = 0;            // Of these, without any job.
  Gpus waiting_gpus{0};                            // GPUs asked for by waiting training jobs.
  std::span<const VictimView> running_jobs{};      // Ascending id.
  std::span<const WaitingJobView> waiting_jobs{};  // By (submit, id).
  double usd_per_training_gpu_hour = 0;            // What a GPU-hour of kept training is worth; 0 = not told.
  Duration notice{};                               // That a job may be given; 0 = none.
  const FutureView* future = nullptr;              // Null but for a policy with kSeesFuture.
};

struct PoolTarget {
  PoolId pool;
  std::int32_t nodes = 0;
};

struct AllocatorDecision {
  std::vector<PoolTarget> targets;
  bool may_preempt = false;
  std::vector<JobId> victims;
  std::vector<NodeId> reclaim;
  bool give_notice = false;
  void clear() {
    targets.clear();
    may_preempt = false;
    victims.clear();
    reclaim.clear();
    give_notice = false;
  }
};

class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual void review(const AllocatorView& view, AllocatorDecision* decision) = 0;  // `*decision` comes in cleared.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_ALLOCATOR_H_
