// The `trace generate` command.  Requests stream from source to file, so memory does not grow with their number.
#include "apps/generate_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "apps/tell.h"
#include "experiments/scenario.h"
#include "traces/writer.h"

namespace jevons {
namespace {

struct Target {
  std::string folder, request_ending, job_ending;
};

int refuse(const Error& error, int exit_code) {
  tell(error.text());
  return exit_code;
}

// The requests that a run would see: those before its horizon.
Result<std::uint64_t> write_stream(RequestStreamSetup* stream, Instant horizon, const std::string& path) {
  auto writer = create_request_writer(path);
  if (!writer) return writer.error();
  Request request;
  std::uint64_t count = 0;
  while (true) {
    const auto more = stream->source->next(&request);
    if (!more) return more.error();
    if (!*more || request.arrival >= horizon) break;
    request.workload = 0;  // The file holds one stream.
    if (Status s = (*writer)->write(request); !s) return s.error();
    ++count;
  }
  if (Status s = (*writer)->finish(); !s) return s.error();
  return count;
}

int write_all(Inputs* in, const Target& target) {
  std::error_code code;
  std::filesystem::create_directories(target.folder, code);
  if (code) return refuse(Error{"cannot make the folder: " + code.message(), target.folder}, 1);
  const std::filesystem::path folder(target.folder);
  for (RequestStreamSetup& stream : in->requests) {
    const std::string path = (folder / ("requests-" + stream.name + target.request_ending)).string();
    const auto count = write_stream(&stream, in->horizon, path);
    if (!count) return refuse(count.error(), 1);
    fmt::print("{}: {} requests\n", path, *count);
  }
  if (in->training.jobs.empty()) return 0;
  const std::string path = (folder / ("jobs" + target.job_ending)).string();
  JobTrace jobs;
  jobs.jobs = std::move(in->training.jobs);
  jobs.counts.rows = jobs.counts.kept = jobs.jobs.size();
  if (Status s = write_jobs(path, jobs); !s) return refuse(s.error(), 1);
  fmt::print("{}: {} jobs\n", path, jobs.jobs.size());
  return 0;
}

}  // namespace

void add_trace_generate(CLI::App& trace_app, const Policies& policies, int* exit_code) {
  CLI::App* app = trace_app.add_subcommand("generate", "Write each request stream and the jobs of a scenario to files");
  CLI::Option* path = app->add_option("SCENARIO", "Scenario file (.yaml, .json, .txtpb)")->required();
  CLI::Option* folder = app->add_option("-o,--output", "Folder to write to (made if need be)")->required();
  CLI::Option* seed = app->add_option("--seed", "Seed; the scenario's own if left out")->check(CLI::NonNegativeNumber);
  CLI::Option* format = app->add_option("--format", "csv (default), mooncake (requests; jobs as csv) or binary")
                            ->check(CLI::IsMember({"csv", "mooncake", "binary"}));
  CLI::Option* overrides =
      app->add_option("--set", "Change one field: path=value (may be repeated)")->expected(1)->take_all();
  app->callback([=, &policies] {
    const auto scenario =
        Scenario::load(path->as<std::string>(), policies,
                       overrides->count() > 0 ? overrides->as<std::vector<std::string>>() : std::vector<std::string>{});
    if (!scenario) {
      *exit_code = refuse(scenario.error(), 2);
      return;
    }
    auto in = scenario->inputs(0, seed->count() > 0 ? seed->as<std::uint64_t>() : scenario->seed(), EngineOptions{});
    if (!in) {
      *exit_code = refuse(in.error(), 2);
      return;
    }
    const std::string form = format->count() > 0 ? format->as<std::string>() : "csv";
    const bool binary = form == "binary";
    *exit_code = write_all(&*in, {folder->as<std::string>(),
                                  binary               ? ".jtr"
                                  : form == "mooncake" ? ".jsonl"
                                                       : ".csv",
                                  binary ? ".jtr" : ".csv"});
  });
}

}  // namespace jevons
