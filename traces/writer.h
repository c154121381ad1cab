// Writes traces: our CSV, Mooncake JSONL or our binary form.
//
// The file appears under its name only after finish() (base/file.h); its name's ending (.gz, .zst, .xz) sets the
// compression.
#ifndef JEVONS_TRACES_WRITER_H_
#define JEVONS_TRACES_WRITER_H_

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "traces/trace.h"

namespace jevons {

struct WriteOptions {
  std::string format = "auto";   // csv, mooncake, binary; "auto" goes by the name (.csv, .jsonl, .jtr).
  std::string time_unit = "ms";  // mooncake: ns, us, ms or s.  Times are written exactly, with decimals if need be.
  bool extended = false;         // csv of requests: with the columns workload, hash_block and block_hashes.  Set by
                                 // itself when one of the first 100,000 requests needs them.
};

// The names `WriteOptions::format` may have for requests, and for jobs.
std::vector<std::string> request_write_formats();
std::vector<std::string> job_write_formats();

class RequestWriter {
 public:
  virtual ~RequestWriter() = default;
  // Requests come in order of arrival.  Error: the disk, or a request that the format cannot hold (csv that is not
  // extended: hashes, a workload number; mooncake: a workload number, two sizes of hash block).
  virtual Status write(const Request& request) = 0;
  virtual Status finish() = 0;
};

Result<std::unique_ptr<RequestWriter>> create_request_writer(const std::string& path, const WriteOptions& options = {});

// csv or binary.
Status write_jobs(const std::string& path, const JobTrace& trace, const WriteOptions& options = {});

}  // namespace jevons
#endif  // JEVONS_TRACES_WRITER_H_
