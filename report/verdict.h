// The answer in one sentence: which policy wins on goodput, on training and on cost, and where nobody does.
#ifndef JEVONS_REPORT_VERDICT_H_
#define JEVONS_REPORT_VERDICT_H_

#include <string>

#include "report/comparison.h"

namespace jevons {

// One line, no line breaks.  A policy wins only where it can be told from the next (report/standings.h).  Bounds take
// no part.
std::string verdict(const Comparison& comparison);

// A line for each objective, best policy first: "goodput: a > b ~ c (not distinguishable: b and
// c)".  Empty for one policy or an interrupted comparison.
std::string ranking(const Comparison& comparison);

}  // namespace jevons
#endif  // JEVONS_REPORT_VERDICT_H_
