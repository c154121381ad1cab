// The `trace generate` command.  Requests stream from source to file, so memory does not grow with their number.
#include "apps/generate_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/answer.h"
#include "experiments/scenario.h"
#include "traces/writer.h"

namespace jevons {
namespace {

struct Target {
  std::string folder, request_ending, job_ending;
};

// The requests that a run would see: those before its horizon.
Result<std::uint64_t> write_stream(RequestStreamSetup* stream, Instant horizon, RequestWriter* writer) {
  Request request;
  std::uint64_t count = 0;
  while (true) {
    const auto more = stream->source->next(&request);
    if (!more) return more.error();
    if (!*more || request.arrival >= horizon) return count;
    request.workload = 0;  // The file holds one stream.
    if (Status s = writer->write(request); !s) return s.error();
    ++count;
  }
}

// A folder and those above it, made where they are missing; what it made and is still empty goes with it.
class NewFolders {
 public:
  NewFolders() = default;
  NewFolders(const NewFolders&) = delete;
  NewFolders& operator=(const NewFolders&) = delete;
  ~NewFolders() {
    std::error_code ignored;
    for (; !made_.empty(); made_.pop_back()) std::filesystem::remove(made_.back(), ignored);
  }

  Status make(const std::filesystem::path& folder) {
    std::filesystem::path path;
    for (const std::filesystem::path& part : folder) {
      path /= part;
      std::error_code code;
      if (std::filesystem::create_directory(path, code)) {
        made_.push_back(path);
      } else if (std::error_code ignored; !std::filesystem::is_directory(path, ignored)) {
        if (std::filesystem::exists(path, ignored)) code = std::make_error_code(std::errc::not_a_directory);
        return Error{"cannot make the folder: " + code.message(), folder.string()};
      }
    }
    return Ok{};
  }

 private:
  std::vector<std::filesystem::path> made_;
};

struct Stream {
  std::string path;
  std::unique_ptr<RequestWriter> writer;
  std::uint64_t count = 0;
};

// Returns what it wrote, for the console.  Files of requests get their names when all of them could be written.
Result<std::string> write_all(Inputs* in, const Target& target) {
  if (target.folder.empty()) return Error{"expected the name of a folder, got ''", "--output"};
  NewFolders made;
  const std::filesystem::path folder(target.folder);
  if (Status s = made.make(folder); !s) return s.error();
  std::vector<Stream> streams;
  for (const RequestStreamSetup& stream : in->requests) {
    const std::string path = (folder / ("requests-" + stream.name + target.request_ending)).string();
    auto writer = create_request_writer(path);
    if (!writer) return writer.error();
    streams.push_back({path, *std::move(writer)});
  }
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const auto count = write_stream(&in->requests[i], in->horizon, streams[i].writer.get());
    if (!count) return count.error();
    streams[i].count = *count;
  }
  JobTrace jobs;
  jobs.jobs = std::move(in->training.jobs);
  jobs.counts.rows = jobs.counts.kept = jobs.jobs.size();
  const std::string jobs_path = (folder / ("jobs" + target.job_ending)).string();
  if (!jobs.jobs.empty()) {
    if (Status s = write_jobs(jobs_path, jobs); !s) return s.error();
  }
  std::string text;
  for (const Stream& stream : streams) {
    if (Status s = stream.writer->finish(); !s) return s.error();
    text += fmt::format("{}: {} requests\n", stream.path, stream.count);
  }
  if (!jobs.jobs.empty()) text += fmt::format("{}: {} jobs\n", jobs_path, jobs.jobs.size());
  return text;
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
      *exit_code = refuse(scenario.error());
      return;
    }
    auto in = scenario->inputs(0, seed->count() > 0 ? seed->as<std::uint64_t>() : scenario->seed(), EngineOptions{});
    if (!in) {
      *exit_code = refuse(in.error());
      return;
    }
    const std::string form = format->count() > 0 ? format->as<std::string>() : "csv";
    const bool binary = form == "binary";
    const std::string request_ending = binary ? ".jtr" : form == "mooncake" ? ".jsonl" : ".csv";
    const auto written = write_all(&*in, {folder->as<std::string>(), request_ending, binary ? ".jtr" : ".csv"});
    *exit_code = written ? answer(*written) : refuse(written.error());
  });
}

}  // namespace jevons
