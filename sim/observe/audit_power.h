// The auditor's book of what replicas did and what the GPUs drew.
//
// Phases come from the replicas' own changes (on_replica_phase), the simulator's split of serving time from the
// stretches; the two must agree to the GPU-nanosecond.  Whether the changes themselves are true is held against the
// requests: one that was never preempted starts in an iteration with prompts, gets its first token at the end of one,
// and its last, if it has several, at the end of an iteration that decodes; and over the whole run octave n of decode
// lasted no longer than the requests' time between first and last token divided by 2^n.
#ifndef JEVONS_SIM_OBSERVE_AUDIT_POWER_H_
#define JEVONS_SIM_OBSERVE_AUDIT_POWER_H_

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "sim/observe/audit_finding.h"
#include "sim/observe/observer.h"
#include "sim/observe/result.h"
#include "topologies/cluster.h"

namespace jevons {

class PowerAudit {
 public:
  // A request of a pool counts as bundle[pool] sequences of a batch; pools beyond the list as 1.
  PowerAudit(const Cluster& cluster, AuditFinding* finding, std::vector<std::int64_t> bundle);

  void replica_starts(Instant now, ReplicaId id, NodeId node);
  void replica_changes(Instant now, ReplicaId id, Gpus gpus, PowerPhase phase);
  void replica_ends(Instant now, ReplicaId id);
  void request_ends(Instant now, const RequestRecord& r);
  void stretch(Instant now, const GpuStretch& s);
  void end_run(Instant now);
  void compare(Instant end, const RunResult& result) const;

 private:
  using PhaseSums = std::array<Int128, kPowerPhases>;
  struct Change {
    Instant at;
    PowerPhase phase;  // From `at` on.
  };
  struct Replica {
    std::uint32_t group = 0;
    std::int64_t gpus = 0;        // Unknown (0) until it first works.
    std::vector<Change> changes;  // The last ones; older requests are not looked up.
  };
  struct GroupState {
    PhaseSums from_changes{};    // Working phases only.
    PhaseSums from_stretches{};  // All phases.
    std::array<std::int64_t, kPowerPhases> milliwatts{};
  };
  void settle(Replica* replica, Instant now);
  void compare_group(Instant end, std::size_t index, const Ledger& given, PhaseSums* joules_e12) const;

  const Cluster* cluster_;  // Not owned.
  AuditFinding* finding_;   // Not owned.
  std::vector<GroupState> groups_;
  std::map<std::uint32_t, Replica> replicas_;  // Running ones.
  std::vector<std::int64_t> bundle_;
  Int128 decoding_ns_ = 0;        // Of all requests: first token to end.
  Int128 least_decoding_ns_ = 0;  // As the octaves have it.
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_AUDIT_POWER_H_
