// Erlang's formulas (1917): how often one waits, or is lost, and how long one waits, at a station of c servers.
#ifndef JEVONS_TESTS_SUPPORT_ERLANG_H_
#define JEVONS_TESTS_SUPPORT_ERLANG_H_

namespace jevons::testing {

// M/G/c/c: share of arrivals lost at offered load `a`, by the stable recursion B(n) = a B(n-1) / (n + a B(n-1)).
inline double erlang_b(int servers, double a) {
  double b = 1;
  for (int n = 1; n <= servers; ++n) b = a * b / (n + a * b);
  return b;
}

// M/M/c: share of arrivals that wait, a < c.
inline double erlang_c(int servers, double a) {
  const double b = erlang_b(servers, a), rho = a / servers;
  return b / (1 - rho * (1 - b));
}

// M/M/c: mean wait in units of the mean work.
inline double mean_wait_mmc(int servers, double a) { return erlang_c(servers, a) / (servers - a); }

// M/D/1: mean wait in units of the work (Pollaczek and Khinchine: half of M/M/1's).
inline double mean_wait_md1(double rho) { return rho / (2 * (1 - rho)); }

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_ERLANG_H_
