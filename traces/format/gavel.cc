// Gavel jobs (OSDI'20): one a line, fields between TABs, no header.
//   7 columns (2019): job_type, command, steps_arg, needs_data_dir, total_steps, arrival_s, scale_factor
//   10 columns (2021): job_type, command, working_dir, steps_arg, needs_data_dir, total_steps, scale_factor,
//                      priority_weight, SLO, arrival_s
//
// The work is a number of steps, so run times need measured steps per second (throughputs.h): run time = total_steps /
// throughput on `reference_type`; speed_by_gpu is the throughput on each type over that, 0 where the job does not run.
// SLO is a multiple of the run time, -1 for none: deadline = arrival + SLO x run time, as Gavel's scheduler has it (its
// `duration` is our run time).  The priority is the weight, rounded.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "traces/format/format.h"
#include "traces/format/throughputs.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kShort = 7, kLong = 10;
constexpr const char* kColumns = "7 or 10 columns between TABs, as many in every row";

constexpr NumberRules kStepRules{
    "steps malformed",        "steps negative", "steps zero", "steps out of range", "a whole number from 1 to 10^18",
    1'000'000'000'000'000'000};

struct Fields {
  std::array<std::string_view, kLong> text{};
  std::array<std::size_t, kLong> column{};
  std::size_t count = 0;  // May be one too many.
  BadRow at(std::size_t i, BadRow bad) const {
    bad.column = column[i];
    return bad;
  }
};

Fields split(std::string_view line) {
  Fields f;
  for (std::size_t pos = 0;;) {
    const std::size_t end = std::min(line.find('\t', pos), line.size());
    if (f.count < kLong) {
      f.text[f.count] = line.substr(pos, end - pos);
      f.column[f.count] = pos + 1;
    }
    ++f.count;
    if (end == line.size() || f.count > kLong) return f;
    pos = end + 1;
  }
}

// Places of the columns.
struct Layout {
  std::size_t flag, steps, gpus, arrival, weight, slo;  // The last two: 0 = not there.
};
constexpr Layout kLayoutShort{3, 4, 6, 5, 0, 0}, kLayoutLong{4, 5, 6, 9, 7, 8};

class GavelParser final : public JobRowParser {
 public:
  GavelParser(Throughputs throughputs, const TraceOptions& options)
      : throughputs_(std::move(throughputs)), reference_(options.reference_type), scale_(options.scale_throughputs) {
    for (const std::string& type : throughputs_.gpu_types()) {
      std::string name = type;
      for (const auto& [from, to] : options.gpu_names) {
        if (from == type) name = to;
      }
      types_.emplace_back(type, name);
    }
  }

  BadRow parse(std::string_view line, TrainingJob* out) override {
    const Fields f = split(line);
    if ((f.count != kShort && f.count != kLong) || (columns_ != 0 && f.count != columns_)) {
      return {f.count < (columns_ == 0 ? kShort : columns_) ? "too few columns" : "too many columns", kColumns, line,
              line.size() + 1};
    }
    const Layout& at = f.count == kShort ? kLayoutShort : kLayoutLong;
    std::int64_t steps = 0, gpus = 0;
    if (f.text[at.flag] != "0" && f.text[at.flag] != "1") {
      return f.at(at.flag, {"data flag malformed", "0 or 1", f.text[at.flag], 0});
    }
    if (BadRow bad = parse_count(f.text[at.steps], kStepRules, &steps)) return f.at(at.steps, bad);
    if (BadRow bad = parse_count(f.text[at.gpus], kGpuRules, &gpus)) return f.at(at.gpus, bad);
    if (BadRow bad = parse_time(f.text[at.arrival], kSecond, kTimeRules, &out->submit.ns)) return f.at(at.arrival, bad);
    columns_ = f.count;
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    if (BadRow bad = run_time(f, steps, out)) return bad;
    return at.weight == 0 ? BadRow{} : urgency(f, out);
  }

