// Requests and jobs from text: lines through a row parser, bad rows by the user's choice, sorted, rebased.
#ifndef JEVONS_TRACES_LINE_SOURCE_H_
#define JEVONS_TRACES_LINE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "traces/format/format.h"
#include "traces/reader.h"
#include "traces/trace.h"

namespace jevons {

// `file` stands at its beginning and is of `format`.
Result<std::unique_ptr<RequestSource>> open_line_requests(FileReader file, const LineFormat& format,
                                                          const TraceOptions& options);
Result<JobTrace> read_line_jobs(FileReader file, const LineFormat& format, const TraceOptions& options);

// Is the line blank?  Readers skip such lines.
bool is_blank_line(std::string_view line);

// Where a job came from, for errors about jobs that are found once all are read.
struct JobRows {
  std::string before;               // Of the number: "file.csv:" or "file.jtr: record ".
  std::vector<std::uint64_t> rows;  // One for each job.
};

// Sorts by submit time, numbers nameless jobs, subtracts the first time if `rebase`, checks that what a job waits for
// is submitted earlier.  A job that waits for another is an error, or dropped; likewise jobs that wait for a dropped
// one.
Status settle_jobs(JobTrace* trace, bool rebase, bool drop, JobRows from);

constexpr std::size_t kMaxJobs = 10'000'000;  // Of one trace; the largest public one has 1.3 million (PAI 2020).

}  // namespace jevons
#endif  // JEVONS_TRACES_LINE_SOURCE_H_
