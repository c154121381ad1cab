// What each cause of failures did: a table by cause and policy.
#ifndef JEVONS_REPORT_FAILURES_H_
#define JEVONS_REPORT_FAILURES_H_

#include <string>

#include "report/comparison.h"

namespace jevons {

// For each cause and in total, means over the seeds that ran: failures (those that struck nothing included), jobs they
// stopped, GPU-hours of training lost.  Empty when no run knows a cause; else it begins with an empty line, and no line
// passes 80 columns.
std::string failure_table(const Comparison& c, bool color);

}  // namespace jevons
#endif  // JEVONS_REPORT_FAILURES_H_
