// A hand-made run as a list of named events, for tests that change one of them.
#ifndef JEVONS_TESTS_SIM_AUDITOR_STORY_H_
#define JEVONS_TESTS_SIM_AUDITOR_STORY_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sim/observe/auditor.h"
#include "sim/observe/metrics.h"

namespace jevons::testing {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline Instant at(std::int64_t seconds) { return {seconds * kSecond}; }

// Two nodes of 4 GPUs.
inline Cluster two_nodes() {
  Cluster c;
  NodeGroup g;
  g.name = "h100";
  g.nodes = Nodes{2};
  g.gpus_per_node = Gpus{4};
  g.price_usd_per_gpu_hour = 3.6;  // 1,000 micro-dollars per GPU-second.
  g.power = two_level_draw(100, 700);
  c.groups.push_back(g);
  c.nodes = {{NodeId{0}, GroupId{0}, LeafId{0}}, {NodeId{1}, GroupId{0}, LeafId{0}}};
  return c;
}

inline MetricsSetup metrics_setup() {
  MetricsSetup s;
  s.groups.push_back({"h100", Gpus{8}, 3.6, two_level_draw(100, 700)});
  s.pools.push_back({"chat", 0_s, 1_s, 0_s, {3, 5}});
  return s;
}

inline RequestRecord request(std::uint64_t id, std::int64_t arrival, std::int64_t finish) {
  RequestRecord r;
  r.id = RequestId{id};
  r.pool = PoolId{0};
  r.replica = ReplicaId{0};
  r.prompt = Tokens{100};
  r.output = r.produced = Tokens{10};
  r.prefilled = Tokens{84};
  r.reused = Tokens{16};
  r.arrival = at(arrival);
  r.scheduled = at(arrival + 1);
  r.first_token = at(arrival + 2);
  r.finish = at(finish);
  return r;
}

inline JobRecord job_record() {
  JobRecord r;
  r.id = JobId{0};
  r.gpus = Gpus{3};
  r.submit = at(1);
  r.first_start = at(2);
  r.finish = at(12);
  r.useful = GpuTime{3 * 4 * kSecond};
  r.checkpoint = GpuTime{3 * 1 * kSecond};
  r.lost = GpuTime{3 * 2 * kSecond};
  r.restoring = GpuTime{3 * 1 * kSecond};
  r.preemptions = 1;
  r.checkpoints = 1;
  return r;
}

// A run of 20 s.  Node 0 serves from 0 to 15 s.  A job of 3 GPUs runs on node 1 from 2 to 6 s, is stopped, and runs
// again from 8 to 12 s.  Events have names, so that a test can change one of them.
struct Story {
  struct Event {
    std::string name;
    std::function<void(Observer&)> send;
  };
  std::vector<Event> events;
  std::function<void(RunResult*)> tamper = [](RunResult*) {};

  void add(const std::string& name, std::function<void(Observer&)> send) { events.push_back({name, std::move(send)}); }
  void stretch(const std::string& name, std::int64_t now, Purpose p, std::int32_t gpus, std::int64_t from,
               std::int64_t to) {
    add(name, [=](Observer& o) { o.on_gpu_time(at(now), {GroupId{0}, p, Gpus{gpus}, at(from), at(to)}); });
  }
  void phase(const std::string& name, std::int64_t now, PowerPhase p) {
    add(name, [=](Observer& o) { o.on_replica_phase(at(now), ReplicaId{0}, Gpus{4}, p); });
  }
  std::size_t find(const std::string& name) const {
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].name == name) return i;
    }
    ADD_FAILURE() << "no event " << name;
    return 0;
  }
  void replace(const std::string& name, std::function<void(Observer&)> send) {
    events[find(name)].send = std::move(send);
  }
  void erase(const std::string& name) { events.erase(events.begin() + static_cast<std::ptrdiff_t>(find(name))); }
  void insert_before(const std::string& name, std::function<void(Observer&)> send) {
    events.insert(events.begin() + static_cast<std::ptrdiff_t>(find(name)), Event{"planted", std::move(send)});
  }

  // The verdict's text; empty if all is well.  Metrics may CHECK on broken events, so they see only sound ones.
  std::string verdict() const {
    const std::string broken = verdict_on(RunResult{});
    if (!broken.starts_with("audit: result:")) return broken;
    Metrics metrics(metrics_setup());
    for (const Event& e : events) e.send(metrics);
    RunResult result = metrics.result();
    tamper(&result);
    return verdict_on(result);
  }
  std::string verdict_on(const RunResult& result) const {
    Auditor auditor(two_nodes(), {AuditedPool{0_s, 1_s, 0_s, {3, 5}}});
    for (const Event& e : events) e.send(auditor);
    const Status s = auditor.verdict(result);
    return s ? "" : s.error().text();
  }
};

