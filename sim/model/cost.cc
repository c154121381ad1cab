// Iteration times of one instance.
#include "sim/model/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace jevons {
namespace {

constexpr double kActivationBytes = 2;  // BF16 activations.

// DeepEP's low-latency kernels serve up to this many tokens a GPU (measured to 256 over several nodes).
constexpr double kLowLatencyTokens = 256;
// The normal ones take 20 of a Hopper GPU's 132 SMs, while they run, from what they overlap with (DeepSeek-V3
// report, 3.2.2).
constexpr double kSmsTaken = 20.0 / 132;
// Dispatch in FP8 with a scale of 4 bytes per 128 elements, combine in BF16 (DeepEP).
constexpr double kDispatchBytes = 1 + 4.0 / 128, kCombineBytes = 2;
// Nodes of the measurements: 400 Gb/s a GPU, NVLink 450 GB/s.
constexpr double kMeasuredNic = 50e9, kMeasuredLink = 450e9;
constexpr double kNodeLimit = 4;  // Nodes a token may go to (DeepSeek-V3 report, 2.1.2).

struct Arithmetic {
  Precision precision;
  const char* gemm;
  const char* experts;
};

// What matrix products are done in on this GPU: FP8 and INT8 where it has them, else weights are unpacked to BF16.
Arithmetic arithmetic_of(const ModelSpec& m, const GpuSpec& gpu) {
  std::string q = m.quantization;
  const double b = m.weight_bytes_per_parameter;
  if (q.empty()) q = b == 2 ? "bf16" : b == 1 ? "fp8" : "weight_only";
  if (q == "fp8" && gpu.fp8_flops > 0) return {{gpu.fp8_flops, b, 1}, "gemm_fp8", "experts_fp8"};
  if (q == "fp8_block" && gpu.fp8_flops > 0) return {{gpu.fp8_flops, b, 1}, "gemm_fp8_block", "experts_fp8"};
  if (q == "int8" && gpu.int8_ops > 0) return {{gpu.int8_ops, b, 1}, "gemm_fp8", "experts_fp8"};
  return {{gpu.bf16_flops, b, kActivationBytes}, "gemm_bf16", "experts_bf16"};
}

}  // namespace

double Speculation::tokens_per_step() const {
  double sum = 1, share = 1;
  for (std::int32_t i = 0; i < draft_tokens; ++i) sum += share *= acceptance;
  return sum;
}

double ring_all_reduce_s(double bytes, Gpus gpus, double alpha_s, double link_bytes_per_s, double efficiency) {
  const double n = gpus.value;
  return n < 2 ? 0 : alpha_s + 2 * (n - 1) / n * bytes / (link_bytes_per_s * efficiency);
}

InstanceCost::InstanceCost(const ModelSpec& model, const GpuSpec& gpu, const StackSpec& stack,
                           const InstanceOptions& options)
    : model_(model),
      gpu_(gpu),
      stack_(stack),
      options_(options),
      layout_(options.layout),
      tp_(options.layout.tensor),
      rank_share_(1.0 / (options.layout.data * options.layout.pipeline)),
      kernels_(kernels_of(gpu, stack.kernels, stack.collectives)) {
  const Arithmetic arithmetic = arithmetic_of(model, gpu);
  precision_ = arithmetic.precision;
  const std::string gemm = arithmetic.gemm;
  gemm_ = gemm == "gemm_bf16"  ? &kernels_.gemm_bf16
          : gemm == "gemm_fp8" ? &kernels_.gemm_fp8
                               : &kernels_.gemm_fp8_block;
  gemm_name_ = gemm;
  const bool fp8_experts = std::string_view(arithmetic.experts) == "experts_fp8";
  experts_ = fp8_experts ? &kernels_.experts_fp8 : &kernels_.experts_bf16;
  decode_ = kv_bytes_per_element() < kActivationBytes ? &kernels_.decode_fp8 : &kernels_.decode_bf16;
  used_ = {gemm, "gemm_bf16", "prefill"};
  if (model.kv_lora_rank > 0) {
    used_.insert("latent_decode");
  } else {
    used_.insert(decode_ == &kernels_.decode_fp8 ? "decode_fp8" : "decode_bf16");
  }
  if (moe_layers() > 0) used_.insert(arithmetic.experts);
  if (tp_ > 1 && gpu.all_reduce_efficiency == 0) used_.insert("all_reduce");
  if (dispatches()) used_.insert({"dispatch", "combine", "dispatch_low_latency", "combine_low_latency"});
}

