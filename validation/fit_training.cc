// Fits of training stacks.
#include "validation/fit_training.h"

#include <fmt/format.h>

#include <cmath>

#include "base/check.h"
#include "validation/fit.h"

namespace jevons {
namespace {

using Rows = std::vector<MeasuredTraining>;
using Apply = std::function<void(const std::vector<double>&, TrainingConstants*)>;

double mean_error(const Rows& rows, const TrainingConstants& c, bool held_out, int* count) {
  double sum = 0;
  *count = 0;
  for (const MeasuredTraining& r : rows) {
    if (r.held_out != held_out) continue;
    sum += std::abs(training_error(r, c));
    ++*count;
  }
  return *count == 0 ? 0 : sum / *count;
}

// Variables are logarithms, so that constants stay positive.
TrainingFit fit_stack(const Catalogue& catalogue, const std::string& name, const Rows& rows,
                      const std::vector<double>& start, const Apply& apply, const std::string& what) {
  TrainingFit out;
  TrainingConstants c = *catalogue.training_stack("kernels");
  std::vector<double> x;
  for (const double v : start) x.push_back(std::log(v));
  const auto exponentials = [](std::vector<double> v) {
    for (double& e : v) e = std::exp(e);
    return v;
  };
  x = minimise(
      [&](const std::vector<double>& v) {
        apply(exponentials(v), &c);
        double sum = 0;
        for (const MeasuredTraining& r : rows) {
          if (!r.held_out) sum += std::abs(std::log1p(training_error(r, c)));
        }
        return sum;
      },
      x, 0.1);
  apply(exponentials(x), &c);
  constexpr double kDigits = 1e4;  // What the file keeps.
  for (double* v : {&c.gemm_share, &c.attention_efficiency, &c.activation_passes, &c.fsdp_exposed}) {
    *v = std::round(*v * kDigits) / kDigits;
  }
  c.name = name;
  out.fitted_error = mean_error(rows, c, false, &out.fitted_rows);
  out.held_out_error = mean_error(rows, c, true, &out.held_out_rows);
  c.source = fmt::format("{} on {} rows, mean error {:.1f} %; {:.1f} % on {} held out", what, out.fitted_rows,
                         100 * out.fitted_error, 100 * out.held_out_error, out.held_out_rows);
  out.constants = c;
  return out;
}

TrainingFit fit_mosaic(const Catalogue& catalogue, const std::string& name, const Rows& all, bool hopper) {
  Rows rows;
  for (const MeasuredTraining& r : all) {
    if ((r.gpu.fp8_flops > 0) == hopper) rows.push_back(r);
  }
  return fit_stack(
      catalogue, name, rows, {10, 0.3, 0.5},
      [](const std::vector<double>& v, TrainingConstants* c) {
        c->activation_passes = v[0];
        c->attention_efficiency = std::min(1.0, v[1]);
        c->fsdp_exposed = std::min(1.0, v[2]);
      },
      "activation_passes, attention_efficiency, fsdp_exposed fitted on MosaicML llm-foundry@8c8dd48");
}

}  // namespace

TrainingFit fit_megatron(const std::vector<MeasuredTraining>& rows, const Catalogue& catalogue) {
  return fit_stack(
      catalogue, "megatron", rows, {0.9},
      [](const std::vector<double>& v, TrainingConstants* c) { c->gemm_share = v[0]; },
      "gemm_share fitted on Megatron-LM SC'21 table 1 (arXiv:2104.04473, A100), odd rows,");
}

Result<std::vector<TrainingFit>> fit_training(const DataFolder& data, const Catalogue& catalogue) {
  const auto megatron = read_megatron(data, catalogue);
  if (!megatron) return megatron.error();
  const auto mosaic = read_mosaic(data, catalogue);
  if (!mosaic) return mosaic.error();
  std::vector<TrainingFit> fits;
  fits.push_back(fit_megatron(megatron->rows, catalogue));
  fits.push_back(fit_mosaic(catalogue, "mosaic_fsdp_a100", mosaic->rows, false));
  fits.push_back(fit_mosaic(catalogue, "mosaic_fsdp_h100", mosaic->rows, true));
  return fits;
}

}  // namespace jevons
