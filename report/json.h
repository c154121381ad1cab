// A comparison as JSON, with the keys vLLM's serving benchmark writes wherever it has one for the same thing.
//
// Keys keep their order, numbers are the shortest text that reads back the same, GPU-nanoseconds are decimal strings
// (they pass 2^53): the same comparison gives the same bytes.
#ifndef JEVONS_REPORT_JSON_H_
#define JEVONS_REPORT_JSON_H_

#include <string>

#include "report/comparison.h"

namespace jevons {

// The whole document, newline at the end.  docs/reports.md names every key.
std::string json_report(const Comparison& comparison);

}  // namespace jevons
#endif  // JEVONS_REPORT_JSON_H_
