// The auditor's book of GPUs: who holds each one, what its time went to, jobs, replicas and their KV memory.
//
// That every GPU has one purpose at every instant is checked without keeping the stretches.  For a function h of time
// that looks random, sum of gpus x (h(to) - h(from)) over all stretches of a group equals gpus(group) x (h(end) - h(0))
// if they cover [0, end) exactly; if they do not, it does so with probability 2^-64.  Idle stretches are held in the
// same way against the times at which nobody held the GPUs, as the events of jobs and pools tell them.
#ifndef JEVONS_SIM_OBSERVE_AUDIT_GPUS_H_
#define JEVONS_SIM_OBSERVE_AUDIT_GPUS_H_

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/observe/audit_finding.h"
#include "sim/observe/observer.h"
#include "sim/observe/result.h"
#include "topologies/cluster.h"

namespace jevons {

class GpuAudit {
 public:
  // Jobs submitted outside [from, to) are followed, but not part of the totals of measured ones.
  GpuAudit(const Cluster& cluster, AuditFinding* finding, Instant from, Instant to);

  void job_arrives(Instant now, JobId id, Gpus gpus);
  void job_starts(Instant now, const GangStart& start);
  void job_may_have(Instant now, JobId id, Gpus least, Gpus most);
  void job_resizes(Instant now, const GangStart& gang);
  void node_fails(Instant now, NodeId node);
  void node_repaired(Instant now, NodeId node);
  void fault(std::int32_t jobs, GpuTime lost);
  void job_stops(Instant now, JobId id, bool preempted);
  void job_ends(Instant now, const JobRecord& r);
  void node_taken(Instant now, NodeId node, PoolId pool);
  void node_given_back(Instant now, NodeId node, PoolId pool);
  void stretch(Instant now, const GpuStretch& s);
  // Guests (audit_guests.cc).
  void guest_seats(Instant now, NodeId node, Gpus seats);
  void guest_starts(Instant now, const GangStart& start);
  void guest_stops(Instant now, JobId id, bool preempted);
  void guest_stretch(Instant now, const GpuStretch& s);
  // Shares of a GPU (audit_shares.cc).
  void share_starts(Instant now, const ShareStart& start);
  void share_stops(Instant now, JobId id, bool preempted);
  void share_stretch(Instant now, const GpuStretch& s);
  void kv(Instant now, ReplicaId id, Blocks used, Blocks total);
  void replica_starts(Instant now, ReplicaId id, NodeId node, Blocks kv_total);
  void replica_ends(Instant now, ReplicaId id, Blocks kv_used);
  void end_run(Instant now);
  void compare(Instant end, const RunResult& result) const;

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  struct NodeState {
    PoolId holder;              // Invalid: no pool.
    std::int32_t training = 0;  // GPUs held by jobs.
    std::int32_t replicas = 0;
    std::int32_t seats = 0, guests = 0;
    bool broken = false;
  };
  struct GroupState {
    std::int64_t gpus = 0, held = 0;
    std::int64_t micro_dollars_per_hour = 0;
    Instant last_change;
    std::uint64_t free_print = 0;  // Of the times nobody held GPUs.
    std::uint64_t idle_print = 0;  // Of the idle stretches.
    std::uint64_t all_print = 0;   // Of all stretches.
    std::array<Int128, kPurposes> gpu_ns{};
    // Seats for guests, and those taken; their times likewise.
    std::int64_t seats = 0, sitting = 0;
    Instant seats_since;
    std::uint64_t sat_print = 0, guest_print = 0;
    Int128 open_ns = 0;
    std::array<Int128, kPurposes> guest_ns{};
    // Jobs on GPUs that others hold, and their times likewise.
    std::int64_t beside = 0;
    Instant beside_since;
    std::uint64_t beside_print = 0, share_print = 0;
    std::array<Int128, kPurposes> share_ns{};
  };
  struct JobState {
    Gpus gpus;
    Gpus least, most;
    std::int64_t held_gpus = 0;
    std::int32_t resizes = 0;
    Instant submit, first_start = Instant::never(), started;
    std::vector<std::pair<NodeId, Gpus>> shares;        // Empty: not running.
    std::vector<std::pair<NodeId, Gpus>> guest_shares;  // Empty: no guest.
    std::uint32_t shared_gpu = kNone;                   // It runs on.
    NodeId shared_node;
    MilliGpus share{0};  // Of its last start on one.
    bool beside = false;
    Instant beside_since;
    Int128 held_gpu_ns = 0;
    Int128 beside_gpu_ns = 0;  // Of it, on GPUs that others held.
    std::int64_t ran_ns = 0;   // Time with GPUs, however many.
    std::int32_t preemptions = 0;
    bool ended = false;
  };
  struct SharedGpu {
    NodeId node;
    MilliGpus taken{0};
    std::vector<std::uint32_t> jobs;
  };
  struct Replica {
    NodeId node;
    Blocks total, used;
  };
  struct JobTotals {
    std::uint64_t submitted = 0, completed = 0, rejected = 0, unfinished = 0, preemptions = 0, checkpoints = 0;
    Int128 useful = 0, checkpoint = 0, lost = 0, jct_ns = 0, delay_ns = 0, unfinished_ns = 0, unstarted_ns = 0;
    std::uint64_t started = 0, outside = 0, never_started = 0, refused = 0;
    std::uint64_t resizes = 0, failures = 0, fault_stops = 0, deadlines = 0, deadlines_met = 0;
    Int128 lost_to_failures = 0, fault_lost = 0, elapsed = 0;
  };
  bool known_node(Instant now, NodeId node);
  void hold(Instant now, NodeId node, std::int64_t gpus);  // Negative: let go.
  void settle(GroupState* group, Instant now);
  bool gang_fits(Instant now, const GangStart& start, const JobState& job);
  void take_gang(Instant now, const GangStart& gang, JobState* job);
  void release_gang(Instant now, JobState* job);
  void check_job_end(Instant now, const JobRecord& r, const JobState& job);
  void end_group(Instant now, std::size_t index);
  static void settle_seats(GroupState* group, Instant now);
  void end_guests(Instant now);
  Int128 guest_time(Purpose purpose) const;
  void settle_beside(JobState* job, Instant now);
  void check_holders(Instant now);  // Of the shared GPUs touched before `now`.
  void end_shares(Instant now);
  Int128 share_time(Purpose purpose) const;
  void compare_shares(Instant end, const ShareResult& given) const;
  void compare_guests(Instant end, const GuestResult& given) const;
  void compare_jobs(Instant end, const TrainingResult& given) const;
  void compare_money(Instant end, const RunResult& result) const;

  const Cluster* cluster_;  // Not owned.
  AuditFinding* finding_;   // Not owned.
  Instant from_, to_;
  std::vector<NodeState> nodes_;
  std::vector<GroupState> groups_;
  std::map<std::uint32_t, JobState> jobs_;
  std::map<std::uint32_t, Replica> replicas_;  // Running ones.
  std::int64_t last_replica_ = -1;
  JobTotals totals_;
  std::uint64_t node_moves_ = 0;
  std::uint64_t guest_starts_ = 0, guests_sent_away_ = 0;
  std::map<std::uint32_t, SharedGpu> shared_;  // Open ones.
  std::set<std::uint32_t> touched_;            // At touched_at_.
  Instant touched_at_;
  std::uint64_t shared_opened_ = 0, share_joins_ = 0;
  Int128 share_held_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_AUDIT_GPUS_H_
