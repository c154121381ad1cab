// Mergeable histogram of non-negative integers (nanoseconds) with a relative error of at most 0.4 %.
//
// Buckets are exact below 256 and then 128 to each power of two (the scheme of HdrHistogram), found with integer
// operations only: the same values give the same buckets on every machine, and merging is adding.  40 kB at most, grown
// on demand.
#ifndef JEVONS_BASE_HISTOGRAM_H_
#define JEVONS_BASE_HISTOGRAM_H_

#include <bit>
#include <cstdint>
#include <vector>

#include "base/units.h"

namespace jevons {

class Histogram {
 public:
  // Negative values are our own mistake.
  void add(std::int64_t value, std::uint64_t count = 1) {
    CHECK(value >= 0);
    const std::size_t i = bucket(static_cast<std::uint64_t>(value));
    if (i >= counts_.size()) counts_.resize(i + 1);
    counts_[i] += count;
    count_ += count;
    sum_ += static_cast<Int128>(value) * static_cast<Int128>(count);
    if (value > max_) max_ = value;
    if (value < min_) min_ = value;
    sum_squares_ += static_cast<double>(value) * static_cast<double>(value) * static_cast<double>(count);
  }
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  Int128 sum() const { return sum_; }  // Exact.
  double mean() const { return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_); }
  double standard_deviation() const;  // Of the population.
  std::int64_t min() const { return count_ == 0 ? 0 : min_; }
  std::int64_t max() const { return max_; }
  // The value below or at which a share `q` of all values lie (nearest rank), as the middle of its bucket, never
  // outside [min, max].  0 when empty.
  std::int64_t quantile(double q) const;

  const std::vector<std::uint64_t>& counts() const { return counts_; }
  double sum_squares() const { return sum_squares_; }
  // The histogram these parts came from, as they cross a process or a file: counts() in any length, and the rest as
  // read.
  static Histogram restore(std::vector<std::uint64_t> counts, Int128 sum, double sum_squares, std::int64_t min,
                           std::int64_t max);
  static std::size_t bucket(std::uint64_t v) {
    if (v < 256) return static_cast<std::size_t>(v);
    const int shift = static_cast<int>(std::bit_width(v)) - 8;  // Leaves v >> shift in [128, 256).
    return static_cast<std::size_t>(shift) * 128 + static_cast<std::size_t>(v >> shift);
  }
  static std::uint64_t bucket_low(std::size_t i) {
    if (i < 256) return i;
    const std::size_t shift = i / 128 - 1;
    return static_cast<std::uint64_t>(i - shift * 128) << shift;
  }

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  Int128 sum_ = 0;
  double sum_squares_ = 0;
  std::int64_t min_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_BASE_HISTOGRAM_H_
