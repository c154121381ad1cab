// Fitting kernel constants.
#include "validation/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "validation/collective_data.h"
#include "validation/expert_tables.h"
#include "validation/fit.h"
#include "validation/kernel_data.h"
#include "validation/number_text.h"

namespace jevons {
namespace {

constexpr const char* kHeader =
    "# Constants of GPU kernels, written by tools/calibrate: do not edit by hand.  topologies/kernels.h says what they "
    "mean,\n"
    "# docs/models.md the formulas.  Every `source` names data, rows fitted and held out, date, and the error on the "
    "rows held\n"
    "# out (mean and 95th percentile).  Data: ai-dynamo/aiconfigurator@095f58a (Apache-2.0).\n"
    "kernels:\n";

// Where the search starts and what it may change.
template <class Family>
struct Start {
  Family value;
  std::vector<std::string_view> free;
};

Start<GemmConstants> start_of(const GemmConstants*, std::string_view family) {
  Start<GemmConstants> s{{0.8, 0.85, 1.6, 4e-6, 1e-6, 100, 0, 0},
                         {"compute", "memory", "exponent", "overhead_s", "depth_s", "shallow"}};
  if (family == "gemm_bf16") return s;
  s.value.quantise = 2.5;
  s.value.padding = 0.5;
  s.free.insert(s.free.end(), {"quantise", "padding"});
  return s;
}
Start<DecodeAttentionConstants> start_of(const DecodeAttentionConstants*, std::string_view) {
  return {{0.85, 0.5, 1.5, 11e-6, 1e-9, 10e-9, 0.3e-9},
          {"memory", "compute", "exponent", "overhead_s", "sequence_s", "kv_head_s", "head_s"}};
}
Start<PrefillAttentionConstants> start_of(const PrefillAttentionConstants*, std::string_view) {
  return {{0.6, 0.8, 0.4, 12e-6}, {"compute", "narrow", "memory", "overhead_s"}};
}
// FlashMLA's tiles hold 64 query heads (its documentation; the measured times are flat below).
Start<LatentDecodeConstants> start_of(const LatentDecodeConstants*, std::string_view) {
  return {{0.6, 0.85, 2, 12e-6, 20e-9, 1e-9, 64},
          {"compute", "memory", "exponent", "overhead_s", "sequence_s", "head_s"}};
}
Start<ExpertConstants> start_of(const ExpertConstants*, std::string_view) {
  return {{0.4, 0.85, 2, 30e-6, 1, 1, 50e-9, 20e-9, 8, 100, 50},
          {"compute", "memory", "exponent", "overhead_s", "permute", "token_passes", "active_s", "expert_s", "padding",
           "narrow_compute", "narrow_memory"}};
}

// Free numbers are searched in coordinates without ends: the logarithm, of an exponent what exceeds 1, of a share in
// [0, 1] the logit.
enum class Coordinate { kLog, kAboveOne, kLogit };
Coordinate coordinate_of(std::string_view name) {
  if (name == "exponent") return Coordinate::kAboveOne;
  return name == "padding" ? Coordinate::kLogit : Coordinate::kLog;
}
double inward(Coordinate c, double v) {
  constexpr double kTiny = 1e-15;
  if (c == Coordinate::kAboveOne) return std::log(std::max(v - 1, kTiny));
  if (c == Coordinate::kLogit) return std::log(v / (1 - v));
  return std::log(std::max(v, kTiny));
}
double outward(Coordinate c, double x) {
  if (c == Coordinate::kAboveOne) return 1 + std::exp(x);
  return c == Coordinate::kLogit ? 1 / (1 + std::exp(-x)) : std::exp(x);
}

template <class Family>
class FamilyFit {
 public:
  explicit FamilyFit(std::string_view family) : start_(start_of(static_cast<const Family*>(nullptr), family)) {
    for (const KernelField<Family>& f : kernel_fields<Family>()) {
      const bool padding_tokens = std::is_same_v<Family, ExpertConstants> && f.name == "padding";
      if (std::find(start_.free.begin(), start_.free.end(), f.name) == start_.free.end()) continue;
      fields_.push_back(f);
      coordinates_.push_back(padding_tokens ? Coordinate::kLog : coordinate_of(f.name));
    }
  }

  // Leaves the constants found in `member`, which is one of `set`.
  void run(const KernelSamples& samples, const KernelModel& model, const GpuSpec& gpu, const KernelSet& set,
           std::optional<Family>* member) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < samples.rows(); ++i) {
      if (samples.held_out[i] == 0 && samples.in_domain[i] != 0) rows.push_back(i);
    }
    const auto residuals = [&](const std::vector<double>& x, std::vector<double>* out) {
      *member = constants(x);
      for (std::size_t r = 0; r < rows.size(); ++r) {
        (*out)[r] = std::log(model.seconds(set, gpu, samples.row(rows[r])) / samples.seconds[rows[r]]);
      }
    };
    std::vector<double> x;
    for (std::size_t i = 0; i < fields_.size(); ++i)
      x.push_back(inward(coordinates_[i], start_.value.*fields_[i].field));
    *member = constants(fit(residuals, rows.size(), std::move(x)));
  }

