// One run: everything it needs in, everything it produced out.
//
// SimGrid allows one engine a process, so `simulate` may be called once per process (CHECKed).
#ifndef JEVONS_SIM_SIMULATION_H_
#define JEVONS_SIM_SIMULATION_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "policies/api/admission.h"
#include "policies/api/allocator.h"
#include "policies/api/autoscaler.h"
#include "policies/api/batcher.h"
#include "policies/api/placement.h"
#include "policies/api/router.h"
#include "policies/api/training_queue.h"
#include "sim/faults/setup.h"
#include "sim/model/instance.h"
#include "sim/observe/observer.h"
#include "sim/observe/result.h"
#include "sim/observe/tariff.h"
#include "sim/training/rollouts.h"
#include "topologies/cluster.h"
#include "traces/trace.h"

namespace jevons {

// Goodput counts a completed request when all limits hold (DistServe's definition).  Duration{0} = no limit.
struct Slo {
  Duration ttft{}, tpot{}, e2e{};
};

// The replicas a pool puts on each node of one group.
struct PoolInstance {
  GroupId group;
  InstancePlan plan;
  Gpus gpus_per_replica{8};  // A node holds gpus_per_node / gpus_per_replica replicas.
  double speed = 1.0;        // Relative decode throughput, for routers.
};

// What it takes to have training jobs as guests, and how both slow down (docs/models.md).
struct Colocation {
  Bytes memory{0};  // Of each GPU, set aside; 0 = the pool takes no guests.
  double serving_slowdown = 1;
  double guest_speed_idle = 1, guest_speed_busy = 1;  // Over GPUs of its own; in between by the busy share of the time.
};

struct PoolSetup {
  std::string name;
  std::vector<PoolInstance> instances;  // In order of preference; groups not listed never serve this pool.
  BatchLimits limits;
  bool enable_prefix_caching = true;
  Duration request_overhead{};  // Front-end time from arrival to the engine's queue.
  Nodes initial_nodes, min_nodes, max_nodes;
  Nodes unit_nodes{1};  // Targets are rounded up to min_nodes and whole units of these, or max_nodes.
  Duration warm_up{};   // After the weights are in memory.
  Duration drain_limit = Duration::max();  // Requests still running then go back to the front queue and start again.
  Slo slo;
  std::unique_ptr<Router> router;
  std::unique_ptr<Batcher> batcher;
  std::string router_name, batcher_name;  // For errors.
  std::unique_ptr<IterationTable> table;  // Replaces the formula when not null; the pool then steps.
  std::int64_t max_queue = 0;  // Requests that may wait at the front and in queues; 0 = unlimited, else refuse.
  std::int32_t max_waiting_per_replica = 0;  // Else they are held at the front, by priority; 0 = unlimited.
  std::unique_ptr<Autoscaler> autoscaler;    // Null: the allocator is told no wish.
  std::unique_ptr<Admission> admission;      // Null: everything that fits is taken.
  std::string autoscaler_name, admission_name;
  std::int32_t priority = 0;  // PoolView::priority.
  Tariff tariff;
  Colocation colocation;
  // A request of this pool stands for so many alike ones that come together: `instances` and `limits` are those of a
  // replica in bundles (experiments/bundle.h), and the result is multiplied at the end.
  std::int64_t bundle = 1;
};

struct RequestStreamSetup {
  std::string name;
  PoolId pool;
  std::unique_ptr<RequestSource> source;
  std::string tenant{};       // AdmissionView's.
  std::int32_t priority = 0;  // Higher is more urgent.
  bool paid = true;
};

struct TrainingSetup {
  std::vector<TrainingJob> jobs;          // By submit time.
  std::vector<double> speed_by_group;     // Run-time divisor per node group; 0 = training may not use the group.
  Duration checkpoint_interval{};         // Of run time; 0 = no checkpoints.
  double checkpoint_bytes_per_gpu = 0;    // For jobs of unknown size; jobs with parameters use checkpoint_bytes().
  Duration restart_overhead{};            // Process start and restore set-up after a stop, before the flow.
  bool asynchronous_checkpoints = false;  // Written while the job trains on.
  Duration resize_overhead{};             // Of an elastic job whose GPUs change.
  Duration notice{};                      // That a preempted job gets to write a checkpoint; 0 = none.
  Duration queue_notice{};                // The same, where the queue preempts it.
  // Wall time between checkpoints of a job, and the size of one; empty = checkpoint_interval for all.
  std::function<Duration(const TrainingJob&, Bytes)> optimal_checkpoints;
  // A job with a share of a GPU joins a shared one though jobs before it wait, and though it keeps it longer.
  bool shares_always_join = false;
  double usd_per_gpu_hour = 0;         // What a GPU-hour of kept training is worth, for allocators; 0 = not told.
  std::vector<RolloutSetup> rollouts;  // At most one a job.
  std::unique_ptr<TrainingQueue> queue;
  std::unique_ptr<Placement> placement;
  std::string queue_name, placement_name;
};

struct EngineOptions {
  bool fast_forward = true;  // Off: every iteration is an event (the referee).
  bool look_ahead = true;    // Off: SimGrid's clock stops at every event (the referee).
  bool audit = false;        // Run the auditor; a violation makes simulate() return its error.
};

struct Progress {
  Instant now, horizon;  // horizon = never() when the run ends with its work.
  std::uint64_t events = 0;
  std::uint64_t requests_ended = 0;
  std::uint64_t jobs_ended = 0;
};

struct Inputs {
  Cluster cluster;
  std::vector<PoolSetup> pools;
  std::vector<RequestStreamSetup> requests;
  TrainingSetup training;
  FaultSetup faults;
  std::unique_ptr<Allocator> allocator;
  std::string allocator_name;
  std::unique_ptr<FutureView> future;  // For an allocator that sees the future; else null.
  Duration review_every = 60_s;
  Duration min_review_gap = 10_s;      // Between a review on an event and the one before it; 1 ns or more.
  Instant horizon = Instant::never();  // The run ends here, or when all work is done if never().
  // Requests and jobs that come outside [from, to) run like all others, but are not measured (sim/observe/result.h).
  Instant measure_from, measure_to = Instant::never();
  double energy_usd_per_kwh = 0;  // 0 = energy is not part of the cost.
  double pue = 1.0;
  EngineOptions engine;
  std::vector<Observer*> observers;                  // Not owned; called in order.
  std::function<void(const Progress&)> on_progress;  // Every few ten thousand events; may be empty.
  const std::atomic<bool>* stop = nullptr;           // Set: end at the next event, result marked incomplete.
};

// Runs to the horizon.  Errors: a policy that broke its contract (named, with the instant), a trace error met while
// streaming, an auditor's finding.
Result<RunResult> simulate(Inputs inputs);

}  // namespace jevons
#endif  // JEVONS_SIM_SIMULATION_H_
