// `jevons trace`: statistics of trace files, conversion between formats, the list of formats.
#ifndef JEVONS_APPS_TRACE_COMMAND_H_
#define JEVONS_APPS_TRACE_COMMAND_H_

namespace CLI {
class App;
}

namespace jevons {

// Adds `trace` with `stats`, `convert` and `formats` to `root` and returns it, so that others may add to it.
// `exit_code` must outlive parsing; when a command ran, `*exit_code` is 0, 2 for bad input (one line on stderr), 1 when
// a result cannot be written.
CLI::App* add_trace_command(CLI::App& root, int* exit_code);

}  // namespace jevons
#endif  // JEVONS_APPS_TRACE_COMMAND_H_
