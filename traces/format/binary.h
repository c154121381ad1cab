// Our binary trace (proto/trace.proto): reading.  Writing is in traces/writer.h.
//
// Every defect of structure is an error that names the record: a cut file, a wrong count or sum in the trailer, bytes
// after it, an unknown version.  Values out of range are bad rows, as in text.
#ifndef JEVONS_TRACES_FORMAT_BINARY_H_
#define JEVONS_TRACES_FORMAT_BINARY_H_

#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "traces/reader.h"
#include "traces/trace.h"

namespace jevons {

// Field 1 of TraceFile: the tag of a fixed64 and eight letters.
constexpr std::string_view kBinaryMagic = "\x09JEVTRACE";
constexpr std::uint32_t kBinaryVersion = 1;
constexpr std::uint32_t kBinaryVersionOfJobs = 2;  // Jobs that have more than version 1 knows.
// Tags of the length-delimited fields of TraceFile: number << 3 | 2.
enum class BinaryField : unsigned char { kHeader = 0x12, kRequest = 0x1a, kJob = 0x22, kTrailer = 0x2a };

inline bool is_binary_trace(std::string_view head) { return head.starts_with(kBinaryMagic); }

Result<TraceKind> binary_trace_kind(FileReader file);
// Error: the file holds the other kind than `wanted`.
Result<OpenedTrace> open_binary(FileReader file, const TraceOptions& options, std::optional<TraceKind> wanted);

}  // namespace jevons
#endif  // JEVONS_TRACES_FORMAT_BINARY_H_
