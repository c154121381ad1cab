// Iteration times measured elsewhere, read from CSV files (plain or compressed).
//
// Both forms are checked against the limits of the pool when they are read: a table that does not cover every iteration
// the pool can form is refused, so that a run never leaves the table.
#ifndef JEVONS_SIM_MODEL_ITERATION_CSV_H_
#define JEVONS_SIM_MODEL_ITERATION_CSV_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "sim/model/iteration.h"

namespace jevons {

// The largest iterations a pool forms.
struct IterationLimits {
  std::int64_t decodes = 0;  // Sequences decoding at once: max_num_seqs.
  std::int64_t tokens = 0;  // Tokens in one iteration: max_num_batched_tokens (or the longest prompt without chunking).
  std::int64_t context = 0;  // Tokens of one sequence: max_model_len.
};

// A full grid with the columns decode (B), decode_context (S, all sequences together), prefill_tokens and ms.  An
// iteration takes the time of the nearest cell at or above it in every axis: never too fast, and exact on the cells.
// The grid must reach limits.decodes, limits.decodes x limits.context, and limits.tokens.
Result<std::unique_ptr<IterationTable>> read_iteration_grid(const std::string& path, const IterationLimits& limits);

// Vidur's operation times of one transformer layer, in ms.
struct VidurTables {
  std::string per_token_ops;  // num_tokens, attn_pre_proj, ..., add, all_reduce: rows 1..n.
  std::string attn_prefill;   // kv_rounded64, chunk, ms: the rows of kv 0, chunk 1..n.
  std::string attn_decode;    // batch_size, kv_rounded64, ms: batches 1..m times contexts 0, 64, ...
  std::int32_t layers = 0;
};
// Vidur's formula (commit 7d47513; shared/design/peers.md), pipeline of one stage:
//   ms = layers x (T[tokens rounded up to 8] + kv_save[tokens] + A)
//   T  = pre_proj + post_proj + up + down + act + rope + input_norm + post_norm + add + 2 x (all_reduce + 0.02)
//   A  = decode[B][floor(mean processed) rounded up to 64] x (1.1 if B > 1)
//      + prefill[sqrt(sum of squared chunks), rounded] x (1.1 if more than one chunk)
// `processed` counts the token that is being fed, so its mean is (S + B) / B.
Result<std::unique_ptr<IterationTable>> read_vidur_tables(const VidurTables& files, const IterationLimits& limits);

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_ITERATION_CSV_H_
