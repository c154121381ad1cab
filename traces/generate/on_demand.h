// Requests made up when somebody asks for them: the samples of a job of reinforcement learning.
#ifndef JEVONS_TRACES_GENERATE_ON_DEMAND_H_
#define JEVONS_TRACES_GENERATE_ON_DEMAND_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/rng.h"
#include "traces/generate/lengths.h"
#include "traces/trace.h"

namespace jevons {

// `next` returns false while nothing is asked for, and true again after the next `ask`.  Random streams:
// "<stream>.prompt" and "<stream>.output".
class OnDemandRequests final : public RequestSource {
 public:
  // Error: lengths out of range.
  static Result<std::unique_ptr<OnDemandRequests>> create(const LengthOptions& prompt, const LengthOptions& output,
                                                          std::uint64_t seed, const std::string& stream);

  // `count` more, all arriving at `at`, which never decreases.
  void ask(Instant at, std::int64_t count);
  Result<bool> next(Request* out) override;
  const ReadCounts& counts() const override { return counts_; }

 private:
  OnDemandRequests(LengthSampler prompt, LengthSampler output, std::uint64_t seed, const std::string& stream);

  LengthSampler prompt_, output_;
  RandomStream prompt_random_, output_random_;
  std::deque<std::pair<Instant, std::int64_t>> asked_;
  ReadCounts counts_;
};

}  // namespace jevons
#endif  // JEVONS_TRACES_GENERATE_ON_DEMAND_H_
