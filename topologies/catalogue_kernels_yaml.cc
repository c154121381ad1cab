// Kernel constants from YAML: every key known, every number in range.
#include "topologies/catalogue_kernels_yaml.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace jevons {
namespace {

constexpr std::size_t kMaxKnots = 64;
constexpr double kAny = 1e18;

class KernelsYaml {
 public:
  explicit KernelsYaml(const YamlReader& reader) : reader_(reader) {}

  Status silicon(const YAML::Node& node, const std::string& path, SiliconKernels* out) const {
    if (Status s = reader_.check_map(node, path, "a map of libraries"); !s) return s;
    for (const auto& pair : node) {
      const std::string key = pair.first.Scalar(), at = path + "." + key;
      if (key == "measured_on") {
        auto text = reader_.scalar(pair.second, at, "the name of a GPU");
        if (!text) return text.error();
        out->measured_on = *text;
      } else if (key == "link_bytes_per_s") {
        if (Status s = reader_.read_number(pair.second, at, 1e6, kAny, &out->link_bytes_per_s); !s) return s;
      } else if (key == "bf16_flops") {
        if (Status s = reader_.read_number(pair.second, at, 1e9, kAny, &out->bf16_flops); !s) return s;
      } else if (key == "sm_count") {
        if (Status s = reader_.read_number(pair.second, at, 0.0, 1e6, &out->sm_count); !s) return s;
      } else {
        KernelSet set;
        if (Status s = library(pair.second, at, &set); !s) return s;
        out->libraries[key] = std::move(set);
      }
    }
    if (out->measured_on.empty()) return reader_.error(node, path, "measured_on is missing");
    if (out->link_bytes_per_s == 0) return reader_.error(node, path, "link_bytes_per_s is missing");
    if (out->bf16_flops == 0) return reader_.error(node, path, "bf16_flops is missing");
    return Ok{};
  }

 private:
  Status library(const YAML::Node& node, const std::string& path, KernelSet* set) const {
    if (Status s = reader_.check_map(node, path, "a map of kernels"); !s) return s;
    for (const auto& pair : node) {
      const std::string key = pair.first.Scalar(), at = path + "." + key;
      Status s = Ok{};
      bool known = false;
      std::vector<std::string> names{"collectives", "expert_tables"};
      for_each_family(
          [&](const char* name, auto& member) {
            names.emplace_back(name);
            if (key != name) return;
            known = true;
            s = family(pair.second, at, &member, &set->info[key]);
          },
          *set);
      if (key == "collectives") {
        known = true;
        s = collectives(pair.second, at, set);
      }
      if (key == "expert_tables") {
        known = true;
        s = expert_tables(pair.second, at, set);
      }
      if (!known) return reader_.unknown_key(pair.first, at, names);
      if (!s) return s;
    }
    return Ok{};
  }

  template <class Family>
  Status family(const YAML::Node& node, const std::string& path, std::optional<Family>* out, FamilyInfo* info) const {
    if (Status s = reader_.check_map(node, path, "a map of numbers"); !s) return s;
    Family value;
    for (const auto& pair : node) {
      const std::string key = pair.first.Scalar(), at = path + "." + key;
      if (key == "source" || key == "range") {
        if (Status s = about(key, pair.second, at, info); !s) return s;
        continue;
      }
      std::vector<std::string> names{"source", "range"};
      bool known = false;
      for (const KernelField<Family>& f : kernel_fields<Family>()) {
        names.emplace_back(f.name);
        if (f.name != key) continue;
        known = true;
        if (Status s = reader_.read_number(pair.second, at, f.low, f.high, &(value.*f.field)); !s) return s;
      }
      if (!known) return reader_.unknown_key(pair.first, at, names);
    }
    *out = value;
    return Ok{};
  }

  Status about(const std::string& key, const YAML::Node& node, const std::string& path, FamilyInfo* info) const {
    if (key == "source") {
      auto text = reader_.scalar(node, path, "text");
      if (!text) return text.error();
      info->source = *text;
      return Ok{};
    }
    if (Status s = reader_.check_map(node, path, "a map of [lowest, highest]"); !s) return s;
    for (const auto& pair : node) {
      const std::string at = path + "." + pair.first.Scalar();
      std::vector<double> ends;
      if (Status s = numbers(pair.second, at, &ends); !s) return s;
      if (ends.size() != 2 || ends[0] > ends[1]) {
        return reader_.error(pair.second, at, "expected [lowest, highest], got " + quoted(pair.second));
      }
      info->range[pair.first.Scalar()] = {ends[0], ends[1]};
    }
    return Ok{};
  }

  Status numbers(const YAML::Node& node, const std::string& path, std::vector<double>* out) const {
    if (!node.IsSequence() || node.size() > kMaxKnots) {
      return reader_.error(node, path,
                           "expected a list of at most " + std::to_string(kMaxKnots) + " numbers, got " + quoted(node));
    }
    for (std::size_t i = 0; i < node.size(); ++i) {
      double v = 0;
      if (Status s = reader_.read_number(node[i], path + "[" + std::to_string(i) + "]", 0.0, kAny, &v); !s) return s;
      out->push_back(v);
    }
    return Ok{};
  }

