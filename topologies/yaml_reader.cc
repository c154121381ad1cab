// Reading YAML with errors that name their place.
#include "topologies/yaml_reader.h"

#include <set>

#include "base/text.h"

namespace jevons {

std::string quoted(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  if (!node.IsScalar()) return "nothing";
  return "'" + node.Scalar().substr(0, 60) + "'";
}

Error YamlReader::error(const YAML::Node& at, const std::string& path, std::string message) const {
  const YAML::Mark mark = at.Mark();
  const std::string line = mark.is_null() ? "" : ":" + std::to_string(mark.line + 1);
  return {std::move(message), file_ + line + (path.empty() ? "" : ": " + path)};
}

Error YamlReader::unknown_key(const YAML::Node& at, const std::string& path, std::vector<std::string> known) const {
  return error(at, path, "unknown key" + nearest_hint(at.IsScalar() ? at.Scalar() : "", known));
}

Result<std::string> YamlReader::scalar(const YAML::Node& node, const std::string& path,
                                       std::string_view expected) const {
  if (!node.IsScalar() || node.Scalar().size() > 1000) {
    return error(node, path, "expected " + std::string(expected) + ", got " + quoted(node));
  }
  return node.Scalar();
}

Status YamlReader::check_keys(const YAML::Node& map, const std::string& path) const {
  std::set<std::string> seen;
  for (const auto& pair : map) {
    auto key = scalar(pair.first, path, "a key");
    if (!key) return key.error();
    if (!seen.insert(*key).second) return error(pair.first, path.empty() ? *key : path + "." + *key, "given twice");
  }
  return Ok{};
}

Status YamlReader::check_map(const YAML::Node& node, const std::string& path, std::string_view expected) const {
  if (!node.IsMap()) return error(node, path, "expected " + std::string(expected) + ", got " + quoted(node));
  return check_keys(node, path);
}

Status YamlReader::read_number(const YAML::Node& node, const std::string& path, double low, double high,
                               double* out) const {
  const std::string expected = "a number from " + text_of(low) + " to " + text_of(high);
  auto text = scalar(node, path, expected);
  if (!text) return text.error();
  const auto v = parse_double(*text);
  if (!v || !(*v >= low && *v <= high)) return error(node, path, "expected " + expected + ", got " + quoted(node));
  *out = *v;
  return Ok{};
}

Status YamlReader::read_number(const YAML::Node& node, const std::string& path, std::int64_t low, std::int64_t high,
                               std::int64_t* out) const {
  const std::string expected = "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  auto text = scalar(node, path, expected);
  if (!text) return text.error();
  const auto v = parse_int64(*text);
  if (!v || *v < low || *v > high) return error(node, path, "expected " + expected + ", got " + quoted(node));
  *out = *v;
  return Ok{};
}

Status YamlReader::read_number(const YAML::Node& node, const std::string& path, std::int32_t low, std::int32_t high,
                               std::int32_t* out) const {
  std::int64_t wide = 0;
  if (Status s = read_number(node, path, std::int64_t{low}, std::int64_t{high}, &wide); !s) return s;
  *out = static_cast<std::int32_t>(wide);
  return Ok{};
}

}  // namespace jevons
