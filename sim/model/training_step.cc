// One training step: compute, collectives, bubble.  Formulas: docs/models.md, section 4.
#include "sim/model/training_step.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/text.h"
#include "sim/model/training_traffic.h"
#include "sim/model/training_work.h"

namespace jevons {
namespace {

// Forward 1, backward 2 (Megatron); flash attention's backward recomputes scores: 2.5 (Dao, arXiv:2307.08691, section
// 4).
constexpr double kPasses = 3, kFlashPasses = 3.5;
// Bytes per element of the s x s matrix that unfused attention moves: forward scores out (2), scale-mask-softmax in and
// out (4), dropout in, out, mask (5), second product in (2); backward the same kernels with a gradient each (19).
constexpr double kUnfusedForwardBytes = 13, kUnfusedBackwardBytes = 19;
constexpr double kQuantiseBytes = 3;  // Reads BF16, writes FP8.
// DeepSeek-V3 report (arXiv:2412.19437), 3.2.2: 20 of 132 SMs run the all-to-all.
constexpr double kExpertCommunicationSms = 20.0 / 132;
// Read gradient, master weights and moments (4 x 4), write the last three (12) and BF16 weights (2).
constexpr double kOptimiserTraffic = 30;

// Seconds of one micro-batch on the slowest stage, by part, and of what happens once a step.
class StepCost {
 public:
  StepCost(const ModelSpec& m, const GpuSpec& g, const ParallelLayout& l, const TrainingRecipe& r,
           const TrainingConstants& c)
      : m_(m),
        g_(g),
        l_(l),
        r_(r),
        c_(c),
        // cuBLAS as PyTorch calls it; in FP8 TensorRT-LLM's, whose per-tensor GEMMs are cuBLAS too, and blockwise
        // ones DeepSeek's DeepGEMM.
        kernels_(kernels_of(g, r.precision == TrainingPrecision::kBf16 ? "vllm" : "trtllm", "nccl")),
        w_(layer_work(m)),
        traffic_(m, g, l, r, w_, kernels_) {
    tokens_ = static_cast<double>(r.micro_batch) * static_cast<double>(r.sequence_length.value) / l.context;
    const double most = most_layers(m, l), fewest = fewest_layers(m, l);
    layers_ = most;
    // The stage with the head may be the slowest; where layers do not divide, it got fewer of them.
    const bool last = l.pipeline == 1 || most == fewest || head_s() > (most - fewest) * layer_s();
    if (last) layers_ = fewest;
    head_ = last ? head_s() : 0;
    if (r.schedule == PipelineSchedule::kDualPipe) {  // Each GPU has a stage of either end: their loads average out.
      layers_ = m.layers / double{1} / l.pipeline;
      head_ = head_s() / l.pipeline;
    }
  }

  double linear() const { return layers_ * linear_layer() + head_; }
  double attention() const { return layers_ * attention_layer(); }
  double elementwise() const { return layers_ * elementwise_layer(); }
  double weights() const { return layers_ * weights_layer() + head_weights(); }
  double tensor() const { return layers_ * traffic_.tensor_layer_s(tokens_, passes(2, 1)); }
  double context() const { return layers_ * traffic_.context_layer_s(); }
  double compute() const { return linear() + attention() + elementwise() + weights(); }
  double expert() const {
    const double all = layers_ * traffic_.expert_layer_s(tokens_);
    return r_.overlap_expert ? std::max(0.0, all - compute()) : all;
  }
  double fsdp() const {  // Per micro-batch: gather for forward and backward, reduce the gradients.
    if (l_.zero_stage < 3) return 0;
    const double bytes = stage_parameters() * (2 * kWeight + r_.gradient_bytes);
    return traffic_.data_s(bytes) * (r_.overlap_data ? c_.fsdp_exposed : 1);
  }
  double transfer() const { return l_.pipeline == 1 ? 0 : 2 * l_.virtual_stages * traffic_.stage_transfer_s(tokens_); }
  double beat() const { return compute() + tensor() + context() + expert() + fsdp(); }

