// Metrics by hand: each figure of a small run, to the last unit.
#include "sim/observe/metrics.h"

#include <gtest/gtest.h>

#include <utility>

namespace jevons {
namespace {

MetricsSetup setup() {
  MetricsSetup s;
  s.groups.push_back({"h100", Gpus{16}, 2.5, two_level_draw(100, 700)});
  s.groups.push_back({"a100", Gpus{8}, 1.25, two_level_draw(60, 400)});
  s.pools.push_back({"chat", 1_s, 50_ms, 0_s});
  s.pools.push_back({"code", 0_s, 0_s, 3_s});
  return s;
}

RequestRecord completed(std::uint64_t id, std::uint32_t pool, std::int64_t output) {
  RequestRecord r;
  r.id = RequestId{id};
  r.pool = PoolId{pool};
  r.prompt = Tokens{100};
  r.output = r.produced = Tokens{output};
  r.prefilled = Tokens{84};
  r.reused = Tokens{16};
  r.arrival = Instant{1'000'000'000};
  r.scheduled = Instant{1'250'000'000};
  r.first_token = Instant{1'500'000'000};
  r.finish = Instant{2'500'000'000};
  return r;
}

TEST(MetSlo, EachLimitCountsAndZeroIsNone) {
  const RequestRecord r = completed(1, 0, 21);  // TTFT 500 ms, TPOT 50 ms, E2E 1.5 s.
  EXPECT_TRUE(met_slo(r, {"p", 0_s, 0_s, 0_s}));
  EXPECT_TRUE(met_slo(r, {"p", 500_ms, 50_ms, 1500_ms}));
  EXPECT_FALSE(met_slo(r, {"p", Duration{499'999'999}, 0_s, 0_s}));
  EXPECT_FALSE(met_slo(r, {"p", 0_s, Duration{49'999'999}, 0_s}));
  EXPECT_FALSE(met_slo(r, {"p", 0_s, 0_s, Duration{1'499'999'999}}));
}

TEST(MetSlo, OnlyCompletedRequestsMeetIt) {
  RequestRecord r = completed(1, 0, 21);
  for (const FinishReason reason : {FinishReason::kRejected, FinishReason::kUnfinished}) {
    r.reason = reason;
    EXPECT_FALSE(met_slo(r, {"p", 0_s, 0_s, 0_s}));
  }
}

TEST(MetSlo, TpotIsRoundedHalfUpAndNeedsTwoTokens) {
  RequestRecord r = completed(1, 0, 3);
  r.finish = r.first_token + Duration{5};  // 2.5 ns a token.
  EXPECT_FALSE(met_slo(r, {"p", 0_s, Duration{2}, 0_s}));
  EXPECT_TRUE(met_slo(r, {"p", 0_s, Duration{3}, 0_s}));
  r.output = Tokens{1};
  EXPECT_TRUE(met_slo(r, {"p", 0_s, Duration{1}, 0_s}));
}

TEST(Metrics, CountsRequestsByPoolAndTogether) {
  Metrics m(setup());
  for (std::uint64_t i = 0; i < 4; ++i) {
    m.on_request_arrival(Instant{1'000'000'000}, RequestId{i}, PoolId{i == 3 ? 1U : 0U}, Tokens{100}, Tokens{21});
  }
  RequestRecord r = completed(0, 0, 21);
  r.preemptions = 2;
  r.recomputed = Tokens{7};
  m.on_request_end(r.finish, r);
  RequestRecord one = completed(3, 1, 1);
  m.on_request_end(one.finish, one);
  RequestRecord refused;
  refused.pool = PoolId{0};
  refused.reason = FinishReason::kRejected;
  refused.scheduled = refused.first_token = Instant::never();
  m.on_request_end(Instant{3}, refused);
  RequestRecord cut = completed(2, 0, 21);
  cut.reason = FinishReason::kUnfinished;
  cut.produced = Tokens{5};
  m.on_request_end(cut.finish, cut);
  m.on_run_end(Instant{10'000'000'000});

  const ServingResult& chat = m.result().pools[0];
  EXPECT_EQ(chat.pool, "chat");
  EXPECT_EQ(chat.arrived, 3U);
  EXPECT_EQ(chat.completed, 1U);
  EXPECT_EQ(chat.rejected, 1U);
  EXPECT_EQ(chat.unfinished, 1U);
  EXPECT_EQ(chat.met_slo, 1U);
  EXPECT_EQ(chat.preemptions, 2U);
  EXPECT_EQ(chat.output, Tokens{21});
  EXPECT_EQ(chat.produced, Tokens{26});
  EXPECT_EQ(chat.recomputed, Tokens{7});
  EXPECT_EQ(chat.ttft.count(), 2U) << "unfinished requests that got a first token count";
  EXPECT_EQ(chat.e2e.count(), 1U);
  EXPECT_EQ(chat.tpot.sum(), 50'000'000);
  EXPECT_EQ(chat.queue_time.sum(), 500'000'000);
  EXPECT_EQ(m.result().pools[1].tpot.count(), 0U) << "one token has no time per output token";
  const ServingResult& all = m.result().serving;
  EXPECT_EQ(all.arrived, 4U);
  EXPECT_EQ(all.completed, 2U);
  EXPECT_EQ(all.rejected, 1U);
  EXPECT_EQ(all.unfinished, 1U);
  EXPECT_EQ(all.preemptions, 2U);
  EXPECT_EQ(all.output, Tokens{22});
  EXPECT_EQ(all.produced, Tokens{27});
  EXPECT_EQ(all.prefilled, Tokens{3 * 84});
  EXPECT_EQ(all.recomputed, Tokens{7});
  EXPECT_EQ(all.met_slo, 2U);
  EXPECT_EQ(all.reused, Tokens{48});
  EXPECT_EQ(all.e2e.sum(), 3'000'000'000);
  EXPECT_EQ(m.result().end, Instant{10'000'000'000});
}

TEST(Metrics, TwoTokensHaveATimePerOutputToken) {
  Metrics m(setup());
  const RequestRecord r = completed(0, 0, 2);
  m.on_request_end(r.finish, r);
  m.on_run_end(Instant{10'000'000'000});
  EXPECT_EQ(m.result().serving.tpot.count(), 1U);
  EXPECT_EQ(m.result().serving.tpot.sum(), 1'000'000'000);
}

// 100 prompt and 21 output tokens at 0.1 and 0.25 USD a million: 10 + 5.25 micro-dollars.
TEST(Metrics, PaidRequestsWithinTheSloEarnTheTariff) {
  MetricsSetup s = setup();
  s.pools[0].tariff = {0.1, 0.25};
  s.pools[1].tariff = {0.2, 0};
  Metrics m(s);
  RequestRecord paid = completed(0, 0, 21), free = paid, late = paid, cut = paid, elsewhere = completed(4, 1, 21);
  free.paid = false;
  late.first_token = late.arrival + 1001_ms;
  cut.cut = Tokens{79};
  for (const RequestRecord& r : {paid, free, late, cut, elsewhere}) {
    m.on_request_arrival(r.arrival, r.id, r.pool, r.prompt, r.output);
    m.on_request_end(r.finish, r);
  }
  m.on_run_end(Instant{10'000'000'000});
  EXPECT_EQ(m.result().pools[0].earned, MicroDollars{31});  // 30.5, rounded half up.
  EXPECT_EQ(m.result().pools[1].earned, MicroDollars{20});
  EXPECT_EQ(m.result().serving.earned, MicroDollars{51});
  EXPECT_EQ(m.result().pools[0].degraded, 1U);
  EXPECT_EQ(m.result().serving.degraded, 1U);
}

// From its start at 10 ns: 4 GPUs until 30, 6 until 50, a wait with the 8 it asked for until 70, a guest until 90, a
// wait until 100.
TEST(Metrics, ElapsedIsWhatJobsHeldOrWaitedFor) {
  Metrics m(setup());
  m.on_job_arrival(Instant{5}, JobId{3}, Gpus{8});
  m.on_job_start(Instant{10}, {JobId{3}, Gpus{4}, {}});
  m.on_job_resize(Instant{30}, {JobId{3}, Gpus{6}, {}});
  m.on_job_stop(Instant{50}, JobId{3}, true);
  m.on_guest_start(Instant{70}, {JobId{3}, Gpus{2}, {}});
  m.on_guest_stop(Instant{90}, JobId{3}, true);
  JobRecord r;
  r.id = JobId{3};
  r.submit = Instant{5};
  r.first_start = Instant{10};
  r.finish = Instant{100};
  r.reason = FinishReason::kUnfinished;
  m.on_job_end(r.finish, r);
  m.on_run_end(Instant{100});
  EXPECT_EQ(m.result().training.elapsed, GpuTime{4 * 20 + 6 * 20 + 8 * 20 + 8 * 10});
  EXPECT_EQ(m.result().training.tenants.at(0).jobs.elapsed, m.result().training.elapsed);
}

// A job refused on arrival is nobody's; one that the queue refused after a run was left out too, so that the owners did
// not add up to the whole.
TEST(Metrics, OwnersHaveTheJobsThatStartedAndThoseNotRefused) {
  Metrics m(setup());
  for (std::uint32_t i = 0; i < 3; ++i) m.on_job_arrival(Instant{}, JobId{i}, Gpus{2});
  JobRecord r;
  r.tenant = "t";
  r.gpus = Gpus{2};
  r.first_start = Instant::never();
  r.finish = Instant{7};
  r.reason = FinishReason::kRejected;
  m.on_job_end(r.finish, r);
  r.id = JobId{1};
  r.finish = Instant{10};
  r.reason = FinishReason::kUnfinished;
  m.on_job_end(r.finish, r);
  m.on_job_start(Instant{10}, {JobId{2}, Gpus{2}, {}});
  m.on_job_stop(Instant{30}, JobId{2}, true);
  r.id = JobId{2};
  r.first_start = Instant{10};
  r.finish = Instant{40};
  r.reason = FinishReason::kRejected;
  r.preemptions = r.failures = 1;
  r.useful = GpuTime{15};
  r.lost = r.lost_to_failures = GpuTime{25};
  m.on_job_end(r.finish, r);
  m.on_run_end(Instant{50});
  ASSERT_EQ(m.result().training.tenants.size(), 1U);
  const JobsResult& j = m.result().training.tenants[0].jobs;
  EXPECT_EQ(j.jobs, 2U);
  EXPECT_EQ(j.preemptions, 1U);
  EXPECT_EQ(j.failures, 1U);
  EXPECT_EQ(j.useful, GpuTime{15});
  EXPECT_EQ(j.lost, GpuTime{25});
  EXPECT_EQ(j.lost_to_failures, GpuTime{25});
  EXPECT_EQ(j.in_system, GpuTime{2 * 10 + 2 * 40});
  EXPECT_EQ(j.elapsed, GpuTime{2 * 20 + 2 * 10});
}

TEST(Metrics, GuestsAreCountedAndSeatsMeasured) {
  Metrics m(setup());
  m.on_job_arrival(Instant{}, JobId{0}, Gpus{2});
  m.on_guest_seats(Instant{10}, NodeId{4}, Gpus{8});
  m.on_guest_start(Instant{12}, {JobId{0}, Gpus{2}, {}});
  m.on_guest_stop(Instant{20}, JobId{0}, true);
  m.on_guest_seats(Instant{25}, NodeId{4}, Gpus{0});
  m.on_guest_time(Instant{20}, {GroupId{0}, Purpose::kLostWork, Gpus{2}, Instant{12}, Instant{20}});
  JobRecord r;
  r.first_start = Instant{12};
  r.finish = Instant{30};
  r.reason = FinishReason::kUnfinished;
  r.preemptions = 1;
  r.guest_work = GpuTime{7};
  m.on_job_end(r.finish, r);
  m.on_run_end(Instant{50});
  EXPECT_EQ(m.result().guests.work, GpuTime{7});
  EXPECT_EQ(m.result().guests.starts, 1U);
  EXPECT_EQ(m.result().guests.sent_away, 1U);
  EXPECT_EQ(m.result().guests.open, GpuTime{8 * 15});
  EXPECT_EQ(m.result().lost(), GpuTime{2 * 8});
}

TEST(Metrics, CountsJobs) {
  Metrics m(setup());
  for (std::uint32_t i = 0; i < 3; ++i) m.on_job_arrival(Instant{}, JobId{i}, Gpus{8});
  JobRecord r;
  r.submit = Instant{10};
  r.first_start = Instant{15};
  r.finish = Instant{100};
  r.preemptions = 1;
  r.checkpoints = 4;
  m.on_job_end(r.finish, r);
  r.reason = FinishReason::kUnfinished;
  r.first_start = Instant::never();
  r.finish = Instant{500};
  m.on_job_end(r.finish, r);
  r.reason = FinishReason::kRejected;
  m.on_job_end(r.finish, r);
  m.on_gpu_time(Instant{600}, {GroupId{0}, Purpose::kTraining, Gpus{8}, Instant{15}, Instant{100}});
  m.on_run_end(Instant{600});
  const TrainingResult& t = m.result().training;
  EXPECT_EQ(t.submitted, 3U);
  EXPECT_EQ(t.completed, 1U);
  EXPECT_EQ(t.unfinished, 1U);
  EXPECT_EQ(t.rejected, 1U);
  EXPECT_EQ(t.preemptions, 3U);
  EXPECT_EQ(t.checkpoints, 12U);
  EXPECT_EQ(t.jct.sum(), 90);
  EXPECT_EQ(t.queueing_delay.sum(), 5);
  EXPECT_EQ(t.last_finish, Instant{100}) << "the makespan is that of completed jobs";
  EXPECT_EQ(t.useful, GpuTime{8 * 85});
}

TEST(Metrics, MoneyIsExactAndRoundedOncePerGroup) {
  Metrics m(setup());
  // 16 GPUs x 1 h at 2.50 USD = 40 USD; 8 GPUs x 0.72 ms at 1.25 USD/h = 2 micro-dollars.
  m.on_gpu_time(Instant{3'600'000'000'000},
                {GroupId{0}, Purpose::kIdle, Gpus{16}, Instant{}, Instant{3'600'000'000'000}});
  m.on_gpu_time(Instant{3'600'000'000'000}, {GroupId{1}, Purpose::kServing, Gpus{8}, Instant{}, Instant{720'000}});
  m.on_run_end(Instant{3'600'000'000'000});
  EXPECT_EQ(m.result().gpu_cost, MicroDollars{40'000'002});
  EXPECT_EQ(m.result().energy_cost, MicroDollars{0});
}

TEST(Metrics, HalfAMicroDollarIsRoundedUp) {
  for (const std::int64_t ns : {1'439'999, 1'440'000}) {  // One GPU at 1.25 USD/h: 0.5 micro-dollars in 1.44 ms.
    Metrics m(setup());
    m.on_gpu_time(Instant{ns}, {GroupId{1}, Purpose::kServing, Gpus{1}, Instant{}, Instant{ns}});
    m.on_run_end(Instant{ns});
    EXPECT_EQ(m.result().gpu_cost, MicroDollars{ns == 1'440'000 ? 1 : 0});
  }
}

TEST(Metrics, HundredThousandNodesForTwoHundredYearsStillAddUp) {
  MetricsSetup s = setup();
  s.groups[0].price_usd_per_gpu_hour = 3.333333;
  Metrics m(std::move(s));
  constexpr std::int64_t kYears = 200LL * 365 * 86400 * 1'000'000'000;
  m.on_gpu_time(Instant{kYears}, {GroupId{0}, Purpose::kServing, Gpus{800'000}, Instant{}, Instant{kYears}});
  m.on_run_end(Instant{kYears});
  EXPECT_EQ(m.result().gpu_cost, MicroDollars{800'000LL * 200 * 365 * 24 * 3'333'333});
}

// Two GPUs spend an hour on each purpose; the serving hour is 20 min each of prefill, mixed and decode of 4 to 7, the
// draining hour half decode of one, half waiting.
TEST(Metrics, EnergyIsTheTimeInEachPhaseAtItsWatts) {
  MetricsSetup s = setup();
  s.energy_usd_per_kwh = 0.1;
  s.pue = 1.25;
  s.groups[0].power = two_level_draw(100, 700);
  s.groups[0].power[PowerPhase::kWaiting] = 150;
  s.groups[0].power[PowerPhase::kMixed] = 600;
  s.groups[0].power[PowerPhase::kDecode] = 400;
  s.groups[0].power[decode_phase(5)] = 500;
  Metrics m(std::move(s));
  const Instant hour{3'600'000'000'000};
  PhaseTimes serving{}, draining{};
  serving[index_of(PowerPhase::kPrefill)] = serving[index_of(PowerPhase::kMixed)] = serving[index_of(decode_phase(4))] =
      20_min;
  draining[index_of(PowerPhase::kDecode)] = draining[index_of(PowerPhase::kWaiting)] = 30_min;
  for (int p = 0; p < kPurposes; ++p) {
    const auto purpose = static_cast<Purpose>(p);
    const PhaseTimes* phases = purpose == Purpose::kServing    ? &serving
                               : purpose == Purpose::kDraining ? &draining
                                                               : nullptr;
    m.on_gpu_time(hour, {GroupId{0}, purpose, Gpus{2}, Instant{}, hour, phases});
  }
  m.on_run_end(hour);
  const RunResult& r = m.result();
  // Watt-hours of one GPU: idle 100, loading 100, serving (700 + 600 + 500) / 3 = 600, idle serving 150, draining 200 +
  // 75, training 700, checkpoint 100, lost work 700, failed 100, awaiting
  // samples 150: 2,975; two GPUs 5.95 kWh, 7.4375 kWh with PUE.
  EXPECT_EQ(r.energy_joules, 5950 * 3600.0);
  EXPECT_EQ(r.pue, 1.25);
  EXPECT_EQ(r.energy_cost, MicroDollars{743'750});
  EXPECT_EQ(r.joules_by_phase[index_of(PowerPhase::kTraining)], 2 * 2 * 700 * 3600.0);
  EXPECT_EQ(r.joules_by_phase[index_of(PowerPhase::kWaiting)], 2 * (150 + 75 + 150) * 3600.0);
  EXPECT_EQ(r.joules_by_phase[index_of(decode_phase(7))], 2 * 500 * 1200.0);
  EXPECT_EQ(r.joules_by_phase[index_of(decode_phase(8))], 0);
  GpuTime sum{};
  for (const GpuTime& t : r.ledger.by_phase) sum += t;
  EXPECT_EQ(sum, r.ledger.total());
}

TEST(Metrics, NodesHeldFromTheStartHaveNotMoved) {
  Metrics m(setup());
  m.on_node_taken(Instant{}, NodeId{0}, PoolId{0});
  m.on_node_given_back(Instant{5}, NodeId{0}, PoolId{0});
  m.on_node_taken(Instant{6}, NodeId{1}, PoolId{0});
  m.on_flow_end(Instant{7}, 1, Bytes{100}, true);
  m.on_flow_end(Instant{8}, 2, Bytes{30}, false);
  m.on_run_end(Instant{9});
  EXPECT_EQ(m.result().node_moves, 2U);
  EXPECT_EQ(m.result().flows, 2U);
  EXPECT_EQ(m.result().flow_bytes, Bytes{130});
}

}  // namespace
}  // namespace jevons
