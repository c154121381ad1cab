// A station of queueing theory as a pool: servers that take one customer at a time, and one queue in front of them.
#ifndef JEVONS_TESTS_SUPPORT_STATION_H_
#define JEVONS_TESTS_SUPPORT_STATION_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "sim/simulation.h"
#include "tests/support/lindley.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {

// Work is a prompt of that many microseconds' tokens at 1 us a token; the one output token comes with it.
inline constexpr Duration kStationToken = 1_us;

// Laws of work, in seconds, of mean 1.
using WorkLaw = double (*)(RandomStream&);
inline double exponential_work(RandomStream& r) { return r.exponential(1); }
inline double constant_work(RandomStream&) { return 1; }
// Two exponentials of equal load, squared coefficient of variation 4: balanced means, (cv^2 - 1) / (cv^2 + 1) = 3/5.
inline double two_phase_work(RandomStream& r) {
  const double p = 0.5 * (1 + std::sqrt(0.6));
  return r.uniform() < p ? r.exponential(1 / (2 * p)) : r.exponential(1 / (2 * (1 - p)));
}

inline std::vector<Customer> poisson_customers(std::uint64_t seed, std::size_t count, double rate_per_s, WorkLaw law) {
  RandomStream arrivals(seed, "arrivals"), works(seed, "works");
  std::vector<Customer> out;
  Instant t;
  for (std::size_t i = 0; i < count; ++i) {
    t = t + duration_from_seconds(arrivals.exponential(1 / rate_per_s));
    out.push_back({t, std::max<std::int64_t>(1, std::llround(law(works) * 1e6)) * kStationToken});
  }
  return out;
}

// `servers` replicas of one GPU on one node.  `admission` null: all are taken.  Records in order of arrival.
inline std::vector<RequestRecord> run_station(const std::vector<Customer>& customers, std::int32_t servers, bool audit,
                                              std::unique_ptr<Admission> admission = nullptr) {
  Inputs in = empty_inputs({node_group("g", 1, servers)});
  PoolSetup pool = fixed_pool({instance(0, 1, 1LL << 30, {.per_token = kStationToken})}, 1);
  pool.limits.max_num_seqs = 1;
  pool.router = std::make_unique<FirstRoomRouter>();
  if (admission != nullptr) {
    pool.admission_name = "the test's";
    pool.admission = std::move(admission);
  }
  in.pools.push_back(std::move(pool));
  std::vector<Request> requests;
  for (const Customer& c : customers) requests.push_back(request(c.arrival, c.work.ns / kStationToken.ns, 1));
  add_requests(&in, 0, std::move(requests));
  Records records;
  in.observers.push_back(&records);
  in.engine.audit = audit;
  const Result<RunResult> result = simulate(std::move(in));
  EXPECT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(records.requests.size(), customers.size());
  std::sort(records.requests.begin(), records.requests.end(),
            [](const RequestRecord& a, const RequestRecord& b) { return a.id < b.id; });
  return std::move(records.requests);
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_STATION_H_
