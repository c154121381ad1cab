// Jobs with a share of a GPU: figures and a table, where there were any.
#ifndef JEVONS_REPORT_SHARES_H_
#define JEVONS_REPORT_SHARES_H_

#include <span>
#include <string>

#include "report/side_figures.h"

namespace jevons {

std::span<const SideFigure> share_figures();

// Whether a GPU was open to several jobs at any time.
bool had_shares(const RunResult& run);

// No line passes 80 columns.
std::string share_table(const Comparison& c, bool color);

}  // namespace jevons
#endif  // JEVONS_REPORT_SHARES_H_
