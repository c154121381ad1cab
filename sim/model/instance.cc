// The iteration model and the memory plan of one serving instance.
#include "sim/model/instance.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "sim/model/cost.h"

namespace jevons {
namespace {

// Tables end here; beyond, the last slope carries on (iterations this large are compute-bound, hence straight lines).
constexpr std::int64_t kMaxTableTokens = 131'072;

// vLLM's memory profile (pull request vllm-project/vllm#10511, Llama-3-8B on H100, 256 sequences): 1.26 GiB peak at TP1
// and at TP2 alike, so it is the sampler's copies of the logits: 1.26 GiB / (256 x 128,256) = 41 bytes each.
constexpr double kSamplerBytesPerLogit = 41;
// What PyTorch does not see (CUDA context, NCCL): 0.25 GiB in vLLM's log of issue vllm-project/vllm#13061.
constexpr double kOutsideBytes = 0.25 * 1024 * 1024 * 1024;

constexpr double kTypicalContext = 1'000;  // For decode_tokens_per_s, as the contract says.

std::string gpu_text(const GpuSpec& gpu, Gpus n) { return std::to_string(n.value) + " x " + gpu.name; }

// Memory a forward pass needs besides weights and KV, per GPU: the larger of the MLP's intermediates and the sampler.
double reserve_bytes(const ModelSpec& m, const InstanceOptions& o) {
  const double tokens = static_cast<double>(o.max_num_batched_tokens.value), tp = o.gpus.value;
  const double routed =
      m.experts > 0 ? static_cast<double>(m.experts_per_token + m.shared_experts) * m.moe_intermediate : 0;
  const double width = std::max(routed, static_cast<double>(m.intermediate));
  const double layer = 2 * tokens * (3 * width / tp + 4.0 * m.hidden);
  const double sampler = kSamplerBytesPerLogit * o.max_num_seqs * static_cast<double>(m.vocab);
  return kOutsideBytes + std::max(layer, sampler);
}

Status check_options(const ModelSpec& model, const InstanceOptions& o) {
  const auto range = [](double v, double low, double high, const char* where) -> Status {
    if (v >= low && v <= high) return Ok{};
    return Error{"expected " + text_of(low) + " to " + text_of(high) + ", got " + text_of(v), where};
  };
  if (Status s = range(o.gpus.value, 1, 1024, "gpus"); !s) return s;
  if (Status s = range(o.gpu_memory_utilization, 0.01, 1, "gpu_memory_utilization"); !s) return s;
  if (Status s = range(static_cast<double>(o.block_size.value), 1, 65'536, "block_size"); !s) return s;
  if (Status s = range(static_cast<double>(o.max_num_batched_tokens.value), 1, 1e7, "max_num_batched_tokens"); !s)
    return s;
  if (Status s = range(o.max_num_seqs, 1, 1e6, "max_num_seqs"); !s) return s;
  const std::int32_t n = o.gpus.value;
  if (model.heads % n != 0) {
    return Error{"the " + std::to_string(model.heads) + " heads of " + model.name + " do not divide by " +
                     std::to_string(n) + " GPUs",
                 ""};
  }
  // A latent is replicated; heads are split, or replicated whole.
  if (model.kv_lora_rank == 0 && model.kv_heads % n != 0 && n % model.kv_heads != 0) {
    return Error{"the " + std::to_string(model.kv_heads) + " KV heads of " + model.name + " do not divide by " +
                     std::to_string(n) + " GPUs",
                 ""};
  }
  return Ok{};
}

Result<Blocks> plan_memory(const ModelSpec& model, const GpuSpec& gpu, const InstanceCost& cost,
                           const InstanceOptions& o) {
  const double n = o.gpus.value;
  const double usable = o.gpu_memory_utilization * static_cast<double>(gpu.memory.value);
  const double weights = cost.weights_per_gpu();
  if (weights >= usable) {
    return Error{"weights need " + human_bytes(weights * n) + ", " + gpu_text(gpu, o.gpus) + " offers " +
                     human_bytes(usable * n),
                 ""};
  }
  const double reserve = reserve_bytes(model, o);
  const double block = cost.kv_bytes_per_gpu() * static_cast<double>(o.block_size.value);
  const double left = usable - weights - reserve;
  const double blocks = std::floor(left / block);
  if (blocks < 1) {
    return Error{"no room for one KV block of " + std::to_string(o.block_size.value) +
                     " tokens: " + gpu_text(gpu, o.gpus) + " offers " + human_bytes(usable * n) + ", weights need " +
                     human_bytes(weights * n) + " and activations " + human_bytes(reserve * n),
                 ""};
  }
  return Blocks{static_cast<std::int64_t>(blocks)};
}

// The linear model in seconds, before it becomes fixed point.
double longest_iteration_s(const InstanceCost& cost, const StackSpec& stack, const InstanceOptions& o,
                           double kv_tokens) {
  const double t = static_cast<double>(o.max_num_batched_tokens.value);
  return cost.dense_s(t, t) + stack.sequence_s * o.max_num_seqs + (cost.kv_token_s() + cost.chunk_kv_s()) * kv_tokens +
         cost.chunk_work_s() * t * kv_tokens;
}

LinearIterationModel fill_tables(const InstanceCost& cost, const ModelSpec& model, const StackSpec& stack,
                                 const InstanceOptions& o) {
  using Model = LinearIterationModel;
  Model time;
  const auto dense = [&](std::int64_t tokens) {
    // Only the last token of a sequence gets logits, so at most one row per sequence.
    const auto sampled = std::min<std::int64_t>(tokens, o.max_num_seqs);
    return fixed_from_seconds(cost.dense_s(static_cast<double>(tokens), static_cast<double>(sampled)));
  };
  time.by_tokens.push_back(0);
  for (std::int64_t t = 1; t <= Model::kDenseTokens; ++t) time.by_tokens.push_back(dense(t));
  const std::int64_t last = std::min(o.max_num_batched_tokens.value + 2 * Model::kStride, kMaxTableTokens);
  for (std::int64_t t = Model::kDenseTokens; t <= std::max(last, Model::kDenseTokens + 2 * Model::kStride);
       t += Model::kStride) {
    time.by_stride.push_back(dense(t));
  }
  time.per_sequence = fixed_from_seconds(stack.sequence_s);
  time.per_kv_token = fixed_from_seconds(cost.kv_token_s());
  time.per_chunk_work2 = fixed_from_seconds(cost.chunk_work_s() / 2);
  time.per_chunk_kv = fixed_from_seconds(cost.chunk_kv_s());
  if (stack.eager_launch_s_per_layer > 0) {
    time.prefill_floor = fixed_from_seconds(model.layers * stack.eager_launch_s_per_layer + stack.step_s);
  }
  return time;
}

double prefill_rate(const LinearIterationModel& time, const ModelSpec& model, const InstanceOptions& o) {
  IterationShape s;
  for (std::int64_t rest = o.max_num_batched_tokens.value; rest > 0;) {
    const std::int64_t c = std::min(rest, model.max_model_len);
    // Whole prompts at once: the chunks of one length are equal, so they are added together.
    const std::int64_t n = rest / c;
    s.tokens += n * c;
    s.chunk_work2 += n * c * c;
    s.chunk_kv += n * c;
    s.prompt_squares += n * c * c;
    s.chunks += n;
    rest -= n * c;
  }
  return static_cast<double>(s.tokens) / seconds_from_fixed(time.time(s));
}

double decode_rate(const InstancePlan& plan, const InstanceOptions& o) {
  const double blocks_each = std::ceil(kTypicalContext / static_cast<double>(o.block_size.value));
  const double fit = std::floor(static_cast<double>(plan.kv_blocks.value) / blocks_each);
  const auto batch = static_cast<std::int64_t>(std::clamp(fit, 1.0, static_cast<double>(o.max_num_seqs)));
  const auto context = static_cast<std::int64_t>(kTypicalContext) * batch;
  return static_cast<double>(batch) / seconds_from_fixed(plan.time.step(batch, context));
}

}  // namespace

Result<InstancePlan> plan_instance(const ModelSpec& model, const GpuSpec& gpu, const StackSpec& stack,
                                   const InstanceOptions& options) {
  if (Status s = check_options(model, options); !s) return s.error();
  const InstanceCost cost(model, gpu, stack, options.gpus);
  auto blocks = plan_memory(model, gpu, cost, options);
  if (!blocks) return blocks.error();

  const double kv_tokens = static_cast<double>(blocks->value) * static_cast<double>(options.block_size.value);
  constexpr double kLongest = 3600;  // Fixed point holds 146 minutes.
  if (const double s = longest_iteration_s(cost, stack, options, kv_tokens); !(s < kLongest)) {
    return Error{"one iteration of " + std::to_string(options.max_num_batched_tokens.value) + " tokens could take " +
                     std::to_string(static_cast<std::int64_t>(s / 3600)) +
                     " h or more, expected less than 1 h: lower max_num_batched_tokens",
                 ""};
  }
  InstancePlan plan;
  plan.time = fill_tables(cost, model, stack, options);
  plan.kv_blocks = *blocks;
  plan.weights = model.weight_bytes();
  plan.prefill_tokens_per_s = prefill_rate(plan.time, model, options);
  plan.decode_tokens_per_s = decode_rate(plan, options);
  return plan;
}

double training_flops(const GpuSpec& gpu, double mfu) { return gpu.bf16_flops * mfu; }

Duration training_run_time(double parameters, double tokens, Gpus gpus, const GpuSpec& gpu, double mfu) {
  constexpr double kLongest = 250 * 365.25 * 86'400;
  const double seconds = 6 * parameters * tokens / (gpus.value * training_flops(gpu, mfu));
  CHECK(seconds >= 0);
  return duration_from_seconds(std::min(seconds, kLongest));
}

Bytes checkpoint_bytes(double parameters) {
  constexpr double kBytesPerParameter = 2 + 4 + 4 + 4;
  CHECK(parameters >= 0 && parameters < 1e17);
  return {std::llround(parameters * kBytesPerParameter)};
}

}  // namespace jevons
