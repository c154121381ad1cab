// Record by record: tag, length, message.  Nothing is trusted before it is checked.
#include "traces/format/binary.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "proto/trace.pb.h"
#include "traces/fields.h"
#include "traces/job_check.h"
#include "traces/line_source.h"

namespace jevons {
namespace {

constexpr std::size_t kMaxRecord = LineReader::kMaxLine;
constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

// The fields of a TraceFile, up to and including the trailer.
class Records {
 public:
  explicit Records(FileReader file) : file_(std::move(file)), buffer_(kBufferBytes) {}

  // Reads magic and header.
  Result<proto::TraceHeader> begin() {
    if (auto got = ensure(kBinaryMagic.size()); !got) return got.error();
    if (std::memcmp(data(), kBinaryMagic.data(), kBinaryMagic.size()) != 0) return fail("not a binary trace");
    begin_ += kBinaryMagic.size();
    BinaryField field{};
    std::string_view body;
    if (Status s = next(&field, &body); !s) return s.error();
    proto::TraceHeader header;
    if (field != BinaryField::kHeader || !header.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
      return fail("the header is damaged");
    }
    if (header.version() != kBinaryVersion && header.version() != kBinaryVersionOfJobs) {
      return fail("version " + std::to_string(header.version()) + " is not known (expected 1 or 2)");
    }
    if (header.kind() != proto::TraceHeader::KIND_REQUESTS && header.kind() != proto::TraceHeader::KIND_JOBS) {
      return fail("the header does not say requests or jobs");
    }
    return header;
  }

  // The next field.  The view lives until the next call.
  Status next(BinaryField* field, std::string_view* body) {
    if (auto got = ensure(1); !got) return got.error();
    const auto tag = static_cast<BinaryField>(*data());
    if (tag != BinaryField::kHeader && tag != BinaryField::kRequest && tag != BinaryField::kJob &&
        tag != BinaryField::kTrailer) {
      return fail("a record of unknown type");
    }
    ++begin_;
    std::uint64_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (shift > 28) return fail("a record of impossible length");
      if (auto got = ensure(1); !got) return got.error();
      const auto byte = static_cast<unsigned char>(*data());
      ++begin_;
      length |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) break;
    }
    if (length > kMaxRecord) return fail("a record of more than 64 MiB");
    if (auto got = ensure(static_cast<std::size_t>(length)); !got) return got.error();
    *field = tag;
    *body = std::string_view(data(), static_cast<std::size_t>(length));
    begin_ += static_cast<std::size_t>(length);
    if (tag == BinaryField::kRequest || tag == BinaryField::kJob) ++record_;
    return Ok{};
  }

  // Checks the trailer against what was read, and that nothing follows it.
  Status end(std::string_view body, std::uint64_t last_ns, std::uint64_t sum_a, std::uint64_t sum_b) {
    proto::TraceTrailer trailer;
    if (!trailer.ParseFromArray(body.data(), static_cast<int>(body.size()))) return fail("the trailer is damaged");
    if (trailer.records() != record_ || trailer.last_ns() != last_ns || trailer.sum_a() != sum_a ||
        trailer.sum_b() != sum_b) {
      return fail("the trailer counts " + std::to_string(trailer.records()) + " records with other sums than the " +
                  std::to_string(record_) + " there are");
    }
    auto rest = file_.peek(1);
    if (!rest) return rest.error();
    if (begin_ != end_ || !rest->empty()) return fail("bytes after the trailer");
    return Ok{};
  }

  Error fail(const std::string& what) const {
    return {what + " (expected a whole trace as `jevons trace convert` writes it)", where()};
  }
  const std::string& path() const { return file_.path(); }
  Error bad(const BadRow& row) const { return {row.message(), where()}; }

 private:
  std::string where() const { return file_.path() + ": record " + std::to_string(record_); }
  const char* data() const { return buffer_.data() + begin_; }
  // Makes `n` bytes readable at data().
  Status ensure(std::size_t n) {
    if (end_ - begin_ >= n) return Ok{};
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    while (end_ < n) {
      // Grows with what is there, so that a wrong length costs no memory.
      if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
      auto got = file_.read(buffer_.data() + end_, buffer_.size() - end_);
      if (!got) return got.error();
      if (*got == 0) return fail("the file ends early");
      end_ += *got;
    }
    return Ok{};
  }

  FileReader file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t record_ = 0;  // Requests or jobs so far.
};

// Advances a clock by a gap from the file.
BadRow add_gap(std::uint64_t gap, std::int64_t* now) {
  if (gap > static_cast<std::uint64_t>(kMaxTimeNs - *now)) {
    return {kTimeRules.out_of_range, kTimeRules.expected, {}, 0};
  }
  *now += static_cast<std::int64_t>(gap);
  return {};
}

