// Alibaba PAI tasks (cluster-trace-gpu-v2020), pai_task_table.csv, without a header line: job_name,task_name,inst_num,
// status,start_time,end_time,plan_cpu,plan_mem,plan_gpu,gpu_type.  Times are seconds; 0 or nothing is unknown.
//
// A task with GPUs is a job, "job_name/task_name": its inst_num instances start together.  plan_gpu is percent of a GPU
// for an instance.  If that is a share of a GPU, TraceOptions::gpu_shares says what becomes of it; instances that fit
// on one GPU together are one share, and more of them fill whole GPUs.  Run time = end_time - start_time.  The table
// has launch times only; with pai_job_table.csv (option job_table: job_name,inst_id,user,status, start_time,end_time)
// the submit time is that table's start_time and the tenant its user.  plan_cpu is percent of a core; plan_mem counts
// 2^30 bytes (its values are whole MiB over 1024).  gpu_type says where the task ran, not where it might, and is not
// read.
#include <map>
#include <optional>

#include "base/file.h"
#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kMilliPercent = 1000, kWhole = 100 * kMilliPercent,
                       kMilliPercentOfMilli = kWhole / kWholeGpu.value;
constexpr double kPercent = 0.01, kGibibyte = 1'073'741'824;
constexpr std::string_view kTaskColumns =
    "job_name,task_name,inst_num,status,start_time,end_time,plan_cpu,plan_mem,plan_gpu,gpu_type";
constexpr std::string_view kJobColumns = "job_name,inst_id,user,status,start_time,end_time";

constexpr NumberRules kInstanceRules{"instances malformed",    "instances negative",    "instances zero",
                                     "instances out of range", "a whole number from 1", kMaxGpus};
constexpr NumberRules kPlanRules{
    "GPUs malformed", "GPUs negative", "GPUs zero", "GPUs out of range", "percent of a GPU, above 0", kMaxGpus* kWhole};

struct Submission {
  std::int64_t submit_ns = 0;  // 0 = unknown.
  std::string user;
};
using JobTable = std::map<std::string, Submission, std::less<>>;

Result<JobTable> read_job_table(const std::string& path) {
  auto file = FileReader::open(path);
  if (!file) return file.error();
  LineReader lines(*std::move(file));
  auto row = CsvRow::bind(kJobColumns, {"job_name", "user", "start_time"});
  if (!row) return row.error();
  JobTable table;
  for (;;) {
    std::string_view line;
    auto more = lines.next(&line);
    if (!more) return more.error();
    if (!*more) return table;
    if (line.empty()) continue;
    if (BadRow bad = row->split(line)) return Error{bad.message(), lines.where(bad.column)};
    Submission s;
    if (!row->field(2).empty()) {
      if (BadRow bad = parse_time(row->field(2), kSecond, kTimeRules, &s.submit_ns)) {
        return Error{bad.message(), lines.where(row->at(2, bad).column)};
      }
    }
    s.user = row->field(1);
    if (!table.emplace(row->field(0), std::move(s)).second) {
      return Error{"job '" + std::string(row->field(0)) + "' is there twice (expected each once)", lines.where()};
    }
  }
}

