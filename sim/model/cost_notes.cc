// What a user should know of an instance's constants: derived ones, and shapes outside what was measured.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "sim/model/cost.h"

namespace jevons {
namespace {

using Range = std::pair<double, double>;

// Null where the family's range on this axis is not known.
const Range* measured(const ResolvedKernels& kernels, const std::set<std::string>& used, const char* family,
                      const char* axis) {
  if (!used.contains(family)) return nullptr;
  const auto info = kernels.info.find(family);
  if (info == kernels.info.end()) return nullptr;
  const auto range = info->second.range.find(axis);
  return range == info->second.range.end() ? nullptr : &range->second;
}

}  // namespace

std::vector<std::string> derived_notes(const GpuSpec& gpu, const ResolvedKernels& kernels,
                                       const std::set<std::string>& used) {
  std::map<std::string, std::string> derived;  // From -> families.
  std::vector<std::string> out;
  std::string given;
  const auto append = [](const std::string& name, std::string* list) { *list += (list->empty() ? "" : ", ") + name; };
  for (const auto& [family, from] : kernels.derived) {
    if (from == "given by the catalogue entry") {
      append(family, &given);
    } else if (used.contains(family)) {
      append(family, &derived[from]);
    }
  }
  for (const auto& [from, families] : derived) {
    out.push_back(fmt::format("{}: constants derived from {}, not measured on this GPU: {}", gpu.name, from, families));
  }
  if (!given.empty()) out.push_back(fmt::format("{}: given by the catalogue entry, not fitted: {}", gpu.name, given));
  return out;
}

// A shape that the instance certainly has.
void InstanceCost::check_range(const char* family, const char* axis, double low, double high,
                               std::vector<std::string>* out) const {
  const Range* range = measured(kernels_, used_, family, axis);
  if (range == nullptr || (low >= range->first && high <= range->second)) return;
  const double outside = high > range->second ? high : low;
  out->push_back(fmt::format("{}: {} {} lies outside the measured {} to {}", family, axis, text_of(outside),
                             text_of(range->first), text_of(range->second)));
}

// A shape that a limit allows; the load need not reach it.
void InstanceCost::check_limit(const char* family, const char* axis, double high, std::vector<std::string>* out) const {
  const Range* range = measured(kernels_, used_, family, axis);
  if (range == nullptr || high <= range->second) return;
  out->push_back(fmt::format("{}: {} may reach {}, measured {} to {}", family, axis, text_of(high),
                             text_of(range->first), text_of(range->second)));
}

void InstanceCost::check_gemms(std::vector<std::string>* out) const {
  const AttentionHeads h = heads();
  const double hidden = model_.hidden, gate_up = model_.mlp_matrices() - 1;
  std::vector<double> n{hidden}, k{hidden};
  if (model_.kv_lora_rank > 0) {
    n.push_back(model_.q_lora_rank > 0 ? model_.q_lora_rank + mla_width() : mla_width());
    n.push_back(h.query * (model_.qk_nope_head_dim + model_.v_head_dim));
    k.insert(k.end(), {double(model_.kv_lora_rank), h.query * model_.v_head_dim});
  } else {
    n.push_back((h.query + 2 * h.kv) * h.dim);
    k.push_back(h.query * h.dim);
  }
  if (moe_layers() < model_.layers) {
    n.push_back(gate_up * model_.intermediate / tp_);
    k.push_back(model_.intermediate / tp_);
  }
  const auto [n_low, n_high] = std::minmax_element(n.begin(), n.end());
  const auto [k_low, k_high] = std::minmax_element(k.begin(), k.end());
  const double tokens = static_cast<double>(options_.max_num_batched_tokens.value) * rank_share_;
  for (const char* gemm : {"gemm_bf16", "gemm_fp8", "gemm_fp8_block"}) {
    check_limit(gemm, "m", tokens, out);
    if (gemm_name_ != gemm) continue;
    check_range(gemm, "n", *n_low, *n_high, out);
    check_range(gemm, "k", *k_low, *k_high, out);
  }
  const double vocab = static_cast<double>(model_.vocab) / tp_;
  if (gemm_name_ != "gemm_bf16" || vocab > *n_high) check_range("gemm_bf16", "n", vocab, vocab, out);
}

void InstanceCost::check_attention(double context, std::vector<std::string>* out) const {
  const AttentionHeads h = heads();
  const double batch = std::max(1.0, options_.max_num_seqs * rank_share_);
  for (const char* decode : {"decode_bf16", "decode_fp8"}) {
    check_range(decode, "head_dim", h.dim, h.dim, out);
    check_range(decode, "num_heads", h.query, h.query, out);
    check_range(decode, "num_key_value_heads", h.kv, h.kv, out);
    check_limit(decode, "batch_size", batch, out);
    check_limit(decode, "ctx", context, out);
  }
  check_range("latent_decode", "num_heads", h.query, h.query, out);
  check_limit("latent_decode", "batch_size", batch, out);
  check_limit("latent_decode", "ctx", context, out);
  check_range("prefill", "num_heads", h.query, h.query, out);
  check_limit("prefill", "isl", context, out);
  const bool latent = model_.kv_lora_rank > 0;
  const double width = latent ? model_.qk_nope_head_dim + model_.qk_rope_head_dim : h.dim;
  check_range("prefill", "head_dim", width, width, out);
  if (!latent) check_range("prefill", "num_key_value_heads", h.kv, h.kv, out);
}

void InstanceCost::check_experts(double tokens, std::vector<std::string>* out) const {
  for (const char* experts : {"experts_bf16", "experts_fp8"}) {
    check_limit(experts, "num_tokens", tokens * layout_.data * group_scale(), out);
    check_range(experts, "num_experts", model_.experts, model_.experts, out);
    check_range(experts, "hidden_size", model_.hidden, model_.hidden, out);
    check_range(experts, "inter_size", model_.moe_intermediate, model_.moe_intermediate, out);
    check_range(experts, "topk", model_.experts_per_token, model_.experts_per_token, out);
    check_range(experts, "moe_ep_size", layout_.expert, layout_.expert, out);
  }
  const double nodes = std::max(1.0, layout_.expert / double(layout_.gpus_per_node));
  for (const char* a2a : {"dispatch", "dispatch_low_latency"}) check_range(a2a, "nodes", 1, nodes, out);
  check_limit("dispatch", "tokens", tokens / tp_, out);
}

std::vector<std::string> InstanceCost::notes(Tokens longest_context) const {
  std::vector<std::string> out = derived_notes(gpu_, kernels_, used_);
  for (const std::string& family : used_) {
    if (!kernels_.info.contains(family)) out.push_back(fmt::format("{}: no measurement at all, defaults", family));
  }
  check_gemms(&out);
  check_attention(static_cast<double>(longest_context.value), &out);
  check_experts(static_cast<double>(options_.max_num_batched_tokens.value) * rank_share_, &out);
  const auto curves = kernels_.collectives.find("all_reduce");
  if (used_.contains("all_reduce") && curves != kernels_.collectives.end() &&
      !curves->second.contains(layout_.tensor)) {
    out.push_back(fmt::format("all_reduce: {} GPUs were not measured, 2, 4 and 8 were", layout_.tensor));
  }
  return out;
}

}  // namespace jevons
