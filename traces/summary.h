// What a trace is like, in one pass: counts, rates, lengths, burstiness, prefix reuse.
#ifndef JEVONS_TRACES_SUMMARY_H_
#define JEVONS_TRACES_SUMMARY_H_

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/histogram.h"
#include "base/result.h"
#include "base/units.h"
#include "traces/trace.h"

namespace jevons {

// How many prompt tokens a prefix cache would save: the leading blocks of each prompt that are in one global LRU of
// `capacity` blocks, all blocks of the prompt being used on arrival (the last one moved to the front last).
class PrefixReuse {
 public:
  static constexpr std::size_t kUnlimited = 0;
  explicit PrefixReuse(std::size_t capacity = kUnlimited) : capacity_(capacity) {}

  // The prompt tokens found; the last block counts what the prompt has of it.
  Tokens add(const Request& request);

 private:
  std::size_t capacity_;
  std::list<std::uint64_t> recent_;  // Most recently used first; empty when unlimited.
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> where_;
};

// Mean, standard deviation (of the population) and nearest-rank quantiles.
struct Spread {
  double mean = 0, deviation = 0;
  std::int64_t min = 0, p50 = 0, p90 = 0, p99 = 0, max = 0;
};
Spread spread_of(const Histogram& values);           // Quantiles within 0.4 %.
Spread spread_of(std::vector<std::int64_t> values);  // Exact.

struct RequestSummary {
  ReadCounts counts;
  std::uint64_t requests = 0;
  Instant first, last;                               // Arrivals; 0 when there are none.
  Histogram prompt, output;                          // Tokens.
  Histogram gaps;                                    // Nanoseconds between arrivals.
  std::uint64_t busiest_minute = 0;                  // Most requests in one minute [k, k+1) of the trace.
  std::uint64_t with_hashes = 0;                     // Requests with block hashes.
  Int128 reused = 0;                                 // Prompt tokens an unlimited prefix cache would save.
  std::map<std::uint32_t, std::uint64_t> workloads;  // Number -> requests.

  double rate() const;    // Requests per second between first and last.
  double gap_cv() const;  // Coefficient of variation of gaps; 1 for Poisson.
};
// Reads `source` to its end.  Memory grows with the distinct block hashes.
Result<RequestSummary> summarise(RequestSource* source);

struct JobSummary {
  ReadCounts counts;
  std::uint64_t jobs = 0;
  Instant first, last;  // Submit times.
  Spread gpus;
  Spread run_time, gaps;                         // Nanoseconds.
  GpuTime work;                                  // Sum of GPUs x run time.
  std::map<std::string, std::uint64_t> tenants;  // Name -> jobs.
};
JobSummary summarise(const JobTrace& trace);

}  // namespace jevons
#endif  // JEVONS_TRACES_SUMMARY_H_