double InstanceCost::kv_bytes_per_element() const {
  return options_.kv_bytes_per_element > 0 ? options_.kv_bytes_per_element : model_.kv_bytes_per_element;
}

double InstanceCost::gemm(double m, double n, double k) const {
  return stack_.kernel_slowdown * gemm_s(*gemm_, precision_, gpu_.memory_bytes_per_s, m, n, k);
}

AttentionHeads InstanceCost::heads() const {
  return {model_.heads / tp_, std::max(1.0, model_.kv_heads / tp_), static_cast<double>(model_.head_dim),
          kv_bytes_per_element()};
}

// Norms, rotary embedding, activation, residuals: bytes moved once each by kernels of their own (perf_models.md 3.3).
double InstanceCost::elementwise_s(double t, double width) const {
  const AttentionHeads h = heads();
  const double elements = 10.0 * model_.hidden + width + 3 * (h.query + 2 * h.kv) * h.dim;
  return stack_.elementwise_passes * kActivationBytes * t * elements / gpu_.memory_bytes_per_s;
}

double InstanceCost::latent_projections_s(double t) const {
  const double h = model_.hidden, heads = model_.heads / tp_;
  const double q_width = heads * (model_.qk_nope_head_dim + model_.qk_rope_head_dim);
  const double down = model_.q_lora_rank > 0
                          ? gemm(t, model_.q_lora_rank + mla_width(), h) + gemm(t, q_width, model_.q_lora_rank)
                          : gemm(t, q_width + mla_width(), h);
  // Absorbed or not, each token multiplies with the latent's up-projections once.
  const double up = gemm(t, heads * (model_.qk_nope_head_dim + model_.v_head_dim), model_.kv_lora_rank);
  return down + up + gemm(t, h, heads * model_.v_head_dim);
}

// Projections and what attention costs whatever the context; all-reduce of its output is counted with the layer.
double InstanceCost::attention_side_s(double t) const {
  if (model_.kv_lora_rank > 0) return latent_projections_s(t) + kernels_.latent_decode.overhead_s;
  const AttentionHeads h = heads();
  return gemm(t, (h.query + 2 * h.kv) * h.dim, model_.hidden) + gemm(t, model_.hidden, h.query * h.dim) +
         decode_->overhead_s;
}

// Up (and gate), then down, of `width`, over `split` GPUs.
double InstanceCost::mlp_s(double t, double width, double split) const {
  return gemm(t, (model_.mlp_matrices() - 1) * width / split, model_.hidden) + gemm(t, model_.hidden, width / split);
}

double InstanceCost::group_scale() const { return layout_.expert > 1 ? layout_.expert / (tp_ * layout_.data) : 1; }

double InstanceCost::experts_here() const {
  return layout_.expert > 1 ? (model_.experts + layout_.redundant_experts) / double(layout_.expert) : model_.experts;
}

// Measured times of just these experts, or null.
const CollectiveCurve* InstanceCost::expert_table() const {
  if (experts_ != &kernels_.experts_bf16 || precision_.weight_bytes != kActivationBytes ||
      layout_.redundant_experts > 0)
    return nullptr;
  const double ep = layout_.expert;
  const ExpertShape shape{double(model_.hidden),
                          double(model_.moe_intermediate),
                          double(model_.experts_per_token),
                          double(model_.experts),
                          ep > 1 ? 1 : tp_,
                          ep};
  const auto it = kernels_.expert_tables.find(shape);
  return it == kernels_.expert_tables.end() ? nullptr : &it->second;
}

