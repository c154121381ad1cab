// The `trace` command.  Results on stdout, errors on stderr.
#include "apps/trace_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "apps/answer.h"
#include "apps/trace_stats.h"
#include "base/text.h"
#include "traces/reader.h"
#include "traces/writer.h"

namespace jevons {
namespace {

// The options of reading, as flags.
struct ReadFlags {
  TraceOptions options;
  std::int64_t block = 512;
  std::string on_bad_row = "fail", spread = "0", gpu_shares = "share";
  std::vector<std::string> gpu_names, gpu_hours;  // "name=value".

  Result<TraceOptions> resolved() const {
    TraceOptions o = options;
    o.hash_block = Tokens{block};
    o.drop_bad_rows = on_bad_row == "drop";
    auto parsed = parse_duration(spread);
    if (!parsed) return Error{parsed.error().message, "--spread"};
    o.spread = *parsed;
    o.gpu_shares = gpu_shares_of(gpu_shares);
    for (const std::string& text : gpu_names) {
      const std::size_t sign = text.find('=');
      if (sign == std::string::npos) return Error{"expected TYPE=NAME, got '" + text + "'", "--gpu-name"};
      o.gpu_names.emplace_back(text.substr(0, sign), text.substr(sign + 1));
    }
    for (const std::string& text : gpu_hours) {
      const std::size_t sign = text.find('=');
      const auto hours = parse_double(sign == std::string::npos ? "" : std::string_view(text).substr(sign + 1));
      if (!hours) return Error{"expected APPLICATION=HOURS, got '" + text + "'", "--gpu-hours"};
      o.gpu_hours.emplace_back(text.substr(0, sign), *hours);
    }
    return o;
  }
};

std::vector<std::string> format_names() {
  std::vector<std::string> names{"auto"};
  for (const FormatInfo& f : formats()) names.push_back(f.name);
  return names;
}

// Those of single formats of jobs.
void add_job_flags(CLI::App* app, ReadFlags* f) {
  app->add_option("--throughputs", f->options.throughputs, "gavel: file of steps per second (needed)");
  app->add_option("--reference-type", f->options.reference_type, "gavel: GPU type on which run times hold (v100)");
  app->add_flag("--scale-throughputs", f->options.scale_throughputs,
                "gavel: for more GPUs than were measured, in proportion");
  app->add_option("--gpu-name", f->gpu_names, "gavel, openb: TYPE=NAME, another name for a GPU type of the trace");
  app->add_option("--elastic-factor", f->options.elastic_factor,
                  "elasticflow: range of GPUs around those asked for; 1 = rigid (4)");
  app->add_option("--gpu-shares", f->gpu_shares,
                  "openb, pai: a share of a GPU is that, a whole one, or a bad row (share)")
      ->check(CLI::IsMember({"share", "whole", "bad_row"}));
  app->add_option("--gpu-hours", f->gpu_hours, "pollux: APPLICATION=HOURS, its work");
  app->add_option("--job-table", f->options.job_table, "pai: pai_job_table.csv, for submit times and users");
}

std::shared_ptr<ReadFlags> add_read_flags(CLI::App* app) {
  auto f = std::make_shared<ReadFlags>();  // CLI11 keeps pointers to the targets of options as long as the app lives.
  app->add_option("--format", f->options.format, "Format of the input; auto recognises it")
      ->check(CLI::IsMember(format_names()));
  app->add_option("--on-bad-row", f->on_bad_row, "Fail at a bad row, or drop it and count it by reason")
      ->check(CLI::IsMember({"fail", "drop"}));
  app->add_option("--block-size", f->block, "mooncake: tokens per prefix hash (512)");
  app->add_option("--time-unit", f->options.time_unit, "mooncake: unit of timestamps (ms)")
      ->check(CLI::IsMember({"ns", "us", "ms", "s"}));
  app->add_option("--spread", f->spread, "Spread arrivals over this time (3s), for coarse clocks; 0 = as recorded");
  app->add_option("--seed", f->options.seed, "Seed of --spread (1)");
  app->add_option("--processors-per-gpu", f->options.processors_per_gpu, "swf: processors that count as one GPU (1)");
  add_job_flags(app, f.get());
  return f;
}

int stats(const std::vector<std::string>& files, const ReadFlags& flags, bool json) {
  auto options = flags.resolved();
  if (!options) return refuse(options.error());
  std::vector<TraceStats> all;
  for (const std::string& file : files) {
    auto one = trace_stats(file, *options);
    if (!one) return refuse(one.error());
    all.push_back(*std::move(one));
  }
  return answer(json ? stats_json(all) : stats_text(all));
}

struct Outcome {
  std::uint64_t count = 0;
  Status status = Ok{};
};

Outcome copy_requests(RequestSource* source, const std::string& to, const WriteOptions& write) {
  Outcome o;
  auto writer = create_request_writer(to, write);
  if (!writer) return {0, writer.error()};
  Request request;
  for (;; ++o.count) {
    auto more = source->next(&request);
    if (!more) return {0, more.error()};
    o.status = *more ? (*writer)->write(request) : (*writer)->finish();
    if (!*more || !o.status) return o;
  }
}

std::string dropped_text(const ReadCounts& counts) {
  std::string text;
  for (const auto& [reason, rows] : counts.dropped) text += fmt::format(", {} dropped ({})", rows, reason);
  return text;
}

struct Conversion {
  std::string from, to;
  WriteOptions write;
};

int convert(const Conversion& c, const ReadFlags& flags) {
  if (c.to.empty()) return refuse(Error{"expected the name of a file, got ''", "TO"});
  auto options = flags.resolved();
  if (!options) return refuse(options.error());
  // The whole trace waits in memory, so that any disorder is sorted: 64 bytes a request, and its hashes.
  options->reorder_window = std::numeric_limits<std::int64_t>::max();
  auto trace = open_trace(c.from, *options);
  if (!trace) return refuse(trace.error());
  if (trace->jobs) {
    if (Status s = write_jobs(c.to, *trace->jobs, c.write); !s) return refuse(s.error());
    return answer(fmt::format("{}: {} jobs{}\n", c.to, trace->jobs->jobs.size(), dropped_text(trace->jobs->counts)));
  }
  const Outcome o = copy_requests(trace->requests.get(), c.to, c.write);
  if (!o.status) return refuse(o.status.error());
  return answer(fmt::format("{}: {} requests{}\n", c.to, o.count, dropped_text(trace->requests->counts())));
}

std::string formats_text() {
  std::string text = "Trace formats, recognised from the content; plain, .gz, .zst or .xz:\n\n";
  for (const FormatInfo& f : formats()) {
    const char* holds = f.requests && f.jobs ? "both" : f.requests ? "requests" : "jobs";
    text += fmt::format("  {:<11} {:<9} {}\n", f.name, holds, f.summary);
  }
  return text + "\n`jevons trace convert` writes csv, mooncake (requests) and binary.\n";
}

}  // namespace

CLI::App* add_trace_command(CLI::App& root, int* exit_code) {
  CLI::App* trace = root.add_subcommand("trace", "Look at traces and convert them");
  trace->require_subcommand(1);

  CLI::App* show = trace->add_subcommand("stats", "Counts, rates, lengths, burstiness and prefix reuse of traces");
  auto files = std::make_shared<std::vector<std::string>>();
  show->add_option("FILE", *files, "Trace files")->required();
  const std::string json_help = "As JSON";
  CLI::Option* json = show->add_flag("--json", json_help);
  const auto show_flags = add_read_flags(show);
  show->callback([=] { *exit_code = stats(*files, *show_flags, json->count() > 0); });

  CLI::App* change = trace->add_subcommand("convert", "Write a trace in another format, sorted by time");
  auto c = std::make_shared<Conversion>();
  change->add_option("FROM", c->from, "Trace file")->required();
  change->add_option("TO", c->to, "File to write; .gz, .zst and .xz compress")->required();
  change->add_option("--to", c->write.format, "csv, mooncake or binary; by the name (.csv, .jsonl, .jtr) if left out")
      ->check(CLI::IsMember({"auto", "csv", "mooncake", "binary"}));
  change->add_option("--to-time-unit", c->write.time_unit, "mooncake: unit of timestamps written (ms)")
      ->check(CLI::IsMember({"ns", "us", "ms", "s"}));
  change->add_flag("--extended", c->write.extended, "csv: with the columns workload, hash_block and block_hashes");
  const auto change_flags = add_read_flags(change);
  change->callback([=] { *exit_code = convert(*c, *change_flags); });

  CLI::App* list = trace->add_subcommand("formats", "List the trace formats");
  list->callback([=] { *exit_code = answer(formats_text()); });
  return trace;
}

}  // namespace jevons
