// The auditor passes a sound run and names the law that each planted bug breaks: clock, GPUs, jobs, KV memory.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/auditor_story.h"

namespace jevons::testing {
namespace {

TEST(Auditor, PassesASoundRun) { EXPECT_EQ(sound_run().verdict(), ""); }

TEST(Auditor, CatchesAClockThatGoesBack) {
  Story r = sound_run();
  r.insert_before("end1", [](Observer& o) { o.on_kv(Instant{8 * kSecond - 1}, ReplicaId{0}, Blocks{1}, Blocks{50}); });
  expect_caught(r, "clock");
}
TEST(Auditor, CatchesAnEventAfterTheEnd) {
  Story r = sound_run();
  r.add("late", [](Observer& o) { o.on_kv(at(20), ReplicaId{0}, Blocks{1}, Blocks{50}); });
  expect_caught(r, "clock");
}
TEST(Auditor, CatchesARunWithoutEnd) {
  Story r = sound_run();
  r.erase("run end");
  expect_caught(r, "clock");
}

// The canary of checks.md 37: one GPU, two holders.
TEST(Auditor, CatchesADoubleBookingByTwoJobs) {
  Story r = sound_run();
  r.insert_before("kv", [](Observer& o) {
    o.on_job_arrival(at(2), JobId{1}, Gpus{2});
    constexpr std::pair<NodeId, Gpus> kTwo[] = {{NodeId{1}, Gpus{2}}};
    o.on_job_start(at(2), {JobId{1}, Gpus{2}, kTwo});
  });
  expect_caught(r, "GPU exclusivity");
}
TEST(Auditor, CatchesAJobOnAServingNode) {
  Story r = sound_run();
  r.replace("start", [](Observer& o) {
    constexpr std::pair<NodeId, Gpus> kNodeZero[] = {{NodeId{0}, Gpus{3}}};
    o.on_job_start(at(2), {JobId{0}, Gpus{3}, kNodeZero});
  });
  expect_caught(r, "GPU exclusivity");
}
TEST(Auditor, CatchesAPoolOnABusyNode) {
  Story r = sound_run();
  r.insert_before("kv", [](Observer& o) { o.on_node_taken(at(2), NodeId{1}, PoolId{0}); });
  expect_caught(r, "GPU exclusivity");
}
TEST(Auditor, CatchesANodeWithTwoPools) {
  Story r = sound_run();
  r.insert_before("kv", [](Observer& o) { o.on_node_taken(at(2), NodeId{0}, PoolId{1}); });
  expect_caught(r, "GPU exclusivity");
}
TEST(Auditor, CatchesANodeGivenBackByAStranger) {
  Story r = sound_run();
  r.replace("give back", [](Observer& o) { o.on_node_given_back(at(15), NodeId{0}, PoolId{1}); });
  expect_caught(r, "GPU exclusivity");
}
TEST(Auditor, CatchesANodeThatDoesNotExist) {
  Story r = sound_run();
  r.insert_before("kv", [](Observer& o) { o.on_node_taken(at(2), NodeId{2}, PoolId{0}); });
  expect_caught(r, "GPU exclusivity");
}

TEST(Auditor, CatchesAPartOfAGang) {
  Story r = sound_run();
  r.replace("start", [](Observer& o) {
    constexpr std::pair<NodeId, Gpus> kTwo[] = {{NodeId{1}, Gpus{2}}};
    o.on_job_start(at(2), {JobId{0}, Gpus{3}, kTwo});
  });
  expect_caught(r, "whole gangs");
}
TEST(Auditor, CatchesANodeNamedTwiceInAGang) {
  Story r = sound_run();
  r.replace("start", [](Observer& o) {
    constexpr std::pair<NodeId, Gpus> kTwice[] = {{NodeId{1}, Gpus{2}}, {NodeId{1}, Gpus{1}}};
    o.on_job_start(at(2), {JobId{0}, Gpus{3}, kTwice});
  });
  expect_caught(r, "whole gangs");
}
TEST(Auditor, CatchesAShareWithoutGpus) {
  Story r = sound_run();
  r.replace("start", [](Observer& o) {
    constexpr std::pair<NodeId, Gpus> kZero[] = {{NodeId{1}, Gpus{3}}, {NodeId{0}, Gpus{0}}};
    o.on_job_start(at(2), {JobId{0}, Gpus{3}, kZero});
  });
  expect_caught(r, "whole gangs");
}

TEST(Auditor, CatchesAJobThatEndsTwice) {
  Story r = sound_run();
  r.insert_before("serving", [](Observer& o) { o.on_job_end(at(12), job_record()); });
  expect_caught(r, "one end per job");
}
TEST(Auditor, CatchesAJobThatNeverEnds) {
  Story r = sound_run();
  r.erase("job end");
  expect_caught(r, "one end per job");
}
TEST(Auditor, CatchesAJobThatStartsTwice) {
  Story r = sound_run();
  r.erase("stop");
  expect_caught(r, "one end per job");
}
TEST(Auditor, CatchesAForgottenPreemption) {
  Story r = sound_run();
  r.replace("stop", [](Observer& o) { o.on_job_stop(at(6), JobId{0}, false); });
  expect_caught(r, "one end per job");
}
// Refused at 12 s after two runs: sound if the record says so, but not for another reason, nor without one.
TEST(Auditor, CatchesARejectionWithoutAReason) {
  JobRecord record = job_record();
  record.reason = FinishReason::kRejected;
  record.rejection = JobRejection::kByQueue;
  Story r = sound_run();
  const auto send = [&record](Observer& o) { o.on_job_end(at(12), record); };
  r.replace("job end", send);
  EXPECT_EQ(r.verdict(), "");
  record.rejection = JobRejection::kTooLarge;
  expect_caught(r, "one end per job");
  record.rejection = JobRejection::kNone;
  expect_caught(r, "one end per job");
  record.reason = FinishReason::kCompleted;
  record.rejection = JobRejection::kByQueue;
  expect_caught(r, "one end per job");
}
TEST(Auditor, CatchesARefusalWhileTheJobRuns) {
  Story r = sound_run();
  JobRecord record = job_record();
  record.reason = FinishReason::kRejected;
  record.rejection = JobRejection::kByQueue;
  record.finish = at(8);
  record.useful = record.checkpoint = record.restoring = GpuTime{};
  record.lost = GpuTime{3 * 4 * kSecond};
  r.replace("restart", [record](Observer& o) {
    o.on_job_start(at(8), {JobId{0}, Gpus{3}, kShare});
    o.on_job_end(at(8), record);
  });
  expect_caught(r, "one end per job");
}
TEST(Auditor, CatchesAJobWhoseTimeDoesNotAddUp) {
  Story r = sound_run();
  JobRecord record = job_record();
  record.lost = GpuTime{record.lost.gpu_ns - 1};
  r.replace("job end", [record](Observer& o) { o.on_job_end(at(12), record); });
  expect_caught(r, "GPU time of jobs");
}
TEST(Auditor, CatchesLostWorkCountedAsUseful) {
  Story r = sound_run();
  JobRecord record = job_record();
  record.lost = GpuTime{0};
  record.useful = GpuTime{record.useful.gpu_ns + 6 * kSecond};
  r.replace("job end", [record](Observer& o) { o.on_job_end(at(12), record); });
  expect_caught(r, "GPU time of jobs");
}

TEST(Auditor, CatchesAMissingStretch) {
  Story r = sound_run();
  r.erase("spare");
  expect_caught(r, "GPU time");
}
TEST(Auditor, CatchesAnOverlapThatAGapMakesUpFor) {  // The sums are right; the instants are not.
  Story r = sound_run();
  r.erase("serving");
  r.erase("quiet");
  PhaseTimes phases = served_phases();
  phases[index_of(PowerPhase::kDecode)] += 1_s;
  r.insert_before("draining", [phases](Observer& o) {
    o.on_gpu_time(at(15), {GroupId{0}, Purpose::kServing, Gpus{4}, at(1), at(10), &phases});
    o.on_gpu_time(at(15), {GroupId{0}, Purpose::kIdleServing, Gpus{4}, at(10), Instant{14 * kSecond - 1}});
    o.on_gpu_time(at(15), {GroupId{0}, Purpose::kDraining, Gpus{4}, at(14), Instant{14 * kSecond + 1}});
  });
  expect_caught(r, "GPU time");
}
TEST(Auditor, CatchesIdleTimeOfAHeldGpu) {
  Story r = sound_run();
  r.erase("quiet");
  r.insert_before("draining", [](Observer& o) {
    o.on_gpu_time(at(15), {GroupId{0}, Purpose::kIdle, Gpus{4}, at(9), at(14)});
  });
  expect_caught(r, "GPU time");
}
TEST(Auditor, CatchesAStretchInTheFuture) {
  Story r = sound_run();
  r.insert_before("kv", [](Observer& o) {
    o.on_gpu_time(at(2), {GroupId{0}, Purpose::kServing, Gpus{1}, at(1), at(3)});
  });
  expect_caught(r, "GPU time");
}
TEST(Auditor, CatchesANegativeStretch) {
  Story r = sound_run();
  r.insert_before("kv", [](Observer& o) {
    o.on_gpu_time(at(2), {GroupId{0}, Purpose::kServing, Gpus{1}, at(2), at(1)});
  });
  expect_caught(r, "GPU time");
}

TEST(Auditor, CatchesKvBeyondCapacity) {
  Story r = sound_run();
  r.replace("kv", [](Observer& o) { o.on_kv(at(2), ReplicaId{0}, Blocks{51}, Blocks{50}); });
  expect_caught(r, "KV memory");
}
TEST(Auditor, CatchesNegativeKv) {
  Story r = sound_run();
  r.replace("kv", [](Observer& o) { o.on_kv(at(2), ReplicaId{0}, Blocks{-1}, Blocks{50}); });
  expect_caught(r, "KV memory");
}
TEST(Auditor, CatchesKvCapacityThatGrows) {
  Story r = sound_run();
  r.replace("kv", [](Observer& o) { o.on_kv(at(2), ReplicaId{0}, Blocks{51}, Blocks{60}); });
  expect_caught(r, "KV memory");
}
TEST(Auditor, CatchesAKvLeak) {
  Story r = sound_run();
  r.erase("kv0");
  expect_caught(r, "KV memory");
  r = sound_run();
  r.replace("replica end", [](Observer& o) { o.on_replica_end(at(15), ReplicaId{0}, Blocks{1}); });
  expect_caught(r, "KV memory");
}
TEST(Auditor, CatchesANodeGivenBackWithAReplica) {
  Story r = sound_run();
  r.erase("replica end");
  expect_caught(r, "replicas");
}
TEST(Auditor, CatchesAReplicaIdUsedTwice) {
  Story r = sound_run();
  r.insert_before("give back", [](Observer& o) { o.on_replica_start(at(15), ReplicaId{0}, NodeId{0}, Blocks{50}); });
  expect_caught(r, "replicas");
}

}  // namespace
}  // namespace jevons::testing
