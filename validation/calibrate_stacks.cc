// Fitting serving stacks.
#include "validation/calibrate_stacks.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <vector>

#include "validation/fit.h"
#include "validation/kernel_data.h"
#include "validation/serving_replay.h"
#include "validation/splitwise_fit.h"

namespace jevons {
namespace {

constexpr const char* kHeader =
    "# Serving stacks with constants fitted to public runs, written by tools/calibrate: do not edit by hand.  "
    "StackSpec in\n"
    "# topologies/catalogue.h says what they mean; stacks.yaml holds the others.\nstacks:\n";

// TPOT is what decides how many requests fit, and is measured ten times better than TTFT: it weighs more.
constexpr double kTpotWeight = 4;

struct Free {
  const char* name;
  double StackSpec::*field;
};

double cost_of(const std::vector<ServedRun>& runs, const std::vector<ServedFigures>& figures) {
  double sum = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const double tpot = kTpotWeight * std::log(figures[i].tpot_s / runs[i].tpot_s);
    const double ttft = std::log(figures[i].ttft_s / runs[i].ttft_s);
    sum += tpot * tpot + ttft * ttft;
  }
  return sum;
}

// Searches the logarithms of the free fields; `failed` keeps the first error of a replay.
StackSpec fit_stack(const DataFolder& data, const Catalogue& catalogue, StackSpec start, const std::vector<Free>& free,
                    const std::vector<ServedRun>& runs, std::optional<Error>* failed) {
  const auto stack_at = [&](const std::vector<double>& x) {
    StackSpec s = start;
    for (std::size_t i = 0; i < free.size(); ++i) s.*free[i].field = std::min(std::exp(x[i]), 2.0);
    return s;
  };
  std::vector<double> x;
  for (const Free& f : free) x.push_back(std::log(start.*f.field));
  constexpr double kSimplex = 0.5;
  x = minimise(
      [&](const std::vector<double>& at) {
        if (*failed) return 0.0;
        const auto figures = replay_served_runs(data, catalogue, stack_at(at), runs);
        if (!figures) {
          *failed = figures.error();
          return 0.0;
        }
        return cost_of(runs, *figures);
      },
      std::move(x), kSimplex);
  return stack_at(x);
}

struct ReplayErrors {
  ErrorSummary tpot, ttft;
};
Result<ReplayErrors> errors_of(const DataFolder& data, const Catalogue& catalogue, const StackSpec& stack,
                               const std::vector<ServedRun>& runs) {
  const auto figures = replay_served_runs(data, catalogue, stack, runs);
  if (!figures) return figures.error();
  std::vector<double> tpot, ttft;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    tpot.push_back(std::fabs((*figures)[i].tpot_s / runs[i].tpot_s - 1));
    ttft.push_back(std::fabs((*figures)[i].ttft_s / runs[i].ttft_s - 1));
  }
  return ReplayErrors{summarise(std::move(tpot)), summarise(std::move(ttft))};
}

std::vector<ServedRun> select(const std::vector<ServedRun>& runs, bool fp8, bool fitted) {
  std::vector<ServedRun> out;
  for (const ServedRun& r : runs) {
    if (r.fp8() == fp8 && r.fitted == fitted) out.push_back(r);
  }
  return out;
}

// Where the search starts: round figures of the kind such engines show, none taken from these runs.
StackSpec first_guess() {
  StackSpec s;
  s.name = "vllm_0.6";
  s.step_s = 1e-3;
  s.sequence_s = 0.1e-3;
  s.layer_s = 10e-6;
  s.eager_launch_s_per_layer = 200e-6;
  s.request_s = 5e-3;
  s.kernel_slowdown = 1.03;
  s.elementwise_passes = 1.3;  // perf_models.md 3.3: fitted on Vidur's layers.
  s.quantised_layer_s = 10e-6;
  s.quantised_launch_s_per_layer = 400e-6;
  return s;
}

