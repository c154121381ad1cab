// The auditor names the law that each planted bug of the power phases breaks.
#include <gtest/gtest.h>

#include "tests/sim/auditor_story.h"

namespace jevons::testing {
namespace {

constexpr const char* kLaw = "power phases";

void expect_serving_caught(PhaseTimes phases) {
  Story r = sound_run();
  r.replace("serving", [phases](Observer& o) { send_serving(o, &phases); });
  expect_caught(r, kLaw);
}

TEST(PowerAudit, CatchesPhasesThatDoNotAddUpToTheStretch) {
  PhaseTimes phases = served_phases();
  phases[index_of(PowerPhase::kDecode)] += Duration{1};
  expect_serving_caught(phases);
}
TEST(PowerAudit, CatchesANanosecondChargedToTheWrongPhase) {
  PhaseTimes phases = served_phases();
  phases[index_of(PowerPhase::kDecode)] += Duration{1};
  phases[index_of(PowerPhase::kPrefill)] -= Duration{1};
  expect_serving_caught(phases);
}
TEST(PowerAudit, CatchesDecodeChargedToAnotherBatchSize) {
  PhaseTimes phases = served_phases();
  std::swap(phases[index_of(PowerPhase::kDecode)], phases[index_of(PowerPhase::kDecode) + 1]);
  expect_serving_caught(phases);
}
TEST(PowerAudit, CatchesAServingReplicaThatWaits) {
  PhaseTimes phases = served_phases();
  std::swap(phases[index_of(PowerPhase::kDecode)], phases[index_of(PowerPhase::kWaiting)]);
  expect_serving_caught(phases);
}
TEST(PowerAudit, CatchesAServingReplicaThatTrains) {
  PhaseTimes phases = served_phases();
  std::swap(phases[index_of(PowerPhase::kDecode)], phases[index_of(PowerPhase::kTraining)]);
  expect_serving_caught(phases);
}
TEST(PowerAudit, CatchesAServingStretchThatDoesNotSay) {
  Story r = sound_run();
  r.replace("serving", [](Observer& o) { send_serving(o, nullptr); });
  expect_caught(r, kLaw);
}
TEST(PowerAudit, CatchesAChangeThatNobodyTold) {
  Story r = sound_run();
  r.erase("phase4");
  expect_caught(r, kLaw);
}

// Both books agree in these, and the requests give the lie to them.
TEST(PowerAudit, CatchesAPromptCalledDecode) {
  Story r = sound_run();
  r.erase("phase1");
  r.insert_before("flow", [](Observer& o) { o.on_replica_phase(at(1), ReplicaId{0}, Gpus{4}, PowerPhase::kDecode); });
  PhaseTimes phases = served_phases();
  phases[index_of(PowerPhase::kPrefill)] = 0_s;
  phases[index_of(PowerPhase::kDecode)] = 7_s;
  r.replace("serving", [phases](Observer& o) { send_serving(o, &phases); });
  expect_caught(r, kLaw);
}
TEST(PowerAudit, CatchesALastTokenFromAPrompt) {
  Story r = sound_run();
  r.replace("phase5", [](Observer& o) { o.on_replica_phase(at(5), ReplicaId{0}, Gpus{4}, PowerPhase::kPrefill); });
  PhaseTimes phases = served_phases();
  phases[index_of(PowerPhase::kPrefill)] = 6_s;
  phases[index_of(PowerPhase::kDecode)] = 1_s;
  r.replace("serving", [phases](Observer& o) { send_serving(o, &phases); });
  expect_caught(r, kLaw);
}
TEST(PowerAudit, CatchesABatchLargerThanTheRequestsThatDecode) {
  Story r = sound_run();  // The requests decode for 2 + 4 s together; octave 1 for 4 s would be 8.
  const auto two = decode_phase(2);
  r.replace("phase5", [=](Observer& o) { o.on_replica_phase(at(5), ReplicaId{0}, Gpus{4}, two); });
  PhaseTimes phases = served_phases();
  phases[index_of(PowerPhase::kDecode)] = 1_s;
  phases[index_of(two)] = 4_s;
  r.replace("serving", [phases](Observer& o) { send_serving(o, &phases); });
  expect_caught(r, kLaw);
}
TEST(PowerAudit, CatchesAPhaseNoReplicaCanBeIn) {
  Story r = sound_run();
  r.replace("phase4", [](Observer& o) { o.on_replica_phase(at(4), ReplicaId{0}, Gpus{4}, PowerPhase::kTraining); });
  expect_caught(r, kLaw);
}

}  // namespace
}  // namespace jevons::testing
