// Constants of GPU kernels, fitted on measurements: what share of its data sheet a kernel reaches, and what it costs at
// size zero.  The formulas they go into are in sim/model/kernels.h; docs/models.md tells both.
//
// A *set* holds the kernels of one software library (vllm, trtllm, nccl, deepep) on one GPU.  What a library was not
// measured for is taken from another by a stated rule, and said (ResolvedKernels::derived).
#ifndef JEVONS_TOPOLOGIES_KERNELS_H_
#define JEVONS_TOPOLOGIES_KERNELS_H_

#include <compare>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jevons {

// Dense matrix product.  Seconds; shares of the data sheet's peak.
struct GemmConstants {
  double compute = 0.8;   // Share of peak FLOP/s at infinite depth k.
  double memory = 0.8;    // Share of peak HBM bandwidth.
  double exponent = 1.5;  // q of the smooth maximum of the two.
  double overhead_s = 0;  // At size zero.
  double depth_s = 0;     // More for each doubling of 1 + k / 1024 (main loop's prologue, split-k).
  double shallow = 0;     // k at which half of the compute share is lost to the epilogue.
  double padding = 0;     // Share of the rows of an incomplete tile that is paid for.
  double quantise = 0;    // Passes over the input's 3 bytes an element, when activations are quantised first.
};

// One query token a sequence over its KV cache; linear in the KV tokens read.
struct DecodeAttentionConstants {
  double memory = 0.8;
  double compute = 0.5;  // Share of BF16 peak.
  double exponent = 1.5;
  double overhead_s = 0;  // A launch.
  double sequence_s = 0;  // A sequence.
  double kv_head_s = 0;   // A sequence and KV head.
  double head_s = 0;      // A sequence and query head.
};

// Causal attention of a prompt's chunk; linear in query-key pairs and in tokens.
struct PrefillAttentionConstants {
  double compute = 0.6;  // Share of BF16 peak at head dimension 128.
  double narrow = 0.7;   // That share's multiplier at head dimension 64.
  double memory = 0.4;
  double overhead_s = 0;
};

// Absorbed multi-head latent attention, decode.
struct LatentDecodeConstants {
  double compute = 0.6;
  double memory = 0.85;
  double exponent = 1.5;
  double overhead_s = 0;
  double sequence_s = 0;
  double head_s = 0;       // A sequence and head.
  double least_heads = 1;  // The kernel works on tiles of this many heads.
};

// Grouped products of a mixture's routed experts, routing and permutation included.
struct ExpertConstants {
  double compute = 0.4;
  double memory = 0.85;
  double exponent = 1.5;
  double overhead_s = 0;
  double permute = 0;         // Passes over 2 bytes x pairs x hidden.
  double token_passes = 0;    // Passes over 2 bytes x tokens x hidden.
  double active_s = 0;        // An expert that got tokens.
  double expert_s = 0;        // An expert of the layer (router).
  double padding = 0;         // Tokens added to each active expert by tiling.
  double narrow_compute = 0;  // Expert width at which half of the compute share is lost.
  double narrow_memory = 0;
};

// One collective on `gpus` GPUs of a node: seconds by bytes, alpha + beta x bytes between knots.
struct CollectiveCurve {
  std::vector<double> bytes, seconds;  // Rising; equal lengths, at least 2.
};

// Measured times of one shape of routed experts, where the formula of ExpertConstants fails: seconds by tokens entering
// the layer, on all its GPUs.
struct ExpertShape {
  double hidden = 0, width = 0, chosen = 0, experts = 0;  // Of the layer; width of a whole expert.
  double tensor = 1, expert = 1;                          // GPUs that split each expert, and that share them out.
  auto operator<=>(const ExpertShape&) const = default;
};

// All-to-all of expert parallelism, one direction, of `nodes` nodes of 8 GPUs:
//   overhead + node_s log2(nodes) + bytes (remote share / remote + local share / local)
struct AllToAllConstants {
  double overhead_s = 0;
  double node_s = 0;
  double remote_bytes_per_s = 45e9;  // A GPU, over its NIC.
  double local_bytes_per_s = 200e9;  // A GPU, over NVLink.
};

