// A comparison as tidy CSV: one row an observation, ready for pandas and R.
//
// RFC 4180 quoting, "\n" line ends, numbers as the shortest text that reads back the same, empty where there is no
// value.
#ifndef JEVONS_REPORT_CSV_H_
#define JEVONS_REPORT_CSV_H_

#include <string>
#include <string_view>
#include <vector>

#include "report/comparison.h"

namespace jevons {

// The text as a CSV field: quoted when it must be.
std::string csv_field(std::string_view text);

struct CsvFile {
  std::string name;  // "results.csv".
  std::string text;
};

// results.csv (policy, seed, metric, value, unit), pools.csv (the same by pool), ledger.csv (GPU-time by group and
// purpose), faults.csv (failures by cause), tenants.csv and priorities.csv (jobs by owner and by priority),
// differences.csv (paired, against the first policy), runs.csv (one row a run: how it ended).
std::vector<CsvFile> csv_reports(const Comparison& comparison);

}  // namespace jevons
#endif  // JEVONS_REPORT_CSV_H_
