// `jevons config`: check a scenario, print it with every default visible, print the reference of all fields.
#ifndef JEVONS_APPS_CONFIG_COMMAND_H_
#define JEVONS_APPS_CONFIG_COMMAND_H_

#include "policies/catalogue.h"

namespace CLI {
class App;
}

namespace jevons {

// Adds the command to `app`.  `policies` and `exit_code` must outlive parsing; when the command ran, `*exit_code` is 0,
// or 2 for a scenario with an error (printed on stderr).
void add_config_command(CLI::App& app, const Policies& policies, int* exit_code);

}  // namespace jevons
#endif  // JEVONS_APPS_CONFIG_COMMAND_H_
