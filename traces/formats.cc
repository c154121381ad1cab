// The list of formats, one line each, and the choice among them.
#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/text.h"
#include "traces/format/binary.h"
#include "traces/format/format.h"
#include "traces/json_array.h"
#include "traces/line_source.h"
#include "traces/reader.h"

namespace jevons {
namespace {

// In order of recognition: a header that fits several is the first one's.
const std::array<const LineFormat*, 17>& line_formats() {
  static const std::array<const LineFormat*, 17> kFormats{
      &kAzureFormat, &kMooncakeFormat, &kRequestsFormat, &kJobsFormat,    &kPhillyFormat,      &kPhillyJsonFormat,
      &kAcmeFormat,  &kAcmeRawFormat,  &kHeliosFormat,   &kChronusFormat, &kElasticFlowFormat, &kTiresiasFormat,
      &kGavelFormat, &kPolluxFormat,   &kOpenbFormat,    &kPaiFormat,     &kSwfFormat};
  return kFormats;
}

constexpr std::size_t kPeekBytes = std::size_t{64} << 10;

bool holds(const LineFormat& f, TraceKind kind) {
  return kind == TraceKind::kRequests ? f.requests != nullptr : f.jobs != nullptr;
}

// The first line that says what the file is: neither blank nor, if other lines follow, a comment of SWF.  All of the
// head where it is a JSON array.
std::string_view first_telling_line(std::string_view head) {
  if (begins_json_array(head)) return head;
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_blank_line(line) && line.front() != ';') return line;
  }
  return {};
}

bool begins_with_comment(std::string_view head) {
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && head[first] == ';';
}

Error unknown_format(const std::string& path) {
  std::string names;
  for (const FormatInfo& f : formats()) names += (names.empty() ? "" : ", ") + f.name;
  return {"format not recognised (expected one of: " + names +
              "; `jevons trace formats` says how each begins; name one with the option format)",
          path + ":1"};
}

struct Choice {
  bool binary = false;
  const LineFormat* line = nullptr;
};

Result<Choice> choose(FileReader* file, const std::string& wanted, std::optional<TraceKind> kind) {
  auto head = file->peek(kPeekBytes);
  if (!head) return head.error();
  const std::string_view first = first_telling_line(*head);
  const bool binary = is_binary_trace(*head);
  if (wanted == "binary") {
    if (!binary) return Error{"not a binary trace (expected its first nine bytes)", file->path()};
    return Choice{true, nullptr};
  }
  if (wanted == "auto" && binary) return Choice{true, nullptr};
  const LineFormat* named = nullptr;
  for (const LineFormat* f : line_formats()) {
    if (wanted != "auto" && f->name != wanted) continue;
    if (named == nullptr || (kind && !holds(*named, *kind) && holds(*f, *kind))) named = f;
    if (f->fits(first) || (f == &kSwfFormat && begins_with_comment(*head))) return Choice{false, f};
  }
  if (wanted == "auto") return unknown_format(file->path());
  if (named != nullptr) return Choice{false, named};  // Its own parser says better what is wrong.
  std::vector<std::string> names;
  for (const FormatInfo& f : formats()) names.push_back(f.name);
  return Error{"unknown trace format '" + wanted + "'" + nearest_hint(wanted, names), file->path()};
}

Status check_options(const TraceOptions& o, const std::string& path) {
  constexpr std::int64_t kMaxSpreadNs = 31'622'400'000'000'000;  // 366 days.
  if (o.hash_block.value < 1 || o.hash_block.value > kMaxTokens) {
    return Error{"block size is out of range (expected 1 to 2^40 tokens)", path};
  }
  if (time_unit_ns(o.time_unit) == 0) {
    return Error{"unknown time unit '" + o.time_unit + "' (expected ns, us, ms or s)", path};
  }
  if (o.spread.ns < 0 || o.spread.ns > kMaxSpreadNs)
    return Error{"spread is out of range (expected 0 to 366 days)", path};
  if (o.reorder_window < 1) return Error{"reorder window is out of range (expected 1 or more rows)", path};
  if (o.processors_per_gpu < 1) return Error{"processors per GPU is out of range (expected 1 or more)", path};
  if (o.elastic_factor < 1 || o.elastic_factor > kMaxGpus)
    return Error{"elastic factor is out of range (expected 1 to 100000000)", path};
  for (const auto& [application, hours] : o.gpu_hours) {
    if (!(hours > 0 && hours <= 1e6))
      return Error{"GPU hours of '" + application + "' are out of range (expected above 0, up to 1e6)", path};
  }
  return Ok{};
}

