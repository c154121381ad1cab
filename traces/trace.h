// What a trace is made of: inference requests and training jobs, as plain data, and the streams that deliver them.
//
// A RequestSource hands out requests one at a time in order of arrival, so that replaying a trace needs memory for what
// is in flight and not for its length.  Job traces are small and are read whole.
#ifndef JEVONS_TRACES_TRACE_H_
#define JEVONS_TRACES_TRACE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/scaling.h"
#include "base/units.h"

namespace jevons {

// One inference request.  `output` is the true number of tokens it will produce: the machine knows it, no policy sees
// it.
struct Request {
  Instant arrival;                          // From the start of the trace.
  Tokens prompt;                            // >= 1.
  Tokens output;                            // >= 1.
  std::uint32_t workload = 0;               // Which request stream of the scenario it belongs to.
  Tokens hash_block{0};                     // Tokens a prefix hash stands for; 0 = the trace has no hashes.
  std::vector<std::uint64_t> block_hashes;  // Hash k stands for prompt tokens [k, k+1) x hash_block, chained: block k
                                            // is reusable only if blocks 0..k-1 are.  The last block may be partial.
};

// One training job: a gang of `gpus` that starts together and runs for `run_time`.
struct TrainingJob {
  std::string name;       // As in the trace: its id there.
  Instant submit;         // From the start of the trace.
  Gpus gpus;              // >= 1.
  Duration run_time;      // > 0.  True time on the reference GPU, without checkpoints; no policy sees it.
  Duration estimate;      // What the user asked for or a predictor says; policies see this.  = run_time where unknown.
  std::string tenant;     // User, group or virtual cluster; may be empty.
  double parameters = 0;  // Model parameters (not billions); 0 = unknown.  Sets the size of a checkpoint.
  std::int32_t priority = 0;            // Higher is more urgent.
  Instant deadline = Instant::never();  // From the start of the trace.
  Flexibility flexibility = Flexibility::kRigid;
  Gpus min_gpus{0}, max_gpus{0};        // Range of GPUs, around `gpus`; 0 = gpus.
  std::vector<ScalingPoint> scaling{};  // Speed over GPUs, 1 at `gpus`; empty = proportional (base/scaling.h).
  std::vector<std::pair<std::string, double>> speed_by_gpu{};  // GPU type -> speed over that on the reference GPU; 0 =
                                                               // not there.  Types not named run as the scenario says.
  std::vector<std::string> after{};  // Names of jobs that must have completed before it may start.
  double cpus = 0;                   // For all its GPUs together; 0 = unknown.
  Bytes memory{0};                   // Of the hosts, likewise.
  Bytes guest_memory{0};             // Of each GPU: it may share serving GPUs that set so much aside; 0 = never.
  MilliGpus share{0};                // Of its one GPU, which others may share; 0 = whole GPUs.
};

// Rows read = kept + the sum of dropped, always.
struct ReadCounts {
  std::uint64_t rows = 0;
  std::uint64_t kept = 0;
  std::map<std::string, std::uint64_t> dropped;  // Reason -> rows.
  std::uint64_t out_of_order = 0;                // Rows whose time lies before that of the row above them.
};

// Requests in order of arrival (ties keep the order of the trace).
class RequestSource {
 public:
  virtual ~RequestSource() = default;
  // Fills `*out` and returns true, or returns false at the end.  Arrivals never decrease.  `out` may hold an earlier
  // request: its vectors are reused.  After an error the source must not be used again.
  virtual Result<bool> next(Request* out) = 0;
  virtual const ReadCounts& counts() const = 0;
};

struct JobTrace {
  std::vector<TrainingJob> jobs;  // By submit time, ties in trace order; first submit at or after 0.
  ReadCounts counts;
};

}  // namespace jevons
#endif  // JEVONS_TRACES_TRACE_H_
