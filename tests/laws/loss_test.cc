// Check 5: a station that refuses when all its servers are busy, M/G/c/c.  What is refused depends on the mean work
// only.
//
// On each sample path the simulator refuses exactly the requests that a list of busy servers refuses; the closed form
// is then a law of that list too, and holds it to Erlang's formula.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "base/rng.h"
#include "sim/simulation.h"
#include "tests/support/erlang.h"
#include "tests/support/lindley.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

constexpr std::int32_t kServers = 8;
constexpr double kOffered = 6.4;  // Arrivals a second, of one second each on average.
constexpr Duration kPerToken = 1_us;

// Takes a request if a replica has nothing to do.
class WhenIdle final : public Admission {
 public:
  AdmissionDecision decide(const AdmissionView& view) override {
    return {.admit = view.held + view.waiting + view.running < view.replicas};
  }
};

double exponential(RandomStream& r) { return r.exponential(1); }
double constant(RandomStream&) { return 1; }
// Two exponentials of equal load: mean 1, squared coefficient of variation 4.
double hyperexponential(RandomStream& r) {
  const double p = 0.5 * (1 + std::sqrt(0.6));  // Balanced means: (cv^2 - 1) / (cv^2 + 1) = 3/5.
  return r.uniform() < p ? r.exponential(1 / (2 * p)) : r.exponential(1 / (2 * (1 - p)));
}

using Work = double (*)(RandomStream&);

std::vector<Customer> customers(Work work, std::uint64_t seed, std::size_t count) {
  RandomStream arrivals(seed, "arrivals"), works(seed, "works");
  std::vector<Customer> out;
  Instant t;
  for (std::size_t i = 0; i < count; ++i) {
    t = t + duration_from_seconds(arrivals.exponential(1 / kOffered));
    out.push_back({t, std::max<std::int64_t>(1, std::llround(work(works) * 1e6)) * kPerToken});
  }
  return out;
}

// The referee: who finds all servers busy.
std::vector<bool> refused_by_hand(const std::vector<Customer>& all) {
  std::vector<Instant> busy_until;
  std::vector<bool> refused(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::erase_if(busy_until, [&](Instant t) { return t <= all[i].arrival; });  // Completions come before arrivals.
    refused[i] = busy_until.size() == kServers;
    if (!refused[i]) busy_until.push_back(all[i].arrival + all[i].work);
  }
  return refused;
}

std::vector<bool> refused_by_simulation(const std::vector<Customer>& all, bool audit) {
  Inputs in = empty_inputs({node_group("g", 1, kServers)});
  PoolSetup pool = fixed_pool({instance(0, 1, 1LL << 30, {.per_token = kPerToken})}, 1);
  pool.limits.max_num_seqs = 1;
  pool.router = std::make_unique<FirstRoomRouter>();
  pool.admission_name = "when_idle";
  pool.admission = std::make_unique<WhenIdle>();
  in.pools.push_back(std::move(pool));
  std::vector<Request> requests;
  for (const Customer& c : all) requests.push_back(request(c.arrival, c.work.ns / kPerToken.ns, 1));
  add_requests(&in, 0, std::move(requests));
  Records records;
  in.observers.push_back(&records);
  in.engine.audit = audit;
  const Result<RunResult> result = simulate(std::move(in));
  EXPECT_TRUE(result.ok()) << result.error().text();
  std::vector<bool> refused(all.size());
  EXPECT_EQ(records.requests.size(), all.size());
  for (const RequestRecord& r : records.requests) refused[r.id.index] = r.reason == FinishReason::kRejected;
  return refused;
}

void expect_same_refusals(Work work, std::uint64_t seed) {
  const std::vector<Customer> all = customers(work, seed, 20'000);
  EXPECT_EQ(refused_by_simulation(all, true), refused_by_hand(all));
}

// Blocks of 1/100 of the arrivals are as good as independent, so their spread gives the deviation of the mean; four of
// them are allowed, which must be less than a tenth of what one server more would change.
void expect_erlang_b(Work work, std::uint64_t seed) {
  constexpr std::size_t kCount = 1'000'000, kBlocks = 100, kBlock = kCount / kBlocks;
  const double expected = erlang_b(kServers, kOffered);
  EXPECT_NEAR(expected, 0.14439, 5e-6);
  const std::vector<bool> refused = refused_by_simulation(customers(work, seed, kCount), false);
  double sum = 0, squares = 0;
  for (std::size_t b = 1; b < kBlocks; ++b) {  // The first fills the station.
    double n = 0;
    for (std::size_t i = b * kBlock; i < (b + 1) * kBlock; ++i) n += refused[i] ? 1 : 0;
    const double share = n / kBlock;
    sum += share;
    squares += share * share;
  }
  const double n = kBlocks - 1, mean = sum / n, sigma = std::sqrt((squares / n - mean * mean) / (n - 1));
  EXPECT_LT(4 * sigma, (expected - erlang_b(kServers + 1, kOffered)) / 10);
  EXPECT_NEAR(mean, expected, 4 * sigma);
}

TEST(LossSystem, RefusesWhomTheRefereeRefusesExponentialWork) { expect_same_refusals(exponential, 21); }
TEST(LossSystem, RefusesWhomTheRefereeRefusesConstantWork) { expect_same_refusals(constant, 22); }
TEST(LossSystem, RefusesWhomTheRefereeRefusesHyperexponentialWork) { expect_same_refusals(hyperexponential, 23); }
TEST(LossSystem, ErlangBExponentialWork) { expect_erlang_b(exponential, 24); }
TEST(LossSystem, ErlangBConstantWork) { expect_erlang_b(constant, 25); }
TEST(LossSystem, ErlangBHyperexponentialWork) { expect_erlang_b(hyperexponential, 26); }

}  // namespace
}  // namespace jevons::testing
