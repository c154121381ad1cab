// Builds the iteration model and the memory plan of one serving instance: a model on `gpus` GPUs of one type (tensor
// parallel inside the node).
#ifndef JEVONS_SIM_MODEL_INSTANCE_H_
#define JEVONS_SIM_MODEL_INSTANCE_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "sim/model/iteration.h"
#include "topologies/catalogue.h"

namespace jevons {

// How the GPUs of one replica share a model.
struct InstanceLayout {
  std::int32_t tensor = 8;    // GPUs that split every layer.
  std::int32_t pipeline = 1;  // Stages of layers.
  std::int32_t data = 1;      // Copies of the attention, each with its own requests' KV cache (DP attention).
  // GPUs that share a layer's routed experts; 1 = experts are split like dense layers.  More than the replica's own
  // GPUs: the group goes on over further nodes, whose replicas carry the same load.
  std::int32_t expert = 1;
  std::int32_t redundant_experts = 0;  // Copies of hot experts, beyond the model's own.
  std::int32_t gpus_per_node = 8;
  Gpus gpus() const { return {tensor * pipeline * data}; }
};

// Multi-token prediction: `draft_tokens` are drafted one after the other, each accepted with `acceptance` if all before
// it were; a step gives 1 + a + a^2 + ... tokens on average.  Times are those of the average step for each token out.
struct Speculation {
  std::int32_t draft_tokens = 0;
  double acceptance = 0;
  double tokens_per_step() const;
};

struct InstanceOptions {
  InstanceLayout layout;
  double gpu_memory_utilization = 0.9;
  Bytes set_aside{0};  // Of that, per GPU, for others.
  Tokens block_size{16};
  Tokens max_num_batched_tokens{8192};
  std::int32_t max_num_seqs = 256;
  double kv_bytes_per_element = 0;    // 0 = the model's.
  double expert_imbalance = 1;        // Load of the busiest GPU of an expert group over the mean.
  bool overlap_microbatches = false;  // Two micro-batches, one computes while the other communicates.
  Speculation speculation;
  Tokens longest_context{0};  // For the notes; 0 = the model's max_model_len.
};

struct InstancePlan {
  LinearIterationModel time;
  Blocks kv_blocks;                 // What is left of gpu_memory_utilization x HBM after weights and activations.
  Bytes weights;                    // All GPUs together; read once per node and instance when loading.
  std::vector<std::string> notes;   // Derived constants and shapes outside what was measured, a line each.
  double prefill_tokens_per_s = 0;  // Of full prefill iterations at max_num_batched_tokens.
  double decode_tokens_per_s =
      0;  // At the largest batch that memory holds at 1,000 tokens of context, at most max_num_seqs.
};

// Fails with what is missing when the weights do not fit ("weights need 141.1 GB, 1 x H100-SXM5-80GB offers 72.0 GB"),
// when heads do not divide by the GPUs, or when not one sequence of block_size tokens fits.
Result<InstancePlan> plan_instance(const ModelSpec& model, const GpuSpec& gpu, const StackSpec& stack,
                                   const InstanceOptions& options);

// Seconds of a ring all-reduce of `bytes` on `gpus` GPUs: alpha + 2(n-1)/n x bytes / (link x efficiency).
double ring_all_reduce_s(double bytes, Gpus gpus, double alpha_s, double link_bytes_per_s, double efficiency);

// Training speed: FLOP/s of one GPU at `mfu` of its BF16 peak.  The run time of a job scales with the ratio of two
// GPUs'.
double training_flops(const GpuSpec& gpu, double mfu);
// Run time of `tokens` of training of `parameters` on `gpus` GPUs: 6 N D / (gpus x peak x mfu) (Kaplan et al., 2020).
// Positive arguments; at most 250 years (then more is all the same).
Duration training_run_time(double parameters, double tokens, Gpus gpus, const GpuSpec& gpu, double mfu);
// Bytes of a checkpoint: 14 per parameter (BF16 weights, FP32 master weights, two FP32 Adam moments).
Bytes checkpoint_bytes(double parameters);

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_INSTANCE_H_