// The routed experts of one layer; `t` tokens of one rank.
double InstanceCost::moe_s(double t) const {
  const double ep = layout_.expert;
  const double all = t * layout_.data * group_scale();  // Of the whole expert group.
  const double pairs = all * model_.experts_per_token / ep;
  const double local = experts_here();
  if (const CollectiveCurve* table = expert_table()) {
    return stack_.kernel_slowdown * options_.expert_imbalance * collective_s(*table, all);
  }
  ExpertLoad load;
  load.tokens = ep > 1 && dispatches() ? t / tp_ : t;
  load.pairs = pairs;
  load.active = active_experts_uniform(pairs, local);
  load.experts = model_.experts;
  load.hidden = model_.hidden;
  load.width = model_.moe_intermediate / (ep > 1 ? 1 : tp_);
  const double routed = experts_s(*experts_, precision_, gpu_.memory_bytes_per_s, load);
  return stack_.kernel_slowdown * options_.expert_imbalance * routed;
}

double InstanceCost::shared_experts_s(double t) const {
  if (model_.shared_experts == 0) return 0;
  const double split = dispatches() ? 1 : tp_;
  return mlp_s(dispatches() ? t / tp_ : t, double(model_.shared_experts) * model_.moe_intermediate, split);
}

double InstanceCost::all_reduce_s(double t) const {
  if (tp_ < 2) return 0;
  const double bytes = t * model_.hidden * kActivationBytes;
  if (gpu_.all_reduce_efficiency > 0) {
    return stack_.all_reduce_s + ring_all_reduce_s(bytes, Gpus{layout_.tensor}, gpu_.all_reduce_latency_s,
                                                   gpu_.link_bytes_per_s, gpu_.all_reduce_efficiency);
  }
  const auto curve = kernels_.collectives.find("all_reduce");
  if (curve == kernels_.collectives.end()) return stack_.all_reduce_s;
  double s = collective_s(curve->second, tp_, bytes);
  // A stack hands what is too large for its own kernel to NCCL.
  if (const auto nccl = kernels_.collectives.find("all_reduce_nccl"); nccl != kernels_.collectives.end()) {
    s = std::min(s, collective_s(nccl->second, tp_, bytes));
  }
  return stack_.all_reduce_s + s;
}

// Dispatch and combine of one layer with `t` tokens of a rank.
double InstanceCost::exchange_s(double t) const {
  const double nodes = std::max(1.0, layout_.expert / double(layout_.gpus_per_node));
  const double tokens = t / tp_;
  const bool low_latency = tokens <= kLowLatencyTokens;
  const Copies copies = low_latency ? copies_per_expert(model_.experts_per_token, nodes)
                                    : copies_per_node(model_.experts_per_token, nodes, kNodeLimit);
  const auto one_way = [&](AllToAllConstants c, double bytes) {
    // NICs and links of another speed than those of the measured nodes (H100: 400 Gb/s, NVLink 450 GB/s).
    c.remote_bytes_per_s *= std::min(1.0, gpu_.nic_bytes_per_s / kMeasuredNic);
    c.local_bytes_per_s *= std::min(1.0, gpu_.link_bytes_per_s / kMeasuredLink);
    const double sent = options_.expert_imbalance * tokens * model_.hidden * bytes;
    return all_to_all_s(c, nodes, sent * copies.remote, sent * copies.local);
  };
  const double dispatched = precision_.input_bytes == 1 ? kDispatchBytes : kActivationBytes;
  return low_latency
             ? one_way(kernels_.dispatch_low_latency, dispatched) + one_way(kernels_.combine_low_latency, kCombineBytes)
             : one_way(kernels_.dispatch, dispatched) + one_way(kernels_.combine, kCombineBytes);
}