  // Seconds that pairs of micro-batches hide of the all-to-all, and what a micro-batch without a partner takes more:
  // its all-to-all shows, but all SMs compute.
  double hidden_expert() const { return layers_ * traffic_.expert_layer_s(tokens_) - expert(); }
  double unpaired() const {
    const double gpu = linear() + attention() + elementwise();
    return std::max(0.0, hidden_expert() - gpu * (1 - 1 / sm_factor()));
  }
  // Micro-batches without a partner, on average over the ranks of DualPipe: rank h of H = PP/2 runs 3H - h - 1 forwards
  // and as many backwards alone (deepseek-ai/DualPipe dualpipe.py, steps 1 to 3 and 3, 5 to 7).
  double alone() const {
    const double half = l_.pipeline / 2.0;
    return r_.schedule == PipelineSchedule::kDualPipe ? (5 * half - 1) / 2 * unpaired() : 0;
  }
  double bubble() const {
    const double fill = beat() + transfer();
    if (r_.schedule == PipelineSchedule::kDualPipe) {
      // (PP/2 - 1)(F&B + B - 3W) (DualPipe README): F&B a beat, B the backward alone, W the weights' gradients alone.
      const double forward = linear() / kPasses + attention() / kFlashPasses + elementwise() / kPasses;
      const double backward = (fill - forward - transfer()) / sm_factor() + hidden_expert() / 2;
      return (l_.pipeline / 2.0 - 1) * (fill + backward - linear() / sm_factor());
    }
    return (l_.pipeline - 1.0) / l_.virtual_stages * (fill + unpaired());
  }
  // Gradient reduction and parameter gathering once a step (ZeRO 0 to 2).
  double data() const {
    if (l_.zero_stage >= 3) return 0;
    const double moved = l_.zero_stage == 0 ? 2 * r_.gradient_bytes : r_.gradient_bytes + kWeight;
    const double all =
        traffic_.data_s(dense_parameters() * moved) + traffic_.expert_data_s(expert_parameters() * moved);
    if (!r_.overlap_data) return all;
    // Layer by layer behind the last backward and first forward passes: of each virtual stage but one, those of a whole
    // round of the pipeline; of the last one, its own.  One layer's share stays.
    const double v = l_.virtual_stages, layers = std::max(1.0, layers_);
    const double window = beat() * (l_.pipeline * (1 - 1 / v) + std::max(0.0, 1 - v / layers) / v);
    return std::max(all / layers, all - window);
  }
  double optimiser() const {
    const double ranks = static_cast<double>(l_.data) * l_.context;
    const double own = l_.zero_stage == 0 ? dense_parameters() + expert_parameters()
                                          : dense_parameters() / ranks + expert_parameters() * l_.expert / ranks;
    return kOptimiserTraffic * own / g_.memory_bytes_per_s;
  }

 private:
  static constexpr double kWeight = 2;  // BF16 parameters.

