// Batcher: vLLM's V0 scheduler, prefill first.
#ifndef JEVONS_POLICIES_BATCHER_VLLM_V0_H_
#define JEVONS_POLICIES_BATCHER_VLLM_V0_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/params.h"
#include "policies/api/batcher.h"
#include "policies/batcher/blocks.h"

namespace jevons {

// As vllm/core/scheduler.py without chunked prefill: if any prompt can be admitted, an iteration of whole prompts and
// nothing else; if none, one token for every running request.  With padded_budget and the default watermark these are
// the rules of Vidur's vLLM policy (design/peers.md, "Semantics").  Two prompts that would wait for ever there are let
// in alone: one longer than the token budget, and, while nothing runs, one that needs the blocks of the watermark.
class VllmV0Batcher final : public Batcher {
 public:
  static constexpr std::string_view kName = "vllm_v0";
  static constexpr std::string_view kSummary =
      "vLLM V0, prefill first: waiting prompts, whole, in an iteration of their own while any fits; otherwise all "
      "running "
      "requests decode.";
  struct Params {
    double watermark = 0.01;  // vLLM's BlockSpaceManager and Vidur.
    bool padded_budget = false;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("watermark", &Params::watermark, 0.0, 0.99,
          "Share of the KV blocks that admitting a prompt must leave free.");
    t.add("padded_budget", &Params::padded_budget,
          "Count every prompt of the iteration as long as its longest against max_num_batched_tokens, as Vidur does.");
  }
  explicit VllmV0Batcher(const Params& params) : params_(params) {}

  void plan(const BatchView& view, BatchPlan* plan) const override {
    if (view.partial != nullptr) {  // Never cut here; one that a preemption elsewhere left half done is ended first.
      const PrefillView& prompt = *view.partial;
      plan->continue_prefill =
          longest_chunk(prompt, prompt.remaining, view.free + view.decode_need, view.limits->block_size);
      plan->decode = plan->continue_prefill == Tokens{0} && view.decoding > 0;
      return;
    }
    admit(view, plan);
    plan->decode = plan->admit.empty() && view.decoding > 0;
  }

 private:
  void admit(const BatchView& view, BatchPlan* plan) const {
    const BatchLimits& limits = *view.limits;
    const Blocks reserve{
        static_cast<std::int64_t>(std::floor(params_.watermark * static_cast<double>(view.total.value)))};
    Blocks free = view.free + view.decode_need;  // Nothing decodes in an iteration of prompts.
    std::int32_t sequences = view.decoding;
    Tokens sum{0}, longest{0};
    for (const PrefillView& prompt : view.waiting) {
      if (sequences >= limits.max_num_seqs) return;
      const bool first = plan->admit.empty();
      sum += prompt.remaining;
      longest = std::max(longest, prompt.remaining);
      const std::int64_t prompts = static_cast<std::int64_t>(plan->admit.size()) + 1;
      const Tokens counted = params_.padded_budget ? prompts * longest : sum;
      if (counted > limits.max_num_batched_tokens && !first) return;
      const Blocks need = blocks_for_chunk(prompt, prompt.remaining, limits.block_size);
      const bool fits = need <= free && (free - need >= reserve || (first && view.decoding == 0));
      if (!fits) return;
      plan->admit.push_back(prompt.remaining);
      free -= need;
      ++sequences;
    }
  }

  Params params_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_BATCHER_VLLM_V0_H_
