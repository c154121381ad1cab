// An observer that writes every event down, one line each, and a result as text: two runs are the same if both texts
// are.
#ifndef JEVONS_TESTS_SUPPORT_EVENT_LOG_H_
#define JEVONS_TESTS_SUPPORT_EVENT_LOG_H_

#include <bit>
#include <string>

#include "sim/observe/audit_finding.h"
#include "sim/observe/observer.h"
#include "sim/observe/result.h"

namespace jevons::testing {

inline std::string number(std::int64_t v) { return " " + std::to_string(v); }
inline std::string number(std::uint64_t v) { return " " + std::to_string(v); }
inline std::string number(Instant t) { return t == Instant::never() ? " never" : number(t.ns); }
inline std::string number(GpuTime t) { return " " + text_of(t.gpu_ns); }
template <class Tag, class Rep>
std::string number(Count<Tag, Rep> c) {
  return number(std::int64_t{c.value});
}
template <class Tag>
std::string number(Id<Tag> id) {
  return id.valid() ? number(std::uint64_t{id.index}) : " none";
}
template <class... Values>
std::string line(const char* name, const Values&... values) {
  std::string out = name;
  ((out += number(values)), ...);
  return out + "\n";
}

inline std::string text_of(const RequestRecord& r) {
  return line("request", r.id.index, std::uint64_t{r.workload}, r.pool, r.replica, static_cast<std::int64_t>(r.reason),
              r.prompt, r.output, r.cut, r.produced, r.reused, r.prefilled, r.recomputed, std::int64_t{r.preemptions},
              std::int64_t{r.paid ? 1 : 0}, r.arrival, r.scheduled, r.first_token, r.finish);
}
inline std::string text_of(const JobRecord& r) {
  return "job " + std::string(r.name) +
         line("", r.id, static_cast<std::int64_t>(r.reason), r.gpus, r.submit, r.first_start, r.finish, r.run_time.ns,
              r.useful, r.checkpoint, r.lost, r.restoring, r.awaiting, std::int64_t{r.preemptions},
              std::int64_t{r.checkpoints}, std::int64_t{r.resizes}, std::int64_t{r.failures}, r.lost_to_failures,
              r.deadline, r.beside_useful, r.guest_work, r.share);
}

class EventLog final : public Observer {
 public:
  void on_request_arrival(Instant t, RequestId id, PoolId pool, Tokens prompt, Tokens output) override {
    text_ += line("arrive", t, id.index, pool, prompt, output);
  }
  void on_request_end(Instant t, const RequestRecord& r) override { text_ += line("end", t) + text_of(r); }
  void on_job_arrival(Instant t, JobId id, Gpus g) override { text_ += line("submit", t, id, g); }
  void on_job_start(Instant t, const GangStart& s) override {
    text_ += line("start", t, s.job, s.asked);
    for (const auto& share : s.shares) text_ += line("  on", std::get<0>(share), std::get<1>(share));
  }
  void on_job_range(Instant t, JobId id, Gpus least, Gpus most) override { text_ += line("range", t, id, least, most); }
  void on_job_resize(Instant t, const GangStart& s) override {
    text_ += line("resize", t, s.job, s.asked);
    for (const auto& [node, gpus] : s.shares) text_ += line("  on", t, node, gpus);
  }
  void on_node_fails(Instant t, NodeId n) override { text_ += line("fails", t, n); }
  void on_node_repaired(Instant t, NodeId n) override { text_ += line("repaired", t, n); }
  void on_fault(Instant t, std::uint32_t cause, std::int32_t jobs, GpuTime) override {
    text_ += line("fault", t, JobId{cause}, Gpus{jobs});
  }
  void on_job_stop(Instant t, JobId id, bool preempted) override {
    text_ += line(preempted ? "preempt" : "stop", t, id);
  }
  void on_job_end(Instant t, const JobRecord& r) override { text_ += line("job end", t) + text_of(r); }
  void on_guest_seats(Instant t, NodeId n, Gpus g) override { text_ += line("seats", t, n, g); }
  void on_guest_start(Instant t, const GangStart& s) override {
    text_ += line("guest", t, s.job, s.asked);
    for (const auto& [node, gpus] : s.shares) text_ += line("  on", t, node, gpus);
  }
  void on_guest_stop(Instant t, JobId id, bool preempted) override {
    text_ += line(preempted ? "guest_sent_away" : "guest_done", t, id);
  }
  void on_guest_time(Instant t, const GpuStretch& s) override {
    text_ += "guest_" + line(std::string(purpose_name(s.purpose)).c_str(), t, s.group, s.gpus, s.from, s.to);
  }
  void on_share_start(Instant t, const ShareStart& s) override {
    text_ += line("share", t, s.job, std::uint64_t{s.gpu}, s.node, s.share, std::int64_t{s.joins ? 1 : 0});
  }
  void on_share_stop(Instant t, JobId id, bool preempted) override {
    text_ += line(preempted ? "share_preempted" : "share_done", t, id);
  }
  void on_share_time(Instant t, const GpuStretch& s) override {
    text_ += "share_" + line(std::string(purpose_name(s.purpose)).c_str(), t, s.group, s.gpus, s.from, s.to);
  }
  void on_node_taken(Instant t, NodeId n, PoolId p) override { text_ += line("take", t, n, p); }
  void on_node_given_back(Instant t, NodeId n, PoolId p) override { text_ += line("give back", t, n, p); }
  void on_gpu_time(Instant t, const GpuStretch& s) override {
    text_ += line(std::string(purpose_name(s.purpose)).c_str(), t, s.group, s.gpus, s.from, s.to);
    if (s.phases == nullptr) return;
    for (const Duration d : *s.phases) text_ += number(d.ns);
    text_ += "\n";
  }
  void on_replica_phase(Instant t, ReplicaId r, Gpus g, PowerPhase p) override {
    text_ += line("phase", t, r, g, static_cast<std::int64_t>(p));
  }
  void on_kv(Instant t, ReplicaId r, Blocks used, Blocks total) override { text_ += line("kv", t, r, used, total); }
  void on_replica_start(Instant t, ReplicaId r, NodeId n, Blocks kv) override { text_ += line("replica", t, r, n, kv); }
  void on_replica_end(Instant t, ReplicaId r, Blocks used) override { text_ += line("replica end", t, r, used); }
  void on_flow_start(Instant t, std::uint64_t id, Bytes b) override { text_ += line("flow", t, id, b); }
  void on_flow_end(Instant t, std::uint64_t id, Bytes b, bool complete) override {
    text_ += line(complete ? "flow end" : "flow cut", t, id, b);
  }
  void on_run_end(Instant t) override { text_ += line("run end", t); }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

inline std::string text_of(const char* name, const Histogram& h) {
  std::string out = line(name, h.count(), h.min(), h.max()) + "  sum " + jevons::text_of(h.sum()) + "\n  buckets";
  for (std::size_t i = 0; i < h.counts().size(); ++i) {
    if (h.counts()[i] > 0) out += number(std::uint64_t{i}) + ":" + std::to_string(h.counts()[i]);
  }
  return out + "\n";
}

inline std::string text_of(const ServingResult& s) {
  return "pool " + s.pool +
         line("", s.arrived, s.completed, s.rejected, s.unfinished, s.met_slo, s.preemptions, s.prompt, s.output,
              s.produced, s.prefilled, s.reused, s.recomputed, s.degraded, s.earned) +
         text_of("  ttft", s.ttft) + text_of("  tpot", s.tpot) + text_of("  e2e", s.e2e) +
         text_of("  queue", s.queue_time);
}

// Everything but `events`, which differs between engine modes by design.
inline std::string text_of(const RunResult& r) {
  std::string out = line("result", std::int64_t{r.complete ? 1 : 0}, r.end);
  for (const ServingResult& p : r.pools) out += text_of(p);
  out += text_of(r.serving);
  const TrainingResult& t = r.training;
  out += line("training", t.submitted, t.completed, t.rejected, t.unfinished, t.preemptions, t.checkpoints, t.useful,
              t.last_finish) +
         text_of("  jct", t.jct) + text_of("  delay", t.queueing_delay);
  out += line("guests", r.guests.open, r.guests.work, r.guests.starts, r.guests.sent_away);
  out += line("shares", r.shares.held, r.shares.used, r.shares.opened, r.shares.joined);
  for (const Ledger& l : r.ledger_by_group) {
    out += "group";
    for (const GpuTime& p : l.by_purpose) out += number(p);
    for (const GpuTime& p : l.by_phase) out += number(p);
    out += "\n";
  }
  out += line("money", r.gpu_cost, r.energy_cost, std::bit_cast<std::uint64_t>(r.energy_joules), r.node_moves, r.flows,
              r.flow_bytes);
  out += "joules";
  for (const double v : r.joules_by_phase) out += number(std::bit_cast<std::uint64_t>(v));
  out += "\n";
  return out + r.warnings;
}

// The first line in which two texts differ, for messages.
inline std::string first_difference(const std::string& a, const std::string& b) {
  if (a == b) return "";
  std::size_t at = 0, begin = 0;
  while (at < a.size() && at < b.size() && a[at] == b[at]) {
    if (a[at] == '\n') begin = at + 1;
    ++at;
  }
  const auto rest = [&](const std::string& s) {
    return s.substr(begin, std::min(s.find('\n', begin), s.size()) - begin);
  };
  return "'" + rest(a) + "' against '" + rest(b) + "'";
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_EVENT_LOG_H_
