// Fitting Splitwise's stack.
#include "validation/splitwise_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "sim/model/instance.h"
#include "validation/fit.h"
#include "validation/kernel_data.h"

namespace jevons {
namespace {

constexpr double kCliffBytes = 64.0 * 1024 * 1024;
constexpr std::int32_t kCliffGpus = 8;

struct Free {
  const char* name;
  double StackSpec::*field;
};
const std::vector<Free> kGpuSide{{"elementwise_passes", &StackSpec::elementwise_passes},
                                 {"all_reduce_s", &StackSpec::all_reduce_s}};
const std::vector<Free> kHostSide{{"layer_s", &StackSpec::layer_s},
                                  {"sequence_s", &StackSpec::sequence_s},
                                  {"eager_launch_s_per_layer", &StackSpec::eager_launch_s_per_layer}};

// Round figures of the kind eager stacks show (perf_models.md 3.4).  The launch floor stays as it is: the prompts short
// enough to show A100's are held out.  Kernels are as fast as measured back to back: free, their slowdown goes to 0.65
// to make up for a host that works while the GPU does.
StackSpec first_guess() {
  StackSpec s;
  s.name = "eager_2023";
  s.step_s = 1e-3;  // One model of 80 layers cannot tell it from layer_s.
  s.sequence_s = 0.1e-3;
  s.layer_s = 0.2e-3;
  s.all_reduce_s = 20e-6;
  s.eager_launch_s_per_layer = 0.5e-3;
  s.kernel_slowdown = 1;
  s.elementwise_passes = 3;
  s.collectives = "nccl";
  return s;
}

Result<LinearIterationModel> model_of(const Catalogue& catalogue, const StackSpec& stack, const PhaseTimes& s) {
  const auto model = catalogue.model(s.model);
  if (!model) return model.error();
  const auto gpu = catalogue.gpu(s.gpu);
  if (!gpu) return gpu.error();
  InstanceOptions o;
  o.layout.tensor = s.tensor;
  o.gpu_memory_utilization = 1;  // Llama-2-70B on two GPUs leaves little.
  o.max_num_batched_tokens = Tokens{8192};
  o.max_num_seqs = 64;
  auto plan = plan_instance(*model, *gpu, stack, o);
  if (!plan) return plan.error();
  return std::move(plan->time);
}

IterationShape prompt_phase(const PhaseTimes& s) {
  IterationShape i;
  i.add_prompts(s.batch, s.prompt);
  return i;
}
IterationShape token_phase(const PhaseTimes& s) {
  IterationShape i;
  i.tokens = i.decode = s.batch;
  i.decode_context = s.batch * (s.prompt + std::llround(s.generated / 2));
  return i;
}

// The logarithms of the free fields; prompts and tokens weigh alike whatever their number.
Result<StackSpec> fit_fields(const Catalogue& catalogue, const StackSpec& start, const std::vector<Free>& free,
                             const std::vector<PhaseTimes>& shapes, const std::vector<char>& prompts) {
  const auto stack_at = [&](const std::vector<double>& x) {
    StackSpec s = start;
    for (std::size_t i = 0; i < free.size(); ++i) s.*free[i].field = std::min(std::exp(x[i]), 50.0);
    return s;
  };
  std::vector<double> x;
  for (const Free& f : free) x.push_back(std::log(start.*f.field));
  const auto with_prompt = static_cast<double>(std::count(prompts.begin(), prompts.end(), 1));
  const double weight = std::sqrt(static_cast<double>(shapes.size()) / std::max(1.0, with_prompt));
  std::optional<Error> failed;
  x = fit(
      [&](const std::vector<double>& at, std::vector<double>* out) {
        std::fill(out->begin(), out->end(), 0.0);
        if (failed) return;
        const auto simulated = simulate_phases(catalogue, stack_at(at), shapes);
        if (!simulated) {
          failed = simulated.error();
          return;
        }
        for (std::size_t i = 0; i < shapes.size(); ++i) {
          (*out)[2 * i] = std::log((*simulated)[i].token_s / shapes[i].token_s);
          if (prompts[i] != 0) (*out)[2 * i + 1] = weight * std::log((*simulated)[i].prompt_s / shapes[i].prompt_s);
        }
      },
      2 * shapes.size(), std::move(x));
  if (failed) return *failed;
  return stack_at(x);
}

// Rows of Llama-2-70B on one GPU, on one side of the split; `prompts`: where the prompt counts too.
struct Selection {
  std::vector<PhaseTimes> shapes;
  std::vector<char> prompts;
};
Result<Selection> select(const SplitwiseData& data, const Catalogue& catalogue, std::string_view gpu, bool held) {
  Selection out;
  for (const PhaseTimes& s : data.shapes) {
    if (s.model != "Llama-2-70B" || s.gpu != gpu || s.held_out != held) continue;
    const auto model = catalogue.model(s.model);
    if (!model) return model.error();
    out.shapes.push_back(s);
    out.prompts.push_back(beyond_cliff(s, *model) ? 0 : 1);
  }
  if (out.shapes.empty()) return Error{"no rows of Llama-2-70B on " + std::string(gpu), kSplitwiseFile};
  return out;
}

Result<std::string> errors_text(const Catalogue& catalogue, const StackSpec& stack, const Selection& held) {
  const auto simulated = simulate_phases(catalogue, stack, held.shapes);
  if (!simulated) return simulated.error();
  std::vector<double> prompt, token;
  for (std::size_t i = 0; i < held.shapes.size(); ++i) {
    token.push_back(std::fabs((*simulated)[i].token_s / held.shapes[i].token_s - 1));
    if (held.prompts[i] != 0) prompt.push_back(std::fabs((*simulated)[i].prompt_s / held.shapes[i].prompt_s - 1));
  }
  const ErrorSummary p = summarise(std::move(prompt)), t = summarise(std::move(token));
  return fmt::format("{} shapes held out: prompt {:.1f} %, token {:.1f} %", t.rows, 100 * p.mean, 100 * t.mean);
}

}  // namespace

bool beyond_cliff(const PhaseTimes& s, const ModelSpec& model) {
  return s.tensor >= kCliffGpus && s.all_reduce_bytes(model) >= kCliffBytes;
}

Result<std::vector<SimulatedPhases>> simulate_phases(const Catalogue& catalogue, const StackSpec& stack,
                                                     const std::vector<PhaseTimes>& shapes) {
  std::map<std::tuple<std::string, std::string, std::int32_t>, LinearIterationModel> models;
  std::vector<SimulatedPhases> out;
  for (const PhaseTimes& s : shapes) {
    const auto key = std::tuple{s.model, s.gpu, s.tensor};
    auto at = models.find(key);
    if (at == models.end()) {
      auto model = model_of(catalogue, stack, s);
      if (!model) return model.error();
      at = models.emplace(key, *std::move(model)).first;
    }
    out.push_back(
        {seconds_from_fixed(at->second.time(prompt_phase(s))), seconds_from_fixed(at->second.time(token_phase(s)))});
  }
  return out;
}

Result<std::vector<StackSpec>> fit_splitwise(const SplitwiseData& data, const Catalogue& catalogue) {
  const auto a100 = select(data, catalogue, "A100-SXM4-80GB", false);
  if (!a100) return a100.error();
  const auto h100 = select(data, catalogue, "H100-SXM5-80GB", false);
  if (!h100) return h100.error();
  std::vector<Free> all = kGpuSide;
  all.insert(all.end(), kHostSide.begin(), kHostSide.end());
  auto eager = fit_fields(catalogue, first_guess(), all, a100->shapes, a100->prompts);
  if (!eager) return eager.error();
  auto hopper = fit_fields(catalogue, *eager, kHostSide, h100->shapes, h100->prompts);
  if (!hopper) return hopper.error();
  hopper->name = "eager_2023_h100";
  return std::vector<StackSpec>{*std::move(eager), *std::move(hopper)};
}

Result<std::string> splitwise_stacks_text(const DataFolder& data, const Catalogue& catalogue, std::string_view date) {
  const auto read = read_splitwise(data, catalogue);
  if (!read) return read.error();
  const auto stacks = fit_splitwise(*read, catalogue);
  if (!stacks) return stacks.error();
  std::string text;
  for (const StackSpec& s : *stacks) {
    const bool hopper = s.name == "eager_2023_h100";
    const char* gpu = hopper ? "H100-SXM5-80GB" : "A100-SXM4-80GB";
    const auto seen = select(*read, catalogue, gpu, false), held = select(*read, catalogue, gpu, true);
    if (!held) return held.error();
    const auto errors = errors_text(catalogue, s, *held);
    if (!errors) return errors.error();
    text += fmt::format(
        "  {}:\n    source: \"Splitwise (eager PyTorch of 2023, 8 x {}), {} shapes of Llama-2-70B fitted{}, {}; {}\"\n",
        s.name, hopper ? "H100" : "A100", seen->shapes.size(), hopper ? " (the host's constants only)" : "", *errors,
        date);
    text += fmt::format("    step_s: {:.4g}\n", s.step_s);
    for (const auto* side : {&kGpuSide, &kHostSide}) {
      for (const Free& f : *side) text += fmt::format("    {}: {:.4g}\n", f.name, s.*f.field);
    }
    text += fmt::format("    collectives: {}\n", s.collectives);
  }
  return text;
}

}  // namespace jevons
