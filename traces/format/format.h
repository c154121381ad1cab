// What a text format is to the reader: how to know it, and a parser of its rows.
//
// To add one: a file in this folder that defines its LineFormat, and one line in traces/formats.cc.
#ifndef JEVONS_TRACES_FORMAT_FORMAT_H_
#define JEVONS_TRACES_FORMAT_FORMAT_H_

#include <memory>
#include <string_view>

#include "base/result.h"
#include "traces/fields.h"
#include "traces/reader.h"
#include "traces/trace.h"

namespace jevons {

class RequestRowParser {
 public:
  virtual ~RequestRowParser() = default;
  // Fills every field of `*out` but `workload` (which is 0 unless the row says otherwise); `arrival` is on the file's
  // clock, from 0 to kMaxTimeNs.  `line` has LineReader::kSlack readable bytes behind it.
  virtual BadRow parse(std::string_view line, Request* out) = 0;
};

class JobRowParser {
 public:
  virtual ~JobRowParser() = default;
  // As above; `*out` comes with its defaults.  An empty name means the format has none: jobs are then numbered in
  // order of submission.
  virtual BadRow parse(std::string_view line, TrainingJob* out) = 0;
};

struct LineFormat {
  std::string_view name;
  std::string_view summary;
  bool has_header;
  char comment;    // Lines that begin with it are skipped; 0 = none.
  bool own_clock;  // Times start anywhere, so the first is subtracted.
  // Could the file's first line that is neither blank nor a comment be this format's?  Where the file begins as a JSON
  // array, it is all of its first 64 KiB: lines mean nothing there.
  bool (*fits)(std::string_view first_line);
  // `header` is the first line, for formats that have one.  nullptr where the format holds nothing of the kind.
  Result<std::unique_ptr<RequestRowParser>> (*requests)(std::string_view header, const TraceOptions& options);
  Result<std::unique_ptr<JobRowParser>> (*jobs)(std::string_view header, const TraceOptions& options);
  bool json_array = false;  // Rows are the objects of one JSON array (json_array.h) and not lines.  Jobs only.
};

extern const LineFormat kAzureFormat;        // azure_llm.cc
extern const LineFormat kMooncakeFormat;     // mooncake.cc
extern const LineFormat kRequestsFormat;     // own_csv.cc
extern const LineFormat kJobsFormat;         // own_jobs_csv.cc
extern const LineFormat kPhillyFormat;       // philly.cc
extern const LineFormat kPhillyJsonFormat;   // philly_json.cc
extern const LineFormat kAcmeFormat;         // acme.cc
extern const LineFormat kAcmeRawFormat;      // acme_raw.cc
extern const LineFormat kHeliosFormat;       // helios.cc
extern const LineFormat kTiresiasFormat;     // tiresias.cc
extern const LineFormat kChronusFormat;      // tiresias.cc
extern const LineFormat kElasticFlowFormat;  // tiresias.cc
extern const LineFormat kGavelFormat;        // gavel.cc
extern const LineFormat kPolluxFormat;       // pollux.cc
extern const LineFormat kOpenbFormat;        // openb.cc
extern const LineFormat kPaiFormat;          // pai.cc
extern const LineFormat kSwfFormat;          // swf.cc

}  // namespace jevons
#endif  // JEVONS_TRACES_FORMAT_FORMAT_H_