  // op -> {source, bytes: [...], GPUs: [microseconds, ...], ...}
  Status collectives(const YAML::Node& node, const std::string& path, KernelSet* set) const {
    if (Status s = reader_.check_map(node, path, "a map of operations"); !s) return s;
    for (const auto& pair : node) {
      const std::string op = pair.first.Scalar(), at = path + "." + op;
      if (Status s = collective(pair.second, at, op, set); !s) return s;
    }
    return Ok{};
  }

  Status collective(const YAML::Node& node, const std::string& path, const std::string& op, KernelSet* set) const {
    if (Status s = reader_.check_map(node, path, "a map of source, bytes and GPUs"); !s) return s;
    if (!node["bytes"]) return reader_.error(node, path, "bytes is missing");
    std::vector<double> bytes;
    if (Status s = numbers(node["bytes"], path + ".bytes", &bytes); !s) return s;
    for (const auto& pair : node) {
      const std::string key = pair.first.Scalar(), at = path + "." + key;
      if (key == "bytes") continue;
      if (key == "source") {
        if (Status s = about(key, pair.second, at, &set->info[op]); !s) return s;
        continue;
      }
      std::int32_t gpus = 0;
      if (Status s = reader_.read_number(pair.first, at, 2, 1024, &gpus); !s) return s;
      if (Status s = curve(pair.second, at, bytes, "bytes", &set->collectives[op][gpus]); !s) return s;
    }
    return Ok{};
  }

  // {source, tokens: [...], "hidden/width/chosen/experts/tensor/expert": [microseconds, ...], ...}
  Status expert_tables(const YAML::Node& node, const std::string& path, KernelSet* set) const {
    if (Status s = reader_.check_map(node, path, "a map of source, tokens and shapes"); !s) return s;
    if (!node["tokens"]) return reader_.error(node, path, "tokens is missing");
    std::vector<double> tokens;
    if (Status s = numbers(node["tokens"], path + ".tokens", &tokens); !s) return s;
    for (const auto& pair : node) {
      const std::string key = pair.first.Scalar(), at = path + "." + key;
      if (key == "tokens") continue;
      if (key == "source") {
        if (Status s = about(key, pair.second, at, &set->info["expert_tables"]); !s) return s;
        continue;
      }
      const auto shape = expert_shape(key);
      if (!shape) {
        return reader_.error(pair.first, at,
                             "expected hidden/width/chosen/experts/tensor/expert, six whole numbers from 1");
      }
      if (Status s = curve(pair.second, at, tokens, "tokens", &set->expert_tables[*shape]); !s) return s;
    }
    return Ok{};
  }

  static std::optional<ExpertShape> expert_shape(std::string_view key) {
    ExpertShape shape;
    double* const parts[] = {&shape.hidden, &shape.width, &shape.chosen, &shape.experts, &shape.tensor, &shape.expert};
    for (std::size_t i = 0; i < std::size(parts); ++i) {
      const std::size_t end = std::min(key.find('/'), key.size());
      const auto v = parse_int64(key.substr(0, end));
      if (!v || *v < 1 || *v > 100'000'000) return std::nullopt;
      *parts[i] = static_cast<double>(*v);
      if ((end == key.size()) != (i + 1 == std::size(parts))) return std::nullopt;
      key.remove_prefix(std::min(end + 1, key.size()));
    }
    return shape;
  }

  // Microseconds at `at`, both rising.
  Status curve(const YAML::Node& node, const std::string& path, const std::vector<double>& at, const char* what,
               CollectiveCurve* out) const {
    *out = CollectiveCurve{at, {}};
    if (Status s = numbers(node, path, &out->seconds); !s) return s;
    for (double& us : out->seconds) us *= 1e-6;
    if (!rises(out->bytes) || out->bytes.size() < 2 || out->seconds.size() != out->bytes.size() ||
        !rises(out->seconds)) {
      return reader_.error(node, path,
                           std::string("expected as many microseconds as ") + what + ", at least two, both rising");
    }
    return Ok{};
  }

  static bool rises(const std::vector<double>& v) {
    return !v.empty() && v.front() > 0 && std::adjacent_find(v.begin(), v.end(), std::greater_equal<>()) == v.end();
  }

  const YamlReader& reader_;
};

}  // namespace

Status read_kernels(const YamlReader& reader, const YAML::Node& node,
                    std::map<std::string, SiliconKernels, std::less<>>* kernels) {
  if (Status s = reader.check_map(node, "kernels", "a map of names"); !s) return s;
  for (const auto& pair : node) {
    const std::string name = pair.first.Scalar();
    SiliconKernels silicon;
    silicon.name = name;
    if (Status s = KernelsYaml(reader).silicon(pair.second, "kernels." + name, &silicon); !s) return s;
    (*kernels)[name] = std::move(silicon);
  }
  return Ok{};
}

}  // namespace jevons
