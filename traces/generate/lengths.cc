// Sampling of token counts; every draw takes a fixed small number of operations.
#include "traces/generate/lengths.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "traces/fields.h"

namespace jevons {

Result<AliasTable> AliasTable::create(const std::vector<double>& weights) {
  double sum = 0;
  for (const double w : weights) {
    if (!(w >= 0 && w <= 1e18)) return Error{"a weight is out of range (expected 0 to 1e18)", ""};
    sum += w;
  }
  if (!(sum > 0)) return Error{"no weight is above 0 (expected at least one)", ""};
  if (weights.size() > 100'000'000) return Error{"too many weights (expected at most 100 million)", ""};
  const std::size_t n = weights.size();
  AliasTable table;
  table.keep_.resize(n);
  table.alias_.resize(n);
  std::vector<std::uint32_t> small, large;
  std::vector<double> scaled(n);
  for (std::size_t i = 0; i < n; ++i) {
    scaled[i] = weights[i] / sum * static_cast<double>(n);
    (scaled[i] < 1 ? small : large).push_back(static_cast<std::uint32_t>(i));
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t s = small.back(), l = large.back();
    small.pop_back();
    table.keep_[s] = scaled[s];
    table.alias_[s] = l;
    scaled[l] -= 1 - scaled[s];
    if (scaled[l] < 1) {
      large.pop_back();
      small.push_back(l);
    }
  }
  // What is left is 1 but for rounding; an outcome of weight 0 is never left here, for it is always paired.
  for (const auto* rest : {&small, &large}) {
    for (const std::uint32_t i : *rest) {
      table.keep_[i] = 1;
      table.alias_[i] = i;
    }
  }
  return table;
}

std::size_t AliasTable::draw(RandomStream* random) const {
  const auto i = static_cast<std::size_t>(random->below(alias_.size()));
  return random->uniform() < keep_[i] ? i : alias_[i];
}

Result<LengthSampler> LengthSampler::create(LengthOptions options) {
  LengthSampler sampler;
  const LengthOptions& o = options;
  const auto in_range = [](Tokens t) { return t.value >= 1 && t.value <= kMaxTokens; };
  if (!in_range(o.min) || !in_range(o.max) || o.min > o.max) {
    return Error{"min and max of a length are out of range (expected 1 <= min <= max <= 2^40)", ""};
  }
  switch (o.law) {
    case LengthLaw::kConstant:
      if (!in_range(o.constant)) return Error{"constant length is out of range (expected 1 to 2^40)", ""};
      break;
    case LengthLaw::kLognormal: {
      if (!(o.sigma >= 0 && o.sigma <= 10)) return Error{"sigma is out of range (expected 0 to 10)", ""};
      const bool by_median = o.median > 0, by_mean = o.mean > 0;
      if (by_median == by_mean || !(std::max(o.median, o.mean) <= 1e12)) {
        return Error{"a lognormal length needs a median or a mean above 0, up to 1e12 (expected one of the two)", ""};
      }
      sampler.mu_ = by_median ? std::log(o.median) : std::log(o.mean) - 0.5 * o.sigma * o.sigma;
      break;
    }
    case LengthLaw::kGeometric:
      if (!(o.mean >= 1 && o.mean <= 1e12))
        return Error{"mean of a geometric length is out of range (expected 1 to 1e12)", ""};
      sampler.log_stay_ = std::log1p(-1 / o.mean);
      break;
    case LengthLaw::kEmpirical: {
      std::vector<double> weights;
      for (const WeightedTokens& w : o.empirical) {
        if (!in_range(w.value)) return Error{"an empirical length is out of range (expected 1 to 2^40)", ""};
        weights.push_back(w.weight);
      }
      auto table = AliasTable::create(weights);
      if (!table) return table.error();
      sampler.table_ = *std::move(table);
      break;
    }
  }
  sampler.options_ = std::move(options);
  return sampler;
}

Tokens LengthSampler::draw(RandomStream* random) const {
  double x = 0;
  switch (options_.law) {
    case LengthLaw::kConstant:
      return std::clamp(options_.constant, options_.min, options_.max);
    case LengthLaw::kEmpirical:
      return std::clamp(options_.empirical[table_.draw(random)].value, options_.min, options_.max);
    case LengthLaw::kLognormal:
      x = std::floor(random->lognormal(mu_, options_.sigma) + 0.5);
      break;
    case LengthLaw::kGeometric:
      // By inversion; a mean of 1 has log_stay_ = -inf and gives 1.
      x = 1 + std::floor(std::log(1.0 - random->uniform()) / log_stay_);
      break;
  }
  // Clamped before the conversion: a draw may lie beyond any integer.
  x = std::clamp(x, static_cast<double>(options_.min.value), static_cast<double>(options_.max.value));
  return Tokens{static_cast<std::int64_t>(x)};
}

Result<EmpiricalLengths> lengths_of(RequestSource* source, std::uint64_t most) {
  std::map<Tokens, std::uint64_t> prompt, output;
  Request request;
  for (std::uint64_t i = 0; i < most; ++i) {
    auto more = source->next(&request);
    if (!more) return more.error();
    if (!*more) break;
    ++prompt[request.prompt];
    ++output[request.output];
  }
  if (prompt.empty()) return Error{"the trace has no requests to take lengths from", ""};
  EmpiricalLengths lengths;
  for (const auto& [value, count] : prompt) lengths.prompt.push_back({value, static_cast<double>(count)});
  for (const auto& [value, count] : output) lengths.output.push_back({value, static_cast<double>(count)});
  return lengths;
}

}  // namespace jevons
