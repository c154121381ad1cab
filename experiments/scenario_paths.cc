// The files a scenario names: where they are, and the catalogue entries it adds.
#include <cstdlib>
#include <filesystem>

#include "experiments/scenario_check.h"
#include "experiments/scenario_rules.h"

namespace jevons {
namespace {

constexpr std::size_t kLongestPath = 400;  // Shown in errors.
constexpr std::string_view kDataVariable = "${JEVONS_DATA}";

// Empty when neither the variable is set nor the default folder is there.
std::string data_folder(const std::filesystem::path& scenario) {
  if (const char* set = std::getenv("JEVONS_DATA"); set != nullptr && *set != '\0') return set;
  // Beside the checkout that holds the scenario.
  std::error_code code;
  for (auto folder = std::filesystem::absolute(scenario, code).parent_path(); !code && folder != folder.root_path();
       folder = folder.parent_path()) {
    const auto data = folder / "shared" / "data";
    if (std::filesystem::is_directory(data, code)) return data.string();
    code.clear();
  }
  return "";
}

}  // namespace

Result<std::string> resolve_path(const ScenarioFile& file, const std::string& field, const std::string& path) {
  std::string text = path;
  bool replaced = false;
  if (const std::size_t at = text.find(kDataVariable); at != std::string::npos) {
    const std::string folder = data_folder(file.path);
    if (folder.empty()) {
      return file.places.error(field,
                               "the environment variable JEVONS_DATA is not set and there is no shared/data beside the "
                               "checkout (expected the folder of the trace files)");
    }
    text.replace(at, kDataVariable.size(), folder);
    replaced = true;
  }
  if (const std::size_t dollar = text.find("${"); dollar != std::string::npos) {
    return file.places.error(field, "only ${JEVONS_DATA} is replaced in file names, got '" + shortened(path) + "'");
  }
  std::filesystem::path full(text);
  if (full.is_relative()) full = std::filesystem::path(file.path).parent_path() / full;
  std::error_code code;
  const auto status = std::filesystem::status(full, code);
  if (status.type() == std::filesystem::file_type::regular) return full.string();
  const bool there = std::filesystem::exists(status);
  return file.places.error(field, (there ? "not a regular file: '" : "no such file: '") +
                                      shortened(full.string(), kLongestPath) + "'" +
                                      (replaced ? " (JEVONS_DATA says where the data lies)" : ""));
}

Result<Catalogue> build_catalogue(const ScenarioFile& file) {
  Catalogue catalogue = Catalogue::builtin();
  const proto::Catalogue& added = file.message.catalogue();
  for (int i = 0; i < added.files_size(); ++i) {
    const auto path = resolve_path(file, index_path("catalogue.files", i), added.files(i));
    if (!path) return path.error();
    const auto text = read_scenario_text(*path);
    if (!text) return text.error();
    if (Status s = catalogue.add_yaml(*text, *path); !s) return s.error();
  }
  for (int i = 0; i < added.hugging_face_size(); ++i) {
    const auto& model = added.hugging_face(i);
    const auto path = resolve_path(file, index_path("catalogue.hugging_face", i) + ".config", model.config());
    if (!path) return path.error();
    const auto text = read_scenario_text(*path);
    if (!text) return text.error();
    if (Status s = catalogue.add_hugging_face(*text, *path, model.name()); !s) return s.error();
  }
  return catalogue;
}

}  // namespace jevons
