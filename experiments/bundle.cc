// Replicas and their times in bundles.
#include "experiments/bundle.h"

#include <algorithm>
#include <utility>

namespace jevons {
namespace {

// Knots in bundles up to where the table has knots in tokens; its last slope carries on.
TokenTable bundled(const TokenTable& table, std::int64_t bundle) {
  TokenTable out;
  if (table.empty()) return out;
  const auto strides = static_cast<std::int64_t>(table.by_stride.size());
  const std::int64_t last = strides >= 2 ? TokenTable::kDenseTokens + (strides - 1) * TokenTable::kStride
                                         : static_cast<std::int64_t>(table.by_tokens.size()) - 1;
  const std::int64_t knots = std::max<std::int64_t>(2, (last + bundle - 1) / bundle);
  for (std::int64_t t = 0; t <= std::min(knots, TokenTable::kDenseTokens); ++t) {
    out.by_tokens.push_back(table.at(t * bundle));
  }
  if (knots <= TokenTable::kDenseTokens) return out;
  for (std::int64_t t = TokenTable::kDenseTokens; t < knots + TokenTable::kStride; t += TokenTable::kStride) {
    out.by_stride.push_back(table.at(t * bundle));
  }
  return out;
}

}  // namespace

LinearIterationModel bundled(const LinearIterationModel& time, std::int64_t bundle) {
  LinearIterationModel out = time;
  static_cast<TokenTable&>(out) = bundled(static_cast<const TokenTable&>(time), bundle);
  out.wires = bundled(time.wires, bundle);
  out.decode = bundled(time.decode, bundle);
  out.decode_wires = bundled(time.decode_wires, bundle);
  // All are linear in what N alike sequences have N times as much of.
  out.per_sequence *= bundle;
  out.per_kv_token *= bundle;
  out.per_chunk_work2 *= bundle;
  out.per_chunk_kv *= bundle;
  return out;
}

InstancePlan bundled(InstancePlan plan, std::int64_t bundle) {
  plan.time = bundled(plan.time, bundle);
  plan.kv_blocks.value /= bundle;
  plan.prefill_tokens_per_s /= static_cast<double>(bundle);
  plan.decode_tokens_per_s /= static_cast<double>(bundle);
  return plan;
}

BatchLimits bundled(BatchLimits limits, std::int64_t bundle) {
  limits.max_num_seqs = static_cast<decltype(limits.max_num_seqs)>(limits.max_num_seqs / bundle);
  limits.max_num_batched_tokens.value /= bundle;
  return limits;
}

}  // namespace jevons
