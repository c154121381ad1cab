// Check 5: a station that refuses when all its servers are busy, M/G/c/c.  What is refused depends on the mean work
// only.
//
// On each sample path the simulator refuses exactly the requests that a list of busy servers refuses; the closed form
// is then a law of that list too, and holds it to Erlang's formula.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "tests/support/erlang.h"
#include "tests/support/lindley.h"
#include "tests/support/station.h"

namespace jevons::testing {
namespace {

constexpr std::int32_t kServers = 8;
constexpr double kOffered = 6.4;  // Arrivals a second, of one second each on average.

// Takes a request if a replica has nothing to do.
class WhenIdle final : public Admission {
 public:
  AdmissionDecision decide(const AdmissionView& view) override {
    return {.admit = view.held + view.waiting + view.running < view.replicas};
  }
};

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
  std::vector<bool> refused;
  for (const RequestRecord& r : run_station(all, kServers, audit, std::make_unique<WhenIdle>())) {
    refused.push_back(r.reason == FinishReason::kRejected);
  }
  return refused;
}

void expect_same_refusals(WorkLaw work, std::uint64_t seed) {
  const std::vector<Customer> all = poisson_customers(seed, 20'000, kOffered, work);
  EXPECT_EQ(refused_by_simulation(all, true), refused_by_hand(all));
}

// Blocks of 1/100 of the arrivals are as good as independent, so their spread gives the deviation of the mean; four of
// them are allowed, which must be less than a tenth of what one server more would change.
void expect_erlang_b(WorkLaw work, std::uint64_t seed) {
  constexpr std::size_t kCount = 1'000'000, kBlocks = 100, kBlock = kCount / kBlocks;
  const double expected = erlang_b(kServers, kOffered);
  EXPECT_NEAR(expected, 0.14439, 5e-6);
  const std::vector<bool> refused = refused_by_simulation(poisson_customers(seed, kCount, kOffered, work), false);
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

TEST(LossSystem, RefusesWhomTheRefereeRefusesExponentialWork) { expect_same_refusals(exponential_work, 21); }
TEST(LossSystem, RefusesWhomTheRefereeRefusesConstantWork) { expect_same_refusals(constant_work, 22); }
TEST(LossSystem, RefusesWhomTheRefereeRefusesHyperexponentialWork) { expect_same_refusals(two_phase_work, 23); }
TEST(LossSystem, ErlangBExponentialWork) { expect_erlang_b(exponential_work, 24); }
TEST(LossSystem, ErlangBConstantWork) { expect_erlang_b(constant_work, 25); }
TEST(LossSystem, ErlangBHyperexponentialWork) { expect_erlang_b(two_phase_work, 26); }

}  // namespace
}  // namespace jevons::testing
