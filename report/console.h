// A comparison for people: verdict, one table, the GPU-hours ledger, at most 80 columns wide.
#ifndef JEVONS_REPORT_CONSOLE_H_
#define JEVONS_REPORT_CONSOLE_H_

#include <string>
#include <vector>

#include "report/comparison.h"

namespace jevons {

struct ConsoleOptions {
  bool color = false;
  std::vector<std::string> files;  // Written beside it, named at the end.
};

// The whole text, newline at the end.  Only the lines that name the command and the files may pass 80 columns: they are
// there to be copied.
std::string console_report(const Comparison& comparison, const ConsoleOptions& options);

// What the figures rest on besides measurements (Comparison::notes), under a heading of its own; "" for no notes.
std::string model_section(const std::vector<std::string>& notes, bool color);

}  // namespace jevons
#endif  // JEVONS_REPORT_CONSOLE_H_