// What one MoE layer puts on the wires.
double InstanceCost::expert_layer_wire_s(double t) const { return dispatches() ? exchange_s(t) : all_reduce_s(t); }

// All layers for `t` tokens of one rank, wires included unless micro-batches hide them.
double InstanceCost::layers_s(double t, double share) const {
  const double layers = model_.layers * share, moe = moe_layers() * share, dense = layers - moe;
  const bool hidden = options_.overlap_microbatches;
  const double parts = hidden ? 2 : 1, part = t / parts;
  const double quantised = precision_.input_bytes == 1 ? stack_.quantised_layer_s : 0;
  double s = layers * (attention_side_s(part) + stack_.layer_s + quantised + (hidden ? 0 : all_reduce_s(part)));
  const double dense_width = double(model_.mlp_matrices()) * model_.intermediate / tp_;
  if (dense > 0) {
    s += dense *
         (mlp_s(part, model_.intermediate, tp_) + elementwise_s(part, dense_width) + (hidden ? 0 : all_reduce_s(part)));
  }
  if (moe > 0) {
    s += moe *
         (moe_s(part) + shared_experts_s(part) + elementwise_s(part, 0) + (hidden ? 0 : expert_layer_wire_s(part)));
  }
  if (hidden && dispatches() && part / tp_ > kLowLatencyTokens) s += moe * kSmsTaken * expert_layer_wire_s(part);
  return parts * s;
}

double InstanceCost::wire_s(double tokens) const {
  if (!options_.overlap_microbatches) return 0;
  const double part = tokens * rank_share_ / 2, moe = moe_layers();
  return 2 * (model_.layers * all_reduce_s(part) + (model_.layers - moe) * all_reduce_s(part) +
              moe * expert_layer_wire_s(part));
}

// The LM head stays in BF16 (topologies/model_spec.cc).
double InstanceCost::head_s(double sampled) const {
  return stack_.kernel_slowdown * gemm_s(kernels_.gemm_bf16, {gpu_.bf16_flops, kActivationBytes, kActivationBytes},
                                         gpu_.memory_bytes_per_s, sampled, static_cast<double>(model_.vocab) / tp_,
                                         model_.hidden);
}

double InstanceCost::dense_s(double tokens, double sampled) const {
  const double t = tokens * rank_share_, rows = std::max(1.0, sampled * rank_share_);
  double s = layers_s(t, 1) + head_s(rows) + stack_.step_s;
  if (layout_.pipeline > 1) {  // Each micro-batch crosses from stage to stage, its step once a stage.
    const double hop = stack_.all_reduce_s + t * model_.hidden * kActivationBytes / tp_ / gpu_.link_bytes_per_s;
    s += (layout_.pipeline - 1) * (hop + stack_.step_s);
  }
  return s;
}

// One module of DeepSeek-V3's form (report, 2.2) a draft token: a layer, a projection of two hidden states to one, the
// head.
double InstanceCost::draft_s(double sequences) const {
  if (options_.speculation.draft_tokens == 0) return 0;
  const double t = sequences * rank_share_;
  const double one =
      layers_s(t, 1.0 / model_.layers) + gemm(t, model_.hidden, 2.0 * model_.hidden) + head_s(std::max(1.0, t));
  return options_.speculation.draft_tokens * one;
}

double InstanceCost::launch_floor_s() const {
  const bool quantised = precision_.input_bytes == 1 && stack_.quantised_launch_s_per_layer > 0;
  const double launch = quantised ? stack_.quantised_launch_s_per_layer : stack_.eager_launch_s_per_layer;
  return launch > 0 ? model_.layers * launch + stack_.step_s : 0;
}