 private:
  BadRow run_time(const Fields& f, std::int64_t steps, TrainingJob* out) const {
    const double reference = throughputs_.find(reference_, f.text[0], out->gpus.value, scale_);
    if (reference == 0) {
      return f.at(
          0, {"throughput unknown", "a job type and GPUs that the throughputs have on reference_type", f.text[0], 0});
    }
    const double seconds = static_cast<double>(steps) / reference;
    if (seconds < 1e-9) return f.at(0, {kRunTimeRules.zero, kRunTimeRules.expected, f.text[0], 0});
    if (!(seconds < 1e-9 * static_cast<double>(kMaxTimeNs))) {
      return f.at(0, {kRunTimeRules.out_of_range, kRunTimeRules.expected, f.text[0], 0});
    }
    out->run_time = out->estimate = duration_from_seconds(seconds);
    for (const auto& [type, name] : types_) {
      const double speed = throughputs_.find(type, f.text[0], out->gpus.value, scale_) / reference;
      if (speed > kMaxSpeed) return f.at(0, {"speeds malformed", "speeds up to 1e6", f.text[0], 0});
      out->speed_by_gpu.emplace_back(name, speed);
    }
    return {};
  }

  BadRow urgency(const Fields& f, TrainingJob* out) const {
    const auto weight = parse_double(f.text[kLayoutLong.weight]);
    if (!weight || *weight < 0 || *weight > 1e9) {
      return f.at(kLayoutLong.weight, {"priority malformed", "a weight from 0 to 1e9", f.text[kLayoutLong.weight], 0});
    }
    out->priority = static_cast<std::int32_t>(std::lround(*weight));
    const std::string_view text = f.text[kLayoutLong.slo];
    const auto slo = parse_double(text);
    if (!slo || (*slo <= 0 && *slo != -1)) {
      return f.at(kLayoutLong.slo, {"SLO malformed", "-1 or a multiple of the run time above 0", text, 0});
    }
    if (*slo == -1) return {};
    const double slack = std::floor(*slo * static_cast<double>(out->run_time.ns) + 0.5);
    if (slack < 1 || slack + static_cast<double>(out->submit.ns) >= static_cast<double>(kMaxTimeNs)) {
      return f.at(kLayoutLong.slo, {kDeadlineRules.out_of_range, kDeadlineRules.expected, text, 0});
    }
    out->deadline = out->submit + Duration{static_cast<std::int64_t>(slack)};
    return {};
  }

  Throughputs throughputs_;
  std::string reference_;
  bool scale_;
  std::vector<std::pair<std::string, std::string>> types_;  // Name there, name here.
  std::size_t columns_ = 0;                                 // Of the rows so far.
};

Status check_types(const Throughputs& throughputs, const TraceOptions& options) {
  const std::vector<std::string> types = throughputs.gpu_types();
  const auto known = [&](const std::string& name) {
    return std::find(types.begin(), types.end(), name) != types.end();
  };
  if (!known(options.reference_type)) {
    return Error{"unknown GPU type '" + options.reference_type + "'" + nearest_hint(options.reference_type, types),
                 options.throughputs};
  }
  std::vector<std::string> names;
  for (const std::string& type : types) {
    std::string name = type;
    for (const auto& [from, to] : options.gpu_names) {
      if (from == type) name = to;
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return Error{"two GPU types are called '" + name + "' (expected a name for each)", options.throughputs};
    }
    names.push_back(name);
  }
  return Ok{};
}

}  // namespace

const LineFormat kGavelFormat{
    "gavel",
    "Gavel jobs 2019 and 2021 (7 or 10 columns between TABs); needs a file of throughputs",
    false,
    0,
    true,
    [](std::string_view line) {
      const Fields f = split(line);
      if (f.count != kShort && f.count != kLong) return false;
      const std::string_view flag = f.text[f.count == kShort ? kLayoutShort.flag : kLayoutLong.flag];
      return flag == "0" || flag == "1";
    },
    nullptr,
    [](std::string_view, const TraceOptions& options) -> Result<std::unique_ptr<JobRowParser>> {
      if (options.throughputs.empty()) {
        return Error{
            "a gavel trace counts steps and needs steps per second (expected the option throughputs, a file "
            "like Gavel's simulation_throughputs.json)",
            ""};
      }
      auto throughputs = Throughputs::read(options.throughputs);
      if (!throughputs) return throughputs.error();
      if (Status s = check_types(*throughputs, options); !s) return s.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<GavelParser>(*std::move(throughputs), options));
    }};

}  // namespace jevons
