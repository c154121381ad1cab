// Reading measured kernels and comparing them with the formulas.
#include "validation/kernel_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "sim/model/kernels.h"
#include "validation/split.h"
#include "validation/table.h"

namespace jevons {
namespace {

// aiconfigurator@095f58a (Apache-2.0), systems/data/{a100,h100,h200,b200}_sxm.
constexpr std::array<KernelFile, 37> kFiles{{
    {"perf/gemm_a100_bfloat16_vllm0.14.csv.gz", "A100-SXM4-80GB", "a100", "vllm", "gemm_bf16", "vLLM 0.14"},
    {"perf/gemm_a100_bfloat16_sglang0.5.10.csv.gz", "A100-SXM4-80GB", "a100", "sglang", "gemm_bf16", "SGLang 0.5.10"},
    {"perf/gemm_h100_bfloat16_vllm0.24.csv.gz", "H100-SXM5-80GB", "h100", "vllm", "gemm_bf16", "vLLM 0.24"},
    {"perf/gemm_h100_bfloat16_trtllm1.3rc20.csv.gz", "H100-SXM5-80GB", "h100", "trtllm", "gemm_bf16", "TRT-LLM 1.3"},
    {"perf/gemm_h200_bfloat16_vllm0.24.csv.gz", "H200-SXM-141GB", "h200", "vllm", "gemm_bf16", "vLLM 0.24"},
    {"perf/gemm_b200_bfloat16_vllm0.24.csv.gz", "B200-SXM-180GB", "b200", "vllm", "gemm_bf16", "vLLM 0.24"},
    {"perf/gemm_b200_bfloat16_trtllm1.3rc20.csv.gz", "B200-SXM-180GB", "b200", "trtllm", "gemm_bf16", "TRT-LLM 1.3"},
    {"perf/gemm_h100_fp8_vllm0.24.csv.gz", "H100-SXM5-80GB", "h100", "vllm", "gemm_fp8", "vLLM 0.24"},
    {"perf/gemm_h100_fp8_trtllm1.3rc20.csv.gz", "H100-SXM5-80GB", "h100", "trtllm", "gemm_fp8", "TRT-LLM 1.3"},
    {"perf/gemm_h200_fp8_vllm0.24.csv.gz", "H200-SXM-141GB", "h200", "vllm", "gemm_fp8", "vLLM 0.24"},
    {"perf/gemm_b200_fp8_vllm0.24.csv.gz", "B200-SXM-180GB", "b200", "vllm", "gemm_fp8", "vLLM 0.24"},
    {"perf/gemm_b200_fp8_trtllm1.3rc20.csv.gz", "B200-SXM-180GB", "b200", "trtllm", "gemm_fp8", "TRT-LLM 1.3"},
    {"perf/gemm_h100_fp8_block_trtllm1.3rc20.csv.gz", "H100-SXM5-80GB", "h100", "trtllm", "gemm_fp8_block",
     "TRT-LLM 1.3"},
    {"perf/gemm_h200_fp8_block_vllm0.24.csv.gz", "H200-SXM-141GB", "h200", "vllm", "gemm_fp8_block", "vLLM 0.24"},
    {"perf/gemm_b200_fp8_block_trtllm1.3rc20.csv.gz", "B200-SXM-180GB", "b200", "trtllm", "gemm_fp8_block",
     "TRT-LLM 1.3"},
    {"perf/attn_decode_a100_kvbfloat16_vllm0.14.csv.gz", "A100-SXM4-80GB", "a100", "vllm", "decode_bf16", "vLLM 0.14"},
    {"perf/attn_decode_h100_kvbfloat16_vllm0.24.csv.gz", "H100-SXM5-80GB", "h100", "vllm", "decode_bf16", "vLLM 0.24"},
    {"perf/attn_decode_h100_kvbfloat16_trtllm1.3rc20.csv.gz", "H100-SXM5-80GB", "h100", "trtllm", "decode_bf16",
     "TRT-LLM 1.3"},
    {"perf/attn_decode_h200_kvbfloat16_vllm0.24.csv.gz", "H200-SXM-141GB", "h200", "vllm", "decode_bf16", "vLLM 0.24"},
    {"perf/attn_decode_b200_kvbfloat16_vllm0.24.csv.gz", "B200-SXM-180GB", "b200", "vllm", "decode_bf16", "vLLM 0.24"},
    {"perf/attn_decode_h100_kvfp8_vllm0.24.csv.gz", "H100-SXM5-80GB", "h100", "vllm", "decode_fp8", "vLLM 0.24"},
    {"perf/attn_decode_h200_kvfp8_vllm0.24.csv.gz", "H200-SXM-141GB", "h200", "vllm", "decode_fp8", "vLLM 0.24"},
    {"perf/attn_decode_b200_kvfp8_vllm0.24.csv.gz", "B200-SXM-180GB", "b200", "vllm", "decode_fp8", "vLLM 0.24"},
    {"perf/attn_prefill_a100_vllm0.14.csv.gz", "A100-SXM4-80GB", "a100", "vllm", "prefill", "vLLM 0.14"},
    {"perf/attn_prefill_h100_vllm0.24.csv.gz", "H100-SXM5-80GB", "h100", "vllm", "prefill", "vLLM 0.24"},
    {"perf/attn_prefill_h200_vllm0.24.csv.gz", "H200-SXM-141GB", "h200", "vllm", "prefill", "vLLM 0.24"},
    {"perf/attn_prefill_b200_vllm0.24.csv.gz", "B200-SXM-180GB", "b200", "vllm", "prefill", "vLLM 0.24"},
    {"perf/mla_decode_h100_trtllm1.3rc20.csv", "H100-SXM5-80GB", "h100", "trtllm", "latent_decode", "TRT-LLM 1.3"},
    {"perf/mla_decode_h200_trtllm1.3rc20.csv", "H200-SXM-141GB", "h200", "trtllm", "latent_decode", "TRT-LLM 1.3"},
    {"perf/mla_decode_b200_trtllm1.3rc20.csv", "B200-SXM-180GB", "b200", "trtllm", "latent_decode", "TRT-LLM 1.3"},
    {"perf/moe_h100_bfloat16_balanced_vllm0.24.csv.gz", "H100-SXM5-80GB", "h100", "vllm", "experts_bf16", "vLLM 0.24"},
    {"perf/moe_h100_bfloat16_balanced_trtllm1.3rc20.csv.gz", "H100-SXM5-80GB", "h100", "trtllm", "experts_bf16",
     "TRT-LLM 1.3"},
    {"perf/moe_h100_fp8_block_balanced_vllm0.24.csv.gz", "H100-SXM5-80GB", "h100", "vllm", "experts_fp8", "vLLM 0.24"},
    {"perf/moe_h100_fp8_block_balanced_trtllm1.3rc20.csv.gz", "H100-SXM5-80GB", "h100", "trtllm", "experts_fp8",
     "TRT-LLM 1.3"},
    {"perf/moe_a100_bfloat16_power_law_1.01_vllm0.14.csv.gz", "A100-SXM4-80GB", "a100", "vllm", "experts_bf16",
     "vLLM 0.14", false},
    {"perf/moe_h100_bfloat16_power_law_1.01_vllm0.24.csv.gz", "H100-SXM5-80GB", "h100", "vllm", "experts_bf16",
     "vLLM 0.24", false, false},
    {"perf/moe_h100_fp8_block_power_law_1.01_trtllm1.3rc20.csv.gz", "H100-SXM5-80GB", "h100", "trtllm", "experts_fp8",
     "TRT-LLM 1.3", false, false},
}};

// L2 caches (NVIDIA data sheets): A100 40 MB, H100 and H200 50 MB, B200 126 MB.
double l2_bytes(std::string_view silicon) {
  if (silicon == "a100") return 40e6;
  return silicon == "b200" ? 126e6 : 50e6;
}

Precision precision_of(std::string_view family, const GpuSpec& gpu) {
  const bool fp8 = family.find("fp8") != std::string_view::npos;
  return fp8 ? Precision{gpu.fp8_flops, 1, 1} : Precision{gpu.bf16_flops, 2, 2};
}

using Row = std::span<const double>;

KernelModel gemm_model(const KernelFile& file) {
  KernelModel m;
  const std::string family(file.family);
  m.columns = {"n", "k", "m"};
  m.shape = 2;
  m.work = [family](const GpuSpec& gpu, Row r) {
    const Precision p = precision_of(family, gpu);
    return KernelWork{2 * r[0] * r[1] * r[2], p.flops, (r[2] * r[1] + r[0] * r[1]) * p.weight_bytes + 2 * r[2] * r[0]};
  };
  m.seconds = [family](const KernelSet& set, const GpuSpec& gpu, Row r) {
    const auto& c = family == "gemm_bf16" ? set.gemm_bf16 : family == "gemm_fp8" ? set.gemm_fp8 : set.gemm_fp8_block;
    return gemm_s(*c, precision_of(family, gpu), gpu.memory_bytes_per_s, r[2], r[0], r[1]);
  };
  return m;
}

KernelModel decode_model(const KernelFile& file) {
  KernelModel m;
  const bool fp8 = file.family == "decode_fp8";
  const double bytes = fp8 ? 1 : 2;
  m.columns = {"num_heads", "num_key_value_heads", "head_dim", "batch_size", "ctx"};
  m.shape = 4;
  m.domain = "head dimension 64 or 128, at least 4 query heads on the GPU";
  m.in_domain = [](Row r) { return (r[2] == 64 || r[2] == 128) && r[0] >= 4; };
  m.work = [bytes](const GpuSpec& gpu, Row r) {
    const double kv_tokens = r[3] * r[4];
    return KernelWork{4 * kv_tokens * r[0] * r[2], gpu.bf16_flops * (bytes == 1 ? 2 : 1),
                      2 * kv_tokens * r[1] * r[2] * bytes};
  };
  m.seconds = [fp8, bytes](const KernelSet& set, const GpuSpec& gpu, Row r) {
    const DecodeAttentionConstants& c = fp8 ? *set.decode_fp8 : *set.decode_bf16;
    const AttentionHeads heads{r[0], r[1], r[2], bytes};
    return c.overhead_s + r[3] * (decode_sequence_s(c, heads) + r[4] * decode_kv_token_s(c, gpu, heads));
  };
  return m;
}

KernelModel prefill_model() {
  KernelModel m;
  m.columns = {"num_heads", "num_key_value_heads", "head_dim", "batch_size", "isl"};
  m.shape = 4;
  m.domain = "head dimension 64 or 128, at least 4 query heads on the GPU";
  m.in_domain = [](Row r) { return (r[2] == 64 || r[2] == 128) && r[0] >= 4; };
  m.work = [](const GpuSpec& gpu, Row r) {
    return KernelWork{2 * r[3] * r[0] * r[2] * r[4] * r[4], gpu.bf16_flops, 0};
  };
  m.seconds = [](const KernelSet& set, const GpuSpec& gpu, Row r) {
    const PrefillAttentionConstants& c = *set.prefill;
    const AttentionHeads heads{r[0], r[1], r[2], 2};
    const double tokens = r[3] * r[4];
    return c.overhead_s + tokens * r[4] / 2 * prefill_pair_s(c, gpu, r[0], r[2], r[2]) +
           tokens * (prefill_query_s(c, gpu, heads) + prefill_kv_token_s(c, gpu, heads));
  };
  return m;
}

// Absorbed MLA of DeepSeek-V2/V3: a latent of 512 + 64 elements, BF16.
KernelModel latent_model() {
  constexpr double kWidth = 576, kValueWidth = 512, kBytes = 2;
  KernelModel m;
  m.columns = {"num_heads", "batch_size", "ctx"};
  m.shape = 2;
  m.work = [](const GpuSpec& gpu, Row r) {
    return KernelWork{2 * r[1] * r[2] * r[0] * (kWidth + kValueWidth), gpu.bf16_flops, r[1] * r[2] * kWidth * kBytes};
  };
  m.seconds = [](const KernelSet& set, const GpuSpec& gpu, Row r) {
    const LatentDecodeConstants& c = *set.latent_decode;
    return c.overhead_s +
           r[1] * (latent_sequence_s(c, r[0]) + r[2] * latent_kv_token_s(c, gpu, r[0], kWidth, kValueWidth, kBytes));
  };
  return m;
}

KernelModel experts_model(const KernelFile& file) {
  KernelModel m;
  const std::string family(file.family);
  const bool balanced = file.balanced;
  m.columns = {"hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size", "moe_ep_size", "num_tokens"};
  m.shape = 6;
  const auto load_of = [balanced](Row r) {
    const double pairs = r[6] * r[2] / r[5], local = r[3] / r[5];
    const double active = balanced ? active_experts_balanced(pairs, local) : active_experts_uniform(pairs, local);
    return ExpertLoad{r[6], pairs, active, r[3], r[0], r[1] / r[4]};
  };
  m.work = [family, load_of](const GpuSpec& gpu, Row r) {
    const ExpertLoad l = load_of(r);
    const Precision p = precision_of(family, gpu);
    return KernelWork{6 * l.pairs * l.hidden * l.width, p.flops,
                      l.active * 3 * l.hidden * l.width * p.weight_bytes + 4 * l.pairs * l.hidden};
  };
  m.seconds = [family, load_of](const KernelSet& set, const GpuSpec& gpu, Row r) {
    const auto& c = family == "experts_bf16" ? set.experts_bf16 : set.experts_fp8;
    return experts_s(*c, precision_of(family, gpu), gpu.memory_bytes_per_s, load_of(r));
  };
  return m;
}

}  // namespace

std::span<const KernelFile> kernel_files() { return kFiles; }

KernelModel kernel_model(const KernelFile& file) {
  if (file.family.starts_with("gemm")) return gemm_model(file);
  if (file.family.starts_with("decode")) return decode_model(file);
  if (file.family == "prefill") return prefill_model();
  if (file.family == "latent_decode") return latent_model();
  return experts_model(file);
}

Result<KernelSamples> read_kernel_file(const DataFolder& data, const KernelFile& file, const GpuSpec& gpu) {
  const KernelModel model = kernel_model(file);
  std::vector<std::string> columns = model.columns;
  columns.emplace_back("ms");
  auto table = Table::read(data.file(file.path), columns);
  if (!table) return table.error();
  KernelSamples out;
  out.width = model.columns.size();
  for (std::size_t i = 0; i < table->rows(); ++i) {
    const auto numbers = table->row(i);
    if (!numbers) return numbers.error();
    const std::vector<double>& row = *numbers;
    const double seconds = row.back() / 1e3;
    const KernelWork work = model.work(gpu, row);
    if (work.flops > work.peak * seconds) {
      ++out.faster_than_compute;
      continue;
    }
    if (work.bytes > l2_bytes(file.silicon) && work.bytes > kBandwidthTolerance * gpu.memory_bytes_per_s * seconds) {
      ++out.faster_than_memory;
      continue;
    }
    out.inputs.insert(out.inputs.end(), row.begin(), row.end() - 1);
    out.seconds.push_back(seconds);
    out.held_out.push_back(held_out(std::span(row).first(model.shape)) ? 1 : 0);
    out.in_domain.push_back(!model.in_domain || model.in_domain(row) ? 1 : 0);
  }
  return out;
}

ErrorSummary summarise(std::vector<double> errors) {
  if (errors.empty()) return {};
  std::sort(errors.begin(), errors.end());
  double sum = 0;
  for (const double e : errors) sum += e;
  const auto n = errors.size();
  const auto at = std::min(n - 1, static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(n))) - 1);
  return {static_cast<std::int64_t>(n), sum / static_cast<double>(n), errors[at]};
}

ErrorSummary kernel_error(const KernelSamples& samples, const KernelModel& model, const KernelSet& set,
                          const GpuSpec& gpu, Side side, bool domain_only) {
  std::vector<double> errors;
  for (std::size_t i = 0; i < samples.rows(); ++i) {
    if (side != Side::kAll && (side == Side::kHeldOut) != (samples.held_out[i] != 0)) continue;
    if (domain_only && samples.in_domain[i] == 0) continue;
    errors.push_back(std::fabs(model.seconds(set, gpu, samples.row(i)) / samples.seconds[i] - 1));
  }
  return summarise(std::move(errors));
}

}  // namespace jevons
