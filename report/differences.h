// The console's table of paired differences from the first policy.
#ifndef JEVONS_REPORT_DIFFERENCES_H_
#define JEVONS_REPORT_DIFFERENCES_H_

#include <string>

#include "report/comparison.h"

namespace jevons {

// With a line of its own above and a blank line before; empty with one seed, one policy, or no difference at all.
std::string difference_table(const Comparison& comparison, bool color);

}  // namespace jevons
#endif  // JEVONS_REPORT_DIFFERENCES_H_
