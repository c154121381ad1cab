// The lowest point of a function of a few variables, without derivatives: Nelder and Mead's simplex (1965), restarted
// until a restart gains nothing.  Deterministic.
#ifndef JEVONS_VALIDATION_MINIMISE_H_
#define JEVONS_VALIDATION_MINIMISE_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace jevons {

using Objective = std::function<double(const std::vector<double>&)>;

// One descent: reflection 1, expansion 2, contraction and shrinking 1/2, from a simplex of edges `edge` x coordinate.
inline std::vector<double> descend(const Objective& f, const std::vector<double>& start, double edge, int steps) {
  using Vertex = std::pair<double, std::vector<double>>;
  const std::size_t n = start.size();
  std::vector<Vertex> simplex{{f(start), start}};
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> x = start;
    x[i] += x[i] != 0 ? edge * x[i] : edge;
    simplex.emplace_back(f(x), std::move(x));
  }
  const auto along = [&](const std::vector<double>& from, const std::vector<double>& to, double t) {
    std::vector<double> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = from[i] + t * (to[i] - from[i]);
    return Vertex{f(x), x};
  };
  for (int step = 0; step < steps; ++step) {
    std::stable_sort(simplex.begin(), simplex.end(), [](auto& a, auto& b) { return a.first < b.first; });
    std::vector<double> centre(n, 0.0);
    for (std::size_t v = 0; v < n; ++v) {
      for (std::size_t i = 0; i < n; ++i) centre[i] += simplex[v].second[i] / static_cast<double>(n);
    }
    Vertex& worst = simplex[n];
    Vertex next = along(centre, worst.second, -1);
    if (next.first < simplex[0].first) {
      Vertex further = along(centre, worst.second, -2);
      worst = further.first < next.first ? std::move(further) : std::move(next);
    } else if (next.first < simplex[n - 1].first) {
      worst = std::move(next);
    } else {
      next = along(centre, worst.second, next.first < worst.first ? -0.5 : 0.5);
      if (next.first < worst.first) {
        worst = std::move(next);
      } else {
        for (std::size_t v = 1; v <= n; ++v) simplex[v] = along(simplex[0].second, simplex[v].second, 0.5);
      }
    }
  }
  return std::min_element(simplex.begin(), simplex.end(), [](auto& a, auto& b) { return a.first < b.first; })->second;
}

// The point found; f may be infinite where a point makes no sense, not at `start`.
inline std::vector<double> minimise(const Objective& f, std::vector<double> start, int restarts = 8, int steps = 400) {
  double best = f(start);
  for (int i = 0; i < restarts; ++i) {
    std::vector<double> x = descend(f, start, 0.1, steps);
    const double value = f(x);
    if (!(value < best)) break;
    best = value;
    start = std::move(x);
  }
  return start;
}

}  // namespace jevons
#endif  // JEVONS_VALIDATION_MINIMISE_H_
