// Catalogue entries from YAML: every key known, every value in range, every error with its line and path.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "topologies/catalogue.h"
#include "topologies/catalogue_fields.h"
#include "topologies/catalogue_kernels_yaml.h"
#include "topologies/yaml_reader.h"

namespace jevons {

// Reads one file into a copy of the catalogue, so that an error leaves the catalogue as it was.
class CatalogueYaml : private YamlReader {
 public:
  CatalogueYaml(Catalogue* catalogue, std::string file) : YamlReader(std::move(file)), catalogue_(*catalogue) {}
  Status read(const YAML::Node& root);

 private:
  template <class Spec>
  using Specs = std::map<std::string, Spec, std::less<>>;

  Status read_sources(const YAML::Node& node);
  template <class Spec>
  Status read_section(const YAML::Node& node, const std::string& section, Specs<Spec>* specs);
  template <class Spec>
  Result<Spec> start(const YAML::Node& entry, const std::string& path) const;
  Status read_entry(const YAML::Node& entry, const std::string& path, GpuSpec* gpu);
  Status read_entry(const YAML::Node& entry, const std::string& path, ModelSpec* model);
  Status read_entry(const YAML::Node& entry, const std::string& path, StackSpec* stack);
  Status read_entry(const YAML::Node& entry, const std::string& path, TrainingConstants* stack);
  template <class Stack>
  Status read_stack(const YAML::Node& entry, const std::string& path,
                    const std::map<std::string, std::string Stack::*>& texts,
                    std::span<const StackField<Stack>> numbers, Stack* stack);
  Status read_gpu_field(const std::string& key, const YAML::Node& value, const std::string& path, GpuSpec* gpu);
  Status read_model_field(const std::string& key, const YAML::Node& value, const std::string& path, ModelSpec* model);
  Status read_aliases(const YAML::Node& node, const std::string& path, const std::string& name);
  Status fill_gpu(const YAML::Node& entry, const std::string& path, GpuSpec* gpu) const;
  std::string source_of(const std::string& key) const;

