// What `jevons trace stats` prints, as text and as JSON.
#ifndef JEVONS_APPS_TRACE_STATS_H_
#define JEVONS_APPS_TRACE_STATS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "traces/reader.h"
#include "traces/summary.h"

namespace jevons {

struct TraceStats {
  std::string file, format;
  std::optional<RequestSummary> requests;  // One of the two.
  std::optional<JobSummary> jobs;
};

Result<TraceStats> trace_stats(const std::string& file, const TraceOptions& options);
std::string stats_text(const std::vector<TraceStats>& all);
// An array with one object a file; durations in seconds, GPU time in hours.
std::string stats_json(const std::vector<TraceStats>& all);

}  // namespace jevons
#endif  // JEVONS_APPS_TRACE_STATS_H_
