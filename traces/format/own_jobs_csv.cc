// Our own CSV of jobs: submit,num_gpus,dur and, where known, job_id,vc,estimate,parameters,priority,deadline,
// flexibility,min_gpus,max_gpus,scaling,speed_by_gpu,after,cpus,memory_bytes,gpu_milli.
//
// Times are decimal seconds from the start of the trace, exact to the nanosecond.  An empty field is the default. Lists
// have ';' between their parts: scaling is "1=0.3;2=0.55", speed_by_gpu "H100=1;A100=0.4", after "job-1;job-2".
#include "base/text.h"
#include "traces/csv.h"
#include "traces/format/format.h"
#include "traces/job_check.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMaxPriority = 1'000'000'000;

constexpr NumberRules kRangeRules{"GPU range malformed",
                                  "GPU range malformed",
                                  "GPU range malformed",
                                  "GPU range malformed",
                                  "a whole number up to 100000000, 0 for none",
                                  kMaxGpus,
                                  true};
constexpr NumberRules kShareRules{"GPU share malformed",
                                  "GPU share malformed",
                                  "GPU share malformed",
                                  "GPU share malformed",
                                  "thousandths of a GPU, 1 to 999, or 0 for whole GPUs",
                                  999,
                                  true};
constexpr NumberRules kMemoryCount{"memory malformed",  "memory negative", "memory zero", "memory out of range",
                                   "bytes, up to 2^60", kMaxMemory,        true};

enum Column : std::size_t {
  kSubmit,
  kGpus,
  kRunTime,
  kName,
  kTenant,
  kEstimate,
  kParameters,
  kPriority,
  kDeadline,
  kFlexibility,
  kMinGpus,
  kMaxGpusColumn,
  kScaling,
  kSpeeds,
  kAfter,
  kCpus,
  kMemory,
  kShare
};