  // Passes over the layers: forward and backward, and the recomputed forward.
  double passes(double backward, double forward) const {
    return backward + forward * (r_.recomputation == Recomputation::kFull ? 2 : 1);
  }
  // Of large matrix products with this mean of 1 / depth (sim/model/kernels.h), and no more than the board's power
  // allows for long.
  double rate(const GemmConstants& k, double peak, double limit, double inverse_depth) const {
    return peak * std::min(k.compute / (1 + k.shallow * inverse_depth), limit) * c_.gemm_share;
  }
  double bf16_rate(double inverse_depth) const {
    const double limit = g_.sustained_gemm > 0 ? g_.sustained_gemm : 1;
    return rate(kernels_.gemm_bf16, g_.bf16_flops, limit, inverse_depth);
  }
  double bf16_rate() const { return bf16_rate(1.0 / m_.hidden); }  // As deep as the model is wide.
  double linear_layer() const {
    // Selective recomputation of a latent runs its up-projections again (DeepSeek-V3 report, 3.2.3).
    const double again = r_.recomputation == Recomputation::kSelective ? w_.recomputed_parameters : 0;
    const double pass = 2 * tokens_ * w_.active_parameters / l_.tensor;
    const GemmDepths depths = gemm_depths(m_, l_, tokens_);
    const bool bf16 = r_.precision == TrainingPrecision::kBf16;
    const GemmConstants& fp8 =
        r_.precision == TrainingPrecision::kFp8Block ? kernels_.gemm_fp8_block : kernels_.gemm_fp8;
    const auto speed = [&](double depth) { return bf16 ? bf16_rate(depth) : rate(fp8, g_.fp8_flops, 1, depth); };
    double seconds = pass * passes(0, 1) / speed(depths.forward) + pass / speed(depths.input_gradient) +
                     pass / speed(depths.weight_gradient) + 2 * tokens_ * again / l_.tensor / speed(depths.forward);
    if (!bf16) {
      seconds +=
          fp8.quantise * kQuantiseBytes * tokens_ * w_.gemm_inputs * passes(2, 1) / l_.tensor / g_.memory_bytes_per_s;
    }
    return seconds * sm_factor();
  }
  double sm_factor() const { return l_.expert > 1 && r_.overlap_expert ? 1 / (1 - kExpertCommunicationSms) : 1; }
  double attention_layer() const {
    const double keys = static_cast<double>(r_.sequence_length.value);
    const double flops = 4 * tokens_ * keys * w_.attention_width / l_.tensor;  // Forward, not causal.
    if (r_.attention == AttentionKernel::kFlash) {
      const double efficiency = c_.attention_efficiency > 0 ? c_.attention_efficiency : kernels_.prefill.compute;
      const double again = r_.recomputation == Recomputation::kFull ? 1 : 0;
      return flops / 2 * (kFlashPasses + again) / (g_.bf16_flops * efficiency) * sm_factor();
    }
    const double again = r_.recomputation == Recomputation::kNone ? 0 : 1;
    const double bytes =
        tokens_ * keys * m_.heads / l_.tensor * (kUnfusedForwardBytes * (1 + again) + kUnfusedBackwardBytes);
    return flops * (kPasses + again) / bf16_rate() + bytes / (g_.memory_bytes_per_s * kernels_.gemm_bf16.memory);
  }
  double elementwise_layer() const {
    const double replicated = w_.stored_replicated / (l_.sequence_parallel ? l_.tensor : 1);
    const double stored = replicated + w_.stored_split / l_.tensor;
    return c_.activation_passes * stored * tokens_ * passes(2, 1) / kPasses / g_.memory_bytes_per_s * sm_factor();
  }
  double layer_parameters() const { return (w_.dense_parameters + w_.expert_parameters / l_.expert) / l_.tensor; }
  double weights_layer() const { return c_.weight_bytes * layer_parameters() / g_.memory_bytes_per_s; }
  double head_weights() const {
    return head_ > 0 ? c_.weight_bytes * head_parameters(m_) / l_.tensor / g_.memory_bytes_per_s : 0;
  }
  double head_s() const {
    const double vocab = static_cast<double>(m_.vocab) / l_.tensor;
    return 2 * kPasses * tokens_ * vocab * m_.hidden / bf16_rate() +
           c_.logit_bytes * tokens_ * vocab / g_.memory_bytes_per_s;
  }
  double layer_s() const {
    return linear_layer() + attention_layer() + elementwise_layer() + weights_layer() +
           traffic_.tensor_layer_s(tokens_, passes(2, 1)) + traffic_.context_layer_s();
  }
  double dense_parameters() const {
    const double ends =
        l_.pipeline == 1 ? (m_.tied_embeddings ? 1 : 2) * head_parameters(m_) : (head_ > 0 ? head_parameters(m_) : 0);
    return (layers_ * w_.dense_parameters + ends) / l_.tensor;
  }
  double expert_parameters() const { return layers_ * w_.expert_parameters / (l_.expert * l_.tensor); }
  double stage_parameters() const { return dense_parameters() + expert_parameters(); }

