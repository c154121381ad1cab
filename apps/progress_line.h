// One line on stderr that says how far the runs are, how fast they go and how long they still need.
#ifndef JEVONS_APPS_PROGRESS_LINE_H_
#define JEVONS_APPS_PROGRESS_LINE_H_

#include <chrono>
#include <string>

#include "experiments/compare.h"

namespace jevons {

// "3/8 runs   41 %   1.24 M requests   512,000/s   12.0 s left": what is known of it.
std::string progress_text(const CompareProgress& progress, double elapsed_seconds);

class ProgressLine {
 public:
  explicit ProgressLine(bool terminal);  // On a terminal the line is rewritten; elsewhere a new one comes each second.
  ~ProgressLine();                       // Leaves the terminal's line empty.
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const CompareProgress& progress);

 private:
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_, last_;  // For people only.
};

}  // namespace jevons
#endif  // JEVONS_APPS_PROGRESS_LINE_H_
