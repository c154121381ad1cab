// Batchers by hand: one view, one plan.
#include <gtest/gtest.h>

#include "policies/batcher/blocks.h"
#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

// A prompt of which `computed` tokens are in memory; blocks of 16.
PrefillView prompt(std::int64_t remaining, std::int64_t computed = 0) {
  const auto blocks = [](std::int64_t tokens) { return (tokens + 15) / 16; };
  return {Tokens{remaining}, Tokens{computed}, Blocks{blocks(computed + remaining) - blocks(computed)}, Tokens{1000}};
}

struct Case {
  BatchLimits limits{.max_num_seqs = 8, .max_num_batched_tokens = Tokens{100}, .max_model_len = Tokens{1000}};
  std::int32_t decoding = 0;
  std::vector<PrefillView> partial;  // At most one.
  std::vector<PrefillView> waiting;
  std::int64_t free = 1000, total = 1000, decode_need = 0;
};

BatchPlan plan(const std::string& name, const Case& c, const ParamText& params = {}) {
  const auto batcher = make_policy(builtins().batchers, name, params);
  BatchView view;
  view.limits = &c.limits;
  view.decoding = c.decoding;
  view.partial = c.partial.empty() ? nullptr : c.partial.data();
  view.waiting = c.waiting;
  view.waiting_total = static_cast<std::int32_t>(c.waiting.size());
  view.free = Blocks{c.free};
  view.decode_need = Blocks{c.decode_need};
  view.total = Blocks{c.total};
  BatchPlan out;
  batcher->plan(view, &out);
  return out;
}

std::vector<std::int64_t> admitted(const BatchPlan& p) {
  std::vector<std::int64_t> out;
  for (const Tokens t : p.admit) out.push_back(t.value);
  return out;
}
using Chunks = std::vector<std::int64_t>;

TEST(Blocks, AChunkTakesTheBlocksItOpens) {
  const Tokens size{16};
  EXPECT_EQ(blocks_for_chunk(prompt(100), Tokens{16}, size), Blocks{1});
  EXPECT_EQ(blocks_for_chunk(prompt(100), Tokens{17}, size), Blocks{2});
  EXPECT_EQ(blocks_for_chunk(prompt(100, 8), Tokens{8}, size), Blocks{0});
  EXPECT_EQ(blocks_for_chunk(prompt(100, 8), Tokens{9}, size), Blocks{1});
  PrefillView reused = prompt(100, 32);
  reused.new_blocks += Blocks{2};  // The two cached blocks are free until they are referenced.
  EXPECT_EQ(blocks_for_chunk(reused, Tokens{16}, size), Blocks{3});
  EXPECT_EQ(longest_chunk(reused, Tokens{100}, Blocks{4}, size), Tokens{32});
  EXPECT_EQ(longest_chunk(reused, Tokens{100}, Blocks{1}, size), Tokens{0});
  EXPECT_EQ(longest_chunk(prompt(100, 8), Tokens{100}, Blocks{0}, size), Tokens{8});
  EXPECT_EQ(longest_chunk(prompt(100, 8), Tokens{5}, Blocks{0}, size), Tokens{5});
}

TEST(Batcher, NothingToDoGivesAnEmptyPlan) {
  for (const char* name : {"vllm_v1", "vllm_v0", "static"}) {
    const BatchPlan p = plan(name, {});
    EXPECT_FALSE(p.decode);
    EXPECT_TRUE(p.admit.empty());
    EXPECT_EQ(p.continue_prefill, Tokens{0});
  }
}

TEST(VllmV1, DecodesFirstThenThePartialThenPromptsFromOneBudget) {
  Case c;
  c.decoding = 4;
  c.partial = {prompt(30, 64)};
  c.waiting = {prompt(40), prompt(50), prompt(10)};
  const BatchPlan p = plan("vllm_v1", c);
  EXPECT_TRUE(p.decode);
  EXPECT_EQ(p.continue_prefill, Tokens{30});
  EXPECT_EQ(admitted(p), (Chunks{40, 26}));  // 100 - 4 - 30 - 40 = 26: a chunk, and the last.
}

TEST(VllmV1, PartialThatDoesNotEndLeavesNothingToOthers) {
  Case c;
  c.partial = {prompt(300, 64)};
  c.waiting = {prompt(1)};
  const BatchPlan p = plan("vllm_v1", c);
  EXPECT_FALSE(p.decode);
  EXPECT_EQ(p.continue_prefill, Tokens{100});
  EXPECT_TRUE(p.admit.empty());
}

TEST(VllmV1, AllocatesBlocksForTheChunkOnly) {
  Case c;
  c.waiting = {prompt(900)};
  c.free = 7;  // 100 tokens need 7 blocks; the prompt would need 57.
  EXPECT_EQ(admitted(plan("vllm_v1", c)), Chunks{100});
  c.free = 6;  // No smaller chunk: vLLM stops at the first request whose blocks are not free.
  EXPECT_EQ(admitted(plan("vllm_v1", c)), Chunks{});
}

TEST(VllmV1, PartialTakesWhatFitsIntoMemory) {
  Case c;
  c.decoding = 2;
  c.partial = {prompt(90, 64)};
  c.waiting = {prompt(1)};
  c.free = 2;
  const BatchPlan p = plan("vllm_v1", c);
  EXPECT_EQ(p.continue_prefill, Tokens{32});
  EXPECT_TRUE(p.admit.empty());
}

TEST(VllmV1, HeadWithoutRoomHoldsUpTheRest) {
  Case c;
  c.waiting = {prompt(20), prompt(64), prompt(1)};
  c.free = 5;
  EXPECT_EQ(admitted(plan("vllm_v1", c)), Chunks{20});
}

