// Seconds that the kernels of one instance take: the formulas of perf_models.md 3.1, docs/models.md.  Pure; SI units.
#ifndef JEVONS_SIM_MODEL_COST_H_
#define JEVONS_SIM_MODEL_COST_H_

#include "base/units.h"
#include "sim/model/instance.h"
#include "topologies/catalogue.h"

namespace jevons {

// (x^q + y^q)^(1/q): q = 1 adds, q -> infinity is the roofline's maximum.  Never less than max(x, y).
double smooth_max(double x, double y, double q);

// One model on `gpus` GPUs, tensor parallel.
class InstanceCost {
 public:
  InstanceCost(const ModelSpec& model, const GpuSpec& gpu, const StackSpec& stack, Gpus gpus)
      : model_(model), gpu_(gpu), stack_(stack), tp_(gpus.value) {}

  // What an iteration of `tokens` tokens takes apart from attention over the KV cache; `sampled` of them get logits.
  double dense_s(double tokens, double sampled) const;
  double kv_token_s() const;    // Decode: per KV token read, all layers (a_kv).
  double chunk_work_s() const;  // Prefill: per (query, key) pair, all layers (a_q).
  double chunk_kv_s() const;    // Prefill: per KV token read, all layers (a_pkv).

  double kv_bytes_per_gpu()
      const;  // Per token, all layers: KV heads are split, then replicated; a latent is replicated.
  double weights_per_gpu() const;  // Bytes, replicated KV projections included.

 private:
  double gemm_s(double m, double n, double k) const;
  double attention_projections_s(double tokens) const;
  double gated_mlp_s(double tokens, double width) const;
  double experts_s(double tokens) const;
  double all_reduce_s(double tokens) const;
  double weight_flops() const;  // Peak FLOP/s at the weights' type.
  double kv_heads_per_gpu() const;
  double mla_width() const { return model_.kv_lora_rank + model_.qk_rope_head_dim; }

  const ModelSpec& model_;
  const GpuSpec& gpu_;
  const StackSpec& stack_;
  double tp_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_COST_H_
