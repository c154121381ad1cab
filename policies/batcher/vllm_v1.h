// Batcher: vLLM's V1 scheduler.
#ifndef JEVONS_POLICIES_BATCHER_VLLM_V1_H_
#define JEVONS_POLICIES_BATCHER_VLLM_V1_H_

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/params.h"
#include "policies/api/batcher.h"
#include "policies/batcher/blocks.h"

namespace jevons {

// As vllm/v1/core/sched/scheduler.py, FCFS policy, without speculative decoding: running requests first, then waiting
// ones from one token budget; blocks are allocated for the chunk only; the first waiting request without room ends the
// batch. One difference: where the prompt being chunked finds no room for its next chunk, vLLM preempts it and computes
// it again; here it takes what fits and waits for the rest.
class VllmV1Batcher final : public Batcher {
 public:
  static constexpr std::string_view kName = "vllm_v1";
  static constexpr std::string_view kSummary =
      "vLLM V1: running requests decode first; what is left of one token budget goes to prompts in arrival order, in "
      "chunks "
      "where enable_chunked_prefill allows.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit VllmV1Batcher(const Params&) {}

  void plan(const BatchView& view, BatchPlan* plan) const override {
    const BatchLimits& limits = *view.limits;
    Room room{limits.max_num_batched_tokens - Tokens{view.decoding}, view.free};
    plan->decode = view.decoding > 0;
    if (view.partial != nullptr) {
      const PrefillView& prompt = *view.partial;
      const Tokens want = std::max(Tokens{0}, std::min(prompt.remaining, room.tokens));
      plan->continue_prefill = longest_chunk(prompt, want, room.blocks, limits.block_size);
      room.tokens -= plan->continue_prefill;
      room.blocks -= blocks_for_chunk(prompt, plan->continue_prefill, limits.block_size);
      if (plan->continue_prefill < prompt.remaining) return;  // One prompt at most is in the middle of its prefill.
    }
    admit(view, room, plan);
  }

 private:
  struct Room {
    Tokens tokens;
    Blocks blocks;
  };
  static void admit(const BatchView& view, Room room, BatchPlan* plan) {
    const BatchLimits& limits = *view.limits;
    std::int32_t sequences = view.decoding + (view.partial != nullptr ? 1 : 0);
    const bool no_prefill_yet = view.partial == nullptr;
    for (const PrefillView& prompt : view.waiting) {
      if (sequences >= limits.max_num_seqs || room.tokens <= Tokens{0}) return;
      Tokens chunk = std::min(prompt.remaining, room.tokens);
      if (!limits.enable_chunked_prefill && chunk < prompt.remaining) {
        // Longer than the whole budget: it would wait for ever, so it is the one prompt of its iteration.
        const bool hopeless = prompt.remaining > limits.max_num_batched_tokens;
        if (!hopeless || !no_prefill_yet || !plan->admit.empty()) return;
        chunk = prompt.remaining;
      }
      const Blocks need = blocks_for_chunk(prompt, chunk, limits.block_size);
      if (need > room.blocks) return;
      plan->admit.push_back(chunk);
      if (chunk < prompt.remaining) return;
      room.tokens -= chunk;
      room.blocks -= need;
      ++sequences;
    }
  }
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_BATCHER_VLLM_V1_H_
