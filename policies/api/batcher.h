// A batcher composes the next iteration of one replica: which waiting requests to admit, which prompts to prefill
// (whole or in chunks), and whether the running requests decode.
//
// Contract
//   - Called when the last iteration has ended and something has changed since the last plan: a request joined or
//     left, or a prompt is still being prefilled.  A plan of decodes only is repeated by the engine until something
//     changes, so the same view must always give the same plan (`plan` is const).
//   - Running requests are decoded together, one token each (engine limits keep max_num_batched_tokens >=
//     max_num_seqs). The engine has already made room for their next tokens, preempting from the tail when memory ran
//     out.
//   - `admit` takes that many requests from the head of `waiting`; each gets `tokens` of its prompt prefilled (1 to
//     its `remaining`).  `continue_prefill` continues the one prompt that is being prefilled in chunks, if there is
//     one.
//   - Blocks for chunks must fit into `free` (checked, in the order continue, then admits; block_size tokens a block).
//   - An empty plan while requests are running or waiting stalls the replica until the next arrival or release
//     (allowed).
#ifndef JEVONS_POLICIES_API_BATCHER_H_
#define JEVONS_POLICIES_API_BATCHER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"

namespace jevons {

// vLLM's option names and meanings.
struct BatchLimits {
  std::int32_t max_num_seqs = 256;
  Tokens max_num_batched_tokens{8192};
  Tokens max_model_len{131072};
  Tokens block_size{16};
  bool enable_chunked_prefill = true;
};

struct PrefillView {
  Tokens remaining;   // Prompt tokens still to compute (after reuse from the prefix cache).
  Tokens computed;    // Tokens already in the KV cache: computed or reused.
  Blocks new_blocks;  // Blocks that computing all of `remaining` would take from `free`.
  Tokens output_cap;  // Most tokens the request may still produce (max_tokens); its true output is not known.
};

struct BatchView {
  Instant now;
  const BatchLimits* limits = nullptr;
  std::int32_t decoding = 0;             // Running requests whose prompt is complete.
  const PrefillView* partial = nullptr;  // The one running request whose prompt is not; null if none.
  // The head of the queue, oldest first: at least every request that could be admitted now within the limits on
  // sequences, tokens and memory, and one more.
  std::span<const PrefillView> waiting{};
  std::int32_t waiting_total = 0;  // Length of the whole queue.
  Blocks free;                     // After the running requests' next tokens.
  Blocks decode_need;              // What those tokens take: already subtracted from `free`.
  Blocks total;
};

struct BatchPlan {
  bool decode = false;         // The running requests each produce one token.
  Tokens continue_prefill{0};  // Tokens of the partial request's prompt.
  std::vector<Tokens> admit;   // Chunk sizes for the first admit.size() waiting requests.
  void clear() {
    decode = false;
    continue_prefill = Tokens{0};
    admit.clear();
  }
};

class Batcher {
 public:
  virtual ~Batcher() = default;
  virtual void plan(const BatchView& view, BatchPlan* plan) const = 0;  // `*plan` comes in cleared.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_BATCHER_H_
