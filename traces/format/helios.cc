// Helios jobs (SenseTime, 2020):
// job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration, queue.
//
// Times are local, without a zone, and taken as UTC.  `duration` is the run time in seconds, without queueing.  The
// tenant is the virtual cluster, which is what holds quota there.  A job without GPUs is a bad row: read with
// on_bad_row: drop.
#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class HeliosParser final : public JobRowParser {
 public:
  explicit HeliosParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    std::int64_t gpus = 0;
    if (BadRow bad = parse_count(row_.field(kGpus), kGpuRules, &gpus)) return row_.at(kGpus, bad);
    if (BadRow bad = time_.parse(row_.field(kSubmit), &out->submit.ns)) return row_.at(kSubmit, bad);
    if (BadRow bad = parse_time(row_.field(kRunTime), kSecond, kRunTimeRules, &out->run_time.ns)) {
      return row_.at(kRunTime, bad);
    }
    if (BadRow bad = parse_amount(row_.field(kCpus), 1, kCpuRules, &out->cpus)) return row_.at(kCpus, bad);
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    out->estimate = out->run_time;
    out->name = row_.field(kName);
    out->tenant = row_.field(kTenant);
    return {};
  }

 private:
  enum : std::size_t { kName, kTenant, kGpus, kSubmit, kRunTime, kCpus };

  CsvRow row_;
  TimestampParser time_;
};

}  // namespace

const LineFormat kHeliosFormat{
    "helios",
    "Helios jobs 2020, CSV (job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,...,duration,queue)",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"job_id", "vc", "gpu_num", "submit_time", "duration"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(header, {"job_id", "vc", "gpu_num", "submit_time", "duration"}, {"cpu_num"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<HeliosParser>(*std::move(row)));
    }};

}  // namespace jevons
