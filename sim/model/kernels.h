// Seconds of single GPU kernels from their constants: the formulas of docs/models.md section 1.  Pure; SI units; one
// GPU.
#ifndef JEVONS_SIM_MODEL_KERNELS_H_
#define JEVONS_SIM_MODEL_KERNELS_H_

#include "topologies/catalogue.h"
#include "topologies/kernels.h"

namespace jevons {

// (x^q + y^q)^(1/q): q = 1 adds, q -> infinity is the roofline's maximum.  Never less than max(x, y).
double smooth_max(double x, double y, double q);

// What a matrix product is done in: its peak, and the bytes of an element of the weights and of the inputs.
struct Precision {
  double flops = 0;  // Dense peak, FLOP/s.
  double weight_bytes = 2;
  double input_bytes = 2;
};

// y[m,n] = x[m,k] W[k,n], BF16 out.  `bandwidth`: HBM peak.
double gemm_s(const GemmConstants& c, const Precision& p, double bandwidth, double m, double n, double k);

// Shape of attention on one GPU.
struct AttentionHeads {
  double query = 0, kv = 0, dim = 128;
  double kv_bytes = 2;  // An element of the cache.
};
// Decode: seconds a KV token read, and a sequence (one layer).
double decode_kv_token_s(const DecodeAttentionConstants& c, const GpuSpec& gpu, const AttentionHeads& h);
double decode_sequence_s(const DecodeAttentionConstants& c, const AttentionHeads& h);

// Prefill: seconds a query-key pair, a query token, a KV token read (one layer).
double prefill_pair_s(const PrefillAttentionConstants& c, const GpuSpec& gpu, double query_heads, double qk_dim,
                      double v_dim);
double prefill_query_s(const PrefillAttentionConstants& c, const GpuSpec& gpu, const AttentionHeads& h);
double prefill_kv_token_s(const PrefillAttentionConstants& c, const GpuSpec& gpu, const AttentionHeads& h);

// Absorbed MLA decode: `width` = kv_lora + rope (what a KV token holds), `value_width` = kv_lora.
double latent_kv_token_s(const LatentDecodeConstants& c, const GpuSpec& gpu, double heads, double width,
                         double value_width, double kv_bytes);
double latent_sequence_s(const LatentDecodeConstants& c, double heads);

// The routed experts of one layer on one GPU.
struct ExpertLoad {
  double tokens = 0;             // That the GPU's own ranks bring (permutation of inputs).
  double pairs = 0;              // Token-expert pairs this GPU computes.
  double active = 0;             // Of its experts, those with at least one token.
  double experts = 0;            // Of the whole layer (router).
  double hidden = 0, width = 0;  // Width of one expert on this GPU.
};
double experts_s(const ExpertConstants& c, const Precision& p, double bandwidth, const ExpertLoad& load);
// Experts that at least one of `pairs` chose, `local` of them here: balanced routing spreads as evenly as it can,
// uniform routing leaves local (1 - exp(-pairs / local)).
double active_experts_uniform(double pairs, double local);
double active_experts_balanced(double pairs, double local);

// A measured curve: between two knots alpha + beta x bytes through both; below the first its time, beyond the last its
// rate.
double collective_s(const CollectiveCurve& curve, double bytes);
// Of the number of GPUs nearest above that was measured (2, 4, 8); beyond the last, a ring's 2(n-1)/n at the last's
// rate and its latency doubled with n.  1 GPU: 0.
double collective_s(const std::map<int, CollectiveCurve>& by_gpus, double gpus, double bytes);

// One direction of an all-to-all over `nodes` nodes; bytes leaving each GPU over its NIC and over NVLink.
double all_to_all_s(const AllToAllConstants& c, double nodes, double remote_bytes, double local_bytes);

// Copies of one token that leave a GPU, by wire, when it goes to `chosen` of the experts of `nodes` nodes with 8 GPUs
// each.
struct Copies {
  double remote = 0, local = 0;
};
// One for each expert (DeepEP's low-latency kernels).
Copies copies_per_expert(double chosen, double nodes);
// One for each node over the NIC, then one for each GPU over NVLink (its normal kernels); at most `node_limit` nodes,
// as the router of DeepSeek-V3 keeps to.
Copies copies_per_node(double chosen, double nodes, double node_limit);

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_KERNELS_H_
