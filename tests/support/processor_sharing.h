// Exact ends of a server that all customers share, on a sample path: in the limit, and a unit of work at a time.
#ifndef JEVONS_TESTS_SUPPORT_PROCESSOR_SHARING_H_
#define JEVONS_TESTS_SUPPORT_PROCESSOR_SHARING_H_

#include <algorithm>
#include <cstddef>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "base/check.h"
#include "tests/support/lindley.h"

namespace jevons::testing {

// Processor sharing by virtual time (Kleinrock 1967): n customers are each served at 1/n, so the service that one has
// had since it came is the same clock for all, and each ends when that clock has run its work.  Seconds, in order of
// arrival.
inline std::vector<double> shared_ends(const std::vector<Customer>& customers) {
  using Entry = std::pair<double, std::size_t>;  // Virtual end, customer.
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> present;
  std::vector<double> ends(customers.size());
  double now = 0, clock = 0;
  const auto advance = [&](double to) {  // Ends who ends by `to`.
    while (!present.empty()) {
      const auto n = static_cast<double>(present.size());
      const double end = now + (present.top().first - clock) * n;
      if (end > to) {
        clock += (to - now) / n;
        break;
      }
      clock = present.top().first;
      now = ends[present.top().second] = end;
      present.pop();
    }
    now = to;
  };
  for (std::size_t i = 0; i < customers.size(); ++i) {
    advance(customers[i].arrival.seconds());
    present.emplace(clock + customers[i].work.seconds(), i);
  }
  advance(std::numeric_limits<double>::infinity());
  return ends;
}

// The same a round at a time: all who are there when a round begins get `unit` of their work in it, one after the
// other.  Work is whole units.  Who comes at the instant a round ends is in the next one.
inline std::vector<Instant> round_robin_ends(const std::vector<Customer>& customers, Duration unit) {
  struct Present {
    std::size_t customer;
    std::int64_t units;  // Left.
  };
  std::vector<Present> present;
  std::vector<Instant> ends(customers.size());
  Instant now;
  for (std::size_t next = 0; next < customers.size() || !present.empty();) {
    if (present.empty()) now = std::max(now, customers[next].arrival);
    for (; next < customers.size() && customers[next].arrival <= now; ++next) {
      CHECK(customers[next].work.ns % unit.ns == 0);
      present.push_back({next, customers[next].work.ns / unit.ns});
    }
    now = now + static_cast<std::int64_t>(present.size()) * unit;
    std::erase_if(present, [&](Present& p) {
      if (--p.units > 0) return false;
      ends[p.customer] = now;
      return true;
    });
  }
  return ends;
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_PROCESSOR_SHARING_H_