 private:
  Family constants(const std::vector<double>& x) const {
    Family c = start_.value;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      c.*fields_[i].field = std::clamp(outward(coordinates_[i], x[i]), fields_[i].low, fields_[i].high);
    }
    return c;
  }

  Start<Family> start_;
  std::vector<KernelField<Family>> fields_;
  std::vector<Coordinate> coordinates_;
};

std::string range_text(const KernelSamples& samples, const KernelModel& model) {
  std::string text;
  for (std::size_t c = 0; c < model.columns.size(); ++c) {
    double low = INFINITY, high = -INFINITY;
    for (std::size_t i = 0; i < samples.rows(); ++i) {
      if (samples.in_domain[i] == 0) continue;
      low = std::min(low, samples.row(i)[c]);
      high = std::max(high, samples.row(i)[c]);
    }
    text += fmt::format("{}{}: [{}, {}]", c == 0 ? "" : ", ", model.columns[c], six_digits(low), six_digits(high));
  }
  return text;
}

template <class Family>
std::string family_text(const KernelFile& file, const KernelSamples& samples, const KernelModel& model,
                        const GpuSpec& gpu, std::string_view date, const KernelSet& set,
                        std::optional<Family>* member) {
  FamilyFit<Family>(file.family).run(samples, model, gpu, set, member);
  const ErrorSummary held = kernel_error(samples, model, set, gpu, Side::kHeldOut);
  const ErrorSummary seen = kernel_error(samples, model, set, gpu, Side::kFitted);
  std::string text = fmt::format("      {}:\n", file.family);
  text += fmt::format("        source: \"{} ({}), {} rows fitted, {} held out: {:.1f} % mean, {:.1f} % p95; {}{}{}\"\n",
                      file.path.substr(file.path.find('/') + 1), file.software, seen.rows, held.rows, 100 * held.mean,
                      100 * held.p95, model.domain.empty() ? "" : model.domain + "; ",
                      file.balanced ? "" : "tokens by a power law; ", date);
  text += fmt::format("        range: {{{}}}\n", range_text(samples, model));
  for (const KernelField<Family>& f : kernel_fields<Family>()) {
    text += fmt::format("        {}: {}\n", f.name, six_digits((**member).*f.field));
  }
  return text;
}

Result<std::string> fit_file(const DataFolder& data, const KernelFile& file, const GpuSpec& gpu,
                             std::string_view date) {
  auto samples = read_kernel_file(data, file, gpu);
  if (!samples) return samples.error();
  const KernelModel model = kernel_model(file);
  std::string text;
  KernelSet set;
  for_each_family(
      [&](const char* name, auto& member) {
        if (file.family != name) return;
        using Family = typename std::decay_t<decltype(member)>::value_type;
        if constexpr (!std::is_same_v<Family, AllToAllConstants>) {
          text = family_text<Family>(file, *samples, model, gpu, date, set, &member);
        }
      },
      set);
  return text;
}

}  // namespace

Result<std::string> calibrate_kernels(const DataFolder& data, const Catalogue& catalogue, std::string_view date,
                                      const std::function<void(std::string_view)>& progress) {
  // silicon -> library -> text of its families.
  std::map<std::string, std::map<std::string, std::string>> text;
  std::map<std::string, GpuSpec> gpus;
  for (const KernelFile& file : kernel_files()) {
    auto gpu = catalogue.gpu(file.gpu);
    if (!gpu) return gpu.error();
    gpus[std::string(file.silicon)] = *gpu;
    if (!file.fitted) continue;
    if (progress) progress(file.path);
    auto family = fit_file(data, file, *gpu, date);
    if (!family) return family.error();
    text[std::string(file.silicon)][std::string(file.library)] += *family;
  }
  if (progress) progress(kExpertTableFile);
  if (Status s = add_expert_tables(data, date, &text); !s) return s.error();
  if (progress) progress("collectives");
  if (Status s = add_collectives(data, date, &text); !s) return s.error();
  std::string out = kHeader;
  for (const auto& [silicon, libraries] : text) {
    const GpuSpec& gpu = gpus.at(silicon);
    out += fmt::format("  {}:\n    measured_on: {}\n    link_bytes_per_s: {}\n    bf16_flops: {}\n    sm_count: {}\n",
                       silicon, gpu.name, six_digits(gpu.link_bytes_per_s), six_digits(gpu.bf16_flops),
                       six_digits(gpu.sm_count));
    for (const auto& [library, families] : libraries) out += fmt::format("    {}:\n{}", library, families);
  }
  return out;
}

}  // namespace jevons
