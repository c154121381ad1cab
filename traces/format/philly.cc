// Philly jobs, 2017 (Microsoft): timestamp,duration,num_gpus,gpu_time,cluster.
//
// Local times without a zone, across the end of daylight saving; taken as UTC and never converted.  Equal rows are
// separate jobs.  There are no ids.
#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

class PhillyParser final : public JobRowParser {
 public:
  explicit PhillyParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    std::int64_t gpus = 0;
    if (BadRow bad = time_.parse(row_.field(0), &out->submit.ns)) return row_.at(0, bad);
    if (BadRow bad = parse_time(row_.field(1), 1'000'000'000, kRunTimeRules, &out->run_time.ns)) return row_.at(1, bad);
    if (BadRow bad = parse_count(row_.field(2), kGpuRules, &gpus)) return row_.at(2, bad);
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    out->tenant = row_.field(3);
    out->estimate = out->run_time;
    return {};
  }

 private:
  CsvRow row_;
  TimestampParser time_;
};

}  // namespace

const LineFormat kPhillyFormat{
    "philly",
    "Philly jobs 2017, CSV (timestamp,duration,num_gpus,gpu_time,cluster)",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"timestamp", "duration", "num_gpus"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(header, {"timestamp", "duration", "num_gpus"}, {"cluster"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<PhillyParser>(*std::move(row)));
    }};

}  // namespace jevons