// Of the replica from 1 to 9 s: the prompt of request 0, its decode, the prompt of request 1 beside it, their decode.
inline PhaseTimes served_phases() {
  PhaseTimes t{};
  t[index_of(PowerPhase::kPrefill)] = 2_s;
  t[index_of(PowerPhase::kMixed)] = 1_s;
  t[index_of(PowerPhase::kDecode)] = 5_s;
  return t;
}
inline void send_serving(Observer& o, const PhaseTimes* phases) {
  o.on_gpu_time(at(15), {GroupId{0}, Purpose::kServing, Gpus{4}, at(1), at(9), phases});
}

inline constexpr std::pair<NodeId, Gpus> kShare[] = {{NodeId{1}, Gpus{3}}};

inline Story sound_run() {
  Story r;
  r.add("take", [](Observer& o) { o.on_node_taken(at(0), NodeId{0}, PoolId{0}); });
  r.add("replica", [](Observer& o) { o.on_replica_start(at(1), ReplicaId{0}, NodeId{0}, Blocks{50}); });
  r.phase("phase1", 1, PowerPhase::kPrefill);
  r.add("flow", [](Observer& o) { o.on_flow_start(at(1), 7, Bytes{1000}); });
  r.add("arrive0", [](Observer& o) { o.on_request_arrival(at(1), RequestId{0}, PoolId{0}, Tokens{100}, Tokens{10}); });
  r.add("submit", [](Observer& o) { o.on_job_arrival(at(1), JobId{0}, Gpus{3}); });
  r.stretch("loading", 1, Purpose::kLoading, 4, 0, 1);
  r.stretch("idle1", 2, Purpose::kIdle, 4, 0, 2);
  r.add("start", [](Observer& o) { o.on_job_start(at(2), {JobId{0}, Gpus{3}, kShare}); });
  r.add("kv", [](Observer& o) { o.on_kv(at(2), ReplicaId{0}, Blocks{7}, Blocks{50}); });
  r.phase("phase3", 3, PowerPhase::kDecode);
  r.add("flow end", [](Observer& o) { o.on_flow_end(at(3), 7, Bytes{1000}, true); });
  r.add("arrive1", [](Observer& o) { o.on_request_arrival(at(3), RequestId{1}, PoolId{0}, Tokens{100}, Tokens{10}); });
  r.phase("phase4", 4, PowerPhase::kMixed);
  r.phase("phase5", 5, PowerPhase::kDecode);
  r.add("end0", [](Observer& o) { o.on_request_end(at(5), request(0, 1, 5)); });
  r.stretch("kept", 6, Purpose::kTraining, 3, 2, 3);
  r.stretch("checkpoint", 6, Purpose::kCheckpoint, 3, 3, 4);
  r.stretch("lost", 6, Purpose::kLostWork, 3, 4, 6);
  r.add("stop", [](Observer& o) { o.on_job_stop(at(6), JobId{0}, true); });
  r.stretch("spare", 6, Purpose::kIdle, 1, 2, 6);
  r.stretch("idle2", 8, Purpose::kIdle, 4, 6, 8);
  r.add("restart", [](Observer& o) { o.on_job_start(at(8), {JobId{0}, Gpus{3}, kShare}); });
  r.add("end1", [](Observer& o) { o.on_request_end(at(9), request(1, 3, 9)); });
  r.phase("phase9", 9, PowerPhase::kWaiting);
  r.add("kv0", [](Observer& o) { o.on_kv(at(9), ReplicaId{0}, Blocks{0}, Blocks{50}); });
  r.stretch("restoring", 12, Purpose::kLoading, 3, 8, 9);
  r.stretch("kept2", 12, Purpose::kTraining, 3, 9, 12);
  r.add("stop2", [](Observer& o) { o.on_job_stop(at(12), JobId{0}, false); });
  r.add("job end", [](Observer& o) { o.on_job_end(at(12), job_record()); });
  r.add("serving", [phases = served_phases()](Observer& o) { send_serving(o, &phases); });
  r.stretch("quiet", 15, Purpose::kIdleServing, 4, 9, 14);
  r.stretch("draining", 15, Purpose::kDraining, 4, 14, 15);
  r.add("replica end", [](Observer& o) { o.on_replica_end(at(15), ReplicaId{0}, Blocks{0}); });
  r.add("give back", [](Observer& o) { o.on_node_given_back(at(15), NodeId{0}, PoolId{0}); });
  r.stretch("idle3", 20, Purpose::kIdle, 4, 15, 20);
  r.stretch("spare2", 20, Purpose::kIdle, 1, 8, 12);
  r.stretch("idle4", 20, Purpose::kIdle, 4, 12, 20);
  r.add("run end", [](Observer& o) { o.on_run_end(at(20)); });
  return r;
}

inline void expect_caught(const Story& run, const std::string& law) {
  const std::string v = run.verdict();
  EXPECT_TRUE(v.starts_with("audit: " + law + ":")) << "said: '" << v << "'";
}
}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SIM_AUDITOR_STORY_H_
