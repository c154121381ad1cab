// What a GPU keeps in memory while it trains.
#include <algorithm>
#include <cmath>

#include "sim/model/training_work.h"

namespace jevons {
namespace {

constexpr double kWeightBytes = 2;      // BF16.
constexpr double kOptimiserBytes = 12;  // FP32 master weights and two Adam moments (Rajbhandari et al., 2020: K = 12).
// Attention matrices kept without flash attention or selective recomputation: 5 a s^2 b bytes (Korthikanti,
// section 4.1).
constexpr double kAttentionMatrixBytes = 5;
constexpr double kLogitBytes = 6;  // BF16 logits and their FP32 copy.

struct StageParameters {
  double dense = 0, experts = 0;  // Per GPU, before ZeRO.
};

StageParameters fullest_stage(const ModelSpec& m, const ParallelLayout& l) {
  const LayerWork w = layer_work(m);
  const double ends = m.tied_embeddings || l.pipeline > 1 ? head_parameters(m) : 2 * head_parameters(m);
  const double most = most_layers(m, l), fewest = fewest_layers(m, l);
  const double by_layers = most * (w.dense_parameters / l.tensor + w.expert_parameters / (l.tensor * l.expert));
  const double by_ends =
      fewest * (w.dense_parameters / l.tensor + w.expert_parameters / (l.tensor * l.expert)) + ends / l.tensor;
  const bool ends_rule = by_ends >= by_layers;
  const double layers = ends_rule ? fewest : most;
  return {(layers * w.dense_parameters + (ends_rule ? ends : 0)) / l.tensor,
          layers * w.expert_parameters / (l.tensor * l.expert)};
}

// Bytes per token of one layer.
double layer_activation_bytes(const ModelSpec& m, const ParallelLayout& l, const TrainingRecipe& r, bool keep_all) {
  const LayerWork w = layer_work(m);
  const double t = l.tensor, replicated_share = l.sequence_parallel ? 1 / t : 1;
  if (!keep_all) return kWeightBytes * m.hidden * replicated_share;  // The layer's input.
  double bytes = w.stored_replicated * replicated_share + w.stored_split / t;
  if (r.attention == AttentionKernel::kUnfused && r.recomputation == Recomputation::kNone) {
    bytes += kAttentionMatrixBytes * m.heads * static_cast<double>(r.sequence_length.value) / t;
  }
  return bytes;
}

// Micro-batches whose activations the first stage holds at once, in units of its own layers.
double in_flight(const ParallelLayout& l, const TrainingRecipe& r) {
  const double p = l.pipeline, m = static_cast<double>(micro_batches(l, r));
  if (r.schedule == PipelineSchedule::kDualPipe) return std::min(p + 1, m);  // DualPipe README: PP + 1.
  if (l.virtual_stages == 1) return std::min(p, m);
  return std::min(p * (1 + (p - 1) / (p * l.virtual_stages)), m);  // Korthikanti, section 4.2.3.
}

Bytes rounded(double bytes) { return {std::llround(bytes)}; }

}  // namespace

TrainingMemory training_memory(const ModelSpec& m, const ParallelLayout& l, const TrainingRecipe& r) {
  const StageParameters stage = fullest_stage(m, l);
  const double ranks = static_cast<double>(l.data) * l.context, expert_ranks = ranks / l.expert;
  const auto sharded = [&](bool yes) {
    return yes ? stage.dense / ranks + stage.experts / expert_ranks : stage.dense + stage.experts;
  };
  const double copies = r.schedule == PipelineSchedule::kDualPipe ? 2 : 1;  // Both ends of the pipeline at once.
  double weights = copies * kWeightBytes * sharded(l.zero_stage >= 3);
  const LayerWork w = layer_work(m);
  if (l.zero_stage >= 3) {  // The layer in use and the one being gathered, whole.
    weights += 2 * kWeightBytes * (w.dense_parameters + w.expert_parameters / l.expert) / l.tensor;
  }
  const double tokens = static_cast<double>(r.micro_batch) * static_cast<double>(r.sequence_length.value) / l.context;
  const bool keep_all = r.recomputation != Recomputation::kFull;
  double activations = tokens * most_layers(m, l) * in_flight(l, r) * layer_activation_bytes(m, l, r, keep_all);
  if (!keep_all) activations += tokens * layer_activation_bytes(m, l, r, true);  // The layer being recomputed.
  if (l.pipeline == 1) activations += kLogitBytes * tokens * static_cast<double>(m.vocab) / l.tensor;
  return {rounded(weights), rounded(r.gradient_bytes * sharded(l.zero_stage >= 2)),
          rounded(kOptimiserBytes * sharded(l.zero_stage >= 1)), rounded(activations)};
}

}  // namespace jevons
