// Standard Workload Format (Parallel Workloads Archive): 18 numbers a line, blanks between, ';' for comments.
//
// Further numbers on a line are ignored (one log has 21).  -1 is "unknown".  Processors are field 5, or field 8 where
// that is not positive; run time is field 4, the estimate field 9, the tenant field 12.  Fields are numbered from 1, as
// the archive does.  A run below 0 or of 0 is a bad row with a reason of its own.  Field 17, the preceding job, becomes
// `after`.  Field 18, the think time between the end of that job and this submission, is not read: submit times stay as
// recorded, and already have it.
#include <array>

#include "traces/format/format.h"

namespace jevons {
namespace {

constexpr std::size_t kFields = 18;
constexpr NumberRules kProcessorRules{"GPUs malformed",    "GPUs negative",         "GPUs zero",
                                      "GPUs out of range", "processors, 1 or more", kMaxTimeNs};

struct Fields {
  std::array<std::string_view, kFields> text{};
  std::array<std::size_t, kFields> column{};
  std::size_t count = 0;
  BadRow at(std::size_t field, BadRow bad) const {
    bad.column = column[field - 1];
    return bad;
  }
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

Fields split(std::string_view line) {
  Fields f;
  std::size_t pos = 0;
  while (f.count < kFields) {
    while (pos < line.size() && is_blank(line[pos])) ++pos;
    if (pos == line.size()) break;
    const std::size_t from = pos;
    while (pos < line.size() && !is_blank(line[pos])) ++pos;
    f.text[f.count] = line.substr(from, pos - from);
    f.column[f.count++] = from + 1;
  }
  return f;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.-+eE") == std::string_view::npos;
}

class SwfParser final : public JobRowParser {
 public:
  SwfParser(std::int64_t processors_per_gpu, bool cut) : processors_per_gpu_(processors_per_gpu), cut_(cut) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    const Fields f = split(line);
    if (f.count < kFields) return {"too few columns", "18 numbers", line, line.size() + 1};
    for (std::size_t i = 1; i <= kFields; ++i) {
      if (!is_number(f.text[i - 1])) return f.at(i, {"number malformed", "a number", f.text[i - 1], 0});
    }
    constexpr std::int64_t kSecond = 1'000'000'000;
    if (BadRow bad = parse_time(f.text[1], kSecond, kTimeRules, &out->submit.ns)) return f.at(2, bad);
    if (BadRow bad = parse_time(f.text[3], kSecond, kRunTimeRules, &out->run_time.ns)) return f.at(4, bad);
    std::int64_t processors = 0;
    if (parse_count(f.text[4], kProcessorRules, &processors)) {  // Unknown here: what was asked for.
      if (BadRow bad = parse_count(f.text[7], kProcessorRules, &processors)) return f.at(8, bad);
    }
    const std::int64_t gpus = (processors - 1) / processors_per_gpu_ + 1;
    if (gpus > kMaxGpus) return f.at(5, {kGpuRules.out_of_range, kGpuRules.expected, f.text[4], 0});
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    out->estimate = out->run_time;
    std::int64_t asked = 0;
    if (!parse_time(f.text[8], kSecond, kEstimateRules, &asked)) {  // -1 and 0 are "unknown".
      out->estimate = Duration{asked};
      if (cut_ && asked < out->run_time.ns) out->run_time = out->estimate;
    }
    out->name = f.text[0];
    out->tenant = f.text[11] == "-1" ? std::string_view{} : f.text[11];
    if (f.text[16].front() != '-' && f.text[16] != "0") out->after.emplace_back(f.text[16]);
    return {};
  }

 private:
  std::int64_t processors_per_gpu_;
  bool cut_;
};

}  // namespace

const LineFormat kSwfFormat{"swf",
                            "Standard Workload Format, Parallel Workloads Archive (18 numbers a line)",
                            false,
                            ';',
                            true,
                            [](std::string_view line) {
                              const Fields f = split(line);
                              for (std::size_t i = 0; i < f.count; ++i) {
                                if (!is_number(f.text[i])) return false;
                              }
                              return f.count == kFields;
                            },
                            nullptr,
                            [](std::string_view, const TraceOptions& options) -> Result<std::unique_ptr<JobRowParser>> {
                              return std::unique_ptr<JobRowParser>(
                                  std::make_unique<SwfParser>(options.processors_per_gpu, options.cut_at_estimate));
                            }};

}  // namespace jevons
