// The iteration model and the memory plan of one serving instance.
#include "sim/model/instance.h"

#include <fmt/format.h>

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
  const InstanceLayout& l = o.layout;
  const double tokens = static_cast<double>(o.max_num_batched_tokens.value) / l.data, tp = l.tensor;
  const double routed =
      m.experts > 0 ? static_cast<double>(m.experts_per_token + m.shared_experts) * m.moe_intermediate : 0;
  const double width = std::max(routed, static_cast<double>(m.intermediate));
  const double layer = 2 * tokens * (3 * width / tp + 4.0 * m.hidden);
  const double sampler = kSamplerBytesPerLogit * o.max_num_seqs / l.data * static_cast<double>(m.vocab);
  return kOutsideBytes + std::max(layer, sampler);
}

std::string count(std::int64_t n, const char* what) { return std::to_string(n) + " " + what; }

Status check_layout(const ModelSpec& model, const InstanceLayout& l) {
  if (model.heads % l.tensor != 0) {
    return Error{"the " + count(model.heads, "heads of ") + model.name + " do not divide by " + count(l.tensor, "GPUs"),
                 ""};
  }
  // A latent is replicated; heads are split, or replicated whole.
  if (model.kv_lora_rank == 0 && model.kv_heads % l.tensor != 0 && l.tensor % model.kv_heads != 0) {
    return Error{
        "the " + count(model.kv_heads, "KV heads of ") + model.name + " do not divide by " + count(l.tensor, "GPUs"),
        ""};
  }
  if (l.pipeline > model.layers) {
    return Error{"expected at most " + count(model.layers, "pipeline stages, the layers of ") + model.name + ", got " +
                     std::to_string(l.pipeline),
                 ""};
  }
  if (l.expert == 1) {
    if (l.redundant_experts == 0) return Ok{};
    return Error{"redundant experts need expert parallelism", ""};
  }
  if (model.experts == 0) return Error{model.name + " has no experts to share among " + count(l.expert, "GPUs"), ""};
  const std::int32_t own = l.tensor * l.data;
  if (l.expert % own != 0) {
    return Error{"an expert group of " + count(l.expert, "GPUs") + " is no multiple of the replica's " +
                     std::to_string(own) + " (tensor x data)",
                 ""};
  }
  if (l.expert > own && l.data == 1 && own > 1) {
    return Error{
        "an expert group over several replicas needs data-parallel attention (a replica of one GPU or data > 1)", ""};
  }
  if (l.expert > model.experts + l.redundant_experts) {
    return Error{"the " + count(model.experts + l.redundant_experts, "experts of ") + model.name +
                     " do not reach for " + count(l.expert, "GPUs"),
                 ""};
  }
  return Ok{};
}

