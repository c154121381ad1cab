// How long one training step takes, and what it keeps in memory, from the model, the GPU and the parallel layout.
//
// Everything about the hardware comes from GpuSpec, so a GPU given in a catalogue file works as a built-in one does;
// what software reaches comes from TrainingConstants, a training stack of the catalogue.  MFU is a result, never an
// input. Formulas, sources and errors: docs/models.md, section 4.  Pure functions.
#ifndef JEVONS_SIM_MODEL_TRAINING_STEP_H_
#define JEVONS_SIM_MODEL_TRAINING_STEP_H_

#include "base/result.h"
#include "base/units.h"
#include "topologies/catalogue.h"

namespace jevons {

// Degrees of parallelism.  GPUs of a job = tensor x pipeline x data x context; expert parallelism reuses data x
// context.
struct ParallelLayout {
  std::int32_t tensor = 1;
  std::int32_t pipeline = 1;
  std::int32_t virtual_stages = 1;  // Model chunks per GPU; more than 1 is the interleaved schedule.
  std::int32_t data = 1;
  std::int32_t context = 1;
  std::int32_t expert = 1;
  std::int32_t zero_stage = 1;    // 0 none, 1 optimiser, 2 and gradients, 3 and weights sharded (FSDP full shard).
  bool sequence_parallel = true;  // Korthikanti et al., 2022: norms and residuals split over the tensor group.
  Gpus gpus_per_node{8};

  Gpus gpus() const { return Gpus{tensor * pipeline * data * context}; }
};

enum class Recomputation { kNone, kSelective, kFull };  // Selective: the attention matrix only.
// FP8: all GEMMs but the head; attention in BF16.  A scale a tensor, or a block of 128 (DeepSeek).
enum class TrainingPrecision { kBf16, kFp8, kFp8Block };
enum class PipelineSchedule { kOneForwardOneBackward, kDualPipe };
enum class AttentionKernel { kFlash, kUnfused };  // Unfused: the s x s matrix goes through memory.

struct TrainingRecipe {
  Tokens sequence_length{4096};
  std::int32_t micro_batch = 1;    // Sequences per micro-batch and data-parallel rank.
  std::int64_t global_batch = 64;  // Sequences per step.
  Recomputation recomputation = Recomputation::kNone;
  TrainingPrecision precision = TrainingPrecision::kBf16;
  PipelineSchedule schedule = PipelineSchedule::kOneForwardOneBackward;
  AttentionKernel attention = AttentionKernel::kFlash;
  double gradient_bytes = 4;      // Per parameter: 4 accumulates and reduces in FP32, 2 in BF16.
  bool overlap_data = true;       // Gradient reduction and parameter gathering behind compute.
  bool overlap_pipeline = true;   // Stage-to-stage transfers behind compute.
  bool overlap_tensor = false;    // Tensor-parallel collectives cut into chunks behind their GEMMs.
  bool overlap_expert = true;     // All-to-all of one micro-batch behind the compute of another.
  std::int32_t expert_nodes = 0;  // Most nodes the experts of a token lie on (DeepSeek-V3: 4); 0 is any.
};

// Where the step goes; the parts add up to the step.
struct TrainingBreakdown {
  Duration linear, attention, elementwise, weights, tensor, context, expert, pipeline_transfer, bubble, data, optimiser;
};

// Bytes per GPU, on the fullest pipeline stage.
struct TrainingMemory {
  Bytes weights, gradients, optimiser, activations;
  Bytes total() const { return weights + gradients + optimiser + activations; }
};

struct TrainingStep {
  Duration time;
  TrainingBreakdown parts;
  TrainingMemory memory;
  double model_flops = 0;     // Per step, Megatron's formula without recomputation (attention not halved).
  double causal_flops = 0;    // The same with half the attention matrix.
  double six_nd_flops = 0;    // 6 x active parameters x tokens.
  double hardware_flops = 0;  // model_flops and what is recomputed.
  double mfu = 0;             // model_flops / (time x GPUs x BF16 peak).
  double hfu = 0;             // hardware_flops / the same.
  double tokens_per_s_per_gpu = 0;
};

// Bytes per GPU.  The layout must be consistent (training_step checks).
TrainingMemory training_memory(const ModelSpec& model, const ParallelLayout& layout, const TrainingRecipe& recipe);

// Errors, one line: a degree that does not divide what it splits, a batch that does not divide into micro-batches, FP8
// on a GPU without, or memory ("needs 96.1 GB of 80 GB HBM on each GPU; the largest part is the optimiser's 61.0 GB").
// `where` of the error is the field's name ("tensor"), empty for memory.
Result<TrainingStep> training_step(const ModelSpec& model, const GpuSpec& gpu, const ParallelLayout& layout,
                                   const TrainingRecipe& recipe, const TrainingConstants& constants);
// The same without the check of memory: for published runs whose memory tricks are not known.
Result<TrainingStep> training_step_any_memory(const ModelSpec& model, const GpuSpec& gpu, const ParallelLayout& layout,
                                              const TrainingRecipe& recipe, const TrainingConstants& constants);

// Share of its busy time that a pipeline idles: (p - 1) / (v m) (Narayanan et al., 2021).
double pipeline_bubble(std::int32_t stages, std::int32_t virtual_stages, std::int64_t micro_batches);

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_TRAINING_STEP_H_
