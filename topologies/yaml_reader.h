// Reading YAML with one error a mistake: file, line, path, what was expected.  Internal to topologies.
#ifndef JEVONS_TOPOLOGIES_YAML_READER_H_
#define JEVONS_TOPOLOGIES_YAML_READER_H_

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace jevons {

class YamlReader {
 public:
  explicit YamlReader(std::string file) : file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  Error error(const YAML::Node& at, const std::string& path, std::string message) const;
  Error unknown_key(const YAML::Node& at, const std::string& path, std::vector<std::string> known) const;
  Result<std::string> scalar(const YAML::Node& node, const std::string& path, std::string_view expected) const;
  // Every key is a scalar and given once (yaml-cpp keeps the second of two equal keys silently out of sight).
  Status check_keys(const YAML::Node& map, const std::string& path) const;
  // `node` is a map with good keys.
  Status check_map(const YAML::Node& node, const std::string& path, std::string_view expected) const;
  // A number from low to high, both allowed.
  Status read_number(const YAML::Node& node, const std::string& path, double low, double high, double* out) const;
  Status read_number(const YAML::Node& node, const std::string& path, std::int64_t low, std::int64_t high,
                     std::int64_t* out) const;
  Status read_number(const YAML::Node& node, const std::string& path, std::int32_t low, std::int32_t high,
                     std::int32_t* out) const;

 private:
  std::string file_;
};

// A node as an error quotes it: "'12x'", "a list".
std::string quoted(const YAML::Node& node);

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_YAML_READER_H_
