// Admission, priorities, autoscaling and tariffs through whole runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/in_child.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

Policies policies() { return builtin_policies(); }

void admit_by(PoolSetup* pool, const std::string& name, const ParamText& params = {}) {
  pool->admission_name = name;
  pool->admission = make_policy(policies().admissions, name, params);
}

// Runs and returns every request's record by id, audited.
std::vector<RequestRecord> run(Inputs in, RunResult* out = nullptr) {
  Records records;
  in.observers.push_back(&records);
  const Result<RunResult> result = simulate(std::move(in));
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
  if (result.ok() && out != nullptr) *out = *result;
  std::sort(records.requests.begin(), records.requests.end(),
            [](const RequestRecord& a, const RequestRecord& b) { return a.id < b.id; });
  return records.requests;
}

Inputs one_node(PoolSetup pool) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.pools.push_back(std::move(pool));
  return in;
}

// 20,000 tokens a second, one prompt of 1,000 tokens an iteration: a server that takes 50 ms each, first come, first
// served.  Requests come every 25 ms, twice what it can do, and must be answered within half a second.
constexpr Duration kService = 50_ms;
constexpr int kRequests = 400;
PoolSetup prompt_server() {
  PoolSetup pool = fixed_pool({instance(0, 8, 10'000, {.per_token = 50_us})}, 1);
  pool.limits.max_num_batched_tokens = Tokens{1000};
  pool.limits.max_num_seqs = 1000;
  pool.slo.ttft = 500_ms;
  return pool;
}
std::vector<Request> flood() {
  std::vector<Request> requests;
  for (int i = 0; i < kRequests; ++i) requests.push_back(request(Instant{} + i * 25_ms, 1000, 1));
  return requests;
}

// The referee: n prompts of 50 ms in the system make this one's prediction (n + 1) x 50 ms, and it is exact but for the
// rest of the one under way.
TEST(Admission, PredictiveKeepsWhatItTakesWithinTheSlo) {
  std::vector<Instant> ends;
  std::vector<bool> taken;
  for (int i = 0; i < kRequests; ++i) {
    const Instant now = Instant{} + i * 25_ms;
    // One that ends at this very instant has left: completions come before arrivals.
    const auto in_system = std::count_if(ends.begin(), ends.end(), [&](Instant e) { return e > now; });
    taken.push_back((in_system + 1) * kService <= 500_ms);
    if (taken.back()) ends.push_back(std::max(now, ends.empty() ? now : ends.back()) + kService);
  }
  Inputs in = one_node(prompt_server());
  admit_by(&in.pools[0], "predictive");
  add_requests(&in, 0, flood());
  RunResult result;
  const auto records = run(std::move(in), &result);
  std::size_t next = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    ASSERT_EQ(records[i].reason == FinishReason::kCompleted, taken[i]) << i;
    if (taken[i]) {
      ASSERT_EQ(records[i].finish, ends[next++]) << i;
    }
  }
  EXPECT_EQ(result.serving.met_slo, result.serving.completed);
  EXPECT_EQ(result.serving.met_slo, ends.size());
  EXPECT_GT(ends.size(), 200U);  // 10 s of work, and what is in the queue.
}

// Request i waits for i x 50 - i x 25 ms: those up to i = 18 make it in 500 ms, (18 + 1) x 50 - 18 x 25 = 500.
TEST(Admission, UnboundedWorksForNothing) {
  Inputs in = one_node(prompt_server());
  admit_by(&in.pools[0], "unbounded");
  add_requests(&in, 0, flood());
  RunResult result;
  run(std::move(in), &result);
  EXPECT_EQ(result.serving.completed, static_cast<std::uint64_t>(kRequests));
  EXPECT_EQ(result.serving.met_slo, 19U);
}

// A step of B requests takes 10 + B ms; the SLO of 20 ms allows ten at a time.
TEST(Admission, PredictiveKeepsTpot) {
  PoolSetup pool = fixed_pool({instance(0, 8, 100'000, {.base = 10_ms, .per_sequence = 1_ms})}, 1);
  pool.slo.tpot = 20_ms;
  admit_by(&pool, "predictive");
  Inputs in = one_node(std::move(pool));
  std::vector<Request> requests;
  for (int i = 0; i < 200; ++i) requests.push_back(request(Instant{} + i * 100_ms, 10, 200));
  add_requests(&in, 0, std::move(requests));
  const auto records = run(std::move(in));
  int completed = 0;
  for (const RequestRecord& r : records) {
    int beside = 0;
    for (const RequestRecord& other : records) {
      beside += other.reason == FinishReason::kCompleted && other.arrival < r.arrival && other.finish > r.arrival;
    }
    ASSERT_EQ(r.reason == FinishReason::kCompleted, beside < 10) << r.id.index;
    completed += r.reason == FinishReason::kCompleted;
    if (r.reason == FinishReason::kCompleted) {
      ASSERT_LE((r.finish - r.first_token).ns, (20_ms).ns * 199) << r.id.index;
    }
  }
  EXPECT_GT(completed, 40);
  EXPECT_LT(completed, 160);
}

TEST(Admission, PaidIsNeverRefusedWhileFreeFillsTheGaps) {
  Inputs in = one_node(prompt_server());
  admit_by(&in.pools[0], "paid_first", {{"free_queue", "2"}});
  std::vector<Request> paid;  // Ten a second of the twenty that fit.
  for (int i = 0; i < 100; ++i) paid.push_back(request(Instant{} + i * 100_ms, 1000, 1));
  add_requests(&in, 0, std::move(paid));
  add_requests(&in, 0, flood());
  in.requests[1].paid = false;
  const auto records = run(std::move(in));
  std::map<std::pair<bool, FinishReason>, int> seen;
  for (const RequestRecord& r : records) {
    EXPECT_EQ(r.paid, r.workload == 0);
    ++seen[{r.paid, r.reason}];
  }
  EXPECT_EQ((seen[{true, FinishReason::kCompleted}]), 100);
  EXPECT_GT((seen[{false, FinishReason::kCompleted}]), 90);
  EXPECT_GT((seen[{false, FinishReason::kRejected}]), 200);
}

TEST(Admission, DegradedRequestsAskForWhatIsLeft) {
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 1);
  pool.limits.max_num_seqs = 1;
  admit_by(&pool, "degrade", {{"output_cap", "5"}, {"queue", "1"}});
  Inputs in = one_node(std::move(pool));
  // The first runs, the second waits, the third and fourth find a queue; the fourth asks for less than the cap.
  add_requests(&in, 0,
               {request(Instant{0}, 10, 20), request(Instant{1}, 10, 20), request(Instant{2}, 10, 20),
                request(Instant{3}, 10, 4)});
  RunResult result;
  const auto r = run(std::move(in), &result);
  EXPECT_EQ(result.serving.degraded, 1U);
  EXPECT_EQ(r[1].output, Tokens{20});
  EXPECT_EQ(r[2].output, Tokens{5});
  EXPECT_EQ(r[2].produced, Tokens{5});
  EXPECT_EQ(r[2].cut, Tokens{15});
  EXPECT_EQ(r[3].cut, Tokens{0});
  // 20 iterations, 20, 5 and 4.
  EXPECT_EQ(r[2].finish, Instant{} + 450_ms);
  EXPECT_EQ(r[3].finish, Instant{} + 490_ms);
}

// With its cap the request fits into the memory that its whole output would burst; what is refused all the same is told
// as it was asked.
TEST(Admission, ACapComesBeforeTheCheckOfMemory) {
  PoolSetup pool = fixed_pool({instance(0, 8, 10, {.base = 10_ms})}, 1);  // 160 tokens.
  admit_by(&pool, "degrade", {{"output_cap", "50"}, {"kv_use", "0"}, {"queue", "1"}});
  Inputs in = one_node(std::move(pool));
  add_requests(&in, 0, {request(Instant{0}, 20, 30), request(Instant{1}, 100, 500), request(Instant{2}, 150, 500)});
  const auto r = run(std::move(in));
  EXPECT_EQ(r[1].reason, FinishReason::kCompleted);
  EXPECT_EQ(r[1].cut, Tokens{450});
  EXPECT_EQ(r[2].reason, FinishReason::kRejected);
  EXPECT_EQ(r[2].output, Tokens{500});
  EXPECT_EQ(r[2].cut, Tokens{0});
}

// One at a time, 30 ms each (a prompt and two steps).  While the first runs, 0 a, 1 a, 0 b, 1 b, 2 a come in this
// order.
TEST(FrontQueue, TheMostUrgentGoesFirstAndEqualsInOrder) {
  for (const bool by_router : {true, false}) {
    const std::string order = in_child([&] {
                                PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 1);
                                pool.limits.max_num_seqs = 1;
                                if (by_router) {
                                  pool.router = std::make_unique<FirstRoomRouter>();
                                } else {
                                  pool.max_waiting_per_replica = 1;
                                }
                                Inputs in = one_node(std::move(pool));
                                const auto at = [](std::int64_t ns) { return request(Instant{ns}, 10, 3); };
                                add_requests(&in, 0, {at(0), at(1), at(3)});
                                add_requests(&in, 0, {at(2), at(4)});
                                add_requests(&in, 0, {at(5)});
                                in.requests[1].priority = 1;
                                in.requests[2].priority = 2;
                                const auto r = run(std::move(in));
                                std::string text;
                                for (const RequestRecord& one : r)
                                  text += std::to_string((one.finish - Instant{}).ns / 30'000'000) + " ";
                                return text;
                              }).bytes;
    // Of a replica with a queue of one, request 1 is in it before anybody more urgent comes.
    EXPECT_EQ(order, by_router ? "1 5 3 6 4 2 " : "1 2 4 6 5 3 ");
  }
}

class FollowDesired final : public Allocator {
 public:
  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    for (const PoolView& p : view.pools) {
      if (p.desired_nodes >= 0) decision->targets.push_back({p.id, p.desired_nodes});
    }
  }
};
class OneWhileWanted final : public Autoscaler {
 public:
  std::int64_t desired(const AutoscalerView& view) override {
    const PoolView& p = *view.pool;
    return p.held + p.waiting + p.running + p.arrived > 0 ? 1 : 0;
  }
};

// A pool without nodes holds what comes; more urgent requests that come later are served first.
TEST(Autoscaler, ScalesToZeroAndBack) {
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 0);
  pool.max_nodes = Nodes{1};
  pool.warm_up = 3_s;
  pool.max_waiting_per_replica = 1;
  pool.limits.max_num_seqs = 1;
  pool.autoscaler = std::make_unique<OneWhileWanted>();
  Inputs in = one_node(std::move(pool));
  in.allocator = std::make_unique<FollowDesired>();
  in.review_every = 10_s;
  add_requests(&in, 0, {request(Instant{} + 5_s, 100, 3), request(Instant{} + 105_s, 100, 3)});
  add_requests(&in, 0, {request(Instant{} + 6_s, 100, 3)});
  in.requests[1].priority = 1;
  RunResult result;
  const auto r = run(std::move(in), &result);
  ASSERT_EQ(result.serving.completed, 3U);
  // Held until the review at 10 s; then 16 GB at 90 % of 100 GB/s, 0.178 s, and 3 s of warm-up.
  EXPECT_GT(r[1].scheduled, Instant{} + 13_s + 177_ms);
  EXPECT_LT(r[1].scheduled, Instant{} + 13_s + 179_ms);
  EXPECT_EQ(r[1].finish - r[1].scheduled, 30_ms);
  EXPECT_EQ(r[0].scheduled, r[1].finish) << "the urgent one first";
  EXPECT_EQ(r[2].scheduled - (Instant{} + 110_s), r[1].scheduled - (Instant{} + 10_s)) << "and again, from zero";
  EXPECT_EQ(result.node_moves, 3U);  // There, back at 30 s, there; the run ends with the last request.
}

// Held requests at a pool at zero, with the policy that predicts: it must not refuse what would bring the pool back.
TEST(Autoscaler, PredictiveAdmissionLetsThePoolComeBack) {
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 0);
  pool.max_nodes = Nodes{1};
  pool.slo.ttft = 60_s;
  admit_by(&pool, "predictive");
  pool.autoscaler = std::make_unique<OneWhileWanted>();
  Inputs in = one_node(std::move(pool));
  in.allocator = std::make_unique<FollowDesired>();
  in.review_every = 10_s;
  add_requests(&in, 0, {request(Instant{} + 5_s, 100, 3)});
  RunResult result;
  run(std::move(in), &result);
  EXPECT_EQ(result.serving.met_slo, 1U);
}

