// Alibaba's openb pods (cluster-trace-gpu-v2023): name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,
// creation_time,deletion_time,scheduled_time.  Times are seconds.
//
// Run time = deletion_time - scheduled_time; a pod that was never scheduled (Pending) has none and is a bad row, as is
// one without GPUs.  With num_gpu = 1, gpu_milli below 1000 is a share of a GPU; TraceOptions::gpu_shares says what
// becomes of it.  gpu_spec "A|B" allows only these of the cluster's types: the others get speed 0.
#include <algorithm>
#include <array>

#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kWhole = 1000;
constexpr double kMebibyte = 1'048'576;

// `model` in openb_node_list_all_node.csv.
constexpr std::array<std::string_view, 7> kTypes{"A10", "G2", "G3", "P100", "T4", "V100M16", "V100M32"};

constexpr NumberRules kMilliRules{"GPU share malformed",
                                  "GPU share negative",
                                  "GPU share zero",
                                  "GPU share out of range",
                                  "thousandths of a GPU, 1 to 1000",
                                  kWhole};

class OpenbParser final : public JobRowParser {
 public:
  OpenbParser(CsvRow row, const TraceOptions& options)
      : row_(std::move(row)), shares_(options.gpu_shares), names_(options.gpu_names) {}

  BadRow parse(std::string_view line, TrainingJob* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    std::int64_t gpus = 0, milli = 0;
    if (BadRow bad = parse_count(row_.field(kGpus), kGpuRules, &gpus)) return row_.at(kGpus, bad);
    if (BadRow bad = parse_count(row_.field(kMilli), kMilliRules, &milli)) return row_.at(kMilli, bad);
    if (gpus == 1 && milli < kWhole) {
      if (shares_ == GpuShares::kBadRow) {
        return row_.at(kMilli, {"GPU share", "1000, a whole GPU", row_.field(kMilli), 0});
      }
      if (shares_ == GpuShares::kShare) out->share = MilliGpus{static_cast<std::int32_t>(milli)};
    }
    out->gpus = Gpus{static_cast<std::int32_t>(gpus)};
    if (BadRow bad = times(out)) return bad;
    if (BadRow bad = parse_amount(row_.field(kCpu), 1e-3, kCpuRules, &out->cpus)) return row_.at(kCpu, bad);
    double memory = 0;
    if (BadRow bad = parse_amount(row_.field(kMemory), kMebibyte, kMemoryRules, &memory)) return row_.at(kMemory, bad);
    out->memory = Bytes{static_cast<std::int64_t>(memory)};
    out->name = row_.field(kName);
    return allowed_types(out);
  }

 private:
  enum : std::size_t { kName, kCpu, kMemory, kGpus, kMilli, kCreated, kDeleted, kScheduled, kSpec };

  BadRow times(TrainingJob* out) const {
    if (BadRow bad = parse_time(row_.field(kCreated), kSecond, kTimeRules, &out->submit.ns))
      return row_.at(kCreated, bad);
    if (row_.field(kScheduled).empty()) {
      return row_.at(kScheduled, {"never started", "a time; the pod was never scheduled", row_.field(kScheduled), 0});
    }
    std::int64_t from = 0, to = 0;
    if (BadRow bad = parse_time(row_.field(kScheduled), kSecond, kStartRules, &from)) return row_.at(kScheduled, bad);
    if (row_.field(kDeleted).empty()) {
      return row_.at(kDeleted, {"never ended", "a time; the pod was still there", row_.field(kDeleted), 0});
    }
    if (BadRow bad = parse_time(row_.field(kDeleted), kSecond, kEndRules, &to)) return row_.at(kDeleted, bad);
    if (BadRow bad = run_between(from, to, row_.field(kDeleted), &out->run_time)) return row_.at(kDeleted, bad);
    out->estimate = out->run_time;
    return {};
  }

  std::string our_name(std::string_view type) const {
    for (const auto& [from, to] : names_) {
      if (from == type) return to;
    }
    return std::string(type);
  }

  // Speed 0 for every type of the cluster that the pod does not name; those it names run as the scenario says.
  BadRow allowed_types(TrainingJob* out) const {
    std::string_view spec = row_.field(kSpec);
    if (spec.empty()) return {};
    std::vector<std::string> allowed;
    for (;;) {
      const std::size_t end = std::min(spec.find('|'), spec.size());
      const std::string_view type = spec.substr(0, end);
      if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
        return row_.at(kSpec, {"GPU type unknown", "types of openb with '|' between", row_.field(kSpec), 0});
      }
      allowed.push_back(our_name(type));
      if (end == spec.size()) break;
      spec.remove_prefix(end + 1);
    }
    for (const std::string_view type : kTypes) {
      const std::string name = our_name(type);
      const bool named = std::find(allowed.begin(), allowed.end(), name) != allowed.end();
      const bool there = std::any_of(out->speed_by_gpu.begin(), out->speed_by_gpu.end(),
                                     [&](const auto& speed) { return speed.first == name; });
      if (!named && !there) out->speed_by_gpu.emplace_back(name, 0.0);
    }
    return {};
  }

  CsvRow row_;
  GpuShares shares_;
  std::vector<std::pair<std::string, std::string>> names_;
};

}  // namespace

const LineFormat kOpenbFormat{
    "openb",
    "Alibaba openb pods 2023, CSV (name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,...,creation_time,...)",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"});
    },
    nullptr,
    [](std::string_view header, const TraceOptions& options) -> Result<std::unique_ptr<JobRowParser>> {
      auto row = CsvRow::bind(header,
                              {"name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "creation_time",
                               "deletion_time", "scheduled_time"},
                              {"gpu_spec"});
      if (!row) return row.error();
      return std::unique_ptr<JobRowParser>(std::make_unique<OpenbParser>(*std::move(row), options));
    }};

}  // namespace jevons
