// `jevons compare` and `jevons run`.
#include "apps/compare_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "apps/answer.h"
#include "apps/command_line.h"
#include "apps/compare_options.h"
#include "apps/interrupt.h"
#include "apps/progress_line.h"
#include "apps/tell.h"
#include "apps/version.h"
#include "experiments/compare.h"
#include "report/console.h"
#include "report/json.h"

namespace jevons {
namespace {

bool wants_color(const std::string& when) {
  if (when != "auto") return when == "always";
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value != nullptr ? value : "");
  };
  return ::isatty(STDOUT_FILENO) == 1 && set("NO_COLOR").empty() && set("TERM") != "dumb";  // no-color.org
}

Result<CompareSetup> setup_of(const Scenario& scenario, const CompareRequest& request, bool one_policy) {
  CompareSetup setup;
  auto chosen = choose_policies(scenario, request.policies);
  if (!chosen) return chosen.error();
  if (one_policy && chosen->size() != 1) {
    std::string labels;
    for (const std::string& label : scenario.policy_labels()) labels += (labels.empty() ? "" : ", ") + label;
    return Error{"expected one of " + labels + " (or use compare for all)", "--policy"};
  }
  setup.policies = *std::move(chosen);
  const std::uint64_t first = request.seed.value_or(scenario.seed());
  if (first > std::numeric_limits<std::uint64_t>::max() - (request.seeds - 1)) {
    return Error{"the last seed would pass the largest 64-bit number", "--seeds"};
  }
  for (std::uint64_t i = 0; i < request.seeds; ++i) setup.seeds.push_back(first + i);
  setup.jobs = request.jobs;
  setup.engine = request.engine;
  return setup;
}

// Returns whether every run is there.
bool tell_failures(const Comparison& comparison) {
  bool good = true;
  for (const Cell& cell : comparison.cells) {
    if (cell.error.empty()) continue;
    tell(fmt::format("policy {}, seed {}: {}", comparison.policies[cell.policy], cell.seed, cell.error));
    good = false;
  }
  return good;
}

Status write_reports(const CompareRequest& request, const Comparison& comparison, ReportFiles* files) {
  if (Status ok = files->commit(comparison); !ok) return ok;
  if (request.json_to_stdout) return print(json_report(comparison));
  if (request.quiet) return Ok{};
  return print(console_report(comparison, {wants_color(request.color), files->written()}));
}

int run(const CompareRequest& request, const std::string& program, const std::string& command,
        const Policies& policies) {
  const auto scenario = Scenario::load(request.scenario, policies, request.overrides);
  if (!scenario) return refuse(scenario.error());
  auto setup = setup_of(*scenario, request, command == "run");
  if (!setup) return refuse(setup.error());
  auto files = ReportFiles::open(request.files);
  if (!files) return refuse(files.error());
  if (files->wants_requests()) {
    setup->requests = [&files](std::string_view rows) { return files->write_requests(rows); };
    setup->requests_path = request.files.requests;
  }
  const InterruptGuard interrupt;
  setup->stop = interrupt.stop();
  std::optional<ProgressLine> line;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (request.progress || (terminal && !request.quiet)) {
    line.emplace(terminal);
    setup->on_progress = [&line](const CompareProgress& p) { line->show(p); };
  }
  auto comparison = compare(*scenario, *setup);
  line.reset();
  if (!comparison) return refuse(comparison.error());
  comparison->version = program_version();
  comparison->audited = request.engine.audit;
  comparison->command = reproducing_command(program, command, request);
  const bool good = tell_failures(*comparison);
  if (Status ok = write_reports(request, *comparison, &*files); !ok) return refuse(ok.error());
  if (!comparison->complete) return interrupt.exit_code();
  return good ? kExitOk : kExitRunFailed;
}

void add_command(CLI::App& app, const std::string& program, const std::string& name, const std::string& help,
                 const Policies& policies, int* exit_code) {
  CLI::App* command = app.add_subcommand(name, help);
  const CompareFlags flags = CompareFlags::add_to(command, name == "run");
  command->callback([=, &policies] {
    const auto request = flags.read();
    *exit_code = request ? run(*request, program, name, policies) : refuse(request.error());
  });
}

}  // namespace

void add_compare_command(CLI::App& app, const std::string& program, const Policies& policies, int* exit_code) {
  add_command(app, program, "compare", "Replay one workload under every policy of a scenario and tell who wins",
              policies, exit_code);
}

void add_run_command(CLI::App& app, const std::string& program, const Policies& policies, int* exit_code) {
  add_command(app, program, "run", "Replay the workload under one policy", policies, exit_code);
}

}  // namespace jevons
