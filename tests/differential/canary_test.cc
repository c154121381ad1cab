// Canaries: runs of the swarm whose events are tampered with on their way to an auditor.  One that no seed catches
// would mean that the auditor, or the swarm, is asleep.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/observe/auditor.h"
#include "tests/support/in_child.h"
#include "tests/support/swarm.h"

namespace jevons::testing {
namespace {

enum class Plant {
  kNothing,
  kDoubleBooking,
  kHalfGang,
  kKvLeak,
  kLostToken,
  kForgottenGpuTime,
  kIdleTwice,
  kDecodeCalledPrefill,
  kPhaseShifted,
  kUninvitedGuest,
  kForgottenGuestTime,
  kOverfullGpu,
  kForgottenShareTime,
  kSwallowedEnd
};

// Passes a run's events to an auditor, with one kind of bug planted from the fifth chance on.
class Canary final : public Observer {
 public:
  Canary(const Cluster& cluster, Plant plant) : auditor_(cluster), plant_(plant) {}

  void on_request_arrival(Instant t, RequestId id, PoolId p, Tokens in, Tokens out) override {
    auditor_.on_request_arrival(t, id, p, in, out);
  }
  void on_request_end(Instant t, const RequestRecord& r) override {
    if (plant_ == Plant::kSwallowedEnd && chance()) return;
    RequestRecord told = r;
    if (plant_ == Plant::kLostToken && r.reason == FinishReason::kCompleted && chance()) told.produced -= Tokens{1};
    auditor_.on_request_end(t, told);
  }
  void on_job_arrival(Instant t, JobId id, Gpus g) override { auditor_.on_job_arrival(t, id, g); }
  void on_job_start(Instant t, const GangStart& s) override {
    std::vector<std::pair<NodeId, Gpus>> shares(s.shares.begin(), s.shares.end());
    if (plant_ == Plant::kHalfGang && s.asked.value > 1 && chance()) shares.back().second -= Gpus{1};
    if (plant_ == Plant::kDoubleBooking && last_.valid() && chance()) shares.front().first = last_;
    last_ = shares.front().first;
    auditor_.on_job_start(t, {s.job, s.asked, shares});
  }
  void on_job_range(Instant t, JobId id, Gpus least, Gpus most) override { auditor_.on_job_range(t, id, least, most); }
  void on_job_resize(Instant t, const GangStart& s) override { auditor_.on_job_resize(t, s); }
  void on_node_fails(Instant t, NodeId n) override { auditor_.on_node_fails(t, n); }
  void on_node_repaired(Instant t, NodeId n) override { auditor_.on_node_repaired(t, n); }
  void on_fault(Instant t, std::uint32_t cause, std::int32_t jobs, GpuTime lost) override {
    auditor_.on_fault(t, cause, jobs, lost);
  }
  void on_job_stop(Instant t, JobId id, bool preempted) override { auditor_.on_job_stop(t, id, preempted); }
  void on_job_end(Instant t, const JobRecord& r) override { auditor_.on_job_end(t, r); }
  void on_guest_seats(Instant t, NodeId n, Gpus g) override {
    if (plant_ != Plant::kUninvitedGuest || g == Gpus{0} || !chance()) auditor_.on_guest_seats(t, n, g);
  }
  void on_guest_start(Instant t, const GangStart& s) override { auditor_.on_guest_start(t, s); }
  void on_guest_stop(Instant t, JobId id, bool preempted) override { auditor_.on_guest_stop(t, id, preempted); }
  void on_guest_time(Instant t, const GpuStretch& s) override {
    GpuStretch told = s;
    if (plant_ == Plant::kForgottenGuestTime && chance() && s.to - s.from > Duration{1}) told.to = s.to - Duration{1};
    auditor_.on_guest_time(t, told);
  }
  void on_share_start(Instant t, const ShareStart& s) override {
    ShareStart told = s;
    if (plant_ == Plant::kOverfullGpu && s.joins && chance()) told.share = kWholeGpu;
    auditor_.on_share_start(t, told);
  }
  void on_share_stop(Instant t, JobId id, bool preempted) override { auditor_.on_share_stop(t, id, preempted); }
  void on_share_time(Instant t, const GpuStretch& s) override {
    GpuStretch told = s;
    if (plant_ == Plant::kForgottenShareTime && chance() && s.to - s.from > Duration{1}) told.to = s.to - Duration{1};
    auditor_.on_share_time(t, told);
  }
  void on_node_taken(Instant t, NodeId n, PoolId p) override {
    if (plant_ == Plant::kDoubleBooking) last_ = n;
    auditor_.on_node_taken(t, n, p);
  }
  void on_node_given_back(Instant t, NodeId n, PoolId p) override { auditor_.on_node_given_back(t, n, p); }
  void on_gpu_time(Instant t, const GpuStretch& s) override {
    GpuStretch told = s;
    PhaseTimes phases{};
    if (s.phases != nullptr) {
      phases = *s.phases;
      told.phases = &phases;
    }
    if (plant_ == Plant::kForgottenGpuTime && chance()) {
      told.to = told.to - Duration{1};
      const auto first = std::find_if(phases.begin(), phases.end(), [](Duration d) { return d.ns > 0; });
      if (first != phases.end()) *first -= Duration{1};
    }
    if (plant_ == Plant::kIdleTwice && s.purpose == Purpose::kServing && chance()) {
      told.purpose = Purpose::kIdle;
      told.phases = nullptr;
    }
    if (plant_ == Plant::kPhaseShifted && s.purpose == Purpose::kServing && chance()) {
      std::swap(phases[index_of(PowerPhase::kPrefill)], phases[index_of(PowerPhase::kMixed)]);
    }
    auditor_.on_gpu_time(t, told);
  }
  void on_kv(Instant t, ReplicaId r, Blocks used, Blocks total) override {
    auditor_.on_kv(t, r, plant_ == Plant::kKvLeak && used.value == 0 && chance() ? Blocks{1} : used, total);
  }
  void on_replica_start(Instant t, ReplicaId r, NodeId n, Blocks kv) override {
    auditor_.on_replica_start(t, r, n, kv);
  }
  void on_replica_phase(Instant t, ReplicaId r, Gpus g, PowerPhase p) override {
    if (plant_ == Plant::kDecodeCalledPrefill && p >= PowerPhase::kDecode && chance()) p = PowerPhase::kPrefill;
    auditor_.on_replica_phase(t, r, g, p);
  }
  void on_replica_end(Instant t, ReplicaId r, Blocks used) override { auditor_.on_replica_end(t, r, used); }
  void on_flow_start(Instant t, std::uint64_t id, Bytes b) override { auditor_.on_flow_start(t, id, b); }
  void on_flow_end(Instant t, std::uint64_t id, Bytes b, bool complete) override {
    auditor_.on_flow_end(t, id, b, complete);
  }
  void on_run_end(Instant t) override { auditor_.on_run_end(t); }

