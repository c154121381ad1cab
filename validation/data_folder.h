// Where measured data lies: the folder JEVONS_DATA names, else ../shared/data beside the checkout.
#ifndef JEVONS_VALIDATION_DATA_FOLDER_H_
#define JEVONS_VALIDATION_DATA_FOLDER_H_

#include <string>
#include <string_view>

namespace jevons {

class DataFolder {
 public:
  explicit DataFolder(std::string path) : path_(std::move(path)) {}
  // `given` (a flag) if not empty, else the environment variable JEVONS_DATA, else "../shared/data".
  static DataFolder find(const std::string& given);

  const std::string& path() const { return path_; }
  // Path of a file of the folder ("perf/mosaic_mpt.csv"), which may not exist.
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  bool has(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace jevons
#endif  // JEVONS_VALIDATION_DATA_FOLDER_H_