// Where the constants of one family come from and where they hold.
struct FamilyInfo {
  std::string source;                                                   // Data, rows, date, error on rows held out.
  std::map<std::string, std::pair<double, double>, std::less<>> range;  // Measured: "m" -> {1, 32768}.
};

struct KernelSet {
  std::map<ExpertShape, CollectiveCurve> expert_tables;  // BF16; "tokens" stand in place of bytes.
  std::optional<GemmConstants> gemm_bf16, gemm_fp8, gemm_fp8_block;
  std::optional<DecodeAttentionConstants> decode_bf16, decode_fp8;
  std::optional<PrefillAttentionConstants> prefill;
  std::optional<LatentDecodeConstants> latent_decode;
  std::optional<ExpertConstants> experts_bf16, experts_fp8;
  std::optional<AllToAllConstants> dispatch_low_latency, combine_low_latency, dispatch, combine;
  std::map<std::string, std::map<int, CollectiveCurve>, std::less<>> collectives;  // "all_reduce" -> GPUs -> curve.
  std::map<std::string, FamilyInfo, std::less<>> info;                             // Family -> where from.
};

// Everything measured on one GPU type.
struct SiliconKernels {
  std::string name;         // "h100".
  std::string measured_on;  // "H100-SXM5-80GB".
  // Of measured_on: what derived parts scale by (kernels_of).
  double link_bytes_per_s = 0, bf16_flops = 0, sm_count = 0;
  std::map<std::string, KernelSet, std::less<>> libraries;  // "vllm" -> its kernels.
};

// A KernelSet with every family filled in, and how.
struct ResolvedKernels {
  std::map<ExpertShape, CollectiveCurve> expert_tables;  // The library's own, on this very GPU; else empty.
  GemmConstants gemm_bf16, gemm_fp8, gemm_fp8_block;
  DecodeAttentionConstants decode_bf16, decode_fp8;
  PrefillAttentionConstants prefill;
  LatentDecodeConstants latent_decode;
  ExpertConstants experts_bf16, experts_fp8;
  AllToAllConstants dispatch_low_latency, combine_low_latency, dispatch, combine;
  std::map<std::string, std::map<int, CollectiveCurve>, std::less<>> collectives;
  std::map<std::string, FamilyInfo, std::less<>> info;
  std::map<std::string, std::string, std::less<>> derived;  // Family -> "h100/trtllm": not measured on this GPU.
};

// The library's own families; else the same GPU's of another library (in the order vllm, trtllm, nccl, deepep); else
// `fallback`'s, by the same order.
ResolvedKernels resolve_kernels(const SiliconKernels& own, const SiliconKernels& fallback, std::string_view library,
                                std::string_view collective_library);

// The numbers of a family as a table, for reading, writing and range checks.
template <class Family>
struct KernelField {
  std::string_view name;
  double Family::*field;
  double low, high;
};
template <class Family>
std::span<const KernelField<Family>> kernel_fields();

// Calls visit(name, member of each set) for every family.  The sets may be KernelSets and ResolvedKernels side by side.
template <class Visit, class... Sets>
void for_each_family(Visit visit, Sets&... sets) {
  visit("gemm_bf16", sets.gemm_bf16...);
  visit("gemm_fp8", sets.gemm_fp8...);
  visit("gemm_fp8_block", sets.gemm_fp8_block...);
  visit("decode_bf16", sets.decode_bf16...);
  visit("decode_fp8", sets.decode_fp8...);
  visit("prefill", sets.prefill...);
  visit("latent_decode", sets.latent_decode...);
  visit("experts_bf16", sets.experts_bf16...);
  visit("experts_fp8", sets.experts_fp8...);
  visit("dispatch_low_latency", sets.dispatch_low_latency...);
  visit("combine_low_latency", sets.combine_low_latency...);
  visit("dispatch", sets.dispatch...);
  visit("combine", sets.combine...);
}

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_KERNELS_H_
