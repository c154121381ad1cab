// An allocator divides the cluster's nodes between serving pools and training.
//
// Contract
//   - Called every `review_every` of simulated time, and once at the start.
//   - Also called when one of the events it wants() happened: once an instant, after all else of that instant (jobs
//     that arrived have been offered to the training queue, and those that wait in the view could not start).  Such a
//     call comes `min_review_gap` or more after the last call of any kind; what happens sooner is kept until then, or
//     until the next call on the period.  It does not move those on the period.
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
//   - Guests (co-location): `guests` says on how many of its serving nodes a pool that takes them (guest_nodes >= 0)
//     lets jobs run beside its replicas; pools it does not name keep their number.  Open nodes are those with the
//     lowest ids.  A job marked fit by the scenario, whose memory a pool has set aside, that still waits when the
//     training queue has said all it has to say at an instant takes seats there, in order of submission, where the
//     placement policy puts it.  Seats are no part of what a queue sees: not of its free GPUs and capacity, nor guests
//     of its running jobs; so it neither counts on nor stops them.  Guests do not move to GPUs of their own.  They are
//     stopped, at once and losing what no checkpoint holds, when their node is closed, drains or fails; then they wait
//     like any other.
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

// What may call a review between two on the period, and what did.
//   slo_broken   A request of a pool with an SLO finished, and of those that finished since the last review on the
//                period (kSloSample or more) less than kSloShare met it.  Once a period and pool.
//   queue_jump   A request arrived, and those that wait (held and in replicas' queues) are more than kQueuePerNode a
//                ready node and more than twice as many as at the last review of any kind.  Looked at first after a
//                review, and again when as many requests have come as were missing.
//   job_arrived  A training job was submitted.
//   job_ended    A training job completed.
struct AllocatorEvents {
  bool slo_broken = false, queue_jump = false, job_arrived = false, job_ended = false;
  bool any() const { return slo_broken || queue_jump || job_arrived || job_ended; }
  AllocatorEvents operator&(const AllocatorEvents& o) const {
    return {slo_broken && o.slo_broken, queue_jump && o.queue_jump, job_arrived && o.job_arrived,
            job_ended && o.job_ended};
  }
  AllocatorEvents operator|(const AllocatorEvents& o) const {
    return {slo_broken || o.slo_broken, queue_jump || o.queue_jump, job_arrived || o.job_arrived,
            job_ended || o.job_ended};
  }
  friend bool operator==(const AllocatorEvents&, const AllocatorEvents&) = default;
};
// Ours: the share is that of a 95th percentile, the sample the smallest in which one miss is not below it; the queue is
// the default of priority_reclaim and harvest.
inline constexpr double kSloShare = 0.95;
inline constexpr std::int64_t kSloSample = 20;
inline constexpr std::int64_t kQueuePerNode = 8;

// "The last period" is the time since the last review on the period; of a review on an event it is shorter than
// `review_every`.  Only load_nodes always stands for a whole period.
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
                                    // prompt and output token rates over one node's capacity for each.  On an event:
                                    // of this period so far, and of the one before as much as is missing to a whole.
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
  Tokens prompt{0}, output{0};    // Tokens of the requests that arrived (prompt) and produced (output) in the period.
  double usd_per_node_hour = 0;   // What a node costs.
  double earned_usd = 0;          // Tariff of the tokens of requests that finished within the SLO in the last period.
  std::int32_t guest_nodes = -1;  // Serving nodes open to guests; -1 = it takes none.
  std::int32_t idle_nodes = -1;   // Of AllocatorView::idle_training_nodes, those that it can use; -1 = not told.
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
  bool guest = false;    // It shares serving GPUs: no victim, and its nodes are its pool's.
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
  bool on_period = true;                           // False: `events` alone are why it is asked now.
  AllocatorEvents events{};                        // Those it wants that happened since it was last asked.
};

struct PoolTarget {
  PoolId pool;
  std::int32_t nodes = 0;
};

struct AllocatorDecision {
  std::vector<PoolTarget> targets;
  std::vector<PoolTarget> guests;  // Serving nodes open to guests.
  bool may_preempt = false;
  std::vector<JobId> victims;
  std::vector<NodeId> reclaim;
  bool give_notice = false;
  void clear() {
    targets.clear();
    guests.clear();
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
  virtual AllocatorEvents wants() const { return {}; }                              // Asked once, before the run.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_ALLOCATOR_H_
