// Merging and quantiles of Histogram.
#include "base/histogram.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace jevons {

void Histogram::merge(const Histogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  sum_squares_ += other.sum_squares_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

Histogram Histogram::restore(std::vector<std::uint64_t> counts, Int128 sum, double sum_squares, std::int64_t min,
                             std::int64_t max) {
  Histogram h;
  h.counts_ = std::move(counts);
  for (const std::uint64_t n : h.counts_) h.count_ += n;
  if (h.count_ == 0) return h;
  h.sum_ = sum;
  h.sum_squares_ = sum_squares;
  h.min_ = min;
  h.max_ = max;
  return h;
}

double Histogram::standard_deviation() const {
  if (count_ == 0) return 0;
  const double m = mean();
  return std::sqrt(std::max(0.0, sum_squares_ / static_cast<double>(count_) - m * m));
}

std::int64_t Histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  CHECK(q >= 0 && q <= 1);
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) break;
  }
  const std::uint64_t low = bucket_low(i), high = bucket_low(i + 1) - 1;
  return std::clamp(static_cast<std::int64_t>(low + (high - low) / 2), min_, max_);
}

}  // namespace jevons
