// Look-up of GPUs and models by name or short name.
#include "topologies/catalogue.h"

#include <algorithm>

#include "base/text.h"
#include "topologies/builtin_text.h"

namespace jevons {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

template <class Spec>
std::vector<std::string> names_of(const std::map<std::string, Spec, std::less<>>& specs) {
  std::vector<std::string> names;
  for (const auto& [name, spec] : specs) names.push_back(name);
  return names;
}

}  // namespace

bool Catalogue::AnyCase::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

template <class Spec>
Result<Spec> Catalogue::find(const std::map<std::string, Spec, std::less<>>& specs, const Aliases& aliases,
                             std::string_view name, std::string_view kind) {
  if (const auto exact = specs.find(name); exact != specs.end()) return exact->second;
  if (const auto alias = aliases.find(name); alias != aliases.end()) {
    if (const auto it = specs.find(alias->second); it != specs.end()) return it->second;
  }
  std::vector<std::string> spellings;
  for (const auto& [alias, target] : aliases) {
    if (specs.contains(target)) spellings.push_back(alias);
  }
  std::string hint = nearest_hint(name, spellings);
  if (!hint.starts_with(" (did")) hint = nearest_hint(name, names_of(specs));  // The list of full names is the shorter.
  return Error{"unknown " + std::string(kind) + " '" + std::string(name.substr(0, 60)) + "'" + hint, ""};
}

Catalogue Catalogue::builtin() {
  Catalogue c;
  CHECK(c.add_yaml(kBuiltinGpus, "topologies/catalogue/gpus.yaml").ok());
  CHECK(c.add_yaml(kBuiltinModels, "topologies/catalogue/models.yaml").ok());
  return c;
}

Status Catalogue::add_alias(std::string_view alias, const std::string& name) {
  const auto [it, added] = aliases_.emplace(std::string(alias), name);
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