class Scripted final : public Autoscaler {
 public:
  Scripted(std::vector<std::int64_t> answers, std::vector<PoolView>* seen)
      : answers_(std::move(answers)), seen_(seen) {}
  std::int64_t desired(const AutoscalerView& view) override {
    seen_->push_back(*view.pool);
    return answers_[std::min(seen_->size(), answers_.size()) - 1];
  }

 private:
  std::vector<std::int64_t> answers_;
  std::vector<PoolView>* seen_;
};
class Spy final : public Allocator {
 public:
  explicit Spy(std::vector<PoolView>* seen) : seen_(seen) {}
  void review(const AllocatorView& view, AllocatorDecision*) override {
    seen_->insert(seen_->end(), view.pools.begin(), view.pools.end());
  }

 private:
  std::vector<PoolView>* seen_;
};

TEST(Autoscaler, SeesTheLastPeriodAndItsAnswerReachesTheAllocator) {
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 1);
  pool.min_nodes = Nodes{1};
  pool.max_nodes = Nodes{3};
  pool.priority = 7;
  pool.slo = {55_ms, 100_ms, {}};
  pool.tariff = {2.0, 5.0};
  std::vector<PoolView> asked, told;
  pool.autoscaler = std::make_unique<Scripted>(std::vector<std::int64_t>{1'000'000'000'000, -4, 2}, &asked);
  Inputs in = empty_inputs({node_group("n", 3, 8)});
  in.pools.push_back(std::move(pool));
  in.allocator = std::make_unique<Spy>(&told);
  in.review_every = 1_s;
  in.horizon = Instant{} + 2500_ms;
  // Each runs in iterations of 10 ms: TTFT 10 ms, TPOT 10 ms; the last comes while the machine is at an iteration and
  // waits 5 ms for it.
  add_requests(
      &in, 0,
      {request(Instant{} + 100_ms, 100, 11), request(Instant{} + 600_ms, 50, 21), request(Instant{} + 605_ms, 30, 3)});
  run(std::move(in));
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].desired_nodes, -1) << "no answer yet";
  EXPECT_EQ(told[0].desired_nodes, 3) << "brought to max_nodes";
  EXPECT_EQ(asked[1].desired_nodes, 3);
  EXPECT_EQ(told[1].desired_nodes, 1) << "brought to min_nodes";
  EXPECT_EQ(told[2].desired_nodes, 2);
  const PoolView& v = asked[1];
  EXPECT_EQ(v.priority, 7);
  EXPECT_EQ(v.slo_ttft, 55_ms);
  EXPECT_EQ(v.slo_tpot, 100_ms);
  EXPECT_EQ(v.arrived, 3);
  EXPECT_EQ(v.finished, 3);
  EXPECT_EQ(v.prompt, Tokens{180});
  EXPECT_EQ(v.output, Tokens{35});
  // Nearest rank 0.95 of three is the largest: 15 ms, as the histogram has it to 0.4 %.
  EXPECT_NEAR(v.ttft_p95.seconds(), 0.015, 0.015 * 0.004);
  EXPECT_NEAR(v.tpot_p95.seconds(), 0.010, 0.010 * 0.004);
  EXPECT_DOUBLE_EQ(v.usd_per_node_hour, 20.0);  // 8 x 2.5.
  EXPECT_DOUBLE_EQ(v.earned_usd, (180 * 2.0 + 35 * 5.0) / 1e6);
  EXPECT_EQ(asked[2].ttft_p95, 0_s) << "nothing finished";
  EXPECT_EQ(asked[2].output, Tokens{0});
  EXPECT_DOUBLE_EQ(asked[2].earned_usd, 0);
}