TEST(VllmV1, SequencesAreLimited) {
  Case c;
  c.limits.max_num_seqs = 4;
  c.decoding = 1;
  c.partial = {prompt(1, 16)};
  c.waiting = {prompt(1), prompt(1), prompt(1)};
  EXPECT_EQ(admitted(plan("vllm_v1", c)), (Chunks{1, 1}));
}

TEST(VllmV1, WithoutChunkingOnlyWholePromptsThatFitTheBudget) {
  Case c;
  c.limits.enable_chunked_prefill = false;
  c.waiting = {prompt(60), prompt(60), prompt(1)};
  EXPECT_EQ(admitted(plan("vllm_v1", c)), Chunks{60});
}

TEST(VllmV1, WithoutChunkingAPromptLongerThanTheBudgetIsAdmittedAlone) {
  Case c;
  c.limits.enable_chunked_prefill = false;
  c.decoding = 3;
  c.waiting = {prompt(101), prompt(1)};
  const BatchPlan p = plan("vllm_v1", c);
  EXPECT_TRUE(p.decode);
  EXPECT_EQ(admitted(p), Chunks{101});
  c.waiting = {prompt(1), prompt(101)};
  EXPECT_EQ(admitted(plan("vllm_v1", c)), Chunks{1});
}

TEST(VllmV0, PromptsGoFirstAndAloneAndWhole) {
  Case c;
  c.decoding = 4;
  c.waiting = {prompt(60), prompt(40), prompt(1)};
  const BatchPlan p = plan("vllm_v0", c);
  EXPECT_FALSE(p.decode);
  EXPECT_EQ(admitted(p), (Chunks{60, 40}));
  c.waiting.clear();
  EXPECT_TRUE(plan("vllm_v0", c).decode);
}

// peers.md, "Semantics": (k+1) x max(prompt) <= budget; free - need >= floor(0.01 x blocks); admitted + running <
// max_num_seqs.
TEST(VllmV0, AsVidurCountsThePaddedBudget) {
  Case c;
  c.waiting = {prompt(50), prompt(10), prompt(10)};
  EXPECT_EQ(admitted(plan("vllm_v0", c, {{"padded_budget", "true"}})), (Chunks{50, 10}));  // 3 x 50 > 100.
  EXPECT_EQ(admitted(plan("vllm_v0", c)), (Chunks{50, 10, 10}));
  c.waiting = {prompt(10), prompt(51)};
  EXPECT_EQ(admitted(plan("vllm_v0", c, {{"padded_budget", "true"}})), Chunks{10});  // 2 x 51 > 100.
}

TEST(VllmV0, AsVidurKeepsTheWatermarkFree) {
  Case c;
  c.total = 399;  // Watermark: floor(3.99) = 3 blocks.
  c.decoding = 1;
  c.waiting = {prompt(33)};  // Three blocks.
  c.free = 6;
  EXPECT_EQ(admitted(plan("vllm_v0", c)), Chunks{33});
  c.free = 5;
  const BatchPlan p = plan("vllm_v0", c);
  EXPECT_TRUE(p.admit.empty());
  EXPECT_TRUE(p.decode);
}

TEST(VllmV0, AdmissionDoesNotPayForDecodesThatItPutsOff) {
  Case c;
  c.total = 400;
  c.decoding = 4;
  c.waiting = {prompt(33)};
  c.free = 5;
  c.decode_need = 2;  // Not taken in an iteration of prompts: 7 are free.
  EXPECT_EQ(admitted(plan("vllm_v0", c)), Chunks{33});
}

TEST(VllmV0, SequencesAreLimited) {
  Case c;
  c.limits.max_num_seqs = 5;
  c.decoding = 3;
  c.waiting = {prompt(1), prompt(1), prompt(1)};
  EXPECT_EQ(admitted(plan("vllm_v0", c)), (Chunks{1, 1}));
}

TEST(VllmV0, PromptThatWouldWaitForEverIsAdmittedAlone) {
  Case c;
  c.waiting = {prompt(101), prompt(1)};
  EXPECT_EQ(admitted(plan("vllm_v0", c)), Chunks{101});
  c.waiting = {prompt(64), prompt(1)};
  c.free = c.total = 4;
  EXPECT_EQ(admitted(plan("vllm_v0", c, {{"watermark", "0.5"}})), Chunks{64});
}

TEST(StaticBatch, AdmitsOnlyWhenNothingRuns) {
  Case c;
  c.waiting = {prompt(10), prompt(20), prompt(30)};
  EXPECT_EQ(admitted(plan("static", c)), (Chunks{10, 20, 30}));
  EXPECT_EQ(admitted(plan("static", c, {{"batch_size", "2"}})), (Chunks{10, 20}));
  c.limits.max_num_seqs = 1;
  EXPECT_EQ(admitted(plan("static", c)), Chunks{10});
  c.decoding = 1;
  EXPECT_TRUE(plan("static", c).admit.empty());
  EXPECT_TRUE(plan("static", c).decode);
}

TEST(StaticBatch, StopsAtMemoryTokensAndPromisedOutput) {
  Case c;
  c.waiting = {prompt(60), prompt(50)};
  EXPECT_EQ(admitted(plan("static", c)), Chunks{60});
  c.waiting = {prompt(32), prompt(32)};
  c.free = 3;
  EXPECT_EQ(admitted(plan("static", c)), Chunks{32});
  c.free = 100;  // Two blocks and 63 for a thousand tokens of output each.
  EXPECT_EQ(admitted(plan("static", c)), (Chunks{32, 32}));
  EXPECT_EQ(admitted(plan("static", c, {{"reserve_output", "true"}})), Chunks{32});
}

}  // namespace
}  // namespace jevons::testing
