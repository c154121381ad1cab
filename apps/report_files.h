// The files a comparison is written to: opened before the first run, so that a folder that is missing costs no
// simulation, and named only when they are whole.
#ifndef JEVONS_APPS_REPORT_FILES_H_
#define JEVONS_APPS_REPORT_FILES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "report/comparison.h"

namespace jevons {

struct ReportPaths {
  std::string json, csv, requests;  // Empty: not asked for.  csv is a folder, made if it is missing.
};

class ReportFiles {
 public:
  static Result<ReportFiles> open(const ReportPaths& paths);
  ReportFiles(ReportFiles&&) noexcept = default;
  ReportFiles& operator=(ReportFiles&&) = delete;
  ~ReportFiles();  // Without commit() nothing is left, a folder it made included.

  bool wants_requests() const { return requests_.has_value(); }
  Status write_requests(std::string_view rows);
  // Writes the rest, and when all of it is on the disk gives every file its name.
  Status commit(const Comparison& comparison);
  const std::vector<std::string>& written() const { return written_; }

 private:
  ReportFiles() = default;
  Status name(AtomicFile* file);

  std::optional<AtomicFile> json_, requests_;
  std::vector<AtomicFile> csv_;
  std::string made_folder_;
  std::vector<std::string> written_;
};

}  // namespace jevons
#endif  // JEVONS_APPS_REPORT_FILES_H_
