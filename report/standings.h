// Policies ranked by one figure, and which of them can be told apart.
#ifndef JEVONS_REPORT_STANDINGS_H_
#define JEVONS_REPORT_STANDINGS_H_

#include <vector>

#include "report/comparison.h"
#include "report/figures.h"

namespace jevons {

class Standings {
 public:
  struct Place {
    std::size_t policy = 0;
    double mean = 0;
  };

  // Best first, ties in the order of the comparison.  Policies without the figure, and bounds, are not in it.
  Standings(const Comparison& comparison, const Figure& figure);

  const std::vector<Place>& places() const { return places_; }
  // Positions in places().  With several seeds: the paired t-test of the two rejects equality, all pairs of this
  // ranking tried together at 5 % (Holm); pairs that share fewer than two seeds are never told apart.  With one seed:
  // the figures differ as printed.
  bool distinguishable(std::size_t a, std::size_t b) const { return apart_[a * places_.size() + b]; }
  // Neighbours none of which can be told from another, as long as possible, at least two: "b and c", "c, d and e".
  std::vector<std::vector<std::size_t>> ties() const;  // Policies.

 private:
  void set_apart(std::size_t a, std::size_t b) {
    apart_[a * places_.size() + b] = apart_[b * places_.size() + a] = true;
  }
  std::vector<Place> places_;
  std::vector<bool> apart_;  // places x places.
};

}  // namespace jevons
#endif  // JEVONS_REPORT_STANDINGS_H_
