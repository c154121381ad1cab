// Catalogue of GPUs and models: data with a source and a date beside every figure, readable as YAML, extendable by the
// user.
//
// The built-in entries live in topologies/catalogue/*.yaml and are compiled into the library.
#ifndef JEVONS_TOPOLOGIES_CATALOGUE_H_
#define JEVONS_TOPOLOGIES_CATALOGUE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "topologies/kernels.h"

namespace jevons {

// One GPU type.  Rates are dense peaks (no sparsity) from the data sheet; efficiencies are fitted to measurements.
struct GpuSpec {
  std::string name;       // "H100-SXM5-80GB".
  double bf16_flops = 0;  // FLOP/s.
  double fp8_flops = 0;   // FLOP/s; 0 = no FP8.
  Bytes memory;           // HBM capacity, bytes (80 GB = 80e9 unless the source says GiB).
  double memory_bytes_per_s = 0;
  double link_bytes_per_s = 0;  // Scale-up link (NVLink) per direction; PCIe where there is none.
  double nic_bytes_per_s = 0;   // Scale-out NIC per GPU and direction.
  double tdp_watts = 0;
  double idle_watts = 0;          // Idle, without a model, share of the host included; 0 = by rule (sim/model/power.h).
  double host_watts_per_gpu = 0;  // The host's share while the GPU works: CPUs, fans, NICs, switches; 0 = by rule.
  // Power of the board as a share of its TDP; H100's, which other parts take over unless they have their own.
  double loaded_power = 0.07;         // On top of idle: a model in memory, nothing to run.
  double prefill_power = 1.0;         // Prompts alone.
  double mixed_power = 0.91;          // Prompts and decodes in one iteration.
  double decode_power_low = 0.43;     // Decode, batch of one.
  double decode_power_high = 0.86;    // Decode, large batches.
  double decode_half_batch = 0;       // Batch at which decode draws half-way between the two; 0 = by rule.
  double training_power = 0.81;       // Mean over training steps, communication included.
  double price_usd_per_gpu_hour = 0;  // On-demand default; scenarios may set their own.
  double int8_ops = 0;                // Op/s; 0 = no INT8 tensor cores.
  double sm_count = 0;                // Streaming multiprocessors; 0 = not known.
  // Overrides of the kernels' fitted constants, for parts one knows a little about; 0 = as fitted.
  double sustained_gemm = 0;  // Most of the BF16 peak that large products keep at the power limit; 0 = no limit.
  double gemm_compute_efficiency = 0;  // Share of peak FLOP/s a large GEMM reaches.
  double gemm_memory_efficiency = 0;   // Share of peak bandwidth a thin GEMM reaches.
  double attention_memory_efficiency = 0;
  double attention_compute_efficiency = 0;
  double all_reduce_latency_s = 0;  // With all_reduce_efficiency: alpha and beta in place of measured curves.
  double all_reduce_efficiency = 0;
  std::string kernels;  // Name of the measured kernels ("h100"), and what the name stands for:
  SiliconKernels silicon, fallback;
  std::map<std::string, std::string> sources;  // Field -> "source, date".
};

// One transformer.  Dense, GQA, MLA and MoE.
struct ModelSpec {
  std::string name;  // "Llama-3.1-70B".
  std::int32_t layers = 0;
  std::int32_t hidden = 0;
  std::int32_t heads = 0;
  std::int32_t kv_heads = 0;
  std::int32_t head_dim = 0;
  std::int32_t intermediate = 0;  // Dense MLP width.
  bool gated_mlp = true;          // Gate, up and down; false: two matrices (GPT, OPT, MPT, BLOOM).
  std::int64_t vocab = 0;
  bool tied_embeddings = false;
  std::int64_t max_model_len = 0;
  // Mixture of experts; experts = 0 for dense models.
  std::int32_t experts = 0, experts_per_token = 0, shared_experts = 0, moe_intermediate = 0, dense_layers = 0;
  // Multi-head latent attention; kv_lora_rank = 0 otherwise.
  std::int32_t kv_lora_rank = 0, q_lora_rank = 0, qk_rope_head_dim = 0, qk_nope_head_dim = 0, v_head_dim = 0;
  double weight_bytes_per_parameter = 2;  // 2 = BF16, 1 = FP8.
  // How matrix products are done: "bf16", "fp8" (a scale a tensor or row), "fp8_block" (a scale per 128 x 128 block, as
  // DeepSeek), "int8" (W8A8), "weight_only" (unpacked to BF16).  Empty: by weight_bytes_per_parameter, 2 bf16, 1 fp8,
  // else weight_only.
  std::string quantization;
  double kv_bytes_per_element = 2;
  std::string source;

