// The whole command line of Jevons: subcommands, version, and one clear line for every mistake.
#include "apps/command_line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <google/protobuf/stubs/common.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "apps/answer.h"
#include "apps/compare_command.h"
#include "apps/config_command.h"
#include "apps/generate_command.h"
#include "apps/policies_command.h"
#include "apps/tell.h"
#include "apps/trace_command.h"
#include "apps/validate_command.h"
#include "apps/version.h"
#include "base/text.h"

namespace jevons {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  jevons compare examples/first_run.yaml\n"
    "  jevons compare examples/first_run.yaml --seeds 5 --json out.json\n"
    "  jevons run examples/first_run.yaml --policy capacity_loan\n"
    "  jevons config print examples/first_run.yaml\n"
    "  jevons policies describe capacity_loan\n"
    "  jevons validate --only serving\n"
    "\n"
    "Exit status: 0 done, 1 a run failed, 2 bad input, 130 interrupted.";

std::string version_text() {
  return fmt::format("jevons {}\nprotobuf {}\nsimgrid {}", program_version(),
                     google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION), JEVONS_SIMGRID_VERSION);
}

// The subcommand the user got to: the deepest one that was named.
const CLI::App* deepest(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().back();
  return app;
}

std::string full_name(const CLI::App* app) {
  return app->get_parent() == nullptr ? app->get_name() : full_name(app->get_parent()) + " " + app->get_name();
}

std::string unknown_word(const CLI::App* app, const std::string& word) {
  std::vector<std::string> known;
  if (word.size() > 1 && word[0] == '-') {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    const std::string flag = word.substr(0, word.find('='));
    return fmt::format("unknown option '{}'{}", flag, nearest_hint(flag, known));
  }
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(sub->get_name());
  if (known.empty()) return fmt::format("unexpected argument '{}'", word);
  return fmt::format("unknown command '{}'{}", word, nearest_hint(word, known));
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* at = deepest(&app);
  // What was not understood says more than what is missing because of it.
  const std::vector<std::string> unknown = app.remaining(true);
  std::string message = error.what();
  if (!unknown.empty())
    message = unknown_word(at, unknown.front());
  else if (at->get_parent() == nullptr && at->get_subcommands().empty())
    message = "a command is needed";
  while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
  tell(fmt::format("{}; see {} --help", message, full_name(at)));
  return kExitBadInput;
}

// A program started without stdin, stdout or stderr would give their numbers to the next files it opens, and print into
// them.  What stands in for stdout takes no writes, so that printing is still an error.
void hold_standard_files() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
  }
}

}  // namespace

const char* program_version() { return JEVONS_VERSION; }

int run_command_line(int argc, char** argv, const Policies& policies) {
  hold_standard_files();
  // A file beyond RLIMIT_FSIZE is a write error with a message, not a death by signal.
  ::signal(SIGXFSZ, SIG_IGN);
  const std::string path = argc > 0 ? argv[0] : "jevons";
  const std::string program = path.substr(path.rfind('/') + 1);
  int exit_code = kExitOk;
  CLI::App app{"Simulates one GPU cluster that serves LLM requests and trains models at the same time."};
  app.name(program);
  app.set_version_flag("--version", version_text(), "Print the version, and those of protobuf and SimGrid");
  app.require_subcommand(1);
  app.footer(kFooter);
  add_compare_command(app, program, policies, &exit_code);
  add_run_command(app, program, policies, &exit_code);
  add_policies_command(app, policies, &exit_code);
  CLI::App* trace = add_trace_command(app, &exit_code);
  add_trace_generate(*trace, policies, &exit_code);
  add_config_command(app, policies, &exit_code);
  add_validate_command(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) return usage_error(app, e);
    std::ostringstream text;
    app.exit(e, text, text);  // --help and --version.
    return answer(text.str());
  } catch (const std::bad_alloc&) {
    tell("out of memory");
    return kExitRunFailed;
  } catch (const std::system_error& e) {
    // fmt::print throws where its stream takes no more; unwinding removes the files that are not whole.
    tell(e.what());
    return kExitBadInput;
  }
  return exit_code;
}

}  // namespace jevons
