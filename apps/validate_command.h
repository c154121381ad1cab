// `jevons validate`.
#ifndef JEVONS_APPS_VALIDATE_COMMAND_H_
#define JEVONS_APPS_VALIDATE_COMMAND_H_

#include <CLI/CLI.hpp>

namespace jevons {

void add_validate_command(CLI::App& root, int* exit_code);

}  // namespace jevons
#endif  // JEVONS_APPS_VALIDATE_COMMAND_H_
