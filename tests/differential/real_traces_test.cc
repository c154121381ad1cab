// The real Azure and Mooncake files under four engines: every event and the result must be the same bytes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/event_log.h"
#include "tests/support/in_child.h"
#include "tests/support/sim_builder.h"
#include "traces/reader.h"

namespace jevons::testing {
namespace {

std::string trace_file(const std::string& name) {
  const char* data = std::getenv("JEVONS_DATA");
  const std::string folder = data != nullptr ? data : std::string(JEVONS_SOURCE_DIR) + "/../shared/data";
  return folder + "/traces/llm/" + name + ".zst";
}

// Two nodes of two replicas each, loaded to about 80 %, with too little KV memory for comfort.
std::string replay(const std::string& file, std::int64_t kv_blocks, const EngineOptions& engine) {
  Inputs in = empty_inputs({node_group("g", 2, 8)});
  const Coefficients c{.base = Duration{12'345'678},
                       .per_token = Duration{41'234},
                       .per_sequence = 31_us,
                       .per_kv_token = Duration{7},
                       .per_chunk_kv = Duration{11}};
  PoolSetup pool = fixed_pool({instance(0, 4, kv_blocks, c)}, 2);
  pool.instances[0].plan.time.per_kv_token += 123'457;  // Below a nanosecond.
  pool.limits = BatchLimits{};
  pool.limits.max_num_batched_tokens = Tokens{2048};
  pool.router = make_policy(builtin_policies().routers, "prefix_affinity");
  pool.router_name = "prefix_affinity";
  in.pools.push_back(std::move(pool));
  auto source = open_requests(file);
  if (!source) return "error: " + source.error().text();
  in.requests.push_back({"trace", PoolId{0}, std::move(*source)});
  in.engine = engine;
  EventLog log;
  in.observers.push_back(&log);
  const Result<RunResult> result = simulate(std::move(in));
  return result ? log.text() + text_of(*result) : "error: " + result.error().text();
}

void expect_same_bytes(const std::string& name, std::int64_t kv_blocks) {
  const std::string file = trace_file(name);
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "skipped: no data";
  const auto run = [&](bool fast, bool ahead) {
    return in_child([&] { return replay(file, kv_blocks, {.fast_forward = fast, .look_ahead = ahead, .audit = true}); })
        .bytes;
  };
  const std::string reference = run(true, true);
  ASSERT_FALSE(reference.starts_with("error") || reference.starts_with("died")) << reference;
  EXPECT_GT(reference.size(), 1'000'000U) << "too little happened";
  EXPECT_EQ(first_difference(reference, run(false, true)), "") << "step by step";
  EXPECT_EQ(first_difference(reference, run(true, false)), "") << "no look-ahead";
  EXPECT_EQ(first_difference(reference, run(false, false)), "") << "neither";
}

TEST(RealTraces, AzureConversations) { expect_same_bytes("azure2023_conv_part1.csv", 3'000); }
TEST(RealTraces, AzureCode) { expect_same_bytes("azure2023_code_part1.csv", 3'000); }
TEST(RealTraces, MooncakeConversations) { expect_same_bytes("mooncake_conversation_trace.jsonl", 12'000); }

}  // namespace
}  // namespace jevons::testing
