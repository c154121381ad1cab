// One line of `jevons validate`: a published or measured figure beside ours.
#ifndef JEVONS_VALIDATION_ROW_H_
#define JEVONS_VALIDATION_ROW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace jevons {

// Whether the constants behind a row have seen it.
enum class Split {
  kNeverFitted,  // No constant was fitted to these rows.
  kHeldOut,      // Rows of a fitted data set that the split rule (validation/split.h) keeps out of every fit.
  kFitted,       // Seen by the fit: printed for completeness, never counted as validation.
};

struct ValidationRow {
  std::string id;        // "serving.llama_70b.tp4": stable, unique, dots between parts; what --only filters by.
  std::string section;   // Heading of its part of the table: "Served runs".
  std::string source;    // Data file or paper.
  std::string setup;     // What was measured, on what.
  std::string quantity;  // "mean TPOT".
  std::string unit;      // "ms"; of published and simulated.
  std::optional<double> published, simulated;  // Absent for a row that sums up many (`count` of them).
  std::int64_t count = 1;                      // Measurements behind the row.
  double error = 0;                            // simulated / published - 1; of a sum: the mean of its absolute value.
  double p95 = 0;                              // Of a sum: the 95th percentile of the absolute error.  0 = not given.
  double allowed = 0;  // Largest |error| that passes; 0 = information only, neither passes nor fails.
  Split split = Split::kNeverFitted;
  std::string note;     // One sentence: the cause of a miss, an assumption.
  std::string no_data;  // The file that is absent; then nothing was compared.

  bool passes() const { return allowed == 0 || (error <= allowed && error >= -allowed); }
};

using ValidationRows = std::vector<ValidationRow>;

}  // namespace jevons
#endif  // JEVONS_VALIDATION_ROW_H_
