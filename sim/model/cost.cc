// Kernel times of one instance.
#include "sim/model/cost.h"

#include <algorithm>
#include <cmath>

namespace jevons {
namespace {

constexpr double kActivationBytes = 2;  // BF16 activations.

// FP8 GEMMs first quantise their activations: read BF16, write FP8, 3 bytes an element, at about 1/2.5 of HBM speed
// (fit of aiconfigurator h100_sxm fp8 TRT-LLM 1.3rc20, perf_models.md 3.2).
constexpr double kQuantiseFactor = 2.5, kQuantiseBytes = 3;

// Grouped expert GEMMs reach less of peak than dense ones: 0.387 against 0.812 on H100 BF16 vLLM 0.24, balanced routing
// (constants.json "moe_balanced|bfloat16|vllm0.24"; perf_models.md 3.2).  Same fit: 57 us fixed, 2.51 passes of
// permutation.
constexpr double kExpertComputeShare = 0.387 / 0.812;
constexpr double kExpertFixed_s = 57e-6;
constexpr double kPermutePasses = 2.51;

// vLLM's custom all-reduce on 2, 4, 8 GPUs: 4.3, 4.8, 5.4 us on H100; 5.0, 5.6, 6.7 on A100 (constants.json): about a
// tenth of the 8-GPU latency less for each halving.
double latency_share(double gpus) { return std::max(0.5, 0.7 + 0.1 * std::log2(gpus)); }

}  // namespace

double smooth_max(double x, double y, double q) {
  const double high = std::max(x, y), low = std::min(x, y);
  if (high <= 0) return 0;
  return high * std::pow(1 + std::pow(low / high, q), 1 / q);
}

double ring_all_reduce_s(double bytes, Gpus gpus, double alpha_s, double link_bytes_per_s, double efficiency) {
  const double n = gpus.value;
  return n < 2 ? 0 : alpha_s + 2 * (n - 1) / n * bytes / (link_bytes_per_s * efficiency);
}

double InstanceCost::weight_flops() const {
  // One byte a weight means FP8 arithmetic where the GPU has it; smaller types are unpacked to BF16 (weight-only).
  return model_.weight_bytes_per_parameter == 1 && gpu_.fp8_flops > 0 ? gpu_.fp8_flops : gpu_.bf16_flops;
}

double InstanceCost::gemm_s(double m, double n, double k) const {
  const double b = model_.weight_bytes_per_parameter;
  const bool quantised = weight_flops() != gpu_.bf16_flops;
  const double input = quantised ? 1 : kActivationBytes;
  const double compute = 2 * m * n * k / (weight_flops() * gpu_.gemm_compute_efficiency);
  const double bytes = m * k * input + n * k * b + kActivationBytes * m * n;
  const double memory = bytes / (gpu_.memory_bytes_per_s * gpu_.gemm_memory_efficiency);
  const double quantise = quantised ? kQuantiseFactor * kQuantiseBytes * m * k / gpu_.memory_bytes_per_s : 0;
  return smooth_max(compute, memory, gpu_.smooth_max_exponent) + quantise;
}

double InstanceCost::kv_heads_per_gpu() const { return std::max(1.0, model_.kv_heads / tp_); }

double InstanceCost::attention_projections_s(double t) const {
  const double h = model_.hidden, heads = model_.heads / tp_;
  if (model_.kv_lora_rank == 0) {
    const double q = heads * model_.head_dim, kv = 2 * kv_heads_per_gpu() * model_.head_dim;
    return gemm_s(t, q + kv, h) + gemm_s(t, h, q);
  }
  const double qk = model_.qk_nope_head_dim + model_.qk_rope_head_dim;
  const double q_width = heads * qk;
  const double down = model_.q_lora_rank > 0
                          ? gemm_s(t, model_.q_lora_rank + mla_width(), h) + gemm_s(t, q_width, model_.q_lora_rank)
                          : gemm_s(t, q_width + mla_width(), h);
  // Absorbed or not, each token multiplies with the latent's up-projections once.
  const double up = gemm_s(t, heads * (model_.qk_nope_head_dim + model_.v_head_dim), model_.kv_lora_rank);
  return down + up + gemm_s(t, h, heads * model_.v_head_dim);
}

double InstanceCost::gated_mlp_s(double t, double width) const {
  return gemm_s(t, (model_.mlp_matrices() - 1) * width / tp_, model_.hidden) + gemm_s(t, model_.hidden, width / tp_);
}

double InstanceCost::experts_s(double t) const {
  const double h = model_.hidden, width = model_.moe_intermediate / tp_, e = model_.experts;
  const double pairs = t * model_.experts_per_token;
  // Experts that at least one token chose, routing uniform: each token takes k different ones of E.
  const double active = e * (1 - std::pow(1 - model_.experts_per_token / e, t));
  const double compute = 6 * pairs * h * width / (weight_flops() * gpu_.gemm_compute_efficiency * kExpertComputeShare);
  const double bytes = active * 3 * h * width * model_.weight_bytes_per_parameter + 4 * pairs * h;
  const double memory = bytes / (gpu_.memory_bytes_per_s * gpu_.gemm_memory_efficiency);
  const double permute = kPermutePasses * kActivationBytes * pairs * h / gpu_.memory_bytes_per_s;
  const double router = gemm_s(t, e, h);
  const double shared =
      model_.shared_experts > 0 ? gated_mlp_s(t, model_.shared_experts * double{1} * model_.moe_intermediate) : 0;
  return std::max(compute, memory) + permute + kExpertFixed_s + router + shared;
}

double InstanceCost::all_reduce_s(double t) const {
  const double alpha = gpu_.all_reduce_latency_s * latency_share(tp_) + stack_.all_reduce_s;
  return ring_all_reduce_s(t * model_.hidden * kActivationBytes, Gpus{static_cast<std::int32_t>(tp_)}, alpha,
                           gpu_.link_bytes_per_s, gpu_.all_reduce_efficiency);
}

double InstanceCost::dense_s(double t, double sampled) const {
  const double layers = model_.layers;
  const double dense = model_.experts > 0 ? model_.dense_layers : layers;
  double s = layers * (attention_projections_s(t) + gpu_.layer_overhead_s + stack_.layer_s + 2 * all_reduce_s(t));
  if (dense > 0) s += dense * gated_mlp_s(t, model_.intermediate);
  if (layers > dense) s += (layers - dense) * experts_s(t);
  // The LM head stays in BF16 (topologies/model_spec.cc).
  const double vocab = static_cast<double>(model_.vocab) / tp_, h = model_.hidden;
  const double head_compute = 2 * sampled * vocab * h / (gpu_.bf16_flops * gpu_.gemm_compute_efficiency);
  const double head_bytes = kActivationBytes * (sampled * h + vocab * h + sampled * vocab);
  s += smooth_max(head_compute, head_bytes / (gpu_.memory_bytes_per_s * gpu_.gemm_memory_efficiency),
                  gpu_.smooth_max_exponent);
  return s + stack_.step_s;
}

double InstanceCost::kv_bytes_per_gpu() const {
  const double elements = model_.kv_lora_rank > 0 ? mla_width() : 2 * kv_heads_per_gpu() * model_.head_dim;
  return model_.layers * elements * model_.kv_bytes_per_element;
}

double InstanceCost::weights_per_gpu() const {
  const double whole = static_cast<double>(model_.weight_bytes().value) / tp_;
  if (model_.kv_lora_rank > 0) {  // The down-projections are on every GPU.
    const double down = model_.layers * double{1} * model_.hidden * (model_.q_lora_rank + mla_width());
    return whole + down * model_.weight_bytes_per_parameter * (1 - 1 / tp_);
  }
  const double extra_heads = kv_heads_per_gpu() - model_.kv_heads / tp_;
  return whole +
         model_.layers * 2.0 * extra_heads * model_.head_dim * model_.hidden * model_.weight_bytes_per_parameter;
}

double InstanceCost::kv_token_s() const {
  const double memory = kv_bytes_per_gpu() / (gpu_.memory_bytes_per_s * gpu_.attention_memory_efficiency);
  if (model_.kv_lora_rank == 0) return memory;
  // Absorbed MLA: every head multiplies with the whole latent; both branches are linear in the context, so one rules.
  const double flops = model_.layers * 2.0 * (model_.heads / tp_) * (model_.kv_lora_rank + mla_width());
  return std::max(memory, flops / (gpu_.bf16_flops * gpu_.attention_compute_efficiency));
}

double InstanceCost::chunk_work_s() const {
  const double qk = model_.kv_lora_rank > 0 ? model_.qk_nope_head_dim + model_.qk_rope_head_dim : model_.head_dim;
  const double v = model_.kv_lora_rank > 0 ? model_.v_head_dim : model_.head_dim;
  const double flops = model_.layers * 2.0 * (model_.heads / tp_) * (qk + v);
  return flops / (gpu_.bf16_flops * gpu_.attention_compute_efficiency);
}

double InstanceCost::chunk_kv_s() const {
  return kv_bytes_per_gpu() / (gpu_.memory_bytes_per_s * gpu_.attention_memory_efficiency);
}

}  // namespace jevons
