// What happens in a run, as typed events.  Metrics, the auditor, the per-request file and later the timeline are
// observers.
//
// Events arrive in non-decreasing time.  Fast-forward and step-by-step runs send the same events (an iteration is not
// an event).  References live only during the call.
#ifndef JEVONS_SIM_OBSERVE_OBSERVER_H_
#define JEVONS_SIM_OBSERVE_OBSERVER_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "topologies/power.h"

namespace jevons {

// What a GPU's time went to.  Every GPU is in exactly one purpose at every instant.
enum class Purpose : std::uint8_t {
  kIdle,             // Held by nobody.
  kLoading,          // A serving node loading its model and warming up; a training job restoring its checkpoint.
  kServing,          // A replica running iterations.
  kIdleServing,      // A replica with nothing to run.
  kDraining,         // A replica that takes no new requests, until its node is handed back (running or not).
  kTraining,         // Training steps that were kept: saved in a checkpoint, or of a job that ended, or still running.
  kCheckpoint,       // Writing a checkpoint.
  kLostWork,         // Training steps and checkpoint writes undone by a preemption or a failure.
  kFailed,           // Broken, being repaired.
  kAwaitingSamples,  // Held by a job whose next cycle of training waits for its rollouts.
};
inline constexpr int kPurposes = 10;
constexpr std::string_view purpose_name(Purpose p) {
  constexpr std::string_view kNames[kPurposes] = {"idle",     "loading",         "serving",    "idle_serving",
                                                  "draining", "training",        "checkpoint", "lost_work",
                                                  "failed",   "awaiting_samples"};
  return kNames[static_cast<int>(p)];
}

// How long one GPU was in each power phase, by index_of(PowerPhase).
using PhaseTimes = std::array<Duration, kPowerPhases>;

// `gpus` GPUs of `group` spent [from, to) on `purpose`.  The simulator reports every GPU's whole time in such
// stretches, each when it is over and its purpose is final (training steps: when saved, ended or lost).  Stretches of
// one holder come in order; `to` never lies after the event's own time.
struct GpuStretch {
  GroupId group;
  Purpose purpose = Purpose::kIdle;
  Gpus gpus;
  Instant from, to;
  // What each GPU did meanwhile, of kServing and kDraining; they sum to `to - from`.  Null: it waited all the time.
  const PhaseTimes* phases = nullptr;
};

enum class FinishReason : std::uint8_t { kCompleted, kRejected, kUnfinished };
enum class JobRejection : std::uint8_t { kNone, kTooLarge, kByQueue };  // Wider than all nodes; the queue's policy.

// One request's whole story, sent once, when it ends (completed, refused on arrival, or cut off by the end of the run).
struct RequestRecord {
  RequestId id;
  std::uint32_t workload = 0;
  PoolId pool;
  ReplicaId replica;  // Last one; invalid if never routed.
  FinishReason reason = FinishReason::kCompleted;
  Tokens prompt, output;  // As asked; of a degraded request, what admission left of its output.
  Tokens cut;             // Output tokens that admission cut off.
  Tokens produced;        // Output tokens delivered.
  Tokens reused;          // Prompt tokens taken from the prefix cache (first admission).
  Tokens prefilled;       // Prompt tokens computed, without recomputation.
  Tokens recomputed;      // Tokens computed again after preemption (prompt and output).
  std::int32_t preemptions = 0;
  bool paid = true;  // Its stream's: the pool's tariff is due.
  Instant arrival;
  Instant scheduled;    // First admitted to a batch; never() if not.
  Instant first_token;  // never() if none.
  Instant finish;       // Last token, refusal, or end of run.
};

struct JobRecord {
  JobId id;
  std::string_view name;
  FinishReason reason = FinishReason::kCompleted;
  Gpus gpus;
  Instant submit;
  Instant first_start;  // never() if not started.
  Instant finish;
  Duration run_time;  // Work asked, on the reference GPU.
  GpuTime useful, checkpoint, lost, restoring, awaiting;
  std::int32_t preemptions = 0;  // Times it was stopped: by a policy or by a failure.
  std::int32_t checkpoints = 0;
  std::int32_t resizes = 0;
  std::int32_t failures = 0;   // Of the preemptions.
  GpuTime lost_to_failures{};  // Of `lost`.
  Instant deadline = Instant::never();
  std::string_view tenant{};
  std::int32_t priority = 0;
  JobRejection rejection = JobRejection::kNone;  // Of rejected jobs.
  // Of `useful`: its time on GPUs that others held, as a guest on serving GPUs or beside the holder of a shared one.
  GpuTime beside_useful{};
  GpuTime guest_work{};  // What its steps as a guest would have taken on GPUs of its own.
  MilliGpus share{0};    // Of its one GPU; 0 = whole GPUs.
};

struct ShareStart {
  JobId job;
  std::uint32_t gpu;  // Which shared GPU; in order of opening.
  NodeId node;
  MilliGpus share;
  bool joins;  // Another job holds the GPU.
};

struct GangStart {
  JobId job;
  Gpus asked;  // Of this start: an elastic job's may differ from what it asked for at first.
  std::span<const std::pair<NodeId, Gpus>> shares;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_request_arrival(Instant, RequestId, PoolId, Tokens /*prompt*/, Tokens /*output*/) {}
  virtual void on_request_end(Instant, const RequestRecord&) {}
  virtual void on_job_arrival(Instant, JobId, Gpus) {}
  virtual void on_job_range(Instant, JobId, Gpus /*least*/, Gpus /*most*/) {}  // After its arrival, unless it is rigid.
  virtual void on_job_start(Instant, const GangStart&) {}                      // Also after a preemption.
  virtual void on_job_resize(Instant, const GangStart&) {}                     // It runs on these from this instant.
  virtual void on_job_stop(Instant, JobId, bool /*preempted*/) {}              // Its GPUs are free from this instant.
  virtual void on_job_end(Instant, const JobRecord&) {}
  // Guests, jobs that share GPUs of a serving node.  Those GPUs' own time is their replica's; the guests' is told
  // beside it, by purpose as of any job.
  virtual void on_guest_seats(Instant, NodeId, Gpus /*open from this instant; 0 = none*/) {}
  virtual void on_guest_start(Instant, const GangStart&) {}
  virtual void on_guest_stop(Instant, JobId, bool /*preempted*/) {}
  virtual void on_guest_time(Instant, const GpuStretch&) {}
  // Jobs with a share of a GPU, from the start of a run to its stop.  One of the jobs on a GPU holds it, at the end of
  // every instant: it has GPUs by on_job_start and on_job_stop too, and the GPU's own time is its.  The others' is told
  // beside it.  When the holder stops, the GPU passes to another of them: on_job_start of that one.
  virtual void on_share_start(Instant, const ShareStart&) {}
  virtual void on_share_stop(Instant, JobId, bool /*preempted*/) {}
  virtual void on_share_time(Instant, const GpuStretch&) {}
  virtual void on_node_taken(Instant, NodeId, PoolId) {}  // A pool holds the whole node from this instant.
  virtual void on_node_given_back(Instant, NodeId, PoolId) {}
  virtual void on_node_fails(Instant, NodeId) {}  // Nobody holds it; it is broken from this instant.
  virtual void on_node_repaired(Instant, NodeId) {}
  // A failure of `cause` (position in FaultSetup::causes) came; it stopped `jobs` jobs.
  virtual void on_fault(Instant, std::uint32_t /*cause*/, std::int32_t /*jobs*/, GpuTime /*lost*/) {}
  virtual void on_gpu_time(Instant, const GpuStretch&) {}
  // KV memory of a replica changed holder: used after the change, and its capacity.
  virtual void on_kv(Instant, ReplicaId, Blocks /*used*/, Blocks /*total*/) {}
  virtual void on_replica_start(Instant, ReplicaId, NodeId, Blocks /*kv total*/) {}
  // It is in `phase` from this instant on: kWaiting, kPrefill, kMixed or an octave of kDecode.  Waiting from its start.
  virtual void on_replica_phase(Instant, ReplicaId, Gpus, PowerPhase) {}
  virtual void on_replica_end(Instant, ReplicaId, Blocks /*kv used, must be 0*/) {}
  virtual void on_flow_start(Instant, std::uint64_t /*id*/, Bytes) {}
  virtual void on_flow_end(Instant, std::uint64_t /*id*/, Bytes /*delivered*/, bool /*complete*/) {}
  virtual void on_run_end(Instant) {}  // Last event; open stretches were sent before.
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_OBSERVER_H_
