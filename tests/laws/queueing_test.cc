// One replica as a server of queueing theory: exact waits on each sample path, and the closed forms of long runs.
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/erlang.h"
#include "tests/support/lindley.h"
#include "tests/support/station.h"

namespace jevons::testing {
namespace {

// Waits in order of arrival.
std::vector<Duration> waits_of(const std::vector<Customer>& customers, std::int32_t servers, bool audit) {
  std::vector<Duration> waits;
  for (const RequestRecord& r : run_station(customers, servers, audit)) {
    EXPECT_EQ(r.reason, FinishReason::kCompleted);
    waits.push_back(r.scheduled - r.arrival);
  }
  return waits;
}

double mean_seconds(const std::vector<Duration>& waits, std::size_t from) {
  Int128 sum = 0;
  for (std::size_t i = from; i < waits.size(); ++i) sum += waits[i].ns;
  return static_cast<double>(sum) / 1e9 / static_cast<double>(waits.size() - from);
}

double lognormal_work(RandomStream& r) { return r.lognormal(-1, 1.2); }

// Check 9: each request's start, exact.
void expect_exact_starts(std::int32_t servers, WorkLaw work, std::uint64_t seed) {
  const double rate = 0.9 * servers;
  const std::vector<Customer> customers = poisson_customers(seed, 10'000, rate, work);
  const std::vector<Instant> starts = kiefer_wolfowitz(customers, static_cast<std::size_t>(servers));
  const std::vector<Duration> waits = waits_of(customers, servers, true);
  for (std::size_t i = 0; i < customers.size(); ++i) {
    ASSERT_EQ(customers[i].arrival + waits[i], starts[i]) << "request " << i << ", seed " << seed;
  }
}

TEST(Lindley, OneServerExponentialWork) { expect_exact_starts(1, exponential_work, 1); }
TEST(Lindley, OneServerConstantWork) { expect_exact_starts(1, constant_work, 2); }
TEST(Lindley, OneServerLognormalWork) { expect_exact_starts(1, lognormal_work, 3); }
TEST(KieferWolfowitz, TwoServers) { expect_exact_starts(2, lognormal_work, 4); }
TEST(KieferWolfowitz, EightServers) { expect_exact_starts(8, exponential_work, 5); }
TEST(KieferWolfowitz, SixtyFourServers) { expect_exact_starts(64, lognormal_work, 6); }

// Checks 1 and 2: 10^6 requests, the first tenth dropped; tolerances are four sigmas of one run (checks.md).
constexpr std::size_t kLong = 1'000'000;

void expect_mean_wait(std::int32_t servers, WorkLaw work, double expected, double tolerance) {
  const std::vector<Customer> customers = poisson_customers(11, kLong, 0.8 * servers, work);
  const double mean = mean_seconds(waits_of(customers, servers, false), kLong / 10);
  EXPECT_NEAR(mean, expected, tolerance * expected);
}

TEST(ClosedForm, Mm1Waits4Seconds) {
  EXPECT_NEAR(mean_wait_mmc(1, 0.8), 4.0, 1e-12);
  expect_mean_wait(1, exponential_work, 4.0, 0.03);
}
TEST(ClosedForm, Mm8WaitsAsErlangC) {
  EXPECT_NEAR(erlang_c(8, 6.4), 0.4576, 5e-5);
  EXPECT_NEAR(mean_wait_mmc(8, 6.4), 0.2860, 5e-5);
  expect_mean_wait(8, exponential_work, mean_wait_mmc(8, 6.4), 0.05);
}
TEST(ClosedForm, Md1WaitsHalfAsLong) {
  EXPECT_NEAR(mean_wait_md1(0.8), 2.0, 1e-12);
  expect_mean_wait(1, constant_work, 2.0, 0.026);
}

}  // namespace
}  // namespace jevons::testing
