// Finding measured data.
#include "validation/data_folder.h"

#include <cstdlib>
#include <filesystem>

namespace jevons {

DataFolder DataFolder::find(const std::string& given) {
  if (!given.empty()) return DataFolder(given);
  const char* set = std::getenv("JEVONS_DATA");
  return DataFolder(set != nullptr && *set != '\0' ? set : "../shared/data");
}

bool DataFolder::has(std::string_view name) const {
  std::error_code ignored;
  return std::filesystem::is_regular_file(file(name), ignored);
}

}  // namespace jevons
