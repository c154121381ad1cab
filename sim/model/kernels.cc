// Kernel times.
#include "sim/model/kernels.h"

#include <algorithm>
#include <cmath>

namespace jevons {
namespace {

constexpr double kActivationBytes = 2;  // BF16 activations.
constexpr double kQuantiseBytes = 3;    // Read BF16, write one byte.
constexpr double kDepthUnit = 1024;     // depth_s counts doublings of 1 + k / 1024.

constexpr double kNodeGpus = 8;

// Rows of the tile that m ends in: kernels switch to taller tiles as m grows.
double tile_rows(double m) { return m > 128 ? 256 : m > 64 ? 128 : 64; }

}  // namespace

double smooth_max(double x, double y, double q) {
  const double high = std::max(x, y), low = std::min(x, y);
  if (high <= 0) return 0;
  return high * std::pow(1 + std::pow(low / high, q), 1 / q);
}

double gemm_s(const GemmConstants& c, const Precision& p, double bandwidth, double m, double n, double k) {
  const double tile = tile_rows(m);
  const double rows = m + c.padding * (std::ceil(m / tile) * tile - m);
  const double compute = 2 * rows * n * k / (p.flops * c.compute) * (1 + c.shallow / k);
  const double bytes = m * k * p.input_bytes + n * k * p.weight_bytes + kActivationBytes * m * n;
  const double memory = bytes / (bandwidth * c.memory);
  const double quantise = c.quantise * kQuantiseBytes * m * k / bandwidth;
  return smooth_max(compute, memory, c.exponent) + c.overhead_s + c.depth_s * std::log2(1 + k / kDepthUnit) + quantise;
}

double decode_kv_token_s(const DecodeAttentionConstants& c, const GpuSpec& gpu, const AttentionHeads& h) {
  const double memory = 2 * h.kv * h.dim * h.kv_bytes / (gpu.memory_bytes_per_s * c.memory);
  const double compute = 4 * h.query * h.dim / (gpu.bf16_flops * c.compute);
  return smooth_max(memory, compute, c.exponent);
}

double decode_sequence_s(const DecodeAttentionConstants& c, const AttentionHeads& h) {
  return c.sequence_s + c.kv_head_s * h.kv + c.head_s * h.query;
}

double prefill_pair_s(const PrefillAttentionConstants& c, const GpuSpec& gpu, double query_heads, double qk_dim,
                      double v_dim) {
  const double share = c.compute * ((qk_dim + v_dim) / 2 <= 64 ? c.narrow : 1);
  return 2 * query_heads * (qk_dim + v_dim) / (gpu.bf16_flops * share);
}

double prefill_query_s(const PrefillAttentionConstants& c, const GpuSpec& gpu, const AttentionHeads& h) {
  return 2 * h.query * h.dim * kActivationBytes / (gpu.memory_bytes_per_s * c.memory);
}

double prefill_kv_token_s(const PrefillAttentionConstants& c, const GpuSpec& gpu, const AttentionHeads& h) {
  return 2 * h.kv * h.dim * h.kv_bytes / (gpu.memory_bytes_per_s * c.memory);
}

double latent_kv_token_s(const LatentDecodeConstants& c, const GpuSpec& gpu, double heads, double width,
                         double value_width, double kv_bytes) {
  const double compute = 2 * std::max(heads, c.least_heads) * (width + value_width) / (gpu.bf16_flops * c.compute);
  return smooth_max(compute, width * kv_bytes / (gpu.memory_bytes_per_s * c.memory), c.exponent);
}

double latent_sequence_s(const LatentDecodeConstants& c, double heads) { return c.sequence_s + c.head_s * heads; }

double active_experts_uniform(double pairs, double local) { return local * (1 - std::exp(-pairs / local)); }

double active_experts_balanced(double pairs, double local) { return std::min(local, std::max(pairs, 1.0)); }

double experts_s(const ExpertConstants& c, const Precision& p, double bandwidth, const ExpertLoad& load) {
  const double rows = load.pairs + c.padding * load.active;
  const double compute =
      6 * rows * load.hidden * load.width / (p.flops * c.compute) * (1 + c.narrow_compute / load.width);
  const double bytes =
      load.active * 3 * load.hidden * load.width * p.weight_bytes + 2 * kActivationBytes * load.pairs * load.hidden;
  const double memory = bytes / (bandwidth * c.memory) * (1 + c.narrow_memory / load.width);
  const double passes = c.permute * load.pairs + c.token_passes * load.tokens;
  return smooth_max(compute, memory, c.exponent) + c.overhead_s + c.active_s * load.active + c.expert_s * load.experts +
         kActivationBytes * passes * load.hidden / bandwidth;
}

double collective_s(const CollectiveCurve& curve, double bytes) {
  const auto& x = curve.bytes;
  const auto& y = curve.seconds;
  if (bytes <= x.front()) return y.front();
  if (bytes >= x.back()) {
    const double rate = (x.back() - x[x.size() - 2]) / (y.back() - y[y.size() - 2]);
    return y.back() + (bytes - x.back()) / rate;
  }
  const auto i = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), bytes) - x.begin());
  return y[i - 1] + (y[i] - y[i - 1]) * (bytes - x[i - 1]) / (x[i] - x[i - 1]);
}

double collective_s(const std::map<int, CollectiveCurve>& by_gpus, double gpus, double bytes) {
  if (gpus < 2 || by_gpus.empty()) return 0;
  const auto at = std::find_if(by_gpus.begin(), by_gpus.end(), [&](const auto& e) { return e.first >= gpus; });
  if (at != by_gpus.end()) return collective_s(at->second, bytes);
  const auto& [n, curve] = *by_gpus.rbegin();
  const double latency = curve.seconds.front(), ring = (1 - 1 / gpus) / (1 - 1.0 / n);
  return latency * (1 + std::log2(gpus / n)) + (collective_s(curve, bytes) - latency) * ring;
}

double all_to_all_s(const AllToAllConstants& c, double nodes, double remote_bytes, double local_bytes) {
  return c.overhead_s + c.node_s * std::log2(nodes) + remote_bytes / c.remote_bytes_per_s +
         local_bytes / c.local_bytes_per_s;
}

Copies copies_per_expert(double chosen, double nodes) { return {chosen * (1 - 1 / nodes), chosen / nodes}; }

Copies copies_per_node(double chosen, double nodes, double node_limit) {
  // Expected number of distinct places that `chosen` uniform draws hit.
  const auto distinct = [&](double places) { return places * (1 - std::pow(1 - 1 / places, chosen)); };
  const double reached = std::min(distinct(nodes), node_limit);
  return {reached * (1 - 1 / nodes), distinct(kNodeGpus * nodes)};
}

}  // namespace jevons
