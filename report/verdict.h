// The answer in one sentence: which policy wins on goodput, on training and on cost, and where nobody does.
#ifndef JEVONS_REPORT_VERDICT_H_
#define JEVONS_REPORT_VERDICT_H_

#include <string>

#include "report/comparison.h"

namespace jevons {

// One line, no line breaks.  With several seeds a policy wins only where its paired 95 % interval against the next
// excludes zero; with one seed, where the figures differ as printed.
std::string verdict(const Comparison& comparison);

// A line for each objective, best policy first: "goodput: a > b ~ c", `~` where two are not distinguishable.  Empty for
// one policy or an interrupted comparison.
std::string ranking(const Comparison& comparison);

}  // namespace jevons
#endif  // JEVONS_REPORT_VERDICT_H_