// A harder split than the one used: constants from one trace alone, errors on all runs of the other, as comments.
Result<std::string> other_traces(const DataFolder& data, const Catalogue& catalogue, const std::vector<Free>& free,
                                 const std::vector<ServedRun>& runs) {
  std::string text;
  for (const auto& [seen, unseen] : {std::pair{"lmsys", "creation"}, std::pair{"creation", "lmsys"}}) {
    std::vector<ServedRun> fitted, other;
    for (const ServedRun& r : runs) {
      if (r.fp8()) continue;
      (r.name.find(seen) != std::string::npos ? fitted : other).push_back(r);
    }
    std::optional<Error> failed;
    const StackSpec stack = fit_stack(data, catalogue, first_guess(), free, fitted, &failed);
    if (failed) return *failed;
    const auto e = errors_of(data, catalogue, stack, other);
    if (!e) return e.error();
    text += fmt::format("  # Fitted on {} runs of {} alone, {} of {} are off by {:.1f} % (TPOT), {:.1f} % (TTFT).\n",
                        fitted.size(), seen, other.size(), unseen, 100 * e->tpot.mean, 100 * e->ttft.mean);
  }
  return text;
}

}  // namespace

Result<std::string> calibrate_stacks(const DataFolder& data, const Catalogue& catalogue, std::string_view date,
                                     const std::function<void(std::string_view)>& progress) {
  auto runs = read_served_runs(data);
  if (!runs) return runs.error();
  if (progress) progress("vllm_0.6");
  std::optional<Error> failed;
  const std::vector<Free> dense{{"kernel_slowdown", &StackSpec::kernel_slowdown},
                                {"step_s", &StackSpec::step_s},
                                {"sequence_s", &StackSpec::sequence_s},
                                {"layer_s", &StackSpec::layer_s},
                                {"eager_launch_s_per_layer", &StackSpec::eager_launch_s_per_layer},
                                {"request_s", &StackSpec::request_s}};
  const std::vector<Free> quantised{{"quantised_layer_s", &StackSpec::quantised_layer_s},
                                    {"quantised_launch_s_per_layer", &StackSpec::quantised_launch_s_per_layer}};
  StackSpec stack = fit_stack(data, catalogue, first_guess(), dense, select(*runs, false, true), &failed);
  if (!failed) stack = fit_stack(data, catalogue, stack, quantised, select(*runs, true, true), &failed);
  if (failed) return *failed;
  const auto held = errors_of(data, catalogue, stack, select(*runs, false, false));
  if (!held) return held.error();
  const auto held_fp8 = errors_of(data, catalogue, stack, select(*runs, true, false));
  if (!held_fp8) return held_fp8.error();
  const auto across = other_traces(data, catalogue, dense, *runs);
  if (!across) return across.error();
  std::string text = kHeader + *across;
  text += fmt::format(
      "  vllm_0.6:\n    source: \"APEX+ (vLLM 0.6.0, 8 x H100), {} runs of Llama-3.1-70B fitted, {} held out: TPOT "
      "{:.1f} % "
      "mean, TTFT {:.1f} %; FP8 on {} run of Mistral-Large, {} held out: {:.1f} %, {:.1f} %; {}\"\n",
      select(*runs, false, true).size(), held->tpot.rows, 100 * held->tpot.mean, 100 * held->ttft.mean,
      select(*runs, true, true).size(), held_fp8->tpot.rows, 100 * held_fp8->tpot.mean, 100 * held_fp8->ttft.mean,
      date);
  for (const auto& free : {dense, quantised}) {
    for (const Free& f : free) text += fmt::format("    {}: {:.4g}\n", f.name, stack.*f.field);
  }
  text += fmt::format("    elementwise_passes: {:.4g}\n", stack.elementwise_passes);
  if (progress) progress("eager_2023");
  const auto eager = splitwise_stacks_text(data, catalogue, date);
  if (!eager) return eager.error();
  return text + *eager;
}

}  // namespace jevons
