// One replica whose requests share it: processor sharing, infinite servers, and a full batch, each in closed form.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sim/simulation.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

// The integral of the number in system, and of its square, from `from` on.
class NumberInSystem final : public Observer {
 public:
  explicit NumberInSystem(Instant from) : from_(from), last_(from) {}
  void on_request_arrival(Instant t, RequestId, PoolId, Tokens, Tokens) override { change(t, 1); }
  void on_request_end(Instant t, const RequestRecord& r) override {
    change(t, -1);
    if (r.arrival < from_) return;
    sojourn_s_ += (r.finish - r.arrival).seconds();
    ++ended_;
    last_end_ = t;
  }
  double mean() const { return sum_ / (last_ - from_).seconds(); }
  double variance() const { return squares_ / (last_ - from_).seconds() - mean() * mean(); }
  double mean_sojourn_s() const { return sojourn_s_ / static_cast<double>(ended_); }

 private:
  void change(Instant t, int by) {
    if (t > last_) {
      const double n = number_, s = (t - last_).seconds();
      sum_ += n * s;
      squares_ += n * n * s;
      last_ = t;
    }
    number_ += by;
  }
  Instant from_, last_, last_end_;
  double number_ = 0, sum_ = 0, squares_ = 0, sojourn_s_ = 0;
  std::uint64_t ended_ = 0;
};

// Poisson arrivals of one-token prompts whose decode steps are `steps` long; the first token comes free with the
// prompt.
void run_poisson(double rate, std::size_t count, const Coefficients& c,
                 const std::function<double(RandomStream&)>& steps, NumberInSystem* number) {
  Inputs in = empty_inputs({node_group("g", 1, 1)});
  in.pools.push_back(fixed_pool({instance(0, 1, 1LL << 40, c)}, 1));
  RandomStream arrivals(3, "arrivals"), lengths(3, "lengths");
  std::vector<Request> requests;
  Instant t;
  for (std::size_t i = 0; i < count; ++i) {
    t = t + duration_from_seconds(arrivals.exponential(1 / rate));
    requests.push_back(request(t, 1, 1 + std::max<std::int64_t>(1, std::llround(std::ceil(steps(lengths))))));
  }
  add_requests(&in, 0, std::move(requests));
  in.observers.push_back(number);
  const Result<RunResult> result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(result->serving.completed, count);
}

double constant(RandomStream&) { return 200; }
double geometric(RandomStream& r) { return r.exponential(199.5); }  // Rounded up: mean 200.
// Two phases with balanced means, cv^2 = 4: p = (1 + sqrt(3/5)) / 2, means 1/(2p) and 1/(2(1-p)) of the whole.
double two_phase(RandomStream& r) {
  const double p = 0.5 * (1 + std::sqrt(0.6));
  return r.uniform() < p ? r.exponential(199.5 / (2 * p)) : r.exponential(199.5 / (2 * (1 - p)));
}

// Check 3: M/G/1 processor sharing is insensitive: T = 1 s / (1 - 0.8) whatever the law.  Tolerances are those of
// checks.md for 10^6 requests, widened by the root of the ratio to 300,000.
void expect_five_seconds(double (*steps)(RandomStream&), double tolerance) {
  NumberInSystem number(Instant{3'000'000'000'000});
  run_poisson(0.8, 300'000, {.per_sequence = 5_ms}, steps, &number);
  EXPECT_NEAR(number.mean_sojourn_s(), 5.0, 5.0 * tolerance);
}
TEST(ProcessorSharing, ConstantLengths) { expect_five_seconds(constant, 0.037); }
TEST(ProcessorSharing, GeometricLengths) { expect_five_seconds(geometric, 0.06); }
TEST(ProcessorSharing, TwoPhaseLengths) { expect_five_seconds(two_phase, 0.11); }

// Check 4: where an iteration takes as long for many as for one, nobody waits, and the number in system is Poisson.  A
// newcomer waits for the step in progress (5 ms on average) and its prompt takes one step (10 ms): 2.015 s of 10 /s.
TEST(InfiniteServers, NumberInSystemIsPoisson) {
  NumberInSystem number(Instant{100'000'000'000});
  run_poisson(10, 300'000, {.base = 10_ms}, geometric, &number);
  EXPECT_NEAR(number.mean(), 20.15, 0.02 * 20.15);
  EXPECT_NEAR(number.variance(), 20.15, 0.06 * 20.15);
}

// Check 6: t(B) = 10 ms + 0.5 ms B with B = 32 is 26 ms a step: 1,230.77 tokens/s, and every end exact to the
// nanosecond.
TEST(SaturatedReplica, RunsAtItsClosedForm) {
  constexpr std::int64_t kRounds = 20, kOutput = 501, kBatch = 32;
  Inputs in = empty_inputs({node_group("g", 1, 1)});
  PoolSetup pool = fixed_pool({instance(0, 1, 1 << 20, {.base = 10_ms, .per_sequence = 500_us})}, 1);
  pool.limits.max_num_seqs = kBatch;
  in.pools.push_back(std::move(pool));
  add_requests(&in, 0, std::vector<Request>(kRounds * kBatch, request(Instant{}, 1, kOutput)));
  Records records;
  in.observers.push_back(&records);
  const Result<RunResult> result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  // The first request is alone when it arrives, so it prefills a step before the others and leaves the batch a step
  // early.
  ASSERT_EQ(records.requests.size(), static_cast<std::size_t>(kRounds * kBatch));
  const RequestRecord& first = records.requests.front();
  EXPECT_EQ(first.first_token, Instant{10'000'000});
  // Step 2: 31 prompts beside one decode, 10.5 ms.  Then 499 steps of 32.
  EXPECT_EQ(first.finish, Instant{10'000'000 + 10'500'000 + 499 * 26'000'000LL});
  const Duration decoding = first.finish - Instant{20'500'000};
  EXPECT_NEAR(kBatch * 499 / decoding.seconds(), 1230.77, 0.005);
  // From then on one slot is always a step ahead of the other 31; each round costs 501 steps, and every slot has one
  // token a step but for the two in which prompts take their first.
  const Instant end = records.requests.back().finish;
  const Duration round = records.requests[kBatch + 1].finish - records.requests[1].finish;
  for (std::int64_t k = 1; k < kRounds; ++k) {
    const auto i = static_cast<std::size_t>(k * kBatch + 1);
    EXPECT_EQ(records.requests[i].finish - records.requests[i - kBatch].finish, round) << "round " << k;
  }
  // A round: 499 full steps, one with 31 decodes (the early slot prefills) and one with 1 (the 31 prefill).
  EXPECT_EQ(round, 499 * 26_ms + Duration{25'500'000} + Duration{10'500'000});
  EXPECT_EQ(end, records.requests[1].finish + (kRounds - 1) * round);
}

}  // namespace
}  // namespace jevons::testing
