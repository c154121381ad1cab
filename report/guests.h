// Jobs that trained as guests on serving GPUs: figures and a table, where there were any.
#ifndef JEVONS_REPORT_GUESTS_H_
#define JEVONS_REPORT_GUESTS_H_

#include <span>
#include <string>
#include <string_view>

#include "report/comparison.h"

namespace jevons {

// None of them is part of a ledger: that time is the replicas' there.
struct GuestFigure {
  std::string_view key, label, unit;
  double (*value)(const GuestResult&);
};
std::span<const GuestFigure> guest_figures();

// Whether a pool was open to guests at any time.
bool had_guests(const RunResult& run);

// Means over the seeds that ran.  Empty when no run had guests; else it begins with an empty line, and no line passes
// 80 columns.
std::string guest_table(const Comparison& c, bool color);

}  // namespace jevons
#endif  // JEVONS_REPORT_GUESTS_H_