class PaiParser final : public JobRowParser {
 public:
  PaiParser(CsvRow row, const TraceOptions& options, std::optional<JobTable> jobs)
      : row_(std::move(row)), shares_(options.gpu_shares), jobs_(std::move(jobs)) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    std::int64_t instances = 0, plan = 0;
    const std::string_view text = row_.field(kPlan).empty() ? "0" : row_.field(kPlan);
    if (BadRow bad = parse_time(text, kMilliPercent, kPlanRules, &plan)) {
      bad.got = row_.field(kPlan);
      return row_.at(kPlan, bad);
    }
    if (BadRow bad = parse_count(row_.field(kInstances), kInstanceRules, &instances)) return row_.at(kInstances, bad);
    if (shares_ == GpuShares::kBadRow && plan % kWhole != 0) {
      return row_.at(kPlan, {"GPU share", "a whole multiple of 100", row_.field(kPlan), 0});
    }
    if (BadRow bad = gpus(instances, plan, out)) return bad;
    out->name = std::string(row_.field(kJob)) + "/" + std::string(row_.field(kTask));
    if (BadRow bad = times(out)) return bad;
    return hosts(static_cast<double>(instances), out);
  }

 private:
  enum : std::size_t { kJob, kTask, kInstances, kStart, kEnd, kCpu, kMemory, kPlan };

  // `plan` thousandths of a percent for each instance.
  BadRow gpus(std::int64_t instances, std::int64_t plan, TrainingJob* out) const {
    std::int64_t gpus = (plan - 1) / kWhole + 1;  // Of one instance.
    if (gpus > kMaxGpus / instances) {
      return row_.at(kPlan, {kGpuRules.out_of_range, "inst_num x plan_gpu up to 100000000 GPUs", row_.field(kPlan), 0});
    }
    gpus *= instances;
    if (shares_ == GpuShares::kShare && plan < kWhole) {
      const std::int64_t share = (plan - 1) / kMilliPercentOfMilli + 1, on_one = kWholeGpu.value / share;
      gpus = (instances - 1) / on_one + 1;
      if (gpus == 1 && share * instances < kWholeGpu.value) {
        out->share = MilliGpus{static_cast<std::int32_t>(share * instances)};
      }
    }
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    return {};
  }

  // A time that must be known.
  BadRow known(std::size_t i, const NumberRules& rules, BadRow unknown, std::int64_t* ns) const {
    const std::string_view text = row_.field(i);
    if (!text.empty()) {
      if (BadRow bad = parse_time(text, kSecond, rules, ns)) return row_.at(i, bad);
    }
    unknown.got = text;
    return *ns == 0 ? row_.at(i, unknown) : BadRow{};
  }

  BadRow times(TrainingJob* out) const {
    std::int64_t from = 0, to = 0;
    if (BadRow bad = known(kStart, kStartRules, {"never started", "a time; 0 is unknown", {}, 0}, &from)) return bad;
    if (BadRow bad = known(kEnd, kEndRules, {"never ended", "a time; 0 is unknown", {}, 0}, &to)) return bad;
    if (BadRow bad = run_between(from, to, row_.field(kEnd), &out->run_time)) return row_.at(kEnd, bad);
    out->estimate = out->run_time;
    out->submit = Instant{from};
    if (!jobs_) return {};
    const auto job = jobs_->find(row_.field(kJob));
    if (job == jobs_->end() || job->second.submit_ns == 0) {
      return row_.at(kJob, {"job unknown", "a job whose start_time job_table has", row_.field(kJob), 0});
    }
    out->submit = Instant{job->second.submit_ns};
    out->tenant = job->second.user;
    return {};
  }

  BadRow hosts(double instances, TrainingJob* out) const {
    double memory = 0;
    if (BadRow bad = parse_amount(row_.field(kCpu), kPercent * instances, kCpuRules, &out->cpus)) {
      return row_.at(kCpu, bad);
    }
    if (BadRow bad = parse_amount(row_.field(kMemory), kGibibyte * instances, kMemoryRules, &memory)) {
      return row_.at(kMemory, bad);
    }
    out->memory = Bytes{static_cast<std::int64_t>(memory)};
    return {};
  }

  CsvRow row_;
  GpuShares shares_;
  std::optional<JobTable> jobs_;
};

}  // namespace

const LineFormat kPaiFormat{
    "pai",
    "Alibaba PAI tasks 2020 (pai_task_table.csv: ten columns without a header; job_table for submit times)",
    false,
    0,
    true,
    [](std::string_view line) {
      const std::vector<std::string> f = split_csv(line);
      return f.size() == 10 && (f[3] == "Terminated" || f[3] == "Failed" || f[3] == "Running" || f[3] == "Waiting");
    },
    nullptr,
    [](std::string_view, const TraceOptions& options) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(kTaskColumns, {"job_name", "task_name", "inst_num", "start_time", "end_time", "plan_cpu",
                                             "plan_mem", "plan_gpu"});
      if (!row) return row.error();
      std::optional<JobTable> jobs;
      if (!options.job_table.empty()) {
        auto table = read_job_table(options.job_table);
        if (!table) return table.error();
        jobs = *std::move(table);
      }
      return std::unique_ptr<JobRowParser>(std::make_unique<PaiParser>(*std::move(row), options, std::move(jobs)));
    }};

}  // namespace jevons
