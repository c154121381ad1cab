// Ranks policies by a figure and tests every pair.
#include "report/standings.h"

#include <algorithm>
#include <utility>

#include "report/statistics.h"

namespace jevons {

Standings::Standings(const Comparison& c, const Figure& f) {
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    if (c.is_bound(p)) continue;
    if (const auto e = policy_estimate(c, p, f)) places_.push_back({p, e->mean});
  }
  std::stable_sort(places_.begin(), places_.end(), [&](const Place& a, const Place& b) {
    return f.better == Better::kMore ? a.mean > b.mean : a.mean < b.mean;
  });
  apart_.assign(places_.size() * places_.size(), false);
  std::vector<std::pair<std::size_t, std::size_t>> tested;
  std::vector<double> p_values;
  for (std::size_t a = 0; a < places_.size(); ++a) {
    for (std::size_t b = a + 1; b < places_.size(); ++b) {
      if (c.seeds.size() == 1) {
        if (figure_text(f, places_[a].mean) != figure_text(f, places_[b].mean)) set_apart(a, b);
        continue;
      }
      const auto difference = paired_difference(c, places_[a].policy, places_[b].policy, f);
      if (!difference || !difference->has_interval()) continue;
      tested.emplace_back(a, b);
      p_values.push_back(p_value(*difference));
    }
  }
  const std::vector<bool> rejected = holm(p_values);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    if (rejected[i]) set_apart(tested[i].first, tested[i].second);
  }
}

std::vector<std::vector<std::size_t>> Standings::ties() const {
  std::vector<std::vector<std::size_t>> all;
  std::size_t covered = 0;  // Positions before it lie in a tie found already.
  for (std::size_t first = 0; first < places_.size(); ++first) {
    std::size_t end = first + 1;
    const auto told_apart = [&](std::size_t next) {
      for (std::size_t i = first; i < next; ++i) {
        if (distinguishable(i, next)) return true;
      }
      return false;
    };
    while (end < places_.size() && !told_apart(end)) ++end;
    if (end - first < 2 || end <= covered) continue;
    covered = end;
    std::vector<std::size_t>& tie = all.emplace_back();
    for (std::size_t i = first; i < end; ++i) tie.push_back(places_[i].policy);
  }
  return all;
}

}  // namespace jevons
