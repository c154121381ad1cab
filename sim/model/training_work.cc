// Per-layer work of training, and whether a layout fits the model.
#include "sim/model/training_work.h"

#include <algorithm>
#include <cmath>

namespace jevons {
namespace {

// Bytes per token kept for backward (Korthikanti et al., arXiv:2205.05198, section 4.1, "34 s b h"): two layer norms
// and the inputs of attention and MLP (2 bytes each), two dropout masks (1 byte each): 10 h whole on every GPU of a
// tensor group; what the tensor group splits is counted by width below, 24 h for their GPT.
constexpr double kReplicatedBytes = 10;
constexpr double kBf16 = 2;

// Activations of one MLP: the outputs of its first matrices, and the input of the last.
double mlp_stored(const ModelSpec& m, double width) { return kBf16 * m.mlp_matrices() * width; }

double query_width(const ModelSpec& m) {
  const double qk = m.kv_lora_rank > 0 ? m.qk_nope_head_dim + m.qk_rope_head_dim : m.head_dim;
  return m.heads * qk;
}
double value_width(const ModelSpec& m) {
  return m.heads * double{1} * (m.kv_lora_rank > 0 ? m.v_head_dim : m.head_dim);
}

Status at_least(std::int64_t value, std::int64_t low, std::int64_t high, const char* where) {
  if (value >= low && value <= high) return Ok{};
  return Error{"expected " + std::to_string(low) + " to " + std::to_string(high) + ", got " + std::to_string(value),
               where};
}

Error does_not_divide(const std::string& what, std::int64_t count, const std::string& by, std::int64_t n,
                      const char* where) {
  return Error{what + " " + std::to_string(count) + " does not divide by " + by + " " + std::to_string(n), where};
}

Status check_ranges(const ParallelLayout& l, const TrainingRecipe& r) {
  constexpr std::int64_t kMany = 1 << 20;
  const std::int64_t gpus = std::int64_t{l.tensor} * l.pipeline;
  if (Status s = at_least(l.tensor, 1, 1024, "tensor"); !s) return s;
  if (Status s = at_least(l.pipeline, 1, 1024, "pipeline"); !s) return s;
  if (Status s = at_least(l.virtual_stages, 1, 1024, "virtual_stages"); !s) return s;
  if (Status s = at_least(l.context, 1, 1024, "context"); !s) return s;
  if (Status s = at_least(l.data, 1, kMany, "data"); !s) return s;
  if (Status s = at_least(l.expert, 1, kMany, "expert"); !s) return s;
  if (Status s = at_least(l.zero_stage, 0, 3, "zero_stage"); !s) return s;
  if (Status s = at_least(l.gpus_per_node.value, 1, 1024, "gpus_per_node"); !s) return s;
  if (Status s = at_least(gpus * l.data * l.context, 1, 10'000'000, "data"); !s) return s;
  if (Status s = at_least(r.sequence_length.value, 1, 1'000'000'000, "sequence_length"); !s) return s;
  if (Status s = at_least(r.micro_batch, 1, kMany, "micro_batch"); !s) return s;
  return at_least(r.global_batch, 1, 1'000'000'000, "global_batch");
}

Status check_pipeline(const ModelSpec& m, const ParallelLayout& l, const TrainingRecipe& r) {
  if (l.pipeline > m.layers) {
    return Error{
        std::to_string(l.pipeline) + " stages are more than the " + std::to_string(m.layers) + " layers of " + m.name,
        "pipeline"};
  }
  if (l.virtual_stages > 1 && l.pipeline == 1) return Error{"virtual stages need pipeline 2 or more", "virtual_stages"};
  if (l.virtual_stages > most_layers(m, l)) {
    return Error{std::to_string(l.virtual_stages) + " virtual stages are more than the " +
                     std::to_string(static_cast<int>(most_layers(m, l))) + " layers of a stage",
                 "virtual_stages"};
  }
  if (r.schedule == PipelineSchedule::kDualPipe && (l.pipeline % 2 != 0 || l.virtual_stages > 1)) {
    return Error{"DualPipe needs an even number of stages and no virtual stages", "pipeline"};
  }
  return Ok{};
}

Status check_experts(const ModelSpec& m, const ParallelLayout& l) {
  if (l.expert == 1) return Ok{};
  if (m.experts == 0) return Error{m.name + " has no experts", "expert"};
  if (m.experts % l.expert != 0) return does_not_divide("experts", m.experts, "expert", l.expert, "expert");
  const std::int64_t ranks = std::int64_t{l.data} * l.context;
  if (ranks % l.expert != 0) return does_not_divide("data x context", ranks, "expert", l.expert, "expert");
  return Ok{};
}

}  // namespace

double head_parameters(const ModelSpec& m) { return static_cast<double>(m.vocab) * m.hidden; }

LayerWork layer_work(const ModelSpec& m) {
  LayerWork w;
  const double h = m.hidden, layers = m.layers;
  const double mixtures = m.experts > 0 ? (layers - m.dense_layers) / layers : 0;
  const double embeddings = (m.tied_embeddings ? 1 : 2) * head_parameters(m);
  w.expert_parameters = mixtures * m.mlp_matrices() * h * m.moe_intermediate * m.experts;
  w.dense_parameters = (m.parameters() - embeddings) / layers - w.expert_parameters;
  w.active_parameters = w.dense_parameters;
  if (m.experts > 0) w.active_parameters += w.expert_parameters * m.experts_per_token / m.experts;
  if (m.kv_lora_rank > 0) {
    const double rank = m.q_lora_rank > 0 ? m.q_lora_rank : 0;
    w.recomputed_parameters =
        rank * query_width(m) + m.kv_lora_rank * double{1} * m.heads * (m.qk_nope_head_dim + m.v_head_dim);
  }
  w.attention_width = (query_width(m) + value_width(m)) / 2;
  const bool latent = m.kv_lora_rank > 0;
  w.kv_width = latent ? m.kv_lora_rank + m.qk_rope_head_dim : 2.0 * m.kv_heads * m.head_dim;
  // A latent is expanded to keys and values of every head before training attention.
  const double keys_values = latent ? query_width(m) + value_width(m) : w.kv_width;
  const double routed = m.experts_per_token, active_experts = routed + m.shared_experts;
  w.stored_replicated = kReplicatedBytes * h;
  w.stored_split = kBf16 * (query_width(m) + keys_values + value_width(m)) +
                   (1 - mixtures) * mlp_stored(m, m.intermediate) +
                   mixtures * (mlp_stored(m, active_experts * m.moe_intermediate) + 2 * kBf16 * routed * h);
  w.gemm_inputs = h + value_width(m) + (1 - mixtures) * (h + m.intermediate) +
                  mixtures * ((routed + 1) * h + active_experts * m.moe_intermediate);
  w.routed_copies = mixtures * routed;
  return w;
}

GemmDepths gemm_depths(const ModelSpec& m, const ParallelLayout& l, double tokens) {
  GemmDepths sum;
  double all = 0;
  // `parameters` of a matrix that reads `in` and writes `out` elements a token on one GPU.
  const auto add = [&](double parameters, double in, double out, double rows) {
    all += parameters;
    sum.forward += parameters / in;
    sum.input_gradient += parameters / out;
    sum.weight_gradient += parameters / rows;
  };
  const double h = m.hidden, t = l.tensor, q = query_width(m), v = value_width(m);
  if (m.kv_lora_rank > 0) {
    const double kv = m.heads * double{1} * (m.qk_nope_head_dim + m.v_head_dim), rank = m.q_lora_rank;
    if (rank > 0) add(h * rank, h, rank, tokens);
    add((rank > 0 ? rank : h) * q, rank > 0 ? rank : h, q / t, tokens);
    add(h * (m.kv_lora_rank + m.qk_rope_head_dim), h, m.kv_lora_rank + m.qk_rope_head_dim, tokens);
    add(m.kv_lora_rank * kv, m.kv_lora_rank, kv / t, tokens);
  } else {
    const double qkv = q + 2.0 * m.kv_heads * m.head_dim;
    add(h * qkv, h, qkv / t, tokens);
  }
  add(v * h, v / t, h, tokens);
  const double up = m.mlp_matrices() - 1;
  const auto mlp = [&](double copies, double width, double rows) {
    if (copies <= 0 || width <= 0) return;
    add(copies * up * h * width, h, up * width / t, rows);
    add(copies * width * h, width / t, h, rows);
  };
  const double mixtures = m.experts > 0 ? (m.layers - m.dense_layers) / double{1} / m.layers : 0;
  mlp(1 - mixtures, m.intermediate, tokens);
  if (m.experts > 0) {
    mlp(mixtures * m.experts_per_token, m.moe_intermediate,
        tokens * l.expert * m.experts_per_token / m.experts);  // Of all ranks that share the experts.
    mlp(mixtures * m.shared_experts, m.moe_intermediate, tokens);
  }
  return {sum.forward / all, sum.input_gradient / all, sum.weight_gradient / all};
}

double most_layers(const ModelSpec& m, const ParallelLayout& l) { return (m.layers + l.pipeline - 1) / l.pipeline; }
double fewest_layers(const ModelSpec& m, const ParallelLayout& l) { return m.layers / l.pipeline; }

std::int64_t micro_batches(const ParallelLayout& l, const TrainingRecipe& r) {
  return r.global_batch / (std::int64_t{l.data} * r.micro_batch);
}

Status check_layout(const ModelSpec& m, const GpuSpec& gpu, const ParallelLayout& l, const TrainingRecipe& r) {
  if (Status s = check_ranges(l, r); !s) return s;
  if (m.heads % l.tensor != 0) return does_not_divide("heads", m.heads, "tensor", l.tensor, "tensor");
  if (m.kv_lora_rank == 0 && m.kv_heads % l.tensor != 0 && l.tensor % m.kv_heads != 0) {
    return does_not_divide("kv_heads", m.kv_heads, "tensor", l.tensor, "tensor");
  }
  if (Status s = check_pipeline(m, l, r); !s) return s;
  if (Status s = check_experts(m, l); !s) return s;
  if (r.sequence_length.value % l.context != 0) {
    return does_not_divide("sequence_length", r.sequence_length.value, "context", l.context, "context");
  }
  const std::int64_t together = std::int64_t{l.data} * r.micro_batch;
  if (r.global_batch % together != 0) {
    return does_not_divide("global_batch", r.global_batch, "data x micro_batch", together, "global_batch");
  }
  if (r.precision != TrainingPrecision::kBf16 && gpu.fp8_flops <= 0)
    return Error{gpu.name + " has no FP8", "precision"};
  return Ok{};
}

}  // namespace jevons
