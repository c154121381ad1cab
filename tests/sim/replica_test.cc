// A replica's iterations, worked by hand: chunks, joins, preemption by recompute, prefix reuse, refusals.
#include <gtest/gtest.h>

#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

// 10 ms an iteration and nothing else, so that times count iterations.
PoolSetup ten_ms_pool(std::int64_t kv_blocks) { return fixed_pool({instance(0, 8, kv_blocks, {.base = 10_ms})}, 1); }

std::vector<RequestRecord> run(PoolSetup pool, std::vector<Request> requests, bool fast_forward = true) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.engine.fast_forward = fast_forward;
  in.pools.push_back(std::move(pool));
  add_requests(&in, 0, std::move(requests));
  Records records;
  in.observers.push_back(&records);
  const Result<RunResult> result = simulate(std::move(in));
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
  std::sort(records.requests.begin(), records.requests.end(),
            [](const RequestRecord& a, const RequestRecord& b) { return a.id < b.id; });
  return records.requests;
}

TEST(Replica, PrefillsInChunksOfTheTokenBudget) {
  PoolSetup pool = ten_ms_pool(1000);
  pool.limits.max_num_batched_tokens = Tokens{100};
  pool.limits.max_num_seqs = 10;
  const auto r = run(std::move(pool), {request(Instant{0}, 250, 3)});
  // 100 + 100 + 50 tokens of prompt, then two decode steps.
  EXPECT_EQ(r[0].first_token, Instant{(30_ms).ns});
  EXPECT_EQ(r[0].finish, Instant{(50_ms).ns});
  EXPECT_EQ(r[0].prefilled, Tokens{250});
}

TEST(Replica, AnArrivalJoinsAtTheNextIterationBoundary) {
  const auto r = run(ten_ms_pool(1000), {request(Instant{0}, 10, 100), request(Instant{(123_ms).ns}, 10, 2)});
  EXPECT_EQ(r[1].scheduled, Instant{(130_ms).ns});
  EXPECT_EQ(r[1].first_token, Instant{(140_ms).ns});
  EXPECT_EQ(r[1].finish, Instant{(150_ms).ns});
  EXPECT_EQ(r[0].finish, Instant{(1000_ms).ns}) << "prefill and decode share iterations, so nobody waits";
}

TEST(Replica, AnArrivalExactlyOnABoundaryWaitsForTheIterationThatJustBegan) {
  const auto r = run(ten_ms_pool(1000), {request(Instant{0}, 10, 100), request(Instant{(120_ms).ns}, 10, 1)});
  EXPECT_EQ(r[1].scheduled,
            Instant{(130_ms).ns});  // Completions come before arrivals: the step from 120 ms is under way.
}

// 8 blocks of 16 tokens.  Two requests of 48 + 40 tokens, the second one iteration behind, hold 4 blocks each once they
// decode: full.  At 170 ms the first has 64 tokens in memory and needs its fifth block; the second gives way.
TEST(Replica, RunsOutOfMemoryAndRecomputesTheLatest) {
  const auto r = run(ten_ms_pool(8), {request(Instant{0}, 48, 40), request(Instant{0}, 48, 40)});
  EXPECT_EQ(r[0].preemptions, 0);
  EXPECT_EQ(r[0].finish, Instant{(400_ms).ns});
  EXPECT_EQ(r[1].preemptions, 1);
  // It had 16 tokens out.  48 + 16 tokens need 4 blocks, and the first request leaves 3, then 2, until it ends at 400
  // ms. One iteration computes all 64 again and gives the 17th token; 23 more follow.
  EXPECT_EQ(r[1].recomputed, Tokens{64});
  EXPECT_EQ(r[1].prefilled, Tokens{48});
  EXPECT_EQ(r[1].finish, Instant{(640_ms).ns});
}

