// Acme jobs as published (Shanghai AI Laboratory, 2023), trace_seren.csv and trace_kalos.csv: job_id,user,node_num,
// gpu_num,cpu_num,[mem_per_pod_GB,shared_mem_per_pod,]type,state,submit_time,start_time,end_time,...,duration,queue,...
//
// Run time = end_time - start_time.  The column `duration` is that in Seren, but in Kalos counts from the submission,
// so it is not read.  Times carry their zone.  A job that never started or never ended (state RUNNING) is a bad row,
// and so is one without GPUs, which is a third of the rows: read with on_bad_row: drop.  cpu_num is that of the whole
// job; memory = mem_per_pod_GB x node_num, a pod being what runs on a node and a GB 10^9 bytes (neither is said there).
#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

constexpr double kGigabyte = 1e9;
constexpr NumberRules kNodeRules{"nodes malformed",    "nodes negative",        "nodes zero",
                                 "nodes out of range", "a whole number from 1", kMaxGpus};

class AcmeRawParser final : public JobRowParser {
 public:
  explicit AcmeRawParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    std::int64_t gpus = 0, nodes = 0;
    if (BadRow bad = parse_count(row_.field(kGpus), kGpuRules, &gpus)) return row_.at(kGpus, bad);
    if (BadRow bad = parse_count(row_.field(kNodes), kNodeRules, &nodes)) return row_.at(kNodes, bad);
    if (BadRow bad = times(out)) return bad;
    if (BadRow bad = parse_amount(row_.field(kCpus), 1, kCpuRules, &out->cpus)) return row_.at(kCpus, bad);
    double memory = 0;
    if (BadRow bad = parse_amount(row_.field(kMemory), kGigabyte * static_cast<double>(nodes), kMemoryRules, &memory)) {
      return row_.at(kMemory, bad);
    }
    out->memory = Bytes{static_cast<std::int64_t>(memory)};
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    out->name = row_.field(kName);
    out->tenant = row_.field(kUser);
    return {};
  }

 private:
  enum : std::size_t { kName, kUser, kNodes, kGpus, kCpus, kSubmit, kStart, kEnd, kMemory };

  BadRow times(TrainingJob* out) {
    std::int64_t from = 0, to = 0;
    if (BadRow bad = time_.parse(row_.field(kSubmit), &out->submit.ns)) return row_.at(kSubmit, bad);
    if (row_.field(kStart).empty()) {
      return row_.at(kStart, {"never started", "a time; the job never started", row_.field(kStart), 0});
    }
    if (BadRow bad = time_.parse(row_.field(kStart), &from, kStartRules)) return row_.at(kStart, bad);
    if (row_.field(kEnd).empty()) {
      return row_.at(kEnd, {"never ended", "a time; the job was still there", row_.field(kEnd), 0});
    }
    if (BadRow bad = time_.parse(row_.field(kEnd), &to, kEndRules)) return row_.at(kEnd, bad);
    if (BadRow bad = run_between(from, to, row_.field(kEnd), &out->run_time)) return row_.at(kEnd, bad);
    out->estimate = out->run_time;
    return {};
  }

  CsvRow row_;
  TimestampParser time_;
};

}  // namespace

const LineFormat kAcmeRawFormat{
    "acme_raw",
    "Acme Seren and Kalos jobs 2023 as published, CSV (job_id,user,node_num,gpu_num,cpu_num,...,type,state,...)",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"job_id", "node_num", "gpu_num", "type", "state", "submit_time"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(
          header, {"job_id", "user", "node_num", "gpu_num", "cpu_num", "submit_time", "start_time", "end_time"},
          {"mem_per_pod_GB"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<AcmeRawParser>(*std::move(row)));
    }};

}  // namespace jevons
