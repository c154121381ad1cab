// What a user should know of an instance's constants: derived ones, and shapes outside what was measured.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "sim/model/cost.h"

namespace jevons {

void InstanceCost::check_range(const char* family, const char* axis, double low, double high,
                               std::vector<std::string>* out) const {
  if (!used_.contains(family)) return;
  const auto info = kernels_.info.find(family);
  if (info == kernels_.info.end()) return;
  const auto range = info->second.range.find(axis);
  if (range == info->second.range.end()) return;
  const auto [least, most] = range->second;
  if (low >= least && high <= most) return;
  const double outside = high > most ? high : low;
  out->push_back(fmt::format("{}: {} {} lies outside the measured {} to {}", family, axis, text_of(outside),
                             text_of(least), text_of(most)));
}

std::vector<std::string> InstanceCost::notes(Tokens longest_context) const {
  std::vector<std::string> out;
  std::map<std::string, std::string> derived;  // From -> families.
  for (const std::string& family : used_) {
    const auto it = kernels_.derived.find(family);
    if (it == kernels_.derived.end()) continue;
    std::string& list = derived[it->second];
    list += (list.empty() ? "" : ", ") + family;
  }
  for (const auto& [from, families] : derived) {
    out.push_back(
        fmt::format("{}: constants derived from {}, not measured on this GPU: {}", gpu_.name, from, families));
  }
  for (const auto& [family, from] : kernels_.derived) {
    if (from == "given by the catalogue entry") out.push_back(fmt::format("{}: {} {}", gpu_.name, family, from));
  }
  for (const std::string& family : used_) {
    if (!kernels_.info.contains(family)) out.push_back(fmt::format("{}: no measurement at all, defaults", family));
  }
  const double tokens = static_cast<double>(options_.max_num_batched_tokens.value) * rank_share_;
  const AttentionHeads h = heads();
  for (const char* gemm : {"gemm_bf16", "gemm_fp8", "gemm_fp8_block"}) check_range(gemm, "m", 1, tokens, &out);
  const double context = static_cast<double>(longest_context.value);
  for (const char* decode : {"decode_bf16", "decode_fp8"}) {
    check_range(decode, "head_dim", h.dim, h.dim, &out);
    check_range(decode, "num_heads", h.query, h.query, &out);
    check_range(decode, "ctx", 64, context, &out);
  }
  check_range("latent_decode", "ctx", 2, context, &out);
  check_range("latent_decode", "num_heads", model_.heads / tp_, model_.heads / tp_, &out);
  for (const char* experts : {"experts_bf16", "experts_fp8"}) {
    check_range(experts, "num_tokens", 1, tokens * layout_.data * group_scale(), &out);
    check_range(experts, "num_experts", model_.experts, model_.experts, &out);
  }
  for (const char* a2a : {"dispatch", "dispatch_low_latency"}) {
    check_range(a2a, "nodes", 1, std::max(1.0, layout_.expert / double(layout_.gpus_per_node)), &out);
  }
  const auto curves = kernels_.collectives.find("all_reduce");
  if (used_.contains("all_reduce") && curves != kernels_.collectives.end() &&
      !curves->second.contains(layout_.tensor)) {
    out.push_back(fmt::format("all_reduce: {} GPUs were not measured, 2, 4 and 8 were", layout_.tensor));
  }
  return out;
}

}  // namespace jevons