  double mlp_matrices() const { return gated_mlp ? 3 : 2; }  // Of hidden x width each, experts too.
  double parameters() const;                                 // Total, embeddings included.
  double active_parameters() const;                          // Per token, embeddings excluded, LM head included.
  Bytes weight_bytes() const;
  Bytes kv_bytes_per_token() const;  // All layers, one copy (before tensor parallelism).
};

// Host-side cost of a serving stack, by engine version; and whose kernels it runs.  Named presets, never hidden
// constants.
struct StackSpec {
  std::string name;                     // "vllm_0.6".
  double step_s = 0;                    // Per iteration.
  double sequence_s = 0;                // Per sequence in the batch.
  double layer_s = 0;                   // Per layer, added to what the kernels cost at size zero.
  double all_reduce_s = 0;              // Per all-reduce, added to the measured curve (2 per layer; none on one GPU).
  double eager_launch_s_per_layer = 0;  // Floor of iterations that prefill.
  double request_s = 0;                 // Front-end time added to each request's arrival at the engine.
  double kernel_slowdown =
      1;  // Matrix products and attention over their times measured back to back, with warm caches.
  double elementwise_passes = 0;  // Norms, rotary embedding, residuals: passes over their bytes.
  // With activations quantised (FP8, INT8): more per layer, per sequence, and the floor in place of the one above.
  double quantised_layer_s = 0, quantised_sequence_s = 0, quantised_launch_s_per_layer = 0;
  std::string kernels = "vllm";      // Library of kernels.yaml.
  std::string collectives = "vllm";  // Library of its all-reduce.
  std::string source;
};

// What a training stack reaches.  Shares refer to GpuSpec's peaks and kernel constants (sim/model/training_step.h).
// The defaults are counted, not fitted: 6 passes (each stored byte is written and read, forward; read twice, and its
// gradient written and read, backward); 16 bytes per parameter and micro-batch (BF16 weights read by forward,
// recomputation and backward, the BF16 gradient written and added to the FP32 one: 2+2+2+2+8); 30 bytes a logit (BF16
// written and read, FP32 copy written and read thrice, gradient back: 2+2+4+12+4+4+2).
struct TrainingConstants {
  std::string name;
  double gemm_share = 1;            // Of what its GEMMs reach one by one (kernels.yaml).
  double attention_efficiency = 0;  // Of the BF16 peak, forward and backward together; 0 = the GPU's own.
  double activation_passes = 6;     // Bytes moved by kernels that are neither, per byte of stored activation.
  double weight_bytes = 16;         // Moved per parameter and micro-batch: weights read, gradients accumulated.
  double logit_bytes = 30;          // Moved per logit: cast, softmax, cross-entropy, gradient.
  double fsdp_exposed = 1;          // Share of FSDP's collectives (ZeRO stage 3) that compute does not hide.
  std::string source;
};

// The constants of the kernels of `library` ("vllm", "trtllm") on a GPU, collectives from `collective_library`; the
// GPU's overrides applied, curves scaled to its link.  `derived` names every family that was not measured on this very
// GPU.
ResolvedKernels kernels_of(const GpuSpec& gpu, std::string_view library, std::string_view collective_library);

class Catalogue {
 public:
  // The entries compiled in.  Never fails (a test reads them).
  static Catalogue builtin();

  // Adds the GPUs, models and stacks of a YAML file (same format as the built-in ones; see docs/topologies.md),
  // replacing entries of the same name.  On an error ("file:line: gpus.X.memory: expected ...") nothing is added.
  Status add_yaml(std::string_view text, const std::string& file_name);
  // Adds a model from a Hugging Face config.json.  Gated decoder-only transformers; others are refused.
  Status add_hugging_face(std::string_view json_text, const std::string& file_name, const std::string& model_name);

  // Errors name the nearest known entry.  Common short names ("H100", "A100-80") and any case work too.
  // A GPU comes with its kernels' constants, and with those of the most completely measured part for what its own lack.
  Result<GpuSpec> gpu(std::string_view name) const;
  Result<ModelSpec> model(std::string_view name) const;
  Result<StackSpec> stack(std::string_view name) const;
  std::vector<std::string> stack_names() const;
  Result<TrainingConstants> training_stack(std::string_view name) const;
  std::vector<std::string> training_stack_names() const;
  std::vector<std::string> gpu_names() const;
  std::vector<std::string> model_names() const;

 private:
  friend class CatalogueYaml;
  Status add_alias(std::string_view alias, const std::string& name);

  std::map<std::string, SiliconKernels, std::less<>> kernels_;
  std::map<std::string, GpuSpec, std::less<>> gpus_;
  std::map<std::string, ModelSpec, std::less<>> models_;
  std::map<std::string, StackSpec, std::less<>> stacks_;
  std::map<std::string, TrainingConstants, std::less<>> training_stacks_;
  struct AnyCase {  // "h100" finds "H100".  ASCII only.
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const;
  };
  using Aliases = std::map<std::string, std::string, AnyCase>;
  template <class Spec>
  static Result<Spec> find(const std::map<std::string, Spec, std::less<>>& specs, const Aliases& aliases,
                           std::string_view name, std::string_view kind);
  Aliases aliases_;  // Short name -> name; names themselves included.
};

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_CATALOGUE_H_