  std::string verdict(const RunResult& result) const {
    const Status s = auditor_.verdict(result);
    return s ? "sound" : s.error().text();
  }

 private:
  bool chance() { return ++chances_ == 5; }
  Auditor auditor_;
  Plant plant_;
  int chances_ = 0;
  NodeId last_;
};

std::string verdict_of(std::uint64_t seed, Plant plant) {
  return in_child([=] {
           Inputs in = Swarm(seed).build();
           in.engine.audit = false;
           Canary canary(in.cluster, plant);
           in.observers.push_back(&canary);
           const Result<RunResult> result = simulate(std::move(in));
           return result ? canary.verdict(*result) : "error: " + result.error().text();
         })
      .bytes;
}

// The first of 100 seeds in which the bug shows, and what the auditor says there.
void expect_caught(Plant plant, const std::string& law) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const std::string v = verdict_of(seed, plant);
    if (v == "sound") continue;
    EXPECT_TRUE(v.starts_with("audit: " + law + ":")) << "seed " << seed << ": " << v;
    return;
  }
  ADD_FAILURE() << "no seed caught it";
}

TEST(Canary, NothingPlantedNothingFound) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed)
    ASSERT_EQ(verdict_of(seed, Plant::kNothing), "sound") << "seed " << seed;
}
TEST(Canary, DoubleBookingIsCaught) { expect_caught(Plant::kDoubleBooking, "GPU exclusivity"); }
TEST(Canary, HalfAGangIsCaught) { expect_caught(Plant::kHalfGang, "whole gangs"); }
TEST(Canary, AKvLeakIsCaught) { expect_caught(Plant::kKvLeak, "KV memory"); }
TEST(Canary, ALostTokenIsCaught) { expect_caught(Plant::kLostToken, "tokens"); }
TEST(Canary, AForgottenNanosecondIsCaught) { expect_caught(Plant::kForgottenGpuTime, "GPU time"); }
TEST(Canary, ServingCountedAsIdleIsCaught) { expect_caught(Plant::kIdleTwice, "GPU time"); }
TEST(Canary, ADecodeStepCalledPrefillIsCaught) { expect_caught(Plant::kDecodeCalledPrefill, "power phases"); }
TEST(Canary, APhaseChargedToAnotherIsCaught) { expect_caught(Plant::kPhaseShifted, "power phases"); }
TEST(Canary, AGuestWhereNoneMayBeIsCaught) { expect_caught(Plant::kUninvitedGuest, "guests"); }
TEST(Canary, AForgottenNanosecondOfAGuestIsCaught) { expect_caught(Plant::kForgottenGuestTime, "guests"); }
TEST(Canary, SharesOfMoreThanAGpuAreCaught) { expect_caught(Plant::kOverfullGpu, "shared GPUs"); }
TEST(Canary, AForgottenNanosecondOfAShareIsCaught) { expect_caught(Plant::kForgottenShareTime, "shared GPUs"); }
TEST(Canary, ASwallowedEndIsCaught) { expect_caught(Plant::kSwallowedEnd, "one end per request"); }

}  // namespace
}  // namespace jevons::testing
