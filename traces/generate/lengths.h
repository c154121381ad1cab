// Token counts made up: constant, lognormal, geometric, or drawn from values and weights.
#ifndef JEVONS_TRACES_GENERATE_LENGTHS_H_
#define JEVONS_TRACES_GENERATE_LENGTHS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "base/units.h"
#include "traces/trace.h"

namespace jevons {

// Draws an index with given weights in constant time: Walker's alias method, tables built as Vose (1991) does.
class AliasTable {
 public:
  AliasTable() = default;
  // Error: no weight, a negative one, or all zero.
  static Result<AliasTable> create(const std::vector<double>& weights);
  std::size_t draw(RandomStream* random) const;
  std::size_t size() const { return alias_.size(); }

 private:
  std::vector<double> keep_;
  std::vector<std::uint32_t> alias_;
};

enum class LengthLaw { kConstant, kLognormal, kGeometric, kEmpirical };

struct WeightedTokens {
  Tokens value;
  double weight = 1;
};

struct LengthOptions {
  LengthLaw law = LengthLaw::kConstant;
  Tokens constant{1};
  double median = 0;  // Lognormal: exp(mu).  Give median or mean, not both.
  double mean = 0;    // Lognormal: exp(mu + sigma^2 / 2), before clamping.  Geometric: its mean.
  double sigma = 0;   // Lognormal: standard deviation of the logarithm, in [0, 10].
  std::vector<WeightedTokens> empirical;
  Tokens min{1}, max{131072};  // Draws outside become the nearer of these.
};

class LengthSampler {
 public:
  static Result<LengthSampler> create(LengthOptions options);  // Error: an option out of range.
  Tokens draw(RandomStream* random) const;

 private:
  LengthOptions options_;
  double mu_ = 0;        // Lognormal.
  double log_stay_ = 0;  // Geometric: log(1 - 1/mean).
  AliasTable table_;
};

// The prompt and output lengths of a trace as empirical laws.  Reads the source to its end (at most `most` requests).
struct EmpiricalLengths {
  std::vector<WeightedTokens> prompt, output;  // By value.
};
Result<EmpiricalLengths> lengths_of(RequestSource* source, std::uint64_t most = 10'000'000);

}  // namespace jevons
#endif  // JEVONS_TRACES_GENERATE_LENGTHS_H_
