// Passes events to the books of requests and GPUs; keeps the clock and the flows itself.
#include "sim/observe/auditor.h"

#include <map>
#include <utility>

#include "sim/observe/audit_finding.h"
#include "sim/observe/audit_gpus.h"
#include "sim/observe/audit_power.h"
#include "sim/observe/audit_requests.h"

namespace jevons {
namespace {

constexpr std::string_view kClock = "clock";
constexpr std::string_view kBytes = "bytes";
constexpr std::string_view kResult = "result";

}  // namespace

struct Auditor::Impl {
  Impl(const Cluster& c, AuditScope scope)
      : cluster(c),
        requests(std::move(scope.pools), &finding, scope.from, scope.to),
        gpus(cluster, &finding, scope.from, scope.to),
        power(cluster, &finding, std::move(scope.bundle)) {}

  // False once the audit has failed: state may be broken, and the first violation is the one that counts.
  bool tick(Instant at) {
    finding.expect(at >= now, at, kClock, [&] { return "an event comes after one at " + text_of(Duration{now.ns}); });
    finding.expect(!ended, at, kClock, [] { return std::string("an event comes after the end of the run"); });
    now = at;
    return finding.clean();
  }

  Cluster cluster;  // A copy: the caller's may move into the run.
  AuditFinding finding;
  RequestAudit requests;
  GpuAudit gpus;
  PowerAudit power;
  Instant now;
  bool ended = false;
  std::map<std::uint64_t, Bytes> flows;  // Those on the wire.
  std::uint64_t flows_ended = 0;
  Int128 injected = 0, delivered = 0, cut_off = 0;
};

Auditor::Auditor(const Cluster& cluster, AuditScope scope) : impl_(std::make_unique<Impl>(cluster, std::move(scope))) {}
Auditor::~Auditor() = default;

void Auditor::on_request_arrival(Instant t, RequestId id, PoolId pool, Tokens prompt, Tokens output) {
  if (impl_->tick(t)) impl_->requests.arrive(t, id, pool, prompt, output);
}
void Auditor::on_request_end(Instant t, const RequestRecord& r) {
  if (!impl_->tick(t)) return;
  impl_->requests.end(t, r);
  impl_->power.request_ends(t, r);
}
void Auditor::on_job_arrival(Instant t, JobId id, Gpus gpus) {
  if (impl_->tick(t)) impl_->gpus.job_arrives(t, id, gpus);
}
void Auditor::on_job_start(Instant t, const GangStart& start) {
  if (impl_->tick(t)) impl_->gpus.job_starts(t, start);
}
void Auditor::on_job_range(Instant t, JobId id, Gpus least, Gpus most) {
  if (impl_->tick(t)) impl_->gpus.job_may_have(t, id, least, most);
}
void Auditor::on_job_resize(Instant t, const GangStart& gang) {
  if (impl_->tick(t)) impl_->gpus.job_resizes(t, gang);
}
void Auditor::on_node_fails(Instant t, NodeId node) {
  if (impl_->tick(t)) impl_->gpus.node_fails(t, node);
}
void Auditor::on_node_repaired(Instant t, NodeId node) {
  if (impl_->tick(t)) impl_->gpus.node_repaired(t, node);
}
void Auditor::on_fault(Instant t, std::uint32_t, std::int32_t jobs, GpuTime lost) {
  if (impl_->tick(t)) impl_->gpus.fault(jobs, lost);
}
void Auditor::on_job_stop(Instant t, JobId id, bool preempted) {
  if (impl_->tick(t)) impl_->gpus.job_stops(t, id, preempted);
}
void Auditor::on_job_end(Instant t, const JobRecord& r) {
  if (impl_->tick(t)) impl_->gpus.job_ends(t, r);
}
void Auditor::on_guest_seats(Instant t, NodeId node, Gpus seats) {
  if (impl_->tick(t)) impl_->gpus.guest_seats(t, node, seats);
}
void Auditor::on_guest_start(Instant t, const GangStart& start) {
  if (impl_->tick(t)) impl_->gpus.guest_starts(t, start);
}
void Auditor::on_guest_stop(Instant t, JobId id, bool preempted) {
  if (impl_->tick(t)) impl_->gpus.guest_stops(t, id, preempted);
}
void Auditor::on_guest_time(Instant t, const GpuStretch& s) {
  if (impl_->tick(t)) impl_->gpus.guest_stretch(t, s);
}
void Auditor::on_share_start(Instant t, const ShareStart& start) {
  if (impl_->tick(t)) impl_->gpus.share_starts(t, start);
}
void Auditor::on_share_stop(Instant t, JobId id, bool preempted) {
  if (impl_->tick(t)) impl_->gpus.share_stops(t, id, preempted);
}
void Auditor::on_share_time(Instant t, const GpuStretch& s) {
  if (impl_->tick(t)) impl_->gpus.share_stretch(t, s);
}
void Auditor::on_node_taken(Instant t, NodeId node, PoolId pool) {
  if (impl_->tick(t)) impl_->gpus.node_taken(t, node, pool);
}
void Auditor::on_node_given_back(Instant t, NodeId node, PoolId pool) {
  if (impl_->tick(t)) impl_->gpus.node_given_back(t, node, pool);
}
void Auditor::on_gpu_time(Instant t, const GpuStretch& s) {
  if (!impl_->tick(t)) return;
  impl_->gpus.stretch(t, s);
  impl_->power.stretch(t, s);
}
void Auditor::on_kv(Instant t, ReplicaId id, Blocks used, Blocks total) {
  if (impl_->tick(t)) impl_->gpus.kv(t, id, used, total);
}
void Auditor::on_replica_start(Instant t, ReplicaId id, NodeId node, Blocks kv_total) {
  if (!impl_->tick(t)) return;
  impl_->gpus.replica_starts(t, id, node, kv_total);
  impl_->power.replica_starts(t, id, node);
}
void Auditor::on_replica_phase(Instant t, ReplicaId id, Gpus gpus, PowerPhase phase) {
  if (impl_->tick(t)) impl_->power.replica_changes(t, id, gpus, phase);
}
void Auditor::on_replica_end(Instant t, ReplicaId id, Blocks kv_used) {
  if (!impl_->tick(t)) return;
  impl_->gpus.replica_ends(t, id, kv_used);
  impl_->power.replica_ends(t, id);
}

void Auditor::on_flow_start(Instant t, std::uint64_t id, Bytes bytes) {
  if (!impl_->tick(t)) return;
  const bool fresh = impl_->flows.emplace(id, bytes).second;
  impl_->finding.expect(fresh && bytes >= Bytes{0}, t, kBytes,
                        [&] { return "flow " + std::to_string(id) + " starts twice, or with negative bytes"; });
  impl_->injected += bytes.value;
}

void Auditor::on_flow_end(Instant t, std::uint64_t id, Bytes delivered, bool complete) {
  if (!impl_->tick(t)) return;
  const auto it = impl_->flows.find(id);
  if (it == impl_->flows.end()) {
    return impl_->finding.add(t, kBytes, "flow " + std::to_string(id) + " ends, but is not on the wire");
  }
  const Bytes asked = it->second;
  impl_->finding.expect(
      delivered >= Bytes{0} && delivered <= asked && (!complete || delivered == asked), t, kBytes, [&] {
        return "flow " + std::to_string(id) + " delivers " + std::to_string(delivered.value) + " of " +
               std::to_string(asked.value) + (complete ? " and is complete" : " and is cut off");
      });
  impl_->delivered += delivered.value;
  impl_->cut_off += (asked - delivered).value;
  ++impl_->flows_ended;
  impl_->flows.erase(it);
}

void Auditor::on_run_end(Instant t) {
  if (!impl_->tick(t)) return;
  impl_->requests.end_run(t);
  impl_->gpus.end_run(t);
  impl_->power.end_run(t);
  Int128 in_flight = 0;
  for (const auto& [id, bytes] : impl_->flows) in_flight += bytes.value;
  impl_->finding.expect(impl_->injected == impl_->delivered + impl_->cut_off + in_flight, t, kBytes,
                        [] { return std::string("injected bytes are not delivered + cut off + in flight"); });
  impl_->ended = true;
}

Status Auditor::verdict(const RunResult& result) const {
  Impl& own = *impl_;
  own.finding.expect(own.ended, own.now, kClock, [] { return std::string("the run has not ended"); });
  own.finding.expect(result.end == own.now, own.now, kResult,
                     [&] { return "the result ends at " + text_of(Duration{result.end.ns}); });
  if (!own.finding.clean()) return own.finding.verdict();
  own.requests.compare(own.now, result);
  own.gpus.compare(own.now, result);
  own.power.compare(own.now, result);
  own.finding.expect(
      own.flows_ended == result.flows && own.delivered == result.flow_bytes.value, own.now, kResult, [&] {
        return std::to_string(result.flows) + " flows delivered " + std::to_string(result.flow_bytes.value) +
               " bytes, the events give " + std::to_string(own.flows_ended) + " and " + text_of(own.delivered);
      });
  return own.finding.verdict();
}

}  // namespace jevons
