// Acme Kalos jobs (Shanghai AI Laboratory, 2023) in their converted form:
// job_id,arrival_time,num_iteration,...,gpu_workers,...,gpu_per_worker,...
//
// An iteration is half a second (trace_formats.md 3.7), so run time = num_iteration / 2 s; GPUs = gpu_workers x
// gpu_per_worker. The compute, network and tensor columns are constants of the conversion and carry nothing.
#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

constexpr std::int64_t kIterationNs = 500'000'000;
constexpr NumberRules kIterationRules{"run time malformed",
                                      "run time negative",
                                      "run time zero",
                                      "run time out of range",
                                      "a whole number of half seconds, 1 or more",
                                      kMaxTimeNs / kIterationNs};

class AcmeParser final : public JobRowParser {
 public:
  explicit AcmeParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    std::int64_t iterations = 0, workers = 0, each = 0;
    if (BadRow bad = parse_time(row_.field(1), 1'000'000'000, kTimeRules, &out->submit.ns)) return row_.at(1, bad);
    if (BadRow bad = parse_count(row_.field(2), kIterationRules, &iterations)) return row_.at(2, bad);
    if (BadRow bad = parse_count(row_.field(3), kGpuRules, &workers)) return row_.at(3, bad);
    if (BadRow bad = parse_count(row_.field(4), kGpuRules, &each)) return row_.at(4, bad);
    if (workers * each > kMaxGpus) {
      return row_.at(3, {kGpuRules.out_of_range, "gpu_workers x gpu_per_worker up to 100000000", row_.field(3), 0});
    }
    out->name = row_.field(0);
    out->gpus = Gpus{static_cast<std::int32_t>(workers * each)};
    out->run_time = Duration{iterations * kIterationNs};
    out->estimate = out->run_time;
    return {};
  }

 private:
  CsvRow row_;
};

}  // namespace

const LineFormat kAcmeFormat{
    "acme",
    "Acme Kalos jobs 2023 as converted, CSV (job_id,arrival_time,num_iteration,...,gpu_workers,...,gpu_per_worker)",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"job_id", "arrival_time", "num_iteration", "gpu_workers", "gpu_per_worker"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(header, {"job_id", "arrival_time", "num_iteration", "gpu_workers", "gpu_per_worker"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<AcmeParser>(*std::move(row)));
    }};

}  // namespace jevons
