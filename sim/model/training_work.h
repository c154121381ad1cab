// What one layer of a model costs to train, per token: parameters, FLOPs, stored and moved bytes.  Internal to
// sim/model; pure.
#ifndef JEVONS_SIM_MODEL_TRAINING_WORK_H_
#define JEVONS_SIM_MODEL_TRAINING_WORK_H_

#include "sim/model/training_step.h"

namespace jevons {

// Averages over the layers of the model (dense and mixture layers of DeepSeek-V3 differ by a few per cent).
struct LayerWork {
  double dense_parameters = 0;       // All but routed experts.
  double expert_parameters = 0;      // All routed experts.
  double active_parameters = 0;      // Multiplied with each token: dense and experts_per_token experts.
  double recomputed_parameters = 0;  // Up-projections of a latent: selective recomputation runs them again.
  double attention_width = 0;        // heads x (d_qk + d_v) / 2: h for a plain transformer.
  double kv_width = 0;               // Elements of K and V per token.
  double stored_replicated = 0;      // Bytes per token kept for backward, not split by tensor parallelism alone.
  double stored_split = 0;           // The same, split.
  double gemm_inputs = 0;            // Elements per token entering GEMMs: what FP8 has to quantise.
  double routed_copies = 0;          // Copies of a token sent to experts: experts_per_token, 0 for dense models.
};
LayerWork layer_work(const ModelSpec& model);

// Mean of 1 / k over the matrix products of a layer as one GPU does them, weighted by FLOPs: a product of depth k runs
// at compute / (1 + shallow / k) (sim/model/kernels.h).  Row-parallel ones are 1 / tensor as deep as the matrix.
struct GemmDepths {
  double forward = 0, input_gradient = 0, weight_gradient = 0;
};
GemmDepths gemm_depths(const ModelSpec& model, const ParallelLayout& layout, double tokens);

// Layers of the fullest stage, and of the stage with embedding or head (the one that got fewer, where layers do not
// divide: Llama 3 leaves one out of the first and last stage).
double most_layers(const ModelSpec& model, const ParallelLayout& layout);
double fewest_layers(const ModelSpec& model, const ParallelLayout& layout);
double head_parameters(const ModelSpec& model);  // hidden x vocab.

// Micro-batches per step and rank.
std::int64_t micro_batches(const ParallelLayout& layout, const TrainingRecipe& recipe);

// Consistency of degrees and batch; `where` names the field.
Status check_layout(const ModelSpec& model, const GpuSpec& gpu, const ParallelLayout& layout,
                    const TrainingRecipe& recipe);

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_TRAINING_WORK_H_