  const ModelSpec& m_;
  const GpuSpec& g_;
  const ParallelLayout& l_;
  const TrainingRecipe& r_;
  const TrainingConstants& c_;
  const ResolvedKernels kernels_;
  const LayerWork w_;
  const TrainingTraffic traffic_;
  double tokens_ = 0;  // Per micro-batch and GPU.
  double layers_ = 0;  // Of the slowest stage.
  double head_ = 0;    // Seconds of the head, if that stage has it.
};

void count_flops(const ModelSpec& m, const TrainingRecipe& r, TrainingStep* step) {
  const LayerWork w = layer_work(m);
  const double s = static_cast<double>(r.sequence_length.value), tokens = static_cast<double>(r.global_batch) * s;
  const double linear = 2 * m.layers * w.active_parameters, attention = 4 * m.layers * s * w.attention_width;
  const double head = 2 * head_parameters(m);
  step->model_flops = kPasses * tokens * (linear + attention + head);
  step->causal_flops = kPasses * tokens * (linear + attention / 2 + head);
  step->six_nd_flops = 6 * m.active_parameters() * tokens;
  step->hardware_flops = step->model_flops;
  if (r.recomputation == Recomputation::kFull) step->hardware_flops += tokens * (linear + attention);
  if (r.recomputation == Recomputation::kSelective) step->hardware_flops += tokens * attention;
}

Status check_memory(const TrainingMemory& need, const GpuSpec& gpu) {
  if (need.total() <= gpu.memory) return Ok{};
  std::pair<Bytes, const char*> parts[] = {{need.weights, "weights"},
                                           {need.gradients, "gradients"},
                                           {need.optimiser, "optimiser states"},
                                           {need.activations, "activations"}};
  const auto* largest =
      std::max_element(std::begin(parts), std::end(parts), [](auto& a, auto& b) { return a.first < b.first; });
  const auto text = [](Bytes b) { return human_bytes(static_cast<double>(b.value)); };
  return Error{"training needs " + text(need.total()) + " on each GPU, " + gpu.name + " has " + text(gpu.memory) +
                   ": the largest part is " + text(largest->first) + " of " + largest->second,
               ""};
}

}  // namespace

double pipeline_bubble(std::int32_t stages, std::int32_t virtual_stages, std::int64_t micro_batches) {
  CHECK(stages >= 1 && virtual_stages >= 1 && micro_batches >= 1);
  return (stages - 1.0) / (virtual_stages * static_cast<double>(micro_batches));
}

Result<TrainingStep> training_step_any_memory(const ModelSpec& model, const GpuSpec& gpu, const ParallelLayout& layout,
                                              const TrainingRecipe& recipe, const TrainingConstants& constants) {
  if (Status s = check_layout(model, gpu, layout, recipe); !s) return s.error();
  const StepCost cost(model, gpu, layout, recipe, constants);
  const double m = static_cast<double>(micro_batches(layout, recipe));
  const double transfer = recipe.overlap_pipeline ? 0 : m * cost.transfer();
  const double data = cost.data() + m * cost.fsdp();
  const double seconds[] = {m * cost.linear(),
                            m * cost.attention(),
                            m * cost.elementwise(),
                            m * cost.weights(),
                            m * cost.tensor(),
                            m * cost.context(),
                            m * cost.expert() + cost.alone(),
                            transfer,
                            cost.bubble(),
                            data,
                            cost.optimiser()};
  double total = 0;
  for (const double s : seconds) total += s;
  constexpr double kLongest = 1e8;  // Three years: a step that cannot be meant.
  if (!(total < kLongest)) return Error{"one step would take more than three years", "global_batch"};
  TrainingStep step;
  TrainingBreakdown& p = step.parts;
  Duration* const parts[] = {&p.linear, &p.attention,         &p.elementwise, &p.weights, &p.tensor,   &p.context,
                             &p.expert, &p.pipeline_transfer, &p.bubble,      &p.data,    &p.optimiser};
  for (std::size_t i = 0; i < std::size(parts); ++i) {
    *parts[i] = duration_from_seconds(seconds[i]);
    step.time += *parts[i];
  }
  if (step.time.ns == 0) step.time.ns = 1;
  step.memory = training_memory(model, layout, recipe);
  count_flops(model, recipe, &step);
  const double peak = step.time.seconds() * layout.gpus().value * gpu.bf16_flops;
  step.mfu = step.model_flops / peak;
  step.hfu = step.hardware_flops / peak;
  step.tokens_per_s_per_gpu = static_cast<double>(recipe.global_batch) *
                              static_cast<double>(recipe.sequence_length.value) /
                              (step.time.seconds() * layout.gpus().value);
  return step;
}

Result<TrainingStep> training_step(const ModelSpec& model, const GpuSpec& gpu, const ParallelLayout& layout,
                                   const TrainingRecipe& recipe, const TrainingConstants& constants) {
  auto step = training_step_any_memory(model, gpu, layout, recipe, constants);
  if (!step) return step.error();
  if (Status s = check_memory(step->memory, gpu); !s) return s.error();
  return step;
}

}  // namespace jevons