BadRow in_range(std::uint64_t value, const NumberRules& rules) {
  if (value == 0) return {rules.zero, rules.expected, "0", 0};
  if (value > static_cast<std::uint64_t>(rules.max)) return {rules.out_of_range, rules.expected, {}, 0};
  return {};
}

class BinaryRequestSource final : public RequestSource {
 public:
  BinaryRequestSource(Records records, const TraceOptions& options)
      : records_(std::move(records)), drop_(options.drop_bad_rows), rebase_(options.rebase.value_or(false)) {}

  Result<bool> next(Request* out) override {
    while (!ended_) {
      BinaryField field{};
      std::string_view body;
      if (Status s = records_.next(&field, &body); !s) return s.error();
      if (field == BinaryField::kTrailer) {
        ended_ = true;
        if (Status s = records_.end(body, static_cast<std::uint64_t>(now_), prompts_, outputs_); !s) return s.error();
        break;
      }
      if (field != BinaryField::kRequest) return records_.fail("a record that is no request");
      if (!record_.ParseFromArray(body.data(), static_cast<int>(body.size())))
        return records_.fail("the record is damaged");
      ++counts_.rows;
      prompts_ += record_.prompt();
      outputs_ += record_.output();
      if (const BadRow bad = fill(out)) {
        // Later times hang on this one's gap, so a clock out of range cannot be left out.
        if (!drop_ || bad.reason == kTimeRules.out_of_range) return records_.bad(bad);
        ++counts_.dropped[bad.reason];
        continue;
      }
      ++counts_.kept;
      if (!origin_) origin_ = rebase_ ? now_ : 0;
      out->arrival.ns -= *origin_;
      return true;
    }
    return false;
  }
  const ReadCounts& counts() const override { return counts_; }

 private:
  BadRow fill(Request* out) {
    if (BadRow bad = add_gap(record_.gap_ns(), &now_)) return bad;
    if (record_.hash_block() != 0) block_ = record_.hash_block();
    if (BadRow bad = in_range(record_.prompt(), kPromptRules)) return bad;
    if (BadRow bad = in_range(record_.output(), kOutputRules)) return bad;
    out->arrival = Instant{now_};
    out->prompt = Tokens{static_cast<std::int64_t>(record_.prompt())};
    out->output = Tokens{static_cast<std::int64_t>(record_.output())};
    out->workload = record_.workload();
    out->block_hashes.assign(record_.block_hashes().begin(), record_.block_hashes().end());
    out->hash_block = Tokens{0};
    if (out->block_hashes.empty()) return {};
    if (block_ == 0 || block_ > static_cast<std::uint64_t>(kMaxTokens)) {
      return {"hash block out of range", "1 to 2^40 tokens", {}, 0};
    }
    if (out->block_hashes.size() > (record_.prompt() - 1) / block_ + 1) {
      return {"block hashes of wrong number", "at most one for each hash_block tokens of the prompt", {}, 0};
    }
    out->hash_block = Tokens{static_cast<std::int64_t>(block_)};
    return {};
  }

  Records records_;
  bool drop_, rebase_, ended_ = false;
  proto::RequestRecord record_;
  ReadCounts counts_;
  std::int64_t now_ = 0;
  std::uint64_t block_ = 0, prompts_ = 0, outputs_ = 0;
  std::optional<std::int64_t> origin_;
};

// GPUs as counted here; what no cluster has becomes a number that check_job() refuses.
Gpus gpus_of(std::uint32_t gpus) { return Gpus{static_cast<std::int32_t>(std::min<std::uint32_t>(gpus, 1U << 30U))}; }

// What version 2 knows of a job.
BadRow traits_of(const proto::JobRecord& record, TrainingJob* job) {
  job->priority = record.priority();
  if (record.deadline_ns() > static_cast<std::uint64_t>(kMaxTimeNs - job->submit.ns)) {
    return {kDeadlineRules.out_of_range, kDeadlineRules.expected, {}, 0};
  }
  if (record.deadline_ns() > 0) {
    job->deadline = job->submit + Duration{static_cast<std::int64_t>(record.deadline_ns())};
  }
  if (!proto::JobRecord::Flexibility_IsValid(record.flexibility())) {
    return {"flexibility malformed", "rigid, moldable or elastic", {}, 0};
  }
  job->flexibility = static_cast<Flexibility>(record.flexibility());
  job->min_gpus = gpus_of(record.min_gpus());
  job->max_gpus = gpus_of(record.max_gpus());
  for (const proto::Scaling& p : record.scaling()) job->scaling.push_back({gpus_of(p.gpus()), p.speed()});
  for (const proto::GpuSpeed& g : record.speed_by_gpu()) job->speed_by_gpu.emplace_back(g.gpu(), g.speed());
  job->after.assign(record.after().begin(), record.after().end());
  job->cpus = record.cpus();
  job->memory = Bytes{static_cast<std::int64_t>(std::min<std::uint64_t>(record.memory(), 1ULL << 62U))};
  job->share = MilliGpus{static_cast<std::int32_t>(std::min<std::uint32_t>(record.gpu_milli(), 1U << 30U))};
  return check_job(*job);
}

