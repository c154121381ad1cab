// Look-up of GPUs and models by name or short name.
#include "topologies/catalogue.h"

#include "base/text.h"
#include "topologies/builtin_text.h"

namespace jevons {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

template <class Spec>
std::vector<std::string> names_of(const std::map<std::string, Spec, std::less<>>& specs) {
  std::vector<std::string> names;
  for (const auto& [name, spec] : specs) names.push_back(name);
  return names;
}

template <class Spec>
Result<Spec> find(const std::map<std::string, Spec, std::less<>>& specs,
                  const std::map<std::string, std::string, std::less<>>& aliases, std::string_view name,
                  std::string_view kind) {
  if (const auto exact = specs.find(name); exact != specs.end()) return exact->second;
  if (const auto alias = aliases.find(lower(name)); alias != aliases.end()) {
    if (const auto it = specs.find(alias->second); it != specs.end()) return it->second;
  }
  const std::string shown(name.substr(0, 60));
  return Error{"unknown " + std::string(kind) + " '" + shown + "'" + nearest_hint(name, names_of(specs)), ""};
}

}  // namespace

Catalogue Catalogue::builtin() {
  Catalogue c;
  CHECK(c.add_yaml(kBuiltinGpus, "topologies/catalogue/gpus.yaml").ok());
  CHECK(c.add_yaml(kBuiltinModels, "topologies/catalogue/models.yaml").ok());
  return c;
}

Status Catalogue::add_alias(std::string_view alias, const std::string& name) {
  const auto [it, added] = aliases_.emplace(lower(alias), name);
  if (!added && it->second != name) {
    return Error{"'" + std::string(alias) + "' already names " + it->second, ""};
  }
  return Ok{};
}

Result<GpuSpec> Catalogue::gpu(std::string_view name) const { return find(gpus_, aliases_, name, "GPU"); }
Result<ModelSpec> Catalogue::model(std::string_view name) const { return find(models_, aliases_, name, "model"); }
std::vector<std::string> Catalogue::gpu_names() const { return names_of(gpus_); }
std::vector<std::string> Catalogue::model_names() const { return names_of(models_); }

}  // namespace jevons
