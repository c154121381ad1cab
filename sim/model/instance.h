// Builds the iteration model and the memory plan of one serving instance: a model on `gpus` GPUs of one type (tensor
// parallel inside the node).
#ifndef JEVONS_SIM_MODEL_INSTANCE_H_
#define JEVONS_SIM_MODEL_INSTANCE_H_

#include "base/result.h"
#include "sim/model/iteration.h"
#include "topologies/catalogue.h"

namespace jevons {

// Host-side cost of the serving stack, named by engine version; never hidden (perf_models.md 3.5).
struct StackSpec {
  std::string name;         // "vllm_0.6", "vllm_0.15".
  double step_s = 0;        // Per iteration.
  double sequence_s = 0;    // Per sequence in the batch.
  double layer_s = 0;       // Per layer, added to the GPU's own layer overhead.
  double all_reduce_s = 0;  // Per all-reduce, added to the GPU's own latency (2 per layer; none on one GPU).
  double eager_launch_s_per_layer = 0;  // Floor of iterations that prefill.
  double request_s = 0;                 // Front-end time added to each request's arrival at the engine.
  std::string source;
};
Result<StackSpec> find_stack(std::string_view name);
std::vector<std::string> stack_names();

struct InstanceOptions {
  Gpus gpus{8};  // Tensor-parallel degree.
  double gpu_memory_utilization = 0.9;
  Tokens block_size{16};
  Tokens max_num_batched_tokens{8192};
  std::int32_t max_num_seqs = 256;
};

struct InstancePlan {
  LinearIterationModel time;
  Blocks kv_blocks;                 // What is left of gpu_memory_utilization x HBM after weights and activations.
  Bytes weights;                    // All GPUs together; read once per node and instance when loading.
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