double InstanceCost::sequence_s() const {
  const double kernel = model_.kv_lora_rank > 0 ? latent_sequence_s(kernels_.latent_decode, model_.heads / tp_)
                                                : decode_sequence_s(*decode_, heads());
  const double host = precision_.input_bytes == 1 ? stack_.quantised_sequence_s : 0;
  return (stack_.sequence_s + host) / layout_.data + model_.layers * kernel * rank_share_;
}

double InstanceCost::kv_token_s() const {
  // Drafted tokens ask with more queries, and read the cache once.
  const double queries = 1 + options_.speculation.draft_tokens;
  double layer = 0;
  if (model_.kv_lora_rank > 0) {
    layer = latent_kv_token_s(kernels_.latent_decode, gpu_, queries * model_.heads / tp_, mla_width(),
                              model_.kv_lora_rank, kv_bytes_per_element());
  } else {
    AttentionHeads h = heads();
    h.query *= queries;
    layer = decode_kv_token_s(*decode_, gpu_, h);
  }
  return stack_.kernel_slowdown * model_.layers * layer * rank_share_;
}

double InstanceCost::chunk_work_s() const {
  const double qk = model_.kv_lora_rank > 0 ? model_.qk_nope_head_dim + model_.qk_rope_head_dim : model_.head_dim;
  const double v = model_.kv_lora_rank > 0 ? model_.v_head_dim : model_.head_dim;
  return stack_.kernel_slowdown * model_.layers * prefill_pair_s(kernels_.prefill, gpu_, model_.heads / tp_, qk, v) *
         rank_share_;
}

double InstanceCost::chunk_kv_s() const {
  const double bytes = kv_bytes_per_gpu() * layout_.pipeline;  // Of all layers.
  return bytes / (gpu_.memory_bytes_per_s * kernels_.prefill.memory) * rank_share_;
}

double InstanceCost::query_s() const {
  AttentionHeads h = heads();
  return model_.layers * prefill_query_s(kernels_.prefill, gpu_, h) * rank_share_;
}

double InstanceCost::kv_bytes_per_gpu() const {
  const AttentionHeads h = heads();
  const double elements = model_.kv_lora_rank > 0 ? mla_width() : 2 * h.kv * h.dim;
  return model_.layers * elements * h.kv_bytes / layout_.pipeline;
}

double InstanceCost::expert_weights_per_gpu() const {
  const double one = 3.0 * model_.hidden * model_.moe_intermediate * model_.weight_bytes_per_parameter;
  return moe_layers() * one * experts_here() / (layout_.expert > 1 ? 1 : tp_) / layout_.pipeline;
}

// The module that drafts weighs about one layer more.
double InstanceCost::weights_per_gpu() const {
  const double drafts = options_.speculation.draft_tokens > 0 ? 1 : 0;
  return own_weights_per_gpu() * (1 + drafts / model_.layers);
}

double InstanceCost::own_weights_per_gpu() const {
  const double b = model_.weight_bytes_per_parameter;
  const double routed = moe_layers() * 3.0 * model_.hidden * model_.moe_intermediate * model_.experts * b;
  const double rest = static_cast<double>(model_.weight_bytes().value) - routed;
  double s = rest / (tp_ * layout_.pipeline) + expert_weights_per_gpu();
  if (dispatches()) {  // Shared experts are whole on every GPU.
    const double shared = moe_layers() * 3.0 * model_.hidden * model_.moe_intermediate * model_.shared_experts * b;
    s += shared * (1 - 1 / tp_) / layout_.pipeline;
  }
  if (model_.kv_lora_rank > 0) {  // The down-projections are on every GPU.
    const double down = model_.layers * double{1} * model_.hidden * (model_.q_lora_rank + mla_width());
    return s + down * b * (1 - 1 / tp_) / layout_.pipeline;
  }
  const double extra_heads = heads().kv - model_.kv_heads / tp_;
  return s + model_.layers * 2.0 * extra_heads * model_.head_dim * model_.hidden * b / layout_.pipeline;
}

}  // namespace jevons
