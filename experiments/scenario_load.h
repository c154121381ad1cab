// A scenario file -> a protobuf message and the place of every field in the file.
//
// YAML (.yaml, .yml), JSON (.json) and protobuf text format (.txtpb, .textproto, .pbtxt) fill the same message.  Only
// the form is checked here: names, types, duplicates.  Values are checked by scenario_rules.h and scenario_check.h.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_LOAD_H_
#define JEVONS_EXPERIMENTS_SCENARIO_LOAD_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "experiments/scenario_tree.h"
#include "proto/scenario.pb.h"

namespace jevons {

inline constexpr std::size_t kMaxScenarioBytes = 16u << 20;

// Path of a field ("serving.pools[0].slo.ttft") -> where it was written.
class FieldPlaces {
 public:
  explicit FieldPlaces(std::string file_name) : file_name_(std::move(file_name)) {}

  void set(const std::string& path, TextPlace place) { places_[path] = place_text(file_name_, place); }
  // Forgets the places of what `path` held before.
  void set_override(const std::string& path, const std::string& text);
  // "scenario.yaml:12:7: serving.pools[0].slo.ttft".  A field that was not written has the place of what it belongs to.
  std::string where(const std::string& path) const;
  Error error(const std::string& path, std::string message) const { return Error{std::move(message), where(path)}; }
  const std::string& file_name() const { return file_name_; }

 private:
  std::string file_name_;
  std::map<std::string, std::string> places_;
};

struct ScenarioFile {
  std::string path;
  FieldPlaces places;
  proto::Scenario message;
};

// At most kMaxScenarioBytes of UTF-8 text from a regular file.
Result<std::string> read_scenario_text(const std::string& path);

// `text` in the format that the extension of `path` names.
Result<ScenarioFile> parse_scenario(const std::string& path, std::string_view text);

// Sets one field, "path=value"; the value is written as in YAML.  Lists are indexed, or searched by name or label:
// "serving.pools[chat].slo.ttft=2s".
Status apply_override(const std::string& text, ScenarioFile* file);

// The pieces of parse_scenario.  `path` is the path of `message` ("" for the whole scenario).
Status fill_from_tree(const TextTree& tree, const std::string& path, google::protobuf::Message* message,
                      FieldPlaces* places);
Status fill_from_text_format(std::string_view text, proto::Scenario* message, FieldPlaces* places);
// One field of `message` from one value.
Status fill_field(const TextTree& tree, const std::string& path, const google::protobuf::FieldDescriptor& field,
                  google::protobuf::Message* message, FieldPlaces* places);

// "a.b" from "a" and "b".
std::string join_path(const std::string& path, const std::string& name);
std::string index_path(const std::string& path, int index);
std::vector<std::string> field_names(const google::protobuf::Descriptor& type);
// What `type` is called in errors: "a pool group" for PoolGroup.
std::string spoken_name(const google::protobuf::Descriptor& type);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_LOAD_H_
