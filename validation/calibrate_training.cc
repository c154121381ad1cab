// Writing the fitted training stacks.
#include "validation/calibrate_training.h"

#include <fmt/format.h>

#include "validation/fit_training.h"

namespace jevons {
namespace {

constexpr const char* kHeader =
    "# Training stacks with constants fitted to measured steps, written by tools/calibrate: do not edit by hand.\n"
    "# TrainingConstants in topologies/catalogue.h says what they mean; training.yaml holds the others.\n"
    "training_stacks:\n";

}  // namespace

Result<std::string> calibrate_training(const DataFolder& data, const Catalogue& catalogue, std::string_view date,
                                       const std::function<void(std::string_view)>& progress) {
  if (progress) progress("training stacks");
  const auto fits = fit_training(data, catalogue);
  if (!fits) return fits.error();
  std::string text = kHeader;
  for (const TrainingFit& fit : *fits) {
    const TrainingConstants& c = fit.constants;
    text +=
        fmt::format("  {}:\n    source: \"{}; {}\"\n    gemm_share: {:.6g}\n", c.name, c.source, date, c.gemm_share);
    if (c.attention_efficiency > 0) text += fmt::format("    attention_efficiency: {:.6g}\n", c.attention_efficiency);
    text += fmt::format("    activation_passes: {:.6g}\n    weight_bytes: {:.6g}\n    logit_bytes: {:.6g}\n",
                        c.activation_passes, c.weight_bytes, c.logit_bytes);
    text += fmt::format("    fsdp_exposed: {:.6g}\n", c.fsdp_exposed);
  }
  return text;
}

}  // namespace jevons
