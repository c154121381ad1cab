// Where tests of validation find measured data, and small files of their own.
#ifndef JEVONS_TESTS_VALIDATION_MEASURED_DATA_H_
#define JEVONS_TESTS_VALIDATION_MEASURED_DATA_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "validation/data_folder.h"

namespace jevons {

// The measured data, wherever the tests run; it may be absent.
inline DataFolder shared_data() {
  const char* set = std::getenv("JEVONS_DATA");
  return DataFolder::find(set != nullptr ? set : JEVONS_SOURCE_DIR "/../shared/data");
}

// A data folder with one file ("perf/x.csv") of this text, removed at the end; no file if the text is empty.
class SmallData {
 public:
  SmallData(std::string_view file, const std::string& text) {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /  // Of its own: tests of one name in two suites run side by side.
            ("jevons_" + std::string(test.test_suite_name()) + "_" + test.name() + "_" + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_ / "perf");
    if (!text.empty()) std::ofstream(path_ / file) << text;
  }
  SmallData(const SmallData&) = delete;
  SmallData& operator=(const SmallData&) = delete;
  ~SmallData() { std::filesystem::remove_all(path_); }
  DataFolder folder() const { return DataFolder(path_.string()); }

 private:
  std::filesystem::path path_;
};

}  // namespace jevons
#endif  // JEVONS_TESTS_VALIDATION_MEASURED_DATA_H_
