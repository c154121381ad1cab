// `jevons trace generate`: writes the load of a scenario to trace files, for other tools or to be replayed.
#ifndef JEVONS_APPS_GENERATE_COMMAND_H_
#define JEVONS_APPS_GENERATE_COMMAND_H_

#include "policies/catalogue.h"

namespace CLI {
class App;
}

namespace jevons {

// Adds `generate` to the `trace` command.  `policies` and `exit_code` must outlive parsing; `*exit_code` becomes 0, 2
// for a scenario with an error, 1 when a file cannot be written.
void add_trace_generate(CLI::App& trace_app, const Policies& policies, int* exit_code);

}  // namespace jevons
#endif  // JEVONS_APPS_GENERATE_COMMAND_H_
