// The files a comparison is written to.
#include "apps/report_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "report/csv.h"
#include "report/json.h"

namespace jevons {
namespace {

Status check_distinct(const ReportPaths& paths) {
  if (!paths.json.empty() && paths.json == paths.requests) {
    return Error{"expected two different files, got one for --json and --requests", paths.json};
  }
  return Ok{};
}

// True when it was not there before.
Result<bool> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0) return true;
  const int code = errno;
  struct stat status {};
  if (code == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return false;
  return Error{"cannot make the folder: " + std::generic_category().message(code), path};
}

}  // namespace

Result<ReportFiles> ReportFiles::open(const ReportPaths& paths) {
  if (Status ok = check_distinct(paths); !ok) return ok.error();
  ReportFiles files;
  const auto create = [](const std::string& path, std::optional<AtomicFile>* file) -> Status {
    if (path.empty()) return Ok{};
    auto created = AtomicFile::create(path);
    if (!created) return created.error();
    *file = *std::move(created);
    return Ok{};
  };
  if (Status ok = create(paths.json, &files.json_); !ok) return ok.error();
  if (Status ok = create(paths.requests, &files.requests_); !ok) return ok.error();
  if (paths.csv.empty()) return files;
  const auto made = make_folder(paths.csv);
  if (!made) return made.error();
  if (*made) files.made_folder_ = paths.csv;
  for (const CsvFile& csv : csv_reports({})) {
    auto file = AtomicFile::create(paths.csv + (paths.csv.back() == '/' ? "" : "/") + csv.name);
    if (!file) return file.error();
    files.csv_.push_back(*std::move(file));
  }
  return files;
}

ReportFiles::~ReportFiles() {
  csv_.clear();  // Removes what was not committed, so that the folder is empty.
  if (!made_folder_.empty()) ::rmdir(made_folder_.c_str());
}

Status ReportFiles::write_requests(std::string_view rows) {
  CHECK(requests_.has_value());
  return requests_->write(rows);
}

Status ReportFiles::name(AtomicFile* file) {
  if (Status ok = file->commit(); !ok) return ok;
  written_.push_back(file->path());
  return Ok{};
}

Status ReportFiles::commit(const Comparison& comparison) {
  const auto fill = [](AtomicFile* file, std::string_view text) {
    const Status written = file->write(text);
    return written ? file->seal() : written;
  };
  if (json_) {
    if (Status ok = fill(&*json_, json_report(comparison)); !ok) return ok;
  }
  const std::vector<CsvFile> csv = csv_reports(comparison);
  for (std::size_t i = 0; i < csv_.size(); ++i) {
    if (Status ok = fill(&csv_[i], csv[i].text); !ok) return ok;
  }
  if (requests_) {
    if (Status ok = requests_->seal(); !ok) return ok;
  }
  if (json_) {
    if (Status ok = name(&*json_); !ok) return ok;
  }
  for (AtomicFile& file : csv_) {
    if (Status ok = name(&file); !ok) return ok;
    made_folder_.clear();
  }
  return requests_ ? name(&*requests_) : Status(Ok{});
}

}  // namespace jevons
