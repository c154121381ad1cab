// Jobs that trained as guests on serving GPUs: figures and a table, where there were any.
#ifndef JEVONS_REPORT_GUESTS_H_
#define JEVONS_REPORT_GUESTS_H_

#include <span>
#include <string>

#include "report/side_figures.h"

namespace jevons {

// None of them is part of a ledger: that time is the replicas' there.
std::span<const SideFigure> guest_figures();

// Whether a pool was open to guests at any time.
bool had_guests(const RunResult& run);

// No line passes 80 columns.
std::string guest_table(const Comparison& c, bool color);

}  // namespace jevons
#endif  // JEVONS_REPORT_GUESTS_H_
