// Recomputes a run's totals from its events alone, with code of its own, and checks every invariant it can see.
//
// Conservation: each GPU's purposes sum to the horizon (exact, 128 bits), GPUs sum to n x horizon; tokens (completed
// requests: produced = asked, prompt = prefilled + reused); every request and job ends exactly once; Little's law over
// all requests (the integral of the number in system = the sum of sojourns, 0 ns apart); bytes injected = delivered +
// cut off; dollars paid and earned recomputed equal the result's to the micro-dollar, joules to 1e-12; what replicas
// did (prefill, decode, ...) sums to what they were charged with, to the nanosecond.  Invariants: time never goes back;
// no GPU with two holders; gangs start whole; KV use within [0, capacity] and 0 when a replica ends; requests legal in
// their times (arrival <= scheduled <= first token <= finish).
#ifndef JEVONS_SIM_OBSERVE_AUDITOR_H_
#define JEVONS_SIM_OBSERVE_AUDITOR_H_

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/observe/audit_requests.h"
#include "sim/observe/observer.h"
#include "sim/observe/result.h"
#include "topologies/cluster.h"

namespace jevons {

struct AuditScope {
  Instant from{}, to = Instant::never();  // What comes outside is not part of the result's measured counts.
  std::vector<AuditedPool> pools{};       // Empty: what meets an SLO and what it earns is not recomputed.
  std::vector<std::int64_t> bundle{};     // By pool: sequences that one request stands for; empty: 1.
};

class Auditor final : public Observer {
 public:
  explicit Auditor(const Cluster& cluster, AuditScope scope = {});
  ~Auditor() override;

  void on_request_arrival(Instant, RequestId, PoolId, Tokens prompt, Tokens output) override;
  void on_request_end(Instant, const RequestRecord&) override;
  void on_job_arrival(Instant, JobId, Gpus) override;
  void on_job_start(Instant, const GangStart&) override;
  void on_job_range(Instant, JobId, Gpus, Gpus) override;
  void on_job_resize(Instant, const GangStart&) override;
  void on_node_fails(Instant, NodeId) override;
  void on_node_repaired(Instant, NodeId) override;
  void on_fault(Instant, std::uint32_t, std::int32_t, GpuTime) override;
  void on_job_stop(Instant, JobId, bool preempted) override;
  void on_job_end(Instant, const JobRecord&) override;
  void on_guest_seats(Instant, NodeId, Gpus) override;
  void on_guest_start(Instant, const GangStart&) override;
  void on_guest_stop(Instant, JobId, bool preempted) override;
  void on_guest_time(Instant, const GpuStretch&) override;
  void on_share_start(Instant, const ShareStart&) override;
  void on_share_stop(Instant, JobId, bool preempted) override;
  void on_share_time(Instant, const GpuStretch&) override;
  void on_node_taken(Instant, NodeId, PoolId) override;
  void on_node_given_back(Instant, NodeId, PoolId) override;
  void on_gpu_time(Instant, const GpuStretch&) override;
  void on_kv(Instant, ReplicaId, Blocks used, Blocks total) override;
  void on_replica_start(Instant, ReplicaId, NodeId, Blocks kv_total) override;
  void on_replica_phase(Instant, ReplicaId, Gpus, PowerPhase) override;
  void on_replica_end(Instant, ReplicaId, Blocks kv_used) override;
  void on_flow_start(Instant, std::uint64_t id, Bytes) override;
  void on_flow_end(Instant, std::uint64_t id, Bytes delivered, bool complete) override;
  void on_run_end(Instant) override;

  // After on_run_end: compares its own totals with the result's.  Ok, or the first violation met, with its instant.
  Status verdict(const RunResult& result) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_AUDITOR_H_
