// Training jobs for runs worked by hand.
#ifndef JEVONS_TESTS_SUPPORT_JOBS_H_
#define JEVONS_TESTS_SUPPORT_JOBS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "base/units.h"
#include "traces/trace.h"

namespace jevons::testing {

// A rigid one whose owner knows how long it runs.
inline TrainingJob job(Instant submit, std::int32_t gpus, Duration run_time, std::string name = "job") {
  TrainingJob j;
  j.name = std::move(name);
  j.submit = submit;
  j.gpus = Gpus{gpus};
  j.run_time = j.estimate = run_time;
  return j;
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_JOBS_H_
