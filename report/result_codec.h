// RunReport to and from proto/result.proto: how a worker process hands its result over, and what a result file holds.
#ifndef JEVONS_REPORT_RESULT_CODEC_H_
#define JEVONS_REPORT_RESULT_CODEC_H_

#include "base/result.h"
#include "report/comparison.h"

namespace jevons::proto {
class RunRecord;
}

namespace jevons {

// Loses nothing: decode_run(encode_run(r)) equals r to the last bit.
void encode_run(const RunReport& run, proto::RunRecord* record);
// Errors: a record that no encode_run made (wrong number of purposes, a histogram beyond its range).
Result<RunReport> decode_run(const proto::RunRecord& record);

}  // namespace jevons
#endif  // JEVONS_REPORT_RESULT_CODEC_H_
