// Measured kernels: which file measures what, which rows are refused, and what the formulas of sim/model/kernels.h say.
#ifndef JEVONS_VALIDATION_KERNEL_DATA_H_
#define JEVONS_VALIDATION_KERNEL_DATA_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "topologies/kernels.h"
#include "validation/data_folder.h"

namespace jevons {

// Share of the peak bandwidth that a measurement may show: clocks and timers are not exact.
inline constexpr double kBandwidthTolerance = 1.02;

struct KernelFile {
  std::string_view path;      // In the data folder.
  std::string_view gpu;       // "H100-SXM5-80GB".
  std::string_view silicon;   // "h100": its entry in kernels.yaml.
  std::string_view library;   // "vllm".
  std::string_view family;    // "gemm_bf16".
  std::string_view software;  // "vLLM 0.24".
  bool balanced = true;       // Experts: tokens spread evenly, or by a power law.
  bool fitted = true;         // False: only compared with.
};
std::span<const KernelFile> kernel_files();

// Rows of one file: numbers of the columns, the time, and on which side of the split they fall.
struct KernelSamples {
  std::size_t width = 0;
  std::vector<double> inputs;  // width a row.
  std::vector<double> seconds;
  std::vector<char> held_out, in_domain;
  std::int64_t faster_than_memory = 0, faster_than_compute = 0;  // Rows refused.
  std::size_t rows() const { return seconds.size(); }
  std::span<const double> row(std::size_t i) const { return std::span(inputs).subspan(i * width, width); }
};

// What a kernel must at least do: the floor no measurement may beat.
struct KernelWork {
  double flops = 0, peak = 1;  // Peak FLOP/s of its precision.
  double bytes = 0;
};

struct KernelModel {
  std::vector<std::string> columns;  // Without the last, "ms".
  std::size_t shape = 0;             // The first `shape` columns make the shape that the split is over.
  std::string domain;                // Where it is meant to hold, in words; empty: everywhere.
  std::function<bool(std::span<const double>)> in_domain;
  std::function<KernelWork(const GpuSpec&, std::span<const double>)> work;
  std::function<double(const KernelSet&, const GpuSpec&, std::span<const double>)> seconds;
};
// The model of a file's family.
KernelModel kernel_model(const KernelFile& file);

// Refused: rows that move more than 1.02 x peak bandwidth (unless all they touch fits into the L2 cache) or do more
// than the peak FLOP/s.
Result<KernelSamples> read_kernel_file(const DataFolder& data, const KernelFile& file, const GpuSpec& gpu);

// Mean and 95th percentile of |predicted / measured - 1|.
struct ErrorSummary {
  std::int64_t rows = 0;
  double mean = 0, p95 = 0;
};
ErrorSummary summarise(std::vector<double> absolute_errors);
enum class Side { kHeldOut, kFitted, kAll };
ErrorSummary kernel_error(const KernelSamples& samples, const KernelModel& model, const KernelSet& set,
                          const GpuSpec& gpu, Side side, bool domain_only = true);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_KERNEL_DATA_H_
