// Batcher: static batching, as FasterTransformer and its likes did.
#ifndef JEVONS_POLICIES_BATCHER_STATIC_BATCH_H_
#define JEVONS_POLICIES_BATCHER_STATIC_BATCH_H_

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/params.h"
#include "policies/api/batcher.h"
#include "policies/batcher/blocks.h"

namespace jevons {

class StaticBatcher final : public Batcher {
 public:
  static constexpr std::string_view kName = "static";
  static constexpr std::string_view kSummary =
      "Static batching: admit up to batch_size requests when nothing runs, prefill them together, decode until all are "
      "done.";
  struct Params {
    std::int64_t batch_size = 16;
    bool reserve_output = false;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("batch_size", &Params::batch_size, 1, 1 << 20, "Most requests in a batch (max_num_seqs holds too).");
    t.add("reserve_output", &Params::reserve_output,
          "Admit a request only with room for the most tokens it may produce, so that none is preempted.");
  }
  explicit StaticBatcher(const Params& params) : params_(params) {}

  void plan(const BatchView& view, BatchPlan* plan) const override {
    const BatchLimits& limits = *view.limits;
    if (view.partial != nullptr) {  // Left half done by a preemption elsewhere.
      const PrefillView& prompt = *view.partial;
      plan->continue_prefill = longest_chunk(prompt, prompt.remaining, view.free, limits.block_size);
    }
    plan->decode = view.decoding > 0;
    if (view.decoding == 0 && view.partial == nullptr) admit(view, plan);
  }

 private:
  // The first request is always let in if its prompt fits, or it would wait for ever.
  void admit(const BatchView& view, BatchPlan* plan) const {
    const BatchLimits& limits = *view.limits;
    Blocks free = view.free, unpromised = view.free;
    Tokens budget = limits.max_num_batched_tokens;
    const std::int64_t most = std::min(params_.batch_size, std::int64_t{limits.max_num_seqs});
    for (const PrefillView& prompt : view.waiting) {
      if (static_cast<std::int64_t>(plan->admit.size()) >= most) return;
      const bool first = plan->admit.empty();
      const Blocks need = blocks_for_chunk(prompt, prompt.remaining, limits.block_size);
      const Blocks promise = params_.reserve_output ? need + blocks_of(prompt.output_cap, limits.block_size) : need;
      if (need > free) return;
      if (!first && (prompt.remaining > budget || promise > unpromised)) return;
      plan->admit.push_back(prompt.remaining);
      free -= need;
      unpromised -= promise;
      budget -= prompt.remaining;
    }
  }

  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_BATCHER_STATIC_BATCH_H_
