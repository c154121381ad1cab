// KV blocks that a chunk of a prompt takes.
#ifndef JEVONS_POLICIES_BATCHER_BLOCKS_H_
#define JEVONS_POLICIES_BATCHER_BLOCKS_H_

#include <algorithm>

#include "policies/api/batcher.h"

namespace jevons {

// Blocks that hold `tokens` tokens.
inline Blocks blocks_of(Tokens tokens, Tokens block_size) {
  return Blocks{(tokens.value + block_size.value - 1) / block_size.value};
}

// Free blocks that computing the next `chunk` tokens takes.  What the whole prompt takes beyond its own tokens (cached
// prefix blocks that stop being free once they are referenced) is taken with the first chunk.
inline Blocks blocks_for_chunk(const PrefillView& prompt, Tokens chunk, Tokens block_size) {
  const Blocks held = blocks_of(prompt.computed, block_size);
  const Blocks whole = blocks_of(prompt.computed + prompt.remaining, block_size) - held;
  const Blocks reused = std::max(Blocks{0}, prompt.new_blocks - whole);
  return blocks_of(prompt.computed + chunk, block_size) - held + reused;
}

// The longest chunk, at most `want`, whose blocks fit into `free`; 0 if none does.
inline Tokens longest_chunk(const PrefillView& prompt, Tokens want, Blocks free, Tokens block_size) {
  if (blocks_for_chunk(prompt, want, block_size) <= free) return want;
  const Blocks without = blocks_for_chunk(prompt, Tokens{0}, block_size);
  if (without > free) return Tokens{0};
  const Blocks reach = blocks_of(prompt.computed, block_size) + free - without;
  return std::clamp(Tokens{reach.value * block_size.value} - prompt.computed, Tokens{0}, want);
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_BATCHER_BLOCKS_H_