  Catalogue& catalogue_;
  std::map<std::string, std::string> sources_;
};

namespace {

std::vector<std::string> gpu_keys() {
  std::vector<std::string> keys{"like", "aliases", "memory", "kernels"};
  for (const GpuField& f : gpu_fields()) keys.emplace_back(f.name);
  return keys;
}

std::vector<std::string> model_keys() {
  std::vector<std::string> keys{"like", "aliases", "source", "tied_embeddings", "gated_mlp", "quantization"};
  for (const auto& f : model_counts()) keys.emplace_back(f.name);
  for (const auto& f : model_sizes()) keys.emplace_back(f.name);
  for (const auto& f : model_reals()) keys.emplace_back(f.name);
  return keys;
}

constexpr std::string_view kConstantsFrom = "H100-SXM5-80GB";  // For entries that give none and are like nothing.

}  // namespace

Status CatalogueYaml::read(const YAML::Node& root) {
  if (!root.IsMap()) return error(root, "", "expected a map with gpus, models or kernels, got " + quoted(root));
  if (Status s = check_keys(root, ""); !s) return s;
  const std::vector<std::string> sections{"sources", "kernels", "gpus", "models", "stacks", "training_stacks"};
  for (const auto& pair : root) {
    auto key = scalar(pair.first, "", "a key");
    if (!key) return key.error();
    if (std::find(sections.begin(), sections.end(), *key) == sections.end()) {
      return unknown_key(pair.first, *key, sections);
    }
  }
  // What others refer to first, wherever the file has it.
  for (const std::string& section : sections) {
    const YAML::Node node = root[section];
    if (!node.IsDefined()) continue;
    Status s = section == "sources"   ? read_sources(node)
               : section == "kernels" ? read_kernels(*this, node, &catalogue_.kernels_)
               : section == "gpus"    ? read_section(node, section, &catalogue_.gpus_)
               : section == "models"  ? read_section(node, section, &catalogue_.models_)
               : section == "stacks"  ? read_section(node, section, &catalogue_.stacks_)
                                      : read_section(node, section, &catalogue_.training_stacks_);
    if (!s) return s;
  }
  return Ok{};
}

Status CatalogueYaml::read_sources(const YAML::Node& node) {
  if (!node.IsMap()) return error(node, "sources", "expected a map, got " + quoted(node));
  for (const auto& source : node) {
    auto name = scalar(source.first, "sources", "a name");
    if (!name) return name.error();
    auto text = scalar(source.second, "sources." + *name, "text");
    if (!text) return text.error();
    sources_[*name] = *text;
  }
  return Ok{};
}

template <class Spec>
Status CatalogueYaml::read_section(const YAML::Node& node, const std::string& section, Specs<Spec>* specs) {
  if (!node.IsMap()) return error(node, section, "expected a map of names, got " + quoted(node));
  if (Status s = check_keys(node, section); !s) return s;
  for (const auto& pair : node) {
    auto name = scalar(pair.first, section, "a name");
    if (!name) return name.error();
    const std::string path = section + "." + *name;
    if (name->empty() || name->size() > 100) return error(pair.first, path, "expected a name of 1 to 100 characters");
    if (!pair.second.IsMap()) return error(pair.second, path, "expected a map of fields, got " + quoted(pair.second));
    if (Status s = check_keys(pair.second, path); !s) return s;
    auto spec = start<Spec>(pair.second, path);
    if (!spec) return spec.error();
    spec->name = *name;
    if (Status s = read_entry(pair.second, path, &*spec); !s) return s;
    (*specs)[*name] = *spec;
    catalogue_.aliases_.erase(*name);
    if (const YAML::Node aliases = pair.second["aliases"]; aliases) {
      if (Status s = read_aliases(aliases, path + ".aliases", *name); !s) return s;
    }
    if (Status s = catalogue_.add_alias(*name, *name); !s) return error(pair.first, path, s.error().message);
  }
  return Ok{};
}

// An empty spec, or a copy of the one it is `like`.
template <class Spec>
Result<Spec> CatalogueYaml::start(const YAML::Node& entry, const std::string& path) const {
  const YAML::Node like = entry["like"];
  if (!like) return Spec{};
  auto name = scalar(like, path + ".like", "the name of an earlier entry");
  if (!name) return name.error();
  auto found = [&]() -> Result<Spec> {
    if constexpr (std::is_same_v<Spec, GpuSpec>)
      return catalogue_.gpu(*name);
    else if constexpr (std::is_same_v<Spec, StackSpec>)
      return catalogue_.stack(*name);
    else if constexpr (std::is_same_v<Spec, TrainingConstants>)
      return catalogue_.training_stack(*name);
    else
      return catalogue_.model(*name);
  }();
  if (!found) return error(like, path + ".like", found.error().message);
  if constexpr (std::is_same_v<Spec, GpuSpec>) {
    for (auto& [field, source] : found->sources) {
      if (!source.starts_with("as ")) source = "as " + found->name + ": " + source;
    }
  } else {
    found->source = "as " + found->name + ": " + found->source;
  }
  return found;
}

std::string CatalogueYaml::source_of(const std::string& key) const {
  const auto it = sources_.find(key);
  return it == sources_.end() ? key : it->second;
}

Status CatalogueYaml::read_entry(const YAML::Node& entry, const std::string& path, GpuSpec* gpu) {
  for (const auto& pair : entry) {
    auto key = scalar(pair.first, path, "a key");
    if (!key) return key.error();
    if (*key == "like" || *key == "aliases") continue;
    const std::string field = path + "." + *key;
    YAML::Node value = pair.second;
    std::string source = file();
    if (value.IsSequence()) {
      if (value.size() != 2)
        return error(value, field,
                     "expected a value or [value, source], got a list of " + std::to_string(value.size()));
      auto text = scalar(value[1], field + "[1]", "the source of the value");
      if (!text) return text.error();
      source = source_of(*text);
      value.reset(value[0]);
    }
    const bool known = *key == "memory" || *key == "kernels" || [&] {
      for (const GpuField& f : gpu_fields()) {
        if (f.name == *key) return true;
      }
      return false;
    }();
    if (!known) return unknown_key(pair.first, field, gpu_keys());
    if (Status s = read_gpu_field(*key, value, field, gpu); !s) return s;
    gpu->sources[*key] = source;
  }
  return fill_gpu(entry, path, gpu);
}

Status CatalogueYaml::read_gpu_field(const std::string& key, const YAML::Node& value, const std::string& path,
                                     GpuSpec* gpu) {
  if (key == "memory") {
    const std::string expected = "a size from 1GB to 1000TB";
    auto text = scalar(value, path, expected);
    if (!text) return text.error();
    auto bytes = parse_bytes(*text);
    if (!bytes || bytes->value < 1'000'000'000 || bytes->value > 1'000'000'000'000'000) {
      return error(value, path, "expected " + expected + ", got " + quoted(value));
    }
    gpu->memory = *bytes;
    return Ok{};
  }
  if (key == "kernels") {
    auto text = scalar(value, path, "the name of measured kernels");
    if (!text) return text.error();
    std::vector<std::string> known;
    for (const auto& [name, silicon] : catalogue_.kernels_) known.push_back(name);
    if (!catalogue_.kernels_.contains(*text)) {
      return error(value, path, "unknown kernels '" + *text + "'" + nearest_hint(*text, known));
    }
    gpu->kernels = *text;
    return Ok{};
  }
  for (const GpuField& f : gpu_fields()) {
    if (f.name == key) return read_number(value, path, f.low, f.high, &(gpu->*f.field));
  }
  return Ok{};
}

// Refuses what is required and missing.  A GPU that names no kernels gets those of kConstantsFrom.
Status CatalogueYaml::fill_gpu(const YAML::Node& entry, const std::string& path, GpuSpec* gpu) const {
  if (!gpu->sources.contains("memory")) return error(entry, path, "memory is missing");
  for (const GpuField& f : gpu_fields()) {
    const std::string name(f.name);
    if (gpu->sources.contains(name)) continue;
    if (f.required) return error(entry, path, name + " is missing");
    if (const auto from = catalogue_.gpus_.find(kConstantsFrom);
        name.find("_power") != std::string::npos && from != catalogue_.gpus_.end()) {
      gpu->*f.field = from->second.*f.field;
      gpu->sources[name] = "not given: as " + from->first;
    } else {
      gpu->sources[name] = "not given: 0";
    }
  }
  if (gpu->kernels.empty()) {
    const auto from = catalogue_.gpus_.find(kConstantsFrom);
    if (from == catalogue_.gpus_.end()) return error(entry, path, "kernels is missing");
    gpu->kernels = from->second.kernels;
    gpu->sources["kernels"] = "not given: as " + from->first;
  }
  return Ok{};
}

Status CatalogueYaml::read_entry(const YAML::Node& entry, const std::string& path, ModelSpec* model) {
  for (const auto& pair : entry) {
    auto key = scalar(pair.first, path, "a key");
    if (!key) return key.error();
    if (*key == "like" || *key == "aliases") continue;
    if (Status s = read_model_field(*key, pair.second, path + "." + *key, model); !s) {
      if (s.error().where.empty()) return unknown_key(pair.first, path + "." + *key, model_keys());
      return s;
    }
  }
  const auto require = [&](const auto& fields) -> Status {
    for (const auto& f : fields) {
      if (f.required && model->*f.field < f.low) return error(entry, path, std::string(f.name) + " is missing");
    }
    return Ok{};
  };
  if (Status s = require(model_counts()); !s) return s;
  if (Status s = require(model_sizes()); !s) return s;
  if (Status s = check_model(*model); !s) return error(entry, path, s.error().message);
  if (model->source.empty()) model->source = file();
  return Ok{};
}

Status CatalogueYaml::read_entry(const YAML::Node& entry, const std::string& path, StackSpec* stack) {
  return read_stack<StackSpec>(
      entry, path,
      {{"source", &StackSpec::source}, {"kernels", &StackSpec::kernels}, {"collectives", &StackSpec::collectives}},
      stack_fields(), stack);
}

Status CatalogueYaml::read_entry(const YAML::Node& entry, const std::string& path, TrainingConstants* stack) {
  return read_stack<TrainingConstants>(entry, path, {{"source", &TrainingConstants::source}}, training_stack_fields(),
                                       stack);
}

template <class Stack>
Status CatalogueYaml::read_stack(const YAML::Node& entry, const std::string& path,
                                 const std::map<std::string, std::string Stack::*>& texts,
                                 std::span<const StackField<Stack>> numbers, Stack* stack) {
  std::vector<std::string> known{"like", "aliases"};
  for (const auto& [name, field] : texts) known.push_back(name);
  for (const auto& f : numbers) known.emplace_back(f.name);
  for (const auto& pair : entry) {
    const std::string key = pair.first.Scalar(), at = path + "." + key;
    if (key == "like" || key == "aliases") continue;
    if (const auto text = texts.find(key); text != texts.end()) {
      auto value = scalar(pair.second, at, "text");
      if (!value) return value.error();
      stack->*text->second = key == "source" ? source_of(*value) : *value;
      continue;
    }
    const auto number = std::find_if(numbers.begin(), numbers.end(), [&](const auto& f) { return f.name == key; });
    if (number == numbers.end()) return unknown_key(pair.first, at, known);
    if (Status s = read_number(pair.second, at, number->low, number->high, &(stack->*number->field)); !s) return s;
  }
  if (stack->source.empty()) stack->source = file();
  return Ok{};
}

// An error without `where` means the key is unknown.
Status CatalogueYaml::read_model_field(const std::string& key, const YAML::Node& value, const std::string& path,
                                       ModelSpec* model) {
  if (key == "source") {
    auto text = scalar(value, path, "text");
    if (!text) return text.error();
    model->source = source_of(*text);
    return Ok{};
  }
  if (key == "quantization") {
    auto text = scalar(value, path, "the name of a quantization");
    if (!text) return text.error();
    model->quantization = *text;
    return Ok{};
  }
  if (key == "tied_embeddings" || key == "gated_mlp") {
    if (!value.IsScalar() || (value.Scalar() != "true" && value.Scalar() != "false")) {
      return error(value, path, "expected true or false, got " + quoted(value));
    }
    (key == "gated_mlp" ? model->gated_mlp : model->tied_embeddings) = value.Scalar() == "true";
    return Ok{};
  }
  for (const auto& f : model_counts()) {
    if (f.name == key) return read_number(value, path, f.low, f.high, &(model->*f.field));
  }
  for (const auto& f : model_sizes()) {
    if (f.name == key) return read_number(value, path, f.low, f.high, &(model->*f.field));
  }
  for (const auto& f : model_reals()) {
    if (f.name == key) return read_number(value, path, f.low, f.high, &(model->*f.field));
  }
  return Error{"", ""};
}

Status CatalogueYaml::read_aliases(const YAML::Node& node, const std::string& path, const std::string& name) {
  if (!node.IsSequence()) return error(node, path, "expected a list of names, got " + quoted(node));
  for (const auto& item : node) {
    auto alias = scalar(item, path, "a name");
    if (!alias) return alias.error();
    if (Status s = catalogue_.add_alias(*alias, name); !s) return error(item, path, s.error().message);
  }
  return Ok{};
}

Status Catalogue::add_yaml(std::string_view text, const std::string& file_name) {
  Catalogue copy = *this;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (Status s = CatalogueYaml(&copy, file_name).read(root); !s) return s;
  } catch (const YAML::Exception& e) {  // yaml-cpp reports bad syntax by throwing.
    const std::string line = e.mark.is_null() ? "" : ":" + std::to_string(e.mark.line + 1);
    return Error{"not valid YAML: " + e.msg, file_name + line};
  }
  *this = std::move(copy);
  return Ok{};
}

}  // namespace jevons
