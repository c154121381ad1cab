// One pass over the JSON; keys are Python tuples in text.
#include "traces/format/throughputs.h"

#include <simdjson.h>

#include <cmath>

#include "base/file.h"
#include "traces/fields.h"

namespace jevons {
namespace {

constexpr std::string_view kElsewhere = "_unconsolidated";

// "('ResNet-18 (batch size 16)', 1)"
bool split_key(std::string_view key, std::string_view* job_type, std::int64_t* gpus) {
  const std::size_t middle = key.rfind("', ");
  if (!key.starts_with("('") || !key.ends_with(")") || middle == std::string_view::npos || middle < 2) return false;
  *job_type = key.substr(2, middle - 2);
  return !parse_count(key.substr(middle + 3, key.size() - middle - 4), kGpuRules, gpus);
}

Error malformed(const std::string& path, std::string_view at, const std::string& expected) {
  return {"throughputs malformed at '" + std::string(at.substr(0, 60)) + "' (expected " + expected + ")", path};
}

}  // namespace

Result<Throughputs> Throughputs::read(const std::string& path) {
  auto text = read_whole_file(path);
  if (!text) return text.error();
  const simdjson::padded_string padded(*text);
  simdjson::dom::parser parser;
  simdjson::dom::object gpus;
  if (parser.parse(padded).get_object().get(gpus)) return malformed(path, "", "a JSON object by GPU type");
  Throughputs t;
  for (const auto [gpu, value] : gpus) {
    if (gpu.ends_with(kElsewhere)) continue;
    simdjson::dom::object jobs;
    if (value.get_object().get(jobs)) return malformed(path, gpu, "an object by job type");
    auto& by_type = t.by_gpu_[std::string(gpu)];
    for (const auto [key, partners] : jobs) {
      std::string_view job_type;
      std::int64_t size = 0;
      if (!split_key(key, &job_type, &size)) return malformed(path, key, "a key like ('JOB TYPE', GPUS)");
      double alone = 0;
      if (partners["null"].get_double().get(alone) || !std::isfinite(alone) || alone < 0) {
        return malformed(path, key, "a number of steps per second under \"null\"");
      }
      by_type[std::string(job_type)][size] = alone;
    }
  }
  if (t.by_gpu_.empty()) return malformed(path, "", "at least one GPU type");
  return t;
}

std::vector<std::string> Throughputs::gpu_types() const {
  std::vector<std::string> names;
  for (const auto& [name, jobs] : by_gpu_) names.push_back(name);
  return names;
}

double Throughputs::find(const std::string& gpu, std::string_view job_type, std::int64_t gpus, bool scale) const {
  const auto types = by_gpu_.find(gpu);
  if (types == by_gpu_.end()) return 0;
  const auto sizes = types->second.find(job_type);
  if (sizes == types->second.end()) return 0;
  const auto above = sizes->second.upper_bound(gpus);
  if (above == sizes->second.begin()) return 0;
  const auto& [size, steps] = *std::prev(above);
  if (size == gpus) return steps;
  return scale ? steps * static_cast<double>(gpus) / static_cast<double>(size) : 0;
}

}  // namespace jevons
