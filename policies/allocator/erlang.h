// The share of requests that find a free server: Erlang's B formula.
#ifndef JEVONS_POLICIES_ALLOCATOR_ERLANG_H_
#define JEVONS_POLICIES_ALLOCATOR_ERLANG_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace jevons {

// served[n] = 1 - B(n k, a k) for n = 0 .. most nodes of k servers each at an offered load of `a` nodes: the share of
// requests that find a free server in an M/M/c/c queue (any law of service will do).  Concave in n, and about n / a
// where there are too few.  By the recursion B(0) = 1, B(c) = A B(c-1) / (c + A B(c-1)) with A = a k.
inline std::vector<double> served_at_once(double load, std::int64_t servers_per_node, std::int64_t most) {
  std::vector<double> served(static_cast<std::size_t>(most) + 1, 1.0);
  if (!(load > 0)) return served;
  const double offered = load * static_cast<double>(servers_per_node);
  double blocked = 1;  // B(0).
  served[0] = 0;
  for (std::int64_t n = 1; n <= most && blocked > 1e-12; ++n) {  // Beyond that nobody is turned away.
    for (std::int64_t k = 1; k <= servers_per_node; ++k) {
      const auto servers = static_cast<double>((n - 1) * servers_per_node + k);
      blocked = offered * blocked / (servers + offered * blocked);
    }
    served[static_cast<std::size_t>(n)] = 1 - blocked;
  }
  return served;
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_ERLANG_H_