class JobsParser final : public JobRowParser {
 public:
  explicit JobsParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    std::int64_t gpus = 0;
    if (BadRow bad = time(kSubmit, kTimeRules, &out->submit.ns)) return bad;
    if (BadRow bad = parse_count(row_.field(kGpus), kGpuRules, &gpus)) return row_.at(kGpus, bad);
    if (BadRow bad = time(kRunTime, kRunTimeRules, &out->run_time.ns)) return bad;
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    out->name = row_.field(kName);
    out->tenant = row_.field(kTenant);
    out->estimate = out->run_time;
    if (given(kEstimate)) {
      if (BadRow bad = time(kEstimate, kEstimateRules, &out->estimate.ns)) return bad;
    }
    if (given(kParameters)) {
      const auto parameters = parse_double(row_.field(kParameters));
      if (!parameters || *parameters < 0 || *parameters > 1e15) {  // As proto/scenario.proto bounds it.
        return at(kParameters, {"parameters malformed", "a number from 0 to 1e15", {}, 0});
      }
      out->parameters = *parameters;
    }
    if (BadRow bad = urgency(out)) return bad;
    if (BadRow bad = range(out)) return bad;
    if (BadRow bad = scaling(out)) return bad;
    if (BadRow bad = speeds(out)) return bad;
    return rest(out);
  }

 private:
  bool given(Column c) const { return !row_.field(c).empty(); }
  // `bad`, where it is and what is there.
  BadRow at(Column c, BadRow bad) const {
    bad.got = row_.field(c);
    return row_.at(c, bad);
  }
  BadRow time(Column c, const NumberRules& rules, std::int64_t* ns) const {
    const BadRow bad = parse_time(row_.field(c), kSecond, rules, ns);
    return bad ? row_.at(c, bad) : BadRow{};
  }

  BadRow urgency(TrainingJob* out) const {
    if (given(kPriority)) {
      const auto priority = parse_int64(row_.field(kPriority));
      if (!priority || *priority < -kMaxPriority || *priority > kMaxPriority) {
        return at(kPriority, {"priority malformed", "a whole number from -1000000000 to 1000000000", {}, 0});
      }
      out->priority = static_cast<std::int32_t>(*priority);
    }
    if (!given(kDeadline)) return {};
    if (BadRow bad = time(kDeadline, kDeadlineRules, &out->deadline.ns)) return bad;
    const BadRow bad = check_deadline(*out);
    return bad ? at(kDeadline, bad) : BadRow{};
  }

  BadRow range(TrainingJob* out) const {
    const std::string_view f = row_.field(kFlexibility);
    if (f == "moldable") {
      out->flexibility = Flexibility::kMoldable;
    } else if (f == "elastic") {
      out->flexibility = Flexibility::kElastic;
    } else if (!f.empty() && f != "rigid") {
      return at(kFlexibility, {"flexibility malformed", "rigid, moldable or elastic", {}, 0});
    }
    for (const auto& [column, gpus] :
         {std::pair{kMinGpus, &out->min_gpus}, std::pair{kMaxGpusColumn, &out->max_gpus}}) {
      std::int64_t count = 0;
      if (given(column)) {
        if (BadRow bad = parse_count(row_.field(column), kRangeRules, &count)) return row_.at(column, bad);
      }
      *gpus = Gpus{static_cast<std::int32_t>(count)};
      if (BadRow bad = check_gpu_range(*out)) return at(column, bad);
    }
    return {};
  }

  // Calls `part` with each of the parts of a field between ';' until it returns false.
  template <class Part>
  bool each(Column c, const Part& part) const {
    std::string_view text = row_.field(c);
    while (!text.empty()) {
      const std::size_t end = text.find(';');
      if (!part(text.substr(0, end))) return false;
      if (end == std::string_view::npos) return true;
      text.remove_prefix(end + 1);
      if (text.empty()) return false;  // Nothing behind the last ';'.
    }
    return true;
  }
  // "name=number"
  static bool pair_of(std::string_view part, std::string_view* name, double* number) {
    const std::size_t sign = part.find('=');
    if (sign == std::string_view::npos) return false;
    *name = part.substr(0, sign);
    const auto value = parse_double(part.substr(sign + 1));
    if (value) *number = *value;
    return value.ok();
  }

  BadRow scaling(TrainingJob* out) const {
    const bool read = each(kScaling, [&](std::string_view part) {
      std::string_view name;
      ScalingPoint point;
      std::int64_t gpus = 0;
      if (!pair_of(part, &name, &point.speed) || parse_count(name, kGpuRules, &gpus)) return false;
      point.gpus = Gpus{static_cast<std::int32_t>(gpus)};
      out->scaling.push_back(point);
      return true;
    });
    if (!read) return at(kScaling, {"scaling malformed", "GPUs=speed with ';' between", {}, 0});
    const BadRow bad = check_scaling(*out);
    return bad ? at(kScaling, bad) : BadRow{};
  }

  BadRow speeds(TrainingJob* out) const {
    const bool read = each(kSpeeds, [&](std::string_view part) {
      std::string_view name;
      double speed = 0;
      if (!pair_of(part, &name, &speed)) return false;
      out->speed_by_gpu.emplace_back(name, speed);
      return true;
    });
    if (!read) return at(kSpeeds, {"speeds malformed", "GPU=speed with ';' between", {}, 0});
    const BadRow bad = check_speeds(*out);
    return bad ? at(kSpeeds, bad) : BadRow{};
  }

  BadRow rest(TrainingJob* out) const {
    const bool read = each(kAfter, [&](std::string_view name) {
      out->after.emplace_back(name);
      return !name.empty();
    });
    if (!read) return at(kAfter, {"after malformed", "names of jobs with ';' between", {}, 0});
    if (BadRow bad = parse_amount(row_.field(kCpus), 1, kCpuRules, &out->cpus)) return row_.at(kCpus, bad);
    if (given(kMemory)) {
      if (BadRow bad = parse_count(row_.field(kMemory), kMemoryCount, &out->memory.value)) return row_.at(kMemory, bad);
    }
    if (!given(kShare)) return {};
    std::int64_t share = 0;
    if (BadRow bad = parse_count(row_.field(kShare), kShareRules, &share)) return row_.at(kShare, bad);
    out->share = MilliGpus{static_cast<std::int32_t>(share)};
    const BadRow bad = check_gpu_share(*out);
    return bad ? at(kShare, bad) : BadRow{};
  }

  CsvRow row_;
};

}  // namespace

const LineFormat kJobsFormat{"csv",
                             "",
                             true,
                             0,
                             false,
                             [](std::string_view line) {
                               return csv_header_has(line, {"submit", "num_gpus", "dur"});
                             },
                             nullptr,
                             [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<JobRowParser>> {
                               auto row = CsvRow::bind(header, {"submit", "num_gpus", "dur"},
                                                       {"job_id", "vc", "estimate", "parameters", "priority",
                                                        "deadline", "flexibility", "min_gpus", "max_gpus", "scaling",
                                                        "speed_by_gpu", "after", "cpus", "memory_bytes", "gpu_milli"});
                               if (!row) return row.error();
                               return std::unique_ptr<JobRowParser>(std::make_unique<JobsParser>(*std::move(row)));
                             }};

}  // namespace jevons
