// Two renderings of the same summaries.
#include "apps/trace_stats.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

namespace jevons {
namespace {

using Json = nlohmann::ordered_json;

// "1d 02:03:04.5"
std::string clock_text(Duration d) {
  const std::int64_t tenths = (d.ns + 50'000'000) / 100'000'000;
  const std::int64_t s = tenths / 10;
  const std::string days = s >= 86400 ? fmt::format("{}d ", s / 86400) : "";
  return fmt::format("{}{:02}:{:02}:{:02}.{}", days, s / 3600 % 24, s / 60 % 60, s % 60, tenths % 10);
}

constexpr std::string_view kRow = "  {:<14} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}\n";

std::string header_row() { return fmt::format(kRow, "", "mean", "min", "p50", "p90", "p99", "max"); }

// Values in `unit`s; whole ones where the unit is 1.
std::string row(std::string_view name, const Spread& s, double unit) {
  const auto show = [&](double v) {
    return unit == 1 ? fmt::format("{:.0f}", v) : fmt::format("{:.{}f}", v / unit, v / unit < 1000 ? 3 : 0);
  };
  const auto at = [&](std::int64_t v) { return show(static_cast<double>(v)); };
  return fmt::format(kRow, name, unit == 1 ? fmt::format("{:.1f}", s.mean) : show(s.mean), at(s.min), at(s.p50),
                     at(s.p90), at(s.p99), at(s.max));
}

std::string rows_text(const ReadCounts& c) {
  std::string text = fmt::format("  rows           {} read, {} kept", c.rows, c.kept);
  for (const auto& [reason, rows] : c.dropped) text += fmt::format("\n                 {} dropped: {}", rows, reason);
  if (c.out_of_order > 0) text += fmt::format("\n                 {} out of order", c.out_of_order);
  return text + "\n";
}

std::string text_of_requests(const RequestSummary& s) {
  std::string text = rows_text(s.counts);
  text += fmt::format("  requests       {}\n", s.requests);
  if (s.requests == 0) return text;
  text += fmt::format("  span           {} (first at {})\n", clock_text(s.last - s.first),
                      clock_text(s.first - Instant{0}));
  text += fmt::format("  rate           {:.4g}/s mean, {:.4g}/s in the busiest minute\n", s.rate(),
                      static_cast<double>(s.busiest_minute) / 60);
  text += fmt::format("  gaps           cv {:.3f} (Poisson: 1)\n", s.gap_cv());
  text += fmt::format("  prompt tokens  {}\n", s.prompt.sum());
  text += fmt::format("  output tokens  {}\n", s.output.sum());
  if (s.with_hashes > 0) {
    text += fmt::format("  prefix reuse   {:.1f} % of prompt tokens, with an unlimited cache\n",
                        100 * static_cast<double>(s.reused) / static_cast<double>(s.prompt.sum()));
  }
  if (s.workloads.size() > 1) {
    for (const auto& [number, count] : s.workloads) text += fmt::format("  workload {:<5} {}\n", number, count);
  }
  return text + header_row() + row("prompt", spread_of(s.prompt), 1) + row("output", spread_of(s.output), 1) +
         row("gap (s)", spread_of(s.gaps), 1e9);
}

std::string text_of_jobs(const JobSummary& s) {
  std::string text = rows_text(s.counts);
  text += fmt::format("  jobs           {}\n", s.jobs);
  if (s.jobs == 0) return text;
  text += fmt::format("  span           {} (first at {})\n", clock_text(s.last - s.first),
                      clock_text(s.first - Instant{0}));
  text += fmt::format("  work           {:.1f} GPU-hours\n", s.work.hours());
  if (s.tenants.size() > 1) text += fmt::format("  tenants        {}\n", s.tenants.size());
  return text + header_row() + row("GPUs", s.gpus, 1) + row("run time (s)", s.run_time, 1e9) +
         row("gap (s)", s.gaps, 1e9);
}

Json spread_json(const Spread& s, double unit) {
  const auto v = [&](std::int64_t x) -> Json { return unit == 1 ? Json(x) : Json(static_cast<double>(x) / unit); };
  Json j;
  j["mean"] = s.mean / unit;
  j["std"] = s.deviation / unit;
  j["min"] = v(s.min);
  j["p50"] = v(s.p50);
  j["p90"] = v(s.p90);
  j["p99"] = v(s.p99);
  j["max"] = v(s.max);
  return j;
}

// JSON readers know 64 bits; a larger sum is given to the precision of a double.
Json whole(Int128 v) {
  if (v > std::numeric_limits<std::int64_t>::max()) return static_cast<double>(v);
  return static_cast<std::int64_t>(v);
}

Json rows_json(const ReadCounts& c) {
  Json j;
  j["read"] = c.rows;
  j["kept"] = c.kept;
  j["dropped"] = Json::object();
  for (const auto& [reason, rows] : c.dropped) j["dropped"][reason] = rows;
  j["out_of_order"] = c.out_of_order;
  return j;
}

}  // namespace

Result<TraceStats> trace_stats(const std::string& file, const TraceOptions& options) {
  TraceStats stats;
  stats.file = file;
  auto trace = open_trace(file, options);
  if (!trace) return trace.error();
  stats.format = trace->format;
  if (trace->jobs) {
    stats.jobs = summarise(*trace->jobs);
    return stats;
  }
  auto summary = summarise(trace->requests.get());
  if (!summary) return summary.error();
  stats.requests = *std::move(summary);
  return stats;
}

std::string stats_text(const std::vector<TraceStats>& all) {
  std::string text;
  for (const TraceStats& s : all) {
    text += fmt::format("{}{} ({})\n", text.empty() ? "" : "\n", s.file, s.format);
    text += s.requests ? text_of_requests(*s.requests) : text_of_jobs(*s.jobs);
  }
  return text;
}

std::string stats_json(const std::vector<TraceStats>& all) {
  Json out = Json::array();
  for (const TraceStats& s : all) {
    Json j;
    j["file"] = s.file;
    j["format"] = s.format;
    if (s.requests) {
      const RequestSummary& r = *s.requests;
      j["rows"] = rows_json(r.counts);
      j["requests"] = r.requests;
      j["first_s"] = r.first.seconds();
      j["span_s"] = (r.last - r.first).seconds();
      j["request_rate"] = r.rate();
      j["busiest_minute_requests"] = r.busiest_minute;
      j["gap_cv"] = r.gap_cv();
      j["total_input_tokens"] = whole(r.prompt.sum());
      j["total_output_tokens"] = whole(r.output.sum());
      j["requests_with_hashes"] = r.with_hashes;
      j["reused_input_tokens"] = whole(r.reused);
      j["input_tokens"] = spread_json(spread_of(r.prompt), 1);
      j["output_tokens"] = spread_json(spread_of(r.output), 1);
      j["gap_s"] = spread_json(spread_of(r.gaps), 1e9);
    } else {
      const JobSummary& b = *s.jobs;
      j["rows"] = rows_json(b.counts);
      j["jobs"] = b.jobs;
      j["first_s"] = b.first.seconds();
      j["span_s"] = (b.last - b.first).seconds();
      j["gpu_hours"] = b.work.hours();
      j["tenants"] = b.tenants.size();
      j["gpus"] = spread_json(b.gpus, 1);
      j["run_time_s"] = spread_json(b.run_time, 1e9);
      j["gap_s"] = spread_json(b.gaps, 1e9);
    }
    out.push_back(std::move(j));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace jevons
