// Opens a trace file of any known format: requests as a stream, jobs as a whole.
//
// The file may be plain, gzip, zstd or xz; the format is recognised from the content unless it is named.  A row that
// breaks the format ends the reading with an error that names file, line and column, or is left out and counted by
// reason: rows = kept + dropped, always.
//
// Times.  Public formats have clocks of their own and start at the first arrival, which becomes 0.  Ours (csv, binary)
// count from the start of the trace, which stays where it is.  `rebase` overrides both.  Deadlines move along.
//
// Jobs that others wait for (TrainingJob::after) are submitted earlier, in order of submission, than those: a job that
// names another is a bad row, "after unknown".
#ifndef JEVONS_TRACES_READER_H_
#define JEVONS_TRACES_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "traces/trace.h"

namespace jevons {

enum class GpuShares {
  kShare,   // That part of one (TrainingJob::share).
  kWhole,   // A whole one.
  kBadRow,  // Nothing: it is a bad row.
};
// "share", "whole" or "bad_row"; anything else is kShare.
GpuShares gpu_shares_of(std::string_view name);

struct TraceOptions {
  std::string format = "auto";   // A name of formats(), or "auto".
  bool drop_bad_rows = false;    // on_bad_row: drop.  Off: the first bad row is an error.
  Tokens hash_block{512};        // mooncake: prompt tokens per hash (Mooncake 512, Qwen-Bailian 16).
  std::string time_unit = "ms";  // mooncake: unit of `timestamp`: ns, us, ms or s; decimals are exact.
  Duration spread{0};      // Adds a seeded uniform draw from [0, spread) to every arrival, for traces whose clock is
                           // coarse (Mooncake's conversation file ticks every 3 s).  0 = as recorded.
  std::uint64_t seed = 1;  // Of `spread`.
  std::string stream = "trace";         // Names the random stream of `spread`; two files of one run want two names.
  std::int64_t reorder_window = 65536;  // Rows of requests held back to sort late ones; 1 or more.
  std::int64_t processors_per_gpu = 1;  // swf: processors that count as one GPU, rounded up.
  bool cut_at_estimate = false;  // swf: a run longer than requested ends at the requested time (else it is kept).
  // Options of single job formats; docs/traces.md says why each is needed and what its default rests on.
  std::string throughputs;  // gavel: file of steps/s by GPU type, job type and number of GPUs (JSON).  Needed.
  std::string reference_type = "v100";  // gavel: the type of that file on which run times hold.
  bool scale_throughputs = false;       // gavel: for more GPUs than the file has, the most it has, in proportion.
  std::vector<std::pair<std::string, std::string>> gpu_names;  // gavel, openb: type of the trace -> our name of it.
  std::int64_t elastic_factor = 4;  // elasticflow: jobs are elastic from GPUs / this to GPUs x this; 1 = rigid.
  GpuShares gpu_shares = GpuShares::kShare;               // openb, pai: what a job that asks for part of a GPU gets.
  std::vector<std::pair<std::string, double>> gpu_hours;  // pollux: application -> work; replaces the defaults.
  std::string job_table;                                  // pai: pai_job_table.csv, for submit times and users.
  std::optional<bool> rebase;  // Subtract the first time?  Unset: as the format does (above).
};

enum class TraceKind { kRequests, kJobs };

struct FormatInfo {
  std::string name;                     // "azure", "mooncake", ...
  bool requests = false, jobs = false;  // What it can hold; binary holds either.
  std::string summary;                  // One line.
};

// Every format, requests first.
const std::vector<FormatInfo>& formats();

struct Recognised {
  std::string format;
  TraceKind kind;
};

// The format of a file, from its first 64 KiB.  Error: none fits; says what was looked for.
Result<Recognised> recognise(const std::string& path);

// A stream of the requests in the file.  Errors here: the file cannot be opened, is not of the format, or holds jobs;
// options out of range.  Errors of single rows come from next().  Memory: `reorder_window` requests.
Result<std::unique_ptr<RequestSource>> open_requests(const std::string& path, const TraceOptions& options = {});

// All jobs of the file, stable-sorted by submit time.  Names are unique only where the trace's ids are.
Result<JobTrace> read_jobs(const std::string& path, const TraceOptions& options = {});

// Either of the two, as the file has it; opens the file once, so that a pipe will do.
struct OpenedTrace {
  std::string format;
  std::unique_ptr<RequestSource> requests;  // One of the two.
  std::optional<JobTrace> jobs;
};
Result<OpenedTrace> open_trace(const std::string& path, const TraceOptions& options = {});

}  // namespace jevons
#endif  // JEVONS_TRACES_READER_H_
