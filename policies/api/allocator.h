// An allocator divides the cluster's nodes between serving pools and training.
//
// Contract
//   - Called every `review_every` of simulated time, and once at the start.
//   - Returns a target number of nodes per pool (pools it does not name keep what they have).  The simulator moves
//     towards it.  Growing takes idle nodes first; if `may_preempt`, then nodes busy with training, stopping the jobs
//     in the order of `victims` (running jobs not listed are never stopped).  Shrinking drains replicas: they finish
//     what they run.
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

namespace jevons {

struct PoolView {
  PoolId id;
  std::string_view name;
  std::int32_t initial_nodes = 0;  // As the scenario gives them.
  std::int32_t min_nodes = 0;
  std::int32_t max_nodes = 0;
  std::int32_t ready_nodes = 0;     // Serving.
  std::int32_t coming_nodes = 0;    // Being emptied or loading the model.
  std::int32_t draining_nodes = 0;  // On their way out.
  std::int32_t target_nodes = 0;    // The last target in force.
  std::int64_t held = 0;            // Requests in the front queue.
  std::int64_t waiting = 0;         // In replica queues.
  std::int64_t running = 0;
  double kv_use = 0;          // Mean share of KV memory in use over ready replicas, 0 to 1.
  double load_nodes = 0;      // Offered load of the last review period in units of nodes at full throughput:
                              // prompt and output token rates over one node's capacity for each.
  double slo_met = 1;         // Share of the requests finished in the last period that met the pool's SLO.
  std::int64_t finished = 0;  // Requests finished in the last period.
  std::int64_t arrived = 0;   // Requests that arrived in the last period.
  Duration load_time{};       // Expected time to load the model on an empty node.
};

struct VictimView {
  JobId id;
  Gpus gpus;
  std::int32_t nodes = 0;  // Nodes it occupies (shared ones count).
  Instant started;
  GpuTime lost_if_stopped{};            // Work since its last checkpoint plus its restart cost.
  std::span<const NodeShare> shares{};  // Where it runs, each node once; empty if not told.
};

struct AllocatorView {
  Instant now;
  Duration review_every{};
  std::span<const PoolView> pools{};           // Ascending id.
  std::int32_t training_nodes = 0;             // Nodes that no pool holds.
  std::int32_t idle_training_nodes = 0;        // Of these, without any job.
  Gpus waiting_gpus{0};                        // GPUs asked for by waiting training jobs.
  std::span<const VictimView> running_jobs{};  // Ascending id.
};

struct PoolTarget {
  PoolId pool;
  std::int32_t nodes = 0;
};

struct AllocatorDecision {
  std::vector<PoolTarget> targets;
  bool may_preempt = false;
  std::vector<JobId> victims;
  void clear() {
    targets.clear();
    may_preempt = false;
    victims.clear();
  }
};

class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual void review(const AllocatorView& view, AllocatorDecision* decision) = 0;  // `*decision` comes in cleared.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_ALLOCATOR_H_
