// The whole command line of Jevons as one function, for our own main and for a user's:
//
//   int main(int argc, char** argv) {
//     jevons::Policies policies = jevons::builtin_policies();
//     policies.routers.add<MyRouter>();
//     return jevons::run_command_line(argc, argv, policies);
//   }
#ifndef JEVONS_APPS_COMMAND_LINE_H_
#define JEVONS_APPS_COMMAND_LINE_H_

#include "policies/catalogue.h"

namespace jevons {

// What the process ends with.
inline constexpr int kExitOk = 0;
inline constexpr int kExitRunFailed = 1;      // A run broke; the others are reported.
inline constexpr int kExitBadInput = 2;       // Usage, scenario, trace, or a file that cannot be written.
inline constexpr int kExitInterrupted = 130;  // SIGINT: results so far are printed and marked incomplete.

// Results go to stdout, everything else to stderr.  Call it from a single-threaded process that has not created a
// SimGrid engine: runs happen in forked workers.
int run_command_line(int argc, char** argv, const Policies& policies);

}  // namespace jevons
#endif  // JEVONS_APPS_COMMAND_LINE_H_
