// Seconds that one iteration of one instance takes, from the kernels' constants (sim/model/kernels.h) and the layout:
// docs/models.md section 1.  Pure; SI units.
//
// The instance has tensor x pipeline x data GPUs.  Tokens are those of the whole instance; data-parallel ranks share
// them evenly, and with pipeline stages as many micro-batches as stages are under way, each with its share.
#ifndef JEVONS_SIM_MODEL_COST_H_
#define JEVONS_SIM_MODEL_COST_H_

#include <set>
#include <string>
#include <vector>

#include "base/units.h"
#include "sim/model/instance.h"
#include "sim/model/kernels.h"
#include "topologies/catalogue.h"

namespace jevons {

// One line for each source from which families in `used` were taken for want of measurements on this GPU, and one for
// what the catalogue entry itself gives.
std::vector<std::string> derived_notes(const GpuSpec& gpu, const ResolvedKernels& kernels,
                                       const std::set<std::string>& used);

class InstanceCost {
 public:
  // Keeps references: the arguments must outlive it.
  InstanceCost(const ModelSpec& model, const GpuSpec& gpu, const StackSpec& stack, const InstanceOptions& options);

  // An iteration of `tokens` tokens apart from attention over the KV cache; `sampled` of them get logits.
  double dense_s(double tokens, double sampled) const;
  // With overlapping micro-batches, what the wires need; an iteration takes no less.  0 without.
  double wire_s(double tokens) const;
  // The draft tokens of one step for `sequences` sequences (multi-token prediction); 0 without.
  double draft_s(double sequences) const;

  double launch_floor_s() const;  // No iteration that prefills takes less: kernels are launched one by one.  0 without.

  double sequence_s() const;    // A decoding sequence: host and attention kernels, all layers (a_seq).
  double kv_token_s() const;    // Decode: a KV token read, all layers (a_kv).
  double chunk_work_s() const;  // Prefill: a (query, key) pair, all layers (a_q).
  double chunk_kv_s() const;    // Prefill: a KV token read, all layers (a_pkv).
  double query_s() const;       // Prefill: a query token's own reads and writes in attention, all layers.

  double kv_bytes_per_gpu()
      const;  // Per token of one rank: KV heads are split, then replicated; a latent is replicated.
  double weights_per_gpu() const;  // Bytes, replicated parts included.
  double kv_bytes_per_element() const;

  // One line a fact the user should know: constants that were not measured on this GPU, shapes outside what was
  // measured.
  std::vector<std::string> notes(Tokens longest_context) const;

 private:
  double layers_s(double tokens, double share) const;
  double gemm(double m, double n, double k) const;
  double attention_side_s(double tokens) const;
  double latent_projections_s(double tokens) const;
  double mlp_s(double tokens, double width, double split) const;
  double moe_s(double tokens) const;
  const CollectiveCurve* expert_table() const;
  double shared_experts_s(double tokens) const;
  double all_reduce_s(double tokens) const;
  double exchange_s(double tokens) const;
  double expert_layer_wire_s(double tokens) const;
  double head_s(double sampled) const;
  double elementwise_s(double tokens, double width) const;
  double expert_weights_per_gpu() const;
  double own_weights_per_gpu() const;
  AttentionHeads heads() const;
  double moe_layers() const { return model_.experts > 0 ? model_.layers - model_.dense_layers : 0; }
  bool dispatches() const {  // With one rank that has all GPUs of the group, an all-reduce does.
    return moe_layers() > 0 && layout_.expert > 1 && (layout_.data > 1 || layout_.expert > layout_.tensor);
  }
  double group_scale() const;  // Tokens of the expert group over tokens of this instance.
  double experts_here() const;
  double mla_width() const { return model_.kv_lora_rank + model_.qk_rope_head_dim; }
  void check_range(const char* family, const char* axis, double low, double high, std::vector<std::string>* out) const;
  void check_limit(const char* family, const char* axis, double high, std::vector<std::string>* out) const;
  void check_gemms(std::vector<std::string>* out) const;
  void check_attention(double context, std::vector<std::string>* out) const;
  void check_experts(double tokens, std::vector<std::string>* out) const;

  const ModelSpec& model_;
  const GpuSpec& gpu_;
  const StackSpec& stack_;
  const InstanceOptions& options_;
  InstanceLayout layout_;
  double tp_, rank_share_;  // GPUs of a tensor group; share of the instance's tokens that one rank handles at a time.
  ResolvedKernels kernels_;
  Precision precision_;
  const GemmConstants* gemm_ = nullptr;
  const ExpertConstants* experts_ = nullptr;
  const DecodeAttentionConstants* decode_ = nullptr;
  std::string gemm_name_;       // Family of gemm_.
  std::set<std::string> used_;  // Families of constants this instance goes by.
};

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_COST_H_
