// Pollux workloads (OSDI'21): name,time,application,num_replicas,batch_size.
//
// The trace says when a job comes and how many GPUs its user asked for, not how long it runs: Pollux simulates that
// from profiles of each application.  Here work is GPU-hours by application and run time = work / num_replicas.  Unless
// the option gpu_hours says otherwise the work is a round figure inside the class that the paper's table of workloads
// puts the application in (GPU-hours: Small 0-1, Medium 1-10, Large 10-100, X-Large 100-1000); the figure is our
// choice.
#include <map>

#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr double kSecondsPerHour = 3600;

const std::map<std::string, double, std::less<>>& default_gpu_hours() {
  static const std::map<std::string, double, std::less<>> kHours{
      {"cifar10", 0.5},  {"ncf", 0.5},        // Small.
      {"bert", 3},       {"deepspeech2", 3},  // Medium.
      {"yolov3", 30},                         // Large.
      {"imagenet", 300},                      // X-Large.
  };
  return kHours;
}

class PolluxParser final : public JobRowParser {
 public:
  PolluxParser(CsvRow row, const TraceOptions& options) : row_(std::move(row)), hours_(default_gpu_hours()) {
    for (const auto& [application, hours] : options.gpu_hours) hours_[application] = hours;
  }

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    std::int64_t gpus = 0;
    if (BadRow bad = parse_time(row_.field(0), kSecond, kTimeRules, &out->submit.ns)) return row_.at(0, bad);
    if (BadRow bad = parse_count(row_.field(2), kGpuRules, &gpus)) return row_.at(2, bad);
    const auto work = hours_.find(row_.field(1));
    if (work == hours_.end()) {
      return row_.at(1, {"application unknown", "cifar10, ncf, bert, deepspeech2, yolov3, imagenet or one of gpu_hours",
                         row_.field(1), 0});
    }
    const double seconds = work->second * kSecondsPerHour / static_cast<double>(gpus);
    if (seconds < 1e-9) return row_.at(1, {kRunTimeRules.zero, kRunTimeRules.expected, row_.field(1), 0});
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    out->run_time = out->estimate = duration_from_seconds(seconds);
    out->name = row_.field(3);
    return {};
  }

 private:
  CsvRow row_;
  std::map<std::string, double, std::less<>> hours_;
};

}  // namespace

const LineFormat kPolluxFormat{
    "pollux",
    "Pollux workloads 2021, CSV (name,time,application,num_replicas,batch_size); work by application",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"time", "application", "num_replicas"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions& options) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(header, {"time", "application", "num_replicas"}, {"name"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<PolluxParser>(*std::move(row), options));
    }};

}  // namespace jevons