Status check_options(const ModelSpec& model, const InstanceOptions& o) {
  const auto range = [](double v, double low, double high, const char* where) -> Status {
    if (v >= low && v <= high) return Ok{};
    return Error{"expected " + text_of(low) + " to " + text_of(high) + ", got " + text_of(v), where};
  };
  if (Status s = range(o.layout.tensor, 1, 1024, "tensor_parallel_size"); !s) return s;
  if (Status s = range(o.layout.pipeline, 1, 1024, "pipeline_parallel_size"); !s) return s;
  if (Status s = range(o.layout.data, 1, 1024, "data_parallel_size"); !s) return s;
  if (Status s = range(o.layout.expert, 1, 65'536, "expert_parallel_size"); !s) return s;
  if (Status s = range(o.layout.redundant_experts, 0, 65'536, "redundant_experts"); !s) return s;
  if (Status s = range(o.gpu_memory_utilization, 0.01, 1, "gpu_memory_utilization"); !s) return s;
  if (Status s = range(static_cast<double>(o.block_size.value), 1, 65'536, "block_size"); !s) return s;
  if (Status s = range(static_cast<double>(o.max_num_batched_tokens.value), 1, 1e7, "max_num_batched_tokens"); !s)
    return s;
  if (Status s = range(o.max_num_seqs, 1, 1e6, "max_num_seqs"); !s) return s;
  if (Status s = range(o.expert_imbalance, 1, 1000, "expert_imbalance"); !s) return s;
  if (Status s = range(o.speculation.draft_tokens, 0, 64, "draft_tokens"); !s) return s;
  if (Status s = range(o.speculation.acceptance, 0, 1, "acceptance"); !s) return s;
  return check_layout(model, o.layout);
}

// KV blocks of the whole replica: every data-parallel rank holds its own requests'.
Result<Blocks> plan_memory(const ModelSpec& model, const GpuSpec& gpu, const InstanceCost& cost,
                           const InstanceOptions& o) {
  const Gpus gpus = o.layout.gpus();
  const double n = gpus.value;
  const double usable =
      o.gpu_memory_utilization * static_cast<double>(gpu.memory.value) - static_cast<double>(o.set_aside.value);
  const double weights = cost.weights_per_gpu();
  if (weights >= usable) {
    return Error{
        "weights need " + human_bytes(weights * n) + ", " + gpu_text(gpu, gpus) + " offers " + human_bytes(usable * n),
        ""};
  }
  const double reserve = reserve_bytes(model, o);
  const double block = cost.kv_bytes_per_gpu() * static_cast<double>(o.block_size.value);
  const double left = usable - weights - reserve;
  const double blocks = std::floor(left / block);
  if (blocks < 1) {
    return Error{"no room for one KV block of " + std::to_string(o.block_size.value) +
                     " tokens: " + gpu_text(gpu, gpus) + " offers " + human_bytes(usable * n) + ", weights need " +
                     human_bytes(weights * n) + " and activations " + human_bytes(reserve * n),
                 ""};
  }
  return Blocks{static_cast<std::int64_t>(blocks) * o.layout.data};
}

// Tokens at the end of a table that has to reach `last`.
std::int64_t table_end(std::int64_t last) {
  return std::max(std::min(last, kMaxTableTokens), TokenTable::kDenseTokens) + 2 * TokenTable::kStride;
}

// The longest iteration that a table holds or a replica forms, in seconds, before it becomes fixed point.
double longest_iteration_s(const InstanceCost& cost, const InstanceOptions& o, double kv_tokens) {
  const double sequences = static_cast<double>(table_end(o.max_num_seqs));
  const double t =
      static_cast<double>(std::max(table_end(o.max_num_batched_tokens.value), o.max_num_batched_tokens.value)) +
      sequences * (1.0 + o.speculation.draft_tokens);
  return cost.dense_s(t, t) + cost.wire_s(t) + cost.draft_s(sequences) + cost.sequence_s() * sequences +
         (cost.kv_token_s() + cost.chunk_kv_s()) * kv_tokens + (cost.chunk_work_s() * kv_tokens + cost.query_s()) * t;
}

// seconds(tokens) at every knot up to `last`.
template <class Seconds>
TokenTable fill_table(std::int64_t last, Seconds seconds) {
  constexpr std::int64_t kDense = TokenTable::kDenseTokens, kStride = TokenTable::kStride;
  TokenTable table;
  table.by_tokens.push_back(0);
  for (std::int64_t t = 1; t <= kDense; ++t) table.by_tokens.push_back(fixed_from_seconds(seconds(t)));
  const std::int64_t end = table_end(last);
  for (std::int64_t t = kDense; t <= end; t += kStride) table.by_stride.push_back(fixed_from_seconds(seconds(t)));
  // Kernels that change with the number of tokens may take less for one more; the tables never do.
  const auto rise = [](std::vector<FixedTime>* v) {
    for (std::size_t i = 1; i < v->size(); ++i) (*v)[i] = std::max((*v)[i], (*v)[i - 1]);
  };
  rise(&table.by_tokens);
  table.by_stride.front() = std::max(table.by_stride.front(), table.by_tokens.back());
  rise(&table.by_stride);
  return table;
}

// By number of tokens; a decoding sequence feeds `width` of them, and gets one row of logits each.
LinearIterationModel fill_tables(const InstanceCost& cost, const InstanceOptions& o) {
  LinearIterationModel time;
  const double per_step = o.speculation.tokens_per_step();
  time.width = 1 + o.speculation.draft_tokens;
  const auto dense = [&](std::int64_t tokens) {
    // Only the last token of a prompt gets logits, so at most a row for each token a sequence feeds.
    const auto sampled = std::min<std::int64_t>(tokens, o.max_num_seqs * time.width);
    return cost.dense_s(static_cast<double>(tokens), static_cast<double>(sampled));
  };
  const auto wires = [&](std::int64_t tokens) { return cost.wire_s(static_cast<double>(tokens)); };
  const std::int64_t last = o.max_num_batched_tokens.value;
  static_cast<TokenTable&>(time) = fill_table(last, dense);
  if (o.overlap_microbatches) time.wires = fill_table(last, wires);
  if (time.width > 1) {
    const std::int64_t most = o.max_num_seqs;
    time.decode = fill_table(most, [&](std::int64_t b) {
      return (dense(b * time.width) + cost.draft_s(static_cast<double>(b))) / per_step;
    });
    if (o.overlap_microbatches) {
      time.decode_wires = fill_table(most, [&](std::int64_t b) { return wires(b * time.width) / per_step; });
    }
  }
  time.per_sequence = fixed_from_seconds(cost.sequence_s() / per_step);
  time.per_kv_token = fixed_from_seconds(cost.kv_token_s() / per_step);
  time.per_chunk_work2 = fixed_from_seconds(cost.chunk_work_s() / 2);
  time.per_chunk_kv = fixed_from_seconds(cost.chunk_kv_s() + cost.query_s());
  time.prefill_floor = fixed_from_seconds(cost.launch_floor_s());
  return time;
}

double prefill_rate(const LinearIterationModel& time, const ModelSpec& model, const InstanceOptions& o) {
  IterationShape s;
  for (std::int64_t rest = o.max_num_batched_tokens.value; rest > 0;) {
    const std::int64_t c = std::min(rest, model.max_model_len);
    // Whole prompts at once: the chunks of one length are equal, so they are added together.
    const std::int64_t n = rest / c;
    s.add_prompts(n, c);
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
  const InstanceCost cost(model, gpu, stack, options);
  auto blocks = plan_memory(model, gpu, cost, options);
  if (!blocks) return blocks.error();

  const double kv_tokens = static_cast<double>(blocks->value) * static_cast<double>(options.block_size.value);
  constexpr double kLongest = 3600;  // Fixed point holds 146 minutes.
  if (const double s = longest_iteration_s(cost, options, kv_tokens); !(s < kLongest)) {
    const std::int64_t tokens = std::max(options.max_num_batched_tokens.value, TokenTable::kDenseTokens);
    return Error{fmt::format("one iteration of {} tokens could take {:.3g} h, expected less than 1 h: lower "
                             "max_num_batched_tokens, or take a faster GPU",
                             tokens, s / 3600),
                 ""};
  }
  InstancePlan plan;
  plan.time = fill_tables(cost, options);
  plan.kv_blocks = *blocks;
  plan.weights = model.weight_bytes();
  plan.notes = cost.notes(options.longest_context.value > 0 ? options.longest_context : Tokens{model.max_model_len});
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