// Requests of 1,000 + 10 tokens at 0.27 and 1.1 USD a million: 270 + 11 = 281 micro-dollars.
TEST(Tariff, PaidRequestsWithinTheSloEarnIt) {
  PoolSetup pool = fixed_pool({instance(0, 8, 1000, {.base = 10_ms})}, 1);
  pool.tariff = {0.27, 1.1};
  pool.slo.e2e = 200_ms;
  Inputs in = one_node(std::move(pool));
  add_requests(&in, 0, {request(Instant{0}, 1000, 10), request(Instant{0}, 1000, 10), request(Instant{0}, 1000, 21)});
  add_requests(&in, 0, {request(Instant{0}, 1000, 10)});
  in.requests[1].paid = false;
  RunResult result;
  run(std::move(in), &result);
  EXPECT_EQ(result.serving.met_slo, 3U);  // 21 tokens take 210 ms.
  EXPECT_EQ(result.serving.earned, MicroDollars{2 * 281});
  EXPECT_EQ(result.pools[0].earned, MicroDollars{562});
}

// A millionth of a dollar per million tokens is a millionth of a micro-dollar a token: half a million round up to one.
TEST(Tariff, IsRoundedOnceForThePool) {
  for (const auto& [prompt, micro] : {std::pair{499'999, 0}, std::pair{500'000, 1}}) {
    const std::string earned =
        in_child([&, tokens = prompt] {
          PoolSetup pool = fixed_pool({instance(0, 8, 100'000, {.base = 10_ms})}, 1);
          pool.tariff = {1e-6, 0};
          Inputs in = one_node(std::move(pool));
          add_requests(&in, 0, {request(Instant{0}, 1000, 1), request(Instant{0}, tokens - 1000, 1)});
          RunResult result;
          run(std::move(in), &result);
          return std::to_string(result.serving.earned.value);
        }).bytes;
    EXPECT_EQ(earned, std::to_string(micro));
  }
}

}  // namespace
}  // namespace jevons::testing
