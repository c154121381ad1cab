// What follows from a ModelSpec: parameters, bytes, and whether its fields fit together.
#include <algorithm>
#include <array>

#include "topologies/catalogue.h"
#include "topologies/catalogue_fields.h"

namespace jevons {
namespace {

// Two bytes: embeddings and LM head stay in BF16 when the rest is quantised (DeepSeek-V3 and Llama-3.1-405B-FP8 cards).
constexpr double kEmbeddingBytes = 2;

double attention_parameters(const ModelSpec& m) {
  const double h = m.hidden, heads = m.heads;
  if (m.kv_lora_rank == 0) {
    const double q_width = heads * m.head_dim, kv_width = static_cast<double>(m.kv_heads) * m.head_dim;
    return h * (q_width + 2 * kv_width) + q_width * h;
  }
  const double qk = m.qk_nope_head_dim + m.qk_rope_head_dim;
  const double q = m.q_lora_rank > 0 ? m.q_lora_rank * (h + heads * qk + 1) : h * heads * qk;
  const double kv_down = h * (m.kv_lora_rank + m.qk_rope_head_dim) + m.kv_lora_rank;
  const double kv_up = m.kv_lora_rank * heads * (m.qk_nope_head_dim + m.v_head_dim);
  return q + kv_down + kv_up + heads * m.v_head_dim * h;
}

double mlp_parameters(const ModelSpec& m, double width) { return m.mlp_matrices() * m.hidden * width; }

double moe_parameters(const ModelSpec& m, double experts) {
  return mlp_parameters(m, (experts + m.shared_experts) * m.moe_intermediate) +
         static_cast<double>(m.hidden) * m.experts;
}

double embedding_parameters(const ModelSpec& m) {
  return (m.tied_embeddings ? 1.0 : 2.0) * static_cast<double>(m.vocab) * m.hidden;
}

// All layers with `experts` of each mixture counted, norms included.
double layer_parameters(const ModelSpec& m, double experts) {
  const double dense = m.experts > 0 ? m.dense_layers : m.layers;
  const double common = attention_parameters(m) + 2.0 * m.hidden;
  return m.layers * common + dense * mlp_parameters(m, m.intermediate) +
         (m.layers - dense) * moe_parameters(m, experts) + m.hidden;
}

constexpr double kAny = 1e18;

}  // namespace

double ModelSpec::parameters() const { return layer_parameters(*this, experts) + embedding_parameters(*this); }

double ModelSpec::active_parameters() const {
  return layer_parameters(*this, experts_per_token) + static_cast<double>(vocab) * hidden;
}

Bytes ModelSpec::weight_bytes() const {
  const double embeddings = embedding_parameters(*this);
  const double per_embedding =
      weight_bytes_per_parameter < kEmbeddingBytes ? kEmbeddingBytes : weight_bytes_per_parameter;
  return {
      static_cast<std::int64_t>((parameters() - embeddings) * weight_bytes_per_parameter + embeddings * per_embedding)};
}

Bytes ModelSpec::kv_bytes_per_token() const {
  const double elements = kv_lora_rank > 0 ? kv_lora_rank + qk_rope_head_dim : 2.0 * kv_heads * head_dim;
  return {static_cast<std::int64_t>(layers * elements * kv_bytes_per_element)};
}

std::span<const GpuField> gpu_fields() {
  static constexpr std::array<GpuField, 25> kFields{{
      {"bf16_flops", &GpuSpec::bf16_flops, 1e9, kAny, true},
      {"fp8_flops", &GpuSpec::fp8_flops, 0, kAny, false},
      {"int8_ops", &GpuSpec::int8_ops, 0, kAny, false},
      {"sm_count", &GpuSpec::sm_count, 0, 1e5, false},
      {"memory_bytes_per_s", &GpuSpec::memory_bytes_per_s, 1e6, kAny, true},
      {"link_bytes_per_s", &GpuSpec::link_bytes_per_s, 1e6, kAny, true},
      {"nic_bytes_per_s", &GpuSpec::nic_bytes_per_s, 1e6, kAny, true},
      {"tdp_watts", &GpuSpec::tdp_watts, 0, 1e6, false},
      {"idle_watts", &GpuSpec::idle_watts, 0, 1e6, false},
      {"host_watts_per_gpu", &GpuSpec::host_watts_per_gpu, 0, 1e6, false},
      {"loaded_power", &GpuSpec::loaded_power, 0, 2, false},
      {"prefill_power", &GpuSpec::prefill_power, 0, 2, false},
      {"mixed_power", &GpuSpec::mixed_power, 0, 2, false},
      {"decode_power_low", &GpuSpec::decode_power_low, 0, 2, false},
      {"decode_power_high", &GpuSpec::decode_power_high, 0, 2, false},
      {"decode_half_batch", &GpuSpec::decode_half_batch, 0, 1e6, false},
      {"training_power", &GpuSpec::training_power, 0, 2, false},
      {"price_usd_per_gpu_hour", &GpuSpec::price_usd_per_gpu_hour, 0, 1e6, false},
      {"gemm_compute_efficiency", &GpuSpec::gemm_compute_efficiency, 0.001, 1, false},
      {"sustained_gemm", &GpuSpec::sustained_gemm, 0, 1, false},
      {"gemm_memory_efficiency", &GpuSpec::gemm_memory_efficiency, 0.001, 1, false},
      {"attention_memory_efficiency", &GpuSpec::attention_memory_efficiency, 0.001, 1, false},
      {"attention_compute_efficiency", &GpuSpec::attention_compute_efficiency, 0.001, 1, false},
      {"all_reduce_latency_s", &GpuSpec::all_reduce_latency_s, 0, 1, false},
      {"all_reduce_efficiency", &GpuSpec::all_reduce_efficiency, 0.001, 1, false},
  }};
  return kFields;
}

std::span<const StackField<StackSpec>> stack_fields() {
  static constexpr std::array<StackField<StackSpec>, 11> kFields{{
      {"step_s", &StackSpec::step_s, 0, 10},
      {"sequence_s", &StackSpec::sequence_s, 0, 1},
      {"layer_s", &StackSpec::layer_s, 0, 1},
      {"all_reduce_s", &StackSpec::all_reduce_s, 0, 1},
      {"eager_launch_s_per_layer", &StackSpec::eager_launch_s_per_layer, 0, 1},
      {"request_s", &StackSpec::request_s, 0, 60},
      {"kernel_slowdown", &StackSpec::kernel_slowdown, 1, 100},
      {"elementwise_passes", &StackSpec::elementwise_passes, 0, 100},
      {"quantised_layer_s", &StackSpec::quantised_layer_s, 0, 1},
      {"quantised_sequence_s", &StackSpec::quantised_sequence_s, 0, 1},
      {"quantised_launch_s_per_layer", &StackSpec::quantised_launch_s_per_layer, 0, 1},
  }};
  return kFields;
}

std::span<const StackField<TrainingConstants>> training_stack_fields() {
  static constexpr std::array<StackField<TrainingConstants>, 6> kFields{{
      {"gemm_share", &TrainingConstants::gemm_share, 0.01, 2},
      {"attention_efficiency", &TrainingConstants::attention_efficiency, 0, 1},
      {"activation_passes", &TrainingConstants::activation_passes, 0, 1000},
      {"weight_bytes", &TrainingConstants::weight_bytes, 0, 1000},
      {"logit_bytes", &TrainingConstants::logit_bytes, 0, 1000},
      {"fsdp_exposed", &TrainingConstants::fsdp_exposed, 0, 1},
  }};
  return kFields;
}

std::span<const ModelField<std::int32_t>> model_counts() {
  constexpr std::int32_t kWide = 1 << 20;
  static constexpr std::array<ModelField<std::int32_t>, 16> kFields{{
      {"layers", &ModelSpec::layers, 1, 10'000, true},
      {"hidden", &ModelSpec::hidden, 1, kWide, true},
      {"heads", &ModelSpec::heads, 1, 65'536, true},
      {"kv_heads", &ModelSpec::kv_heads, 1, 65'536, true},
      {"head_dim", &ModelSpec::head_dim, 1, 65'536, true},
      {"intermediate", &ModelSpec::intermediate, 0, 4 * kWide, false},
      {"experts", &ModelSpec::experts, 0, 65'536, false},
      {"experts_per_token", &ModelSpec::experts_per_token, 0, 65'536, false},
      {"shared_experts", &ModelSpec::shared_experts, 0, 1'024, false},
      {"moe_intermediate", &ModelSpec::moe_intermediate, 0, kWide, false},
      {"dense_layers", &ModelSpec::dense_layers, 0, 10'000, false},
      {"kv_lora_rank", &ModelSpec::kv_lora_rank, 0, kWide, false},
      {"q_lora_rank", &ModelSpec::q_lora_rank, 0, kWide, false},
      {"qk_rope_head_dim", &ModelSpec::qk_rope_head_dim, 0, 65'536, false},
      {"qk_nope_head_dim", &ModelSpec::qk_nope_head_dim, 0, 65'536, false},
      {"v_head_dim", &ModelSpec::v_head_dim, 0, 65'536, false},
  }};
  return kFields;
}

std::span<const ModelField<std::int64_t>> model_sizes() {
  static constexpr std::array<ModelField<std::int64_t>, 2> kFields{{
      {"vocab", &ModelSpec::vocab, 1, 100'000'000, true},
      {"max_model_len", &ModelSpec::max_model_len, 1, 1'000'000'000, true},
  }};
  return kFields;
}

std::span<const ModelField<double>> model_reals() {
  static constexpr std::array<ModelField<double>, 2> kFields{{
      {"weight_bytes_per_parameter", &ModelSpec::weight_bytes_per_parameter, 0.125, 8, false},
      {"kv_bytes_per_element", &ModelSpec::kv_bytes_per_element, 0.125, 8, false},
  }};
  return kFields;
}

Status check_model(const ModelSpec& m) {
  const auto number = [](auto v) { return std::to_string(v); };
  if (m.heads % m.kv_heads != 0) {
    return Error{"heads " + number(m.heads) + " do not divide by kv_heads " + number(m.kv_heads), ""};
  }
  if (m.experts > 0) {
    if (m.experts_per_token < 1 || m.experts_per_token > m.experts) {
      return Error{
          "experts_per_token is " + number(m.experts_per_token) + ", expected 1 to experts " + number(m.experts), ""};
    }
    if (m.moe_intermediate < 1) return Error{"moe_intermediate is missing, expected the width of one expert", ""};
    if (m.dense_layers > m.layers) {
      return Error{"dense_layers " + number(m.dense_layers) + " is more than layers " + number(m.layers), ""};
    }
  }
  if (m.intermediate < 1 && (m.experts == 0 || m.dense_layers > 0)) {
    return Error{"intermediate is missing, expected the width of the MLP", ""};
  }
  constexpr std::array<std::string_view, 6> kQuantizations{"", "bf16", "fp8", "fp8_block", "int8", "weight_only"};
  if (std::find(kQuantizations.begin(), kQuantizations.end(), m.quantization) == kQuantizations.end()) {
    return Error{"quantization is '" + m.quantization.substr(0, 60) +
                     "', expected one of bf16, fp8, fp8_block, int8, weight_only",
                 ""};
  }
  if (m.kv_lora_rank > 0 && (m.qk_rope_head_dim < 1 || m.qk_nope_head_dim < 1 || m.v_head_dim < 1)) {
    return Error{"kv_lora_rank needs qk_rope_head_dim, qk_nope_head_dim and v_head_dim", ""};
  }
  return Ok{};
}

}  // namespace jevons
