// Exact waiting times of first-come-first-served queues on a sample path.
#ifndef JEVONS_TESTS_SUPPORT_LINDLEY_H_
#define JEVONS_TESTS_SUPPORT_LINDLEY_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/units.h"

namespace jevons::testing {

struct Customer {
  Instant arrival;
  Duration work;
};

// Kiefer and Wolfowitz (1955): each customer, in order of arrival, starts on the server that is free first.  One server
// is Lindley's recursion (1952), W' = max(0, W + S - A).
inline std::vector<Instant> kiefer_wolfowitz(const std::vector<Customer>& customers, std::size_t servers) {
  std::vector<Instant> free_at(servers);
  std::vector<Instant> starts;
  starts.reserve(customers.size());
  for (const Customer& c : customers) {
    const auto first = std::min_element(free_at.begin(), free_at.end());
    const Instant start = std::max(c.arrival, *first);
    *first = start + c.work;
    starts.push_back(start);
  }
  return starts;
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_LINDLEY_H_
