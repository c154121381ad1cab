// The family of Tiresias' traces (NSDI'19): its own, Chronus' (SoCC'21) and ElasticFlow's (ASPLOS'23), which add
// deadlines.  Times are seconds, written with or without decimals.
//
// Tiresias:    job_id,num_gpu,submit_time,iterations,model_name,duration,interval
// Chronus:     and user,expect_time_list,expect_value_list,best_effort,job_type.  Expected times count from the
//              submission (1,234 of the 21,724 strict ones of the public file would lie before it otherwise, and its
//              scheduler adds them).  The deadline of a strict job is its first expected time; of a soft one, whose
//              value falls step by step, the last; a best-effort job has none, whatever its list says.
// ElasticFlow: submit_time,num_gpu,duration,ddl[,best_effort,...].  `ddl` is on the clock of submit_time.  Jobs are
//              elastic from GPUs / elastic_factor to GPUs x elastic_factor, widened to powers of two, as that scheduler
//              allots them; the trace has no scaling curves, so speed is proportional.
#include <algorithm>
#include <bit>

#include "traces/csv.h"
#include "traces/format/format.h"
#include "traces/job_check.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// num_gpu, submit_time and duration, which are the first three fields of each row; job_id is the fourth.
BadRow parse_common(const CsvRow& row, TrainingJob* out) {
  std::int64_t gpus = 0;
  if (BadRow bad = parse_count(row.field(0), kGpuRules, &gpus)) return row.at(0, bad);
  if (BadRow bad = parse_time(row.field(1), kSecond, kTimeRules, &out->submit.ns)) return row.at(1, bad);
  if (BadRow bad = parse_time(row.field(2), kSecond, kRunTimeRules, &out->run_time.ns)) return row.at(2, bad);
  out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
  out->estimate = out->run_time;
  out->name = row.field(3);
  return {};
}

class TiresiasParser final : public JobRowParser {
 public:
  explicit TiresiasParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    return parse_common(row_, out);
  }

 private:
  CsvRow row_;
};

// 0 or 1; an absent column is 0.
BadRow parse_flag(const CsvRow& row, std::size_t i, bool* out) {
  const std::string_view text = row.field(i);
  *out = text == "1";
  if (*out || text == "0" || !row.has(i)) return {};
  return row.at(i, {"best-effort flag malformed", "0 or 1", text, 0});
}

class ChronusParser final : public JobRowParser {
 public:
  explicit ChronusParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    if (BadRow bad = parse_common(row_, out)) return bad;
    out->tenant = row_.field(kUser);
    bool best_effort = false;
    if (BadRow bad = parse_flag(row_, kBestEffort, &best_effort)) return bad;
    const std::string_view type = row_.field(kType);
    if (type != "strict" && type != "soft" && type != "best") {
      return row_.at(kType, {"job type malformed", "strict, soft or best", type, 0});
    }
    if (best_effort || type == "best") return {};
    std::int64_t first = 0, last = 0;
    if (BadRow bad = expected_times(&first, &last)) return bad;
    const std::int64_t wanted = type == "strict" ? first : last;
    if (wanted > kMaxTimeNs - out->submit.ns) {
      return row_.at(kTimes, {kDeadlineRules.out_of_range, kDeadlineRules.expected, row_.field(kTimes), 0});
    }
    out->deadline = out->submit + Duration{wanted};
    return {};
  }

 private:
  enum : std::size_t { kTimes = 4, kType, kUser, kBestEffort };

  // "128" or "100-200-300".
  BadRow expected_times(std::int64_t* first, std::int64_t* last) const {
    std::string_view text = row_.field(kTimes);
    for (bool is_first = true;; is_first = false) {
      const std::size_t end = std::min(text.find('-'), text.size());
      if (BadRow bad = parse_time(text.substr(0, end), kSecond, kDeadlineRules, last)) {
        bad.got = row_.field(kTimes);
        return row_.at(kTimes, bad);
      }
      if (is_first) *first = *last;
      if (end == text.size()) return {};
      text.remove_prefix(end + 1);
    }
  }

  CsvRow row_;
};

class ElasticFlowParser final : public JobRowParser {
 public:
  ElasticFlowParser(CsvRow row, std::int64_t factor) : row_(std::move(row)), factor_(factor) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    if (BadRow bad = parse_common(row_, out)) return bad;
    bool best_effort = false;
    if (BadRow bad = parse_flag(row_, kBestEffort, &best_effort)) return bad;
    if (!best_effort) {
      if (BadRow bad = parse_time(row_.field(kDeadline), kSecond, kDeadlineRules, &out->deadline.ns)) {
        return row_.at(kDeadline, bad);
      }
      if (BadRow bad = check_deadline(*out)) {
        bad.got = row_.field(kDeadline);
        return row_.at(kDeadline, bad);
      }
    }
    if (factor_ == 1) return {};
    out->flexibility = Flexibility::kElastic;
    const auto gpus = static_cast<std::uint64_t>(out->gpus.value), factor = static_cast<std::uint64_t>(factor_);
    const std::uint64_t least = std::bit_floor(std::max<std::uint64_t>(1, gpus / factor));
    const std::uint64_t most = std::min(std::bit_ceil(gpus * factor), static_cast<std::uint64_t>(kMaxGpus));
    out->min_gpus = Gpus{static_cast<std::int32_t>(least)};
    out->max_gpus = Gpus{static_cast<std::int32_t>(most)};
    return {};
  }

 private:
  enum : std::size_t { kDeadline = 4, kBestEffort };

  CsvRow row_;
  std::int64_t factor_;
};

}  // namespace

const LineFormat kTiresiasFormat{
    "tiresias",
    "Tiresias jobs 2019, CSV (job_id,num_gpu,submit_time,iterations,model_name,duration,interval)",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"num_gpu", "submit_time", "iterations", "duration"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(header, {"num_gpu", "submit_time", "duration"}, {"job_id"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<TiresiasParser>(*std::move(row)));
    }};

const LineFormat kChronusFormat{
    "chronus",
    "Chronus jobs 2021, CSV: as tiresias, with user,expect_time_list,...,best_effort,job_type; deadlines",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"num_gpu", "submit_time", "duration", "expect_time_list"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(header, {"num_gpu", "submit_time", "duration", "job_id", "expect_time_list", "job_type"},
                              {"user", "best_effort"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<ChronusParser>(*std::move(row)));
    }};

const LineFormat kElasticFlowFormat{
    "elasticflow",
    "ElasticFlow jobs 2023, CSV (job_id,submit_time,...,ddl,...,num_gpu,...,duration); deadlines, elastic",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"num_gpu", "submit_time", "duration", "ddl"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions& options) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(header, {"num_gpu", "submit_time", "duration", "job_id", "ddl"}, {"best_effort"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(
          std::make_unique<ElasticFlowParser>(*std::move(row), options.elastic_factor));
    }};

}  // namespace jevons