// The run of AnArrivalJoinsAtTheNextIterationBoundary, on 8 GPUs: a prompt to 10 ms, decode of one, a prompt beside it
// from 130 ms, decode of two, and from 150 ms of one again.
void expect_phases(bool fast_forward) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.engine.fast_forward = fast_forward;
  in.pools.push_back(ten_ms_pool(1000));
  add_requests(&in, 0, {request(Instant{0}, 10, 100), request(Instant{(123_ms).ns}, 10, 2)});
  const Result<RunResult> result = simulate(std::move(in));
  ASSERT_TRUE(result.ok());
  const Ledger& l = result->ledger;
  const auto spent = [&](PowerPhase p) { return l.by_phase[index_of(p)]; };
  EXPECT_EQ(spent(PowerPhase::kPrefill), Gpus{8} * 10_ms);
  EXPECT_EQ(spent(PowerPhase::kMixed), Gpus{8} * 10_ms);
  EXPECT_EQ(spent(decode_phase(1)), Gpus{8} * 970_ms);
  EXPECT_EQ(spent(decode_phase(2)), Gpus{8} * 10_ms);
  GpuTime sum{};
  for (const GpuTime& t : l.by_phase) sum += t;
  EXPECT_EQ(sum, l.total());
  EXPECT_EQ(l.by_purpose[static_cast<std::size_t>(Purpose::kServing)], Gpus{8} * 1000_ms);
}
TEST(Replica, SplitsItsTimeByWhatItsIterationsDo) { expect_phases(true); }
TEST(Replica, StepByStepSplitsItsTimeTheSameWay) { expect_phases(false); }

TEST(Replica, RefusesWhatCouldNeverFinish) {
  PoolSetup pool = ten_ms_pool(8);
  pool.limits.max_model_len = Tokens{1000};
  const auto r =
      run(std::move(pool), {request(Instant{0}, 100, 29), request(Instant{0}, 100, 30), request(Instant{0}, 1000, 1)});
  EXPECT_EQ(r[0].reason, FinishReason::kCompleted)
      << "128 tokens in memory fill 8 blocks of 16: the last token is not kept";
  EXPECT_EQ(r[1].reason, FinishReason::kRejected);
  EXPECT_EQ(r[2].reason, FinishReason::kRejected);
}

TEST(Replica, ReusesACachedPrefix) {
  Request a = request(Instant{0}, 1000, 2), b = request(Instant{(1_s).ns}, 1000, 2);
  a.hash_block = b.hash_block = Tokens{512};
  a.block_hashes = b.block_hashes = {7, 8};
  PoolSetup pool = ten_ms_pool(1000);
  pool.limits.max_num_batched_tokens = Tokens{500};
  pool.limits.max_num_seqs = 10;
  const auto r = run(std::move(pool), {a, b});
  EXPECT_EQ(r[0].reused, Tokens{0});
  EXPECT_EQ(r[1].reused, Tokens{512}) << "only the full block is cached";
  EXPECT_EQ(r[0].first_token - r[0].arrival, 20_ms);
  EXPECT_EQ(r[1].first_token - r[1].arrival, 10_ms) << "488 tokens are left";
}

TEST(Replica, StepByStepFinishesAtTheSameNanosecond) {
  const auto r = run(fixed_pool({instance(0, 8, 100, {.base = 7_ms, .per_sequence = 11_us, .per_kv_token = 13_ns})}, 1),
                     {request(Instant{3}, 333, 77)}, false);
  // 7 ms a step, 11 us for the sequence while decoding, 13 ns for each of the 333 + i tokens in memory.
  std::int64_t ns = 3 + 7'000'000;
  for (std::int64_t i = 0; i < 76; ++i) ns += 7'000'000 + 11'000 + 13 * (333 + i);
  EXPECT_EQ(r[0].finish, Instant{ns});
}

TEST(Replica, FastForwardFinishesAtTheSameNanosecond) {
  const auto r = run(fixed_pool({instance(0, 8, 100, {.base = 7_ms, .per_sequence = 11_us, .per_kv_token = 13_ns})}, 1),
                     {request(Instant{3}, 333, 77)});
  std::int64_t ns = 3 + 7'000'000;
  for (std::int64_t i = 0; i < 76; ++i) ns += 7'000'000 + 11'000 + 13 * (333 + i);
  EXPECT_EQ(r[0].finish, Instant{ns});
}

// Admits two prompts in part: not allowed, and named.
class GreedyBatcher final : public Batcher {
 public:
  void plan(const BatchView& view, BatchPlan* plan) const override {
    plan->admit.assign(view.waiting.size(), Tokens{1});
  }
};

TEST(Replica, NamesABatcherThatBreaksItsContract) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  PoolSetup pool = ten_ms_pool(100);
  pool.batcher = std::make_unique<GreedyBatcher>();
  pool.batcher_name = "greedy";
  pool.request_overhead = 1_ms;  // Both leave the front end together.
  in.pools.push_back(std::move(pool));
  add_requests(&in, 0, {request(Instant{0}, 10, 1), request(Instant{0}, 10, 1), request(Instant{0}, 10, 1)});
  const Result<RunResult> result = simulate(std::move(in));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "policy 'greedy' at 0.011 s");
}

}  // namespace
}  // namespace jevons::testing
