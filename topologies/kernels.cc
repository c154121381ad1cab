// Tables of the kernel constants' fields, and the rule by which a set is completed.
#include "topologies/kernels.h"

#include <array>
#include <set>

namespace jevons {
namespace {

constexpr double kShareLow = 0.001, kShareHigh = 1;  // Nothing beats the data sheet: the floor under every iteration.
constexpr double kSeconds = 1, kPasses = 1000;

constexpr std::array<KernelField<GemmConstants>, 8> kGemm{{
    {"compute", &GemmConstants::compute, kShareLow, 1},
    {"memory", &GemmConstants::memory, kShareLow, kShareHigh},
    {"exponent", &GemmConstants::exponent, 1, 100},
    {"overhead_s", &GemmConstants::overhead_s, 0, kSeconds},
    {"depth_s", &GemmConstants::depth_s, 0, kSeconds},
    {"shallow", &GemmConstants::shallow, 0, 1e5},
    {"padding", &GemmConstants::padding, 0, 1},
    {"quantise", &GemmConstants::quantise, 0, kPasses},
}};
constexpr std::array<KernelField<DecodeAttentionConstants>, 7> kDecode{{
    {"memory", &DecodeAttentionConstants::memory, kShareLow, kShareHigh},
    {"compute", &DecodeAttentionConstants::compute, kShareLow, 1},
    {"exponent", &DecodeAttentionConstants::exponent, 1, 100},
    {"overhead_s", &DecodeAttentionConstants::overhead_s, 0, kSeconds},
    {"sequence_s", &DecodeAttentionConstants::sequence_s, 0, kSeconds},
    {"kv_head_s", &DecodeAttentionConstants::kv_head_s, 0, kSeconds},
    {"head_s", &DecodeAttentionConstants::head_s, 0, kSeconds},
}};
constexpr std::array<KernelField<PrefillAttentionConstants>, 4> kPrefill{{
    {"compute", &PrefillAttentionConstants::compute, kShareLow, 1},
    {"narrow", &PrefillAttentionConstants::narrow, kShareLow, kShareHigh},
    {"memory", &PrefillAttentionConstants::memory, kShareLow, kShareHigh},
    {"overhead_s", &PrefillAttentionConstants::overhead_s, 0, kSeconds},
}};
constexpr std::array<KernelField<LatentDecodeConstants>, 7> kLatent{{
    {"compute", &LatentDecodeConstants::compute, kShareLow, 1},
    {"memory", &LatentDecodeConstants::memory, kShareLow, kShareHigh},
    {"exponent", &LatentDecodeConstants::exponent, 1, 100},
    {"overhead_s", &LatentDecodeConstants::overhead_s, 0, kSeconds},
    {"sequence_s", &LatentDecodeConstants::sequence_s, 0, kSeconds},
    {"head_s", &LatentDecodeConstants::head_s, 0, kSeconds},
    {"least_heads", &LatentDecodeConstants::least_heads, 1, 4096},
}};
constexpr std::array<KernelField<ExpertConstants>, 11> kExperts{{
    {"compute", &ExpertConstants::compute, kShareLow, 1},
    {"memory", &ExpertConstants::memory, kShareLow, kShareHigh},
    {"exponent", &ExpertConstants::exponent, 1, 100},
    {"overhead_s", &ExpertConstants::overhead_s, 0, kSeconds},
    {"permute", &ExpertConstants::permute, 0, kPasses},
    {"token_passes", &ExpertConstants::token_passes, 0, kPasses},
    {"active_s", &ExpertConstants::active_s, 0, kSeconds},
    {"expert_s", &ExpertConstants::expert_s, 0, kSeconds},
    {"padding", &ExpertConstants::padding, 0, 1e5},
    {"narrow_compute", &ExpertConstants::narrow_compute, 0, 1e6},
    {"narrow_memory", &ExpertConstants::narrow_memory, 0, 1e6},
}};
constexpr std::array<KernelField<AllToAllConstants>, 4> kAllToAll{{
    {"overhead_s", &AllToAllConstants::overhead_s, 0, kSeconds},
    {"node_s", &AllToAllConstants::node_s, 0, kSeconds},
    {"remote_bytes_per_s", &AllToAllConstants::remote_bytes_per_s, 1e6, 1e15},
    {"local_bytes_per_s", &AllToAllConstants::local_bytes_per_s, 1e6, 1e15},
}};

constexpr std::array<std::string_view, 5> kOrder{"vllm", "trtllm", "sglang", "nccl", "deepep"};

// The places a family is looked for, in order, with their names.
struct Place {
  const KernelSet* set;
  std::string name;
  bool own;
};
std::vector<Place> places(const SiliconKernels& own, const SiliconKernels& fallback, std::string_view library) {
  std::vector<Place> out;
  const auto add = [&](const SiliconKernels& silicon, std::string_view name, bool is_own) {
    if (const auto it = silicon.libraries.find(name); it != silicon.libraries.end()) {
      out.push_back({&it->second, silicon.name + "/" + it->first, is_own});
    }
  };
  add(own, library, true);
  for (const std::string_view other : kOrder) {
    if (other != library) add(own, other, true);
  }
  add(fallback, library, false);
  for (const std::string_view other : kOrder) {
    if (other != library) add(fallback, other, false);
  }
  return out;
}

}  // namespace

template <>
std::span<const KernelField<GemmConstants>> kernel_fields() {
  return kGemm;
}
template <>
std::span<const KernelField<DecodeAttentionConstants>> kernel_fields() {
  return kDecode;
}
template <>
std::span<const KernelField<PrefillAttentionConstants>> kernel_fields() {
  return kPrefill;
}
template <>
std::span<const KernelField<LatentDecodeConstants>> kernel_fields() {
  return kLatent;
}
template <>
std::span<const KernelField<ExpertConstants>> kernel_fields() {
  return kExperts;
}
template <>
std::span<const KernelField<AllToAllConstants>> kernel_fields() {
  return kAllToAll;
}

ResolvedKernels resolve_kernels(const SiliconKernels& own, const SiliconKernels& fallback, std::string_view library,
                                std::string_view collective_library) {
  ResolvedKernels out;
  const auto note = [&](const std::string& family, const Place& place) {
    if (const auto it = place.set->info.find(family); it != place.set->info.end()) out.info[family] = it->second;
    if (!place.own) out.derived[family] = place.name;
  };
  std::set<std::string_view> found;
  for (const Place& place : places(own, fallback, library)) {
    for_each_family(
        [&](const char* name, const auto& measured, auto& family) {
          if (!measured || !found.insert(name).second) return;
          family = *measured;
          note(name, place);
        },
        *place.set, out);
  }
  if (const auto it = own.libraries.find(library); it != own.libraries.end()) {
    out.expert_tables = it->second.expert_tables;
    if (const auto info = it->second.info.find("expert_tables"); info != it->second.info.end()) {
      out.info["expert_tables"] = info->second;
    }
  }
  for (const Place& place : places(own, fallback, collective_library)) {
    for (const auto& [op, by_gpus] : place.set->collectives) {
      // NCCL's own all-reduce stands beside a library's, which hands over what is too large for it.
      const bool nccl = place.name.ends_with("/nccl");
      if (nccl && op == "all_reduce") out.collectives.emplace("all_reduce_nccl", by_gpus);
      if (out.collectives.contains(op)) continue;
      out.collectives[op] = by_gpus;
      note(op, place);
    }
  }
  return out;
}

}  // namespace jevons