BadRow job_of(const proto::JobRecord& record, std::int64_t* now, TrainingJob* job) {
  if (BadRow bad = add_gap(record.gap_ns(), now)) return bad;
  if (BadRow bad = in_range(record.gpus(), kGpuRules)) return bad;
  if (BadRow bad = in_range(record.run_time_ns(), kRunTimeRules)) return bad;
  if (BadRow bad = in_range(record.estimate_ns(), kEstimateRules)) return bad;
  if (!std::isfinite(record.parameters()) || record.parameters() < 0 || record.parameters() > 1e15) {
    return {"parameters malformed", "a number from 0 to 1e15", {}, 0};
  }
  job->name = record.name();
  job->submit = Instant{*now};
  job->gpus = Gpus{static_cast<std::int32_t>(record.gpus())};
  job->run_time = Duration{static_cast<std::int64_t>(record.run_time_ns())};
  job->estimate = Duration{static_cast<std::int64_t>(record.estimate_ns())};
  job->tenant = record.tenant();
  job->parameters = record.parameters();
  return traits_of(record, job);
}

Result<JobTrace> read_jobs(Records records, const TraceOptions& options) {
  JobTrace trace;
  proto::JobRecord record;
  std::int64_t now = 0;
  std::uint64_t gpus = 0, run_time = 0;
  JobRows from{records.path() + ": record ", {}};
  for (;;) {
    BinaryField field{};
    std::string_view body;
    if (Status s = records.next(&field, &body); !s) return s.error();
    if (field == BinaryField::kTrailer) {
      if (Status s = records.end(body, static_cast<std::uint64_t>(now), gpus, run_time); !s) return s.error();
      break;
    }
    if (field != BinaryField::kJob) return records.fail("a record that is no job");
    if (!record.ParseFromArray(body.data(), static_cast<int>(body.size())))
      return records.fail("the record is damaged");
    ++trace.counts.rows;
    gpus += record.gpus();
    run_time += record.run_time_ns();
    TrainingJob job;
    if (const BadRow bad = job_of(record, &now, &job)) {
      if (!options.drop_bad_rows || bad.reason == kTimeRules.out_of_range) return records.bad(bad);
      ++trace.counts.dropped[bad.reason];
      continue;
    }
    if (trace.jobs.size() == kMaxJobs) return records.fail("more than 10 million jobs");
    ++trace.counts.kept;
    trace.jobs.push_back(std::move(job));
    from.rows.push_back(trace.counts.rows);
  }
  const bool rebase = options.rebase.value_or(false);
  if (Status s = settle_jobs(&trace, rebase, options.drop_bad_rows, std::move(from)); !s) return s.error();
  return trace;
}

}  // namespace

Result<TraceKind> binary_trace_kind(FileReader file) {
  Records records(std::move(file));
  auto header = records.begin();
  if (!header) return header.error();
  return header->kind() == proto::TraceHeader::KIND_REQUESTS ? TraceKind::kRequests : TraceKind::kJobs;
}

Result<OpenedTrace> open_binary(FileReader file, const TraceOptions& options, std::optional<TraceKind> wanted) {
  const std::string path = file.path();
  Records records(std::move(file));
  auto header = records.begin();
  if (!header) return header.error();
  OpenedTrace trace;
  trace.format = "binary";
  const bool requests = header->kind() == proto::TraceHeader::KIND_REQUESTS;
  if (wanted && requests != (*wanted == TraceKind::kRequests)) {
    return Error{requests ? "holds requests in format binary (expected jobs)"
                          : "holds jobs in format binary (expected requests)",
                 path};
  }
  if (requests) {
    trace.requests = std::make_unique<BinaryRequestSource>(std::move(records), options);
    return trace;
  }
  auto jobs = read_jobs(std::move(records), options);
  if (!jobs) return jobs.error();
  trace.jobs = *std::move(jobs);
  return trace;
}

}  // namespace jevons
