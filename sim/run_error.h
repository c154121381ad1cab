// How a run ends early: a policy broke its contract, or a trace turned out bad while it was streamed.
//
// Thrown inside sim only; simulate() turns it into its Result.
#ifndef JEVONS_SIM_RUN_ERROR_H_
#define JEVONS_SIM_RUN_ERROR_H_

#include <string>

#include "base/result.h"
#include "base/text.h"
#include "base/units.h"

namespace jevons {

struct RunError {
  Error error;
};

// "policy 'least_kv' answered ... at 12.5s".
[[noreturn]] inline void throw_contract_error(const std::string& policy, const std::string& what, Instant now) {
  throw RunError{Error{what, "policy '" + policy + "' at " + text_of(now.seconds()) + " s"}};
}

}  // namespace jevons
#endif  // JEVONS_SIM_RUN_ERROR_H_