std::string of_other_kind(std::string_view format, TraceKind wanted) {
  const bool requests = wanted == TraceKind::kRequests;
  return "holds " + std::string(requests ? "jobs" : "requests") + " in format " + std::string(format) + " (expected " +
         (requests ? "requests" : "jobs") + ")";
}

}  // namespace

GpuShares gpu_shares_of(std::string_view name) {
  return name == "whole" ? GpuShares::kWhole : name == "bad_row" ? GpuShares::kBadRow : GpuShares::kShare;
}

const std::vector<FormatInfo>& formats() {
  static const std::vector<FormatInfo> kAll = [] {
    std::vector<FormatInfo> all;
    for (const LineFormat* f : line_formats()) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const FormatInfo& i) { return i.name == f->name; });
      if (same == all.end()) {
        all.push_back({std::string(f->name), f->requests != nullptr, f->jobs != nullptr, std::string(f->summary)});
      } else {
        same->requests = same->requests || f->requests != nullptr;
        same->jobs = same->jobs || f->jobs != nullptr;
      }
    }
    all.insert(all.begin() + 3, {"binary", true, true, "our binary form, exact and quick (proto/trace.proto)"});
    return all;
  }();
  return kAll;
}

Result<Recognised> recognise(const std::string& path) {
  auto file = FileReader::open(path);
  if (!file) return file.error();
  auto choice = choose(&*file, "auto", std::nullopt);
  if (!choice) return choice.error();
  if (choice->binary) {
    auto kind = binary_trace_kind(*std::move(file));
    if (!kind) return kind.error();
    return Recognised{"binary", *kind};
  }
  return Recognised{std::string(choice->line->name),
                    choice->line->requests != nullptr ? TraceKind::kRequests : TraceKind::kJobs};
}

namespace {

Result<OpenedTrace> open(const std::string& path, const TraceOptions& options, std::optional<TraceKind> wanted) {
  if (Status s = check_options(options, path); !s) return s.error();
  auto file = FileReader::open(path);
  if (!file) return file.error();
  auto choice = choose(&*file, options.format, wanted);
  if (!choice) return choice.error();
  if (choice->binary) return open_binary(*std::move(file), options, wanted);
  const LineFormat& format = *choice->line;
  if (wanted && !holds(format, *wanted)) return Error{of_other_kind(format.name, *wanted), path};
  OpenedTrace trace;
  trace.format = format.name;
  if (format.requests != nullptr) {
    auto requests = open_line_requests(*std::move(file), format, options);
    if (!requests) return requests.error();
    trace.requests = *std::move(requests);
    return trace;
  }
  auto jobs = read_line_jobs(*std::move(file), format, options);
  if (!jobs) return jobs.error();
  trace.jobs = *std::move(jobs);
  return trace;
}

}  // namespace

Result<OpenedTrace> open_trace(const std::string& path, const TraceOptions& options) {
  return open(path, options, std::nullopt);
}

Result<std::unique_ptr<RequestSource>> open_requests(const std::string& path, const TraceOptions& options) {
  auto trace = open(path, options, TraceKind::kRequests);
  if (!trace) return trace.error();
  return std::move(trace->requests);
}

Result<JobTrace> read_jobs(const std::string& path, const TraceOptions& options) {
  auto trace = open(path, options, TraceKind::kJobs);
  if (!trace) return trace.error();
  return *std::move(trace->jobs);
}

}  // namespace jevons
