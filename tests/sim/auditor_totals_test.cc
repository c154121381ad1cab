// The auditor names the law that each planted bug breaks: requests, tokens, bytes, and a result that is not the events.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/auditor_story.h"

namespace jevons::testing {
namespace {

void expect_end0_caught(const RequestRecord& record, const std::string& law) {
  Story r = sound_run();
  r.replace("end0", [record](Observer& o) { o.on_request_end(at(5), record); });
  expect_caught(r, law);
}

TEST(Auditor, CatchesARequestThatEndsTwice) {
  Story r = sound_run();
  r.insert_before("kept", [](Observer& o) { o.on_request_end(at(5), request(0, 1, 5)); });
  expect_caught(r, "one end per request");
}
TEST(Auditor, CatchesARequestThatNeverEnds) {
  Story r = sound_run();
  r.erase("end1");
  expect_caught(r, "one end per request");
}
TEST(Auditor, CatchesAnIdUsedTwice) {
  Story r = sound_run();
  r.replace("arrive1",
            [](Observer& o) { o.on_request_arrival(at(3), RequestId{0}, PoolId{0}, Tokens{100}, Tokens{10}); });
  expect_caught(r, "one end per request");
}
TEST(Auditor, CatchesAChangedRequest) {
  RequestRecord record = request(0, 1, 5);
  record.output = record.produced = Tokens{9};
  expect_end0_caught(record, "one end per request");
}
TEST(Auditor, CatchesLittle) {  // An arrival told late: the record's own time is right, the number in system is not.
  Story r = sound_run();
  r.replace("arrive1",
            [](Observer& o) { o.on_request_arrival(at(4), RequestId{1}, PoolId{0}, Tokens{100}, Tokens{10}); });
  EXPECT_NE(r.verdict(), "");
}
TEST(Auditor, CatchesTimesOutOfOrder) {
  RequestRecord record = request(0, 1, 5);
  record.scheduled = at(4);  // First token at 3 s.
  expect_end0_caught(record, "request times");
  record = request(0, 1, 5);
  record.first_token = Instant::never();
  expect_end0_caught(record, "request times");
  record = request(0, 1, 5);
  record.finish = at(4);
  expect_end0_caught(record, "request times");
}
TEST(Auditor, CatchesTokensThatDoNotAddUp) {
  RequestRecord record = request(0, 1, 5);
  record.produced = Tokens{9};
  expect_end0_caught(record, "tokens");
  record = request(0, 1, 5);
  record.prefilled += Tokens{1};  // Chunked prefill counting its cache hit twice (LLMServingSim).
  expect_end0_caught(record, "tokens");
  record = request(0, 1, 5);
  record.reused = Tokens{100};
  record.prefilled = Tokens{0};
  expect_end0_caught(record, "tokens");
  record = request(0, 1, 5);
  record.recomputed = Tokens{-1};
  expect_end0_caught(record, "tokens");
}
TEST(Auditor, CatchesACutThatCannotBe) {
  RequestRecord record = request(0, 1, 5);
  record.cut = Tokens{-1};
  expect_end0_caught(record, "tokens");
}
TEST(Auditor, CatchesAnUnfinishedRequestThatIsDone) {
  RequestRecord record = request(0, 1, 5);
  record.reason = FinishReason::kUnfinished;
  expect_end0_caught(record, "tokens");
}

TEST(Auditor, CatchesBytesThatDoNotArrive) {
  Story r = sound_run();
  r.replace("flow end", [](Observer& o) { o.on_flow_end(at(3), 7, Bytes{999}, true); });
  expect_caught(r, "bytes");
  r = sound_run();
  r.replace("flow end", [](Observer& o) { o.on_flow_end(at(3), 7, Bytes{1001}, false); });
  expect_caught(r, "bytes");
  r = sound_run();
  r.replace("flow end", [](Observer& o) { o.on_flow_end(at(3), 8, Bytes{1}, false); });
  expect_caught(r, "bytes");
}
TEST(Auditor, PassesAFlowCutOffAndAFlowInFlight) {
  Story r = sound_run();
  r.replace("flow end", [](Observer& o) { o.on_flow_end(at(3), 7, Bytes{999}, false); });
  EXPECT_EQ(r.verdict(), "");
  r.erase("flow end");
  EXPECT_EQ(r.verdict(), "");
}

TEST(Auditor, CatchesAResultThatIsNotTheEvents) {
  const std::vector<std::pair<std::string, std::function<void(RunResult*)>>> tampers = {
      {"end", [](RunResult* r) { r->end = r->end + Duration{1}; }},
      {"arrived", [](RunResult* r) { ++r->pools[0].arrived; }},
      {"completed", [](RunResult* r) { ++r->serving.completed; }},
      {"output", [](RunResult* r) { r->pools[0].output += Tokens{1}; }},
      {"produced", [](RunResult* r) { r->serving.produced += Tokens{1}; }},
      {"reused", [](RunResult* r) { r->pools[0].reused -= Tokens{1}; }},
      {"ttft", [](RunResult* r) { r->pools[0].ttft.add(1); }},
      {"e2e", [](RunResult* r) { r->serving.e2e.add(0); }},
      {"slo", [](RunResult* r) { r->pools[0].met_slo = 3; }},
      {"one less within the slo", [](RunResult* r) { --r->serving.met_slo; }},
      {"earned", [](RunResult* r) { r->pools[0].earned += MicroDollars{1}; }},
      {"earned in all", [](RunResult* r) { r->serving.earned -= MicroDollars{1}; }},
      {"degraded", [](RunResult* r) { ++r->pools[0].degraded; }},
      {"jobs", [](RunResult* r) { ++r->training.completed; }},
      {"refused", [](RunResult* r) { ++r->training.refused; }},
      {"jct", [](RunResult* r) { r->training.jct.add(1); }},
      {"useful", [](RunResult* r) { r->training.useful += GpuTime{1}; }},
      {"ledger", [](RunResult* r) { r->ledger.by_purpose[2] += GpuTime{1}; }},
      {"group", [](RunResult* r) { r->ledger_by_group[0].by_purpose[2] += GpuTime{1}; }},
      {"money", [](RunResult* r) { r->gpu_cost += MicroDollars{1}; }},
      {"energy", [](RunResult* r) { r->energy_joules *= 1 + 1e-11; }},
      {"energy of a phase", [](RunResult* r) { r->joules_by_phase[3] *= 1 + 1e-11; }},
      {"phase", [](RunResult* r) { r->ledger.by_phase[3] += GpuTime{1}; }},
      {"phase of a group",
       [](RunResult* r) {
         r->ledger_by_group[0].by_phase[3] -= GpuTime{1};
         r->ledger_by_group[0].by_phase[4] += GpuTime{1};
       }},
      {"moves", [](RunResult* r) { ++r->node_moves; }},
      {"bytes", [](RunResult* r) { r->flow_bytes += Bytes{1}; }},
  };
  for (const auto& [name, tamper] : tampers) {
    SCOPED_TRACE(name);
    Story r = sound_run();
    r.tamper = tamper;
    expect_caught(r, "result");
  }
}

TEST(Auditor, SoundRunCostsWhatItCosts) {
  Metrics metrics(metrics_setup());
  for (const Story::Event& e : sound_run().events) e.send(metrics);
  EXPECT_EQ(metrics.result().gpu_cost, MicroDollars{8 * 20 * 1000});
  // Busy: serving 4 x 8, training 3 x 4, lost 3 x 2 = 50 GPU-s of 160; the draining replica had nothing left to run.
  EXPECT_EQ(metrics.result().energy_joules, 50 * 700.0 + 110 * 100.0);
}

}  // namespace
}  // namespace jevons::testing
