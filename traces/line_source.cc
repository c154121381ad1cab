// One loop for all text formats; the formats themselves know only rows.
#include "traces/line_source.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "base/rng.h"
#include "traces/job_check.h"
#include "traces/json_array.h"
#include "traces/reorder.h"

namespace jevons {
namespace {

// The rows of a file: lines without blank lines, comments and the header, or the objects of an array.
class DataRows {
 public:
  DataRows(FileReader file, const LineFormat& format)
      : rows_(format.json_array ? Rows(JsonArrayReader(std::move(file))) : Rows(LineReader(std::move(file)))),
        comment_(format.comment) {}

  Result<bool> next(std::string_view* row) {
    if (auto* objects = std::get_if<JsonArrayReader>(&rows_)) return objects->next(row);
    for (;;) {
      auto more = std::get<LineReader>(rows_).next(row);
      if (!more || !*more) return more;
      if (!is_blank_line(*row) && (comment_ == 0 || row->front() != comment_)) return true;
    }
  }
  Error error(const BadRow& bad) const {
    return std::visit(
        [&](const auto& rows) {
          return Error{bad.message(), bad.column == 0 ? rows.where() : rows.where(bad.column)};
        },
        rows_);
  }
  std::string where() const {
    return std::visit([](const auto& rows) { return rows.where(); }, rows_);
  }
  std::uint64_t number() const {
    return std::visit([](const auto& rows) { return rows.number(); }, rows_);
  }

 private:
  using Rows = std::variant<LineReader, JsonArrayReader>;
  Rows rows_;
  char comment_;
};

Result<std::string> read_header(const LineFormat& format, DataRows* lines) {
  std::string_view line;
  if (!format.has_header) return std::string();
  auto more = lines->next(&line);
  if (!more) return more.error();
  if (!*more) return Error{"the file has no header line (expected the names of the columns)", lines->where()};
  return std::string(line);
}

class LineRequestSource final : public RequestSource {
 public:
  LineRequestSource(DataRows lines, std::unique_ptr<RequestRowParser> parser, const TraceOptions& options, bool rebase)
      : lines_(std::move(lines)),
        parser_(std::move(parser)),
        options_(options),
        rebase_(rebase),
        random_(options.seed, options.stream + ".spread") {}

  Result<bool> next(Request* out) override {
    const auto window = static_cast<std::size_t>(options_.reorder_window);
    while (!at_end_ && waiting_.size() < window) {
      if (Status s = read_row(); !s) return s.error();
    }
    if (waiting_.empty()) return false;
    waiting_.pop(out);
    last_out_ = out->arrival;
    if (!origin_) origin_ = rebase_ ? out->arrival : Instant{0};
    out->arrival = out->arrival - (*origin_ - Instant{0});
    return true;
  }
  const ReadCounts& counts() const override { return counts_; }

 private:
  Status read_row() {
    std::string_view line;
    auto more = lines_.next(&line);
    if (!more) return more.error();
    if (!*more) {
      at_end_ = true;
      return Ok{};
    }
    ++counts_.rows;
    if (const BadRow bad = parser_->parse(line, &row_)) {
      if (!options_.drop_bad_rows) return lines_.error(bad);
      ++counts_.dropped[bad.reason];
      return Ok{};
    }
    ++counts_.kept;
    if (row_.arrival < last_read_) ++counts_.out_of_order;
    last_read_ = row_.arrival;
    if (options_.spread.ns > 0) {
      row_.arrival.ns += static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(options_.spread.ns)));
    }
    if (row_.arrival < last_out_) {
      return Error{"row is out of order by more than " + std::to_string(options_.reorder_window) +
                       " rows (sort the file with `jevons trace convert`, or raise the reorder window)",
                   lines_.where()};
    }
    waiting_.push(&row_);
    return Ok{};
  }

  DataRows lines_;
  std::unique_ptr<RequestRowParser> parser_;
  TraceOptions options_;
  bool rebase_;
  RandomStream random_;
  ReorderBuffer waiting_;
  Request row_;
  ReadCounts counts_;
  Instant last_read_{0}, last_out_{0};
  std::optional<Instant> origin_;
  bool at_end_ = false;
};

}  // namespace

