// `jevons compare` and `jevons run`: the policies of a scenario, all or one, replayed and reported.
#ifndef JEVONS_APPS_COMPARE_COMMAND_H_
#define JEVONS_APPS_COMPARE_COMMAND_H_

#include <string>

#include "policies/catalogue.h"

namespace CLI {
class App;
}

namespace jevons {

// Add the command to `app`.  `policies` and `exit_code` must outlive parsing, which runs the command.  `program` is
// what the user calls it, for the line that reproduces the figures.
void add_compare_command(CLI::App& app, const std::string& program, const Policies& policies, int* exit_code);
void add_run_command(CLI::App& app, const std::string& program, const Policies& policies, int* exit_code);

}  // namespace jevons
#endif  // JEVONS_APPS_COMPARE_COMMAND_H_
