// `jevons policies [KIND]` and `jevons policies describe NAME`: what policies there are and what each may be told.
#ifndef JEVONS_APPS_POLICIES_COMMAND_H_
#define JEVONS_APPS_POLICIES_COMMAND_H_

#include <CLI/CLI.hpp>

#include "policies/catalogue.h"

namespace jevons {

// Adds the command to `root`.  Once parsed it prints to stdout and sets `*exit_code` to 0, or prints one error to
// stderr and sets it to 2.  `policies` and `exit_code` must outlive the parsing.
void add_policies_command(CLI::App& root, const Policies& policies, int* exit_code);

}  // namespace jevons
#endif  // JEVONS_APPS_POLICIES_COMMAND_H_