bool is_blank_line(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

Result<std::unique_ptr<RequestSource>> open_line_requests(FileReader file, const LineFormat& format,
                                                          const TraceOptions& options) {
  DataRows lines(std::move(file), format);
  auto header = read_header(format, &lines);
  if (!header) return header.error();
  auto parser = format.requests(*header, options);
  if (!parser) return Error{parser.error().message, lines.where()};
  return std::unique_ptr<RequestSource>(std::make_unique<LineRequestSource>(
      std::move(lines), *std::move(parser), options, options.rebase.value_or(format.own_clock)));
}

namespace {

// Drops jobs that wait for one which is not submitted earlier, or says which is the first.
Status check_after(JobTrace* trace, bool drop, const JobRows& from) {
  constexpr const char* kReason = "after unknown";
  std::vector<TrainingJob>& jobs = trace->jobs;
  EarlierJobs earlier(jobs);
  std::vector<bool> dropped(jobs.size());
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::string* unknown = earlier.unknown(jobs[i]);
    if (unknown == nullptr) {
      earlier.add(jobs[i]);
      continue;
    }
    if (!drop) {
      const BadRow bad{kReason, "names of jobs submitted earlier", *unknown, 0};
      return Error{bad.message(), from.before + std::to_string(from.rows[i])};
    }
    dropped[i] = true;
    ++count;
  }
  if (count == 0) return Ok{};
  std::vector<TrainingJob> kept;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!dropped[i]) kept.push_back(std::move(jobs[i]));
  }
  jobs = std::move(kept);
  trace->counts.kept -= count;
  trace->counts.dropped[kReason] += count;
  return Ok{};
}

// Sorts both by submit time.
void sort_jobs(std::vector<TrainingJob>* jobs, std::vector<std::uint64_t>* rows) {
  const auto by_submit = [](const auto& a, const auto& b) { return a.submit < b.submit; };
  if (std::is_sorted(jobs->begin(), jobs->end(), by_submit)) return;
  std::vector<std::size_t> order(jobs->size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return by_submit((*jobs)[a], (*jobs)[b]); });
  std::vector<TrainingJob> sorted;
  std::vector<std::uint64_t> sorted_rows;
  sorted.reserve(jobs->size());
  for (const std::size_t i : order) {
    sorted.push_back(std::move((*jobs)[i]));
    sorted_rows.push_back((*rows)[i]);
  }
  *jobs = std::move(sorted);
  *rows = std::move(sorted_rows);
}

}  // namespace

Status settle_jobs(JobTrace* trace, bool rebase, bool drop, JobRows from) {
  std::vector<TrainingJob>& jobs = trace->jobs;
  CHECK(from.rows.size() == jobs.size());
  sort_jobs(&jobs, &from.rows);
  const Duration origin = rebase && !jobs.empty() ? jobs.front().submit - Instant{0} : Duration{0};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].submit = jobs[i].submit - origin;
    if (jobs[i].deadline != Instant::never()) jobs[i].deadline = jobs[i].deadline - origin;
    if (jobs[i].name.empty()) jobs[i].name = std::to_string(i);
  }
  return check_after(trace, drop, from);
}

Result<JobTrace> read_line_jobs(FileReader file, const LineFormat& format, const TraceOptions& options) {
  const std::string path = file.path();
  DataRows lines(std::move(file), format);
  auto header = read_header(format, &lines);
  if (!header) return header.error();
  auto parser = format.jobs(*header, options);
  if (!parser) {  // About the header, a file beside this one, or an option.
    const std::string& where = parser.error().where;
    return Error{parser.error().message, !where.empty() ? where : format.has_header ? lines.where() : path};
  }
  JobTrace trace;
  JobRows from{path + ":", {}};
  TrainingJob job;
  Instant last{0};
  std::string_view line;
  for (;;) {
    auto more = lines.next(&line);
    if (!more) return more.error();
    if (!*more) break;
    ++trace.counts.rows;
    job = {};
    if (const BadRow bad = (*parser)->parse(line, &job)) {
      if (!options.drop_bad_rows) return lines.error(bad);
      ++trace.counts.dropped[bad.reason];
      continue;
    }
    if (trace.jobs.size() == kMaxJobs) return Error{"more than 10 million jobs (expected a job trace)", lines.where()};
    ++trace.counts.kept;
    if (job.submit < last) ++trace.counts.out_of_order;
    last = job.submit;
    trace.jobs.push_back(std::move(job));
    from.rows.push_back(lines.number());
  }
  const bool rebase = options.rebase.value_or(format.own_clock);
  if (Status s = settle_jobs(&trace, rebase, options.drop_bad_rows, std::move(from)); !s) return s.error();
  return trace;
}

}  // namespace jevons
