// The three forms traces are written in.  Times are exact: as few decimals as need be.
#include "traces/writer.h"

#include <charconv>

#include "base/file.h"
#include "base/text.h"
#include "proto/trace.pb.h"
#include "traces/fields.h"
#include "traces/format/binary.h"

namespace jevons {
namespace {

void append(std::string* out, std::int64_t v) {
  char digits[24];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, v);
  CHECK(code == std::errc{});
  out->append(digits, end);
}

void append(std::string* out, std::uint64_t v) {
  char digits[24];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, v);
  CHECK(code == std::errc{});
  out->append(digits, end);
}

// `ns` nanoseconds in units of `unit_ns`, a power of ten.
void append_time(std::string* out, std::int64_t ns, std::int64_t unit_ns) {
  append(out, ns / unit_ns);
  std::int64_t rest = ns % unit_ns;
  if (rest == 0) return;
  *out += '.';
  for (std::int64_t digit = unit_ns / 10; rest > 0; digit /= 10) {
    *out += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
}

// A CSV field, quoted where it must be.  Line ends cannot be kept in a line format.
Status append_text(std::string* out, const std::string& text, const std::string& path) {
  if (text.find_first_of("\r\n") != std::string::npos) {
    return Error{"a name with a line end cannot be written to csv (expected binary)", path};
  }
  if (text.find_first_of(",\"") == std::string::npos) {
    *out += text;
    return Ok{};
  }
  *out += '"';
  for (const char c : text) *out += c == '"' ? std::string("\"\"") : std::string(1, c);
  *out += '"';
  return Ok{};
}

Status check_request(const Request& r, Instant last, const std::string& path) {
  if (r.arrival < last) return Error{"requests are not in order of arrival", path};
  if (r.arrival.ns < 0 || r.arrival.ns > kMaxTimeNs || r.prompt.value < 1 || r.prompt.value > kMaxTokens ||
      r.output.value < 1 || r.output.value > kMaxTokens) {
    return Error{"a request is out of range (expected 1 to 2^40 tokens, within 285 years)", path};
  }
  return Ok{};
}

// Whether the further columns are needed shows with the first request that has them, so the first rows wait.
class CsvRequestWriter final : public RequestWriter {
 public:
  CsvRequestWriter(AtomicFile file, bool extended) : file_(std::move(file)), extended_(extended) {}

  Status write(const Request& r) override {
    if (Status s = check_request(r, last_, file_.path()); !s) return s;
    last_ = r.arrival;
    const bool more = r.workload != 0 || !r.block_hashes.empty();
    if (!begun_ && (more || extended_ || waiting_.size() == kMostWaiting)) {
      extended_ = extended_ || more;
      if (Status s = begin(); !s) return s;
    }
    if (!begun_) {
      waiting_.push_back(r);
      return Ok{};
    }
    if (more && !extended_) {
      return Error{
          "a late request has block hashes or a workload number, the first 100000 none (expected binary, or csv "
          "with --extended)",
          file_.path()};
    }
    return put(r);
  }
  Status finish() override {
    if (!begun_) {
      if (Status s = begin(); !s) return s;
    }
    return file_.commit();
  }

 private:
  static constexpr std::size_t kMostWaiting = 100'000;  // 6 MB.

  Status begin() {
    begun_ = true;
    Status s = file_.write(extended_ ? "arrival_s,prompt_tokens,output_tokens,workload,hash_block,block_hashes\n"
                                     : "arrival_s,prompt_tokens,output_tokens\n");
    for (std::size_t i = 0; i < waiting_.size() && s.ok(); ++i) s = put(waiting_[i]);
    waiting_ = {};
    return s;
  }

  Status put(const Request& r) {
    line_.clear();
    append_time(&line_, r.arrival.ns, 1'000'000'000);
    line_ += ',';
    append(&line_, r.prompt.value);
    line_ += ',';
    append(&line_, r.output.value);
    if (extended_) {
      line_ += ',';
      append(&line_, std::uint64_t{r.workload});
      line_ += ',';
      append(&line_, r.hash_block.value);
      line_ += ',';
      for (std::size_t i = 0; i < r.block_hashes.size(); ++i) {
        if (i > 0) line_ += ' ';
        append(&line_, r.block_hashes[i]);
      }
    }
    line_ += '\n';
    return file_.write(line_);
  }

  AtomicFile file_;
  bool extended_, begun_ = false;
  Instant last_{0};
  std::vector<Request> waiting_;
  std::string line_;
};

class MooncakeWriter final : public RequestWriter {
 public:
  MooncakeWriter(AtomicFile file, std::int64_t unit_ns) : file_(std::move(file)), unit_ns_(unit_ns) {}

  Status write(const Request& r) override {
    if (Status s = check_request(r, last_, file_.path()); !s) return s;
    last_ = r.arrival;
    if (r.workload != 0) return Error{"mooncake has no workload numbers (expected csv or binary)", file_.path()};
    line_ = "{\"timestamp\": ";
    append_time(&line_, r.arrival.ns, unit_ns_);
    line_ += ", \"input_length\": ";
    append(&line_, r.prompt.value);
    line_ += ", \"output_length\": ";
    append(&line_, r.output.value);
    if (!r.block_hashes.empty()) {
      if (block_.value == 0) block_ = r.hash_block;
      if (r.hash_block != block_ ||
          r.block_hashes.size() != static_cast<std::size_t>((r.prompt.value - 1) / block_.value + 1)) {
        return Error{"mooncake needs one block size and a hash for every block of a prompt (expected csv or binary)",
                     file_.path()};
      }
      line_ += ", \"hash_ids\": [";
      for (std::size_t i = 0; i < r.block_hashes.size(); ++i) {
        if (i > 0) line_ += ", ";
        append(&line_, r.block_hashes[i]);
      }
      line_ += ']';
    }
    line_ += "}\n";
    return file_.write(line_);
  }
  Status finish() override { return file_.commit(); }

 private:
  AtomicFile file_;
  std::int64_t unit_ns_;
  Tokens block_{0};
  Instant last_{0};
  std::string line_;
};

// Frames messages as fields of TraceFile and keeps the trailer's sums.
class BinaryFile {
 public:
  explicit BinaryFile(AtomicFile file) : file_(std::move(file)) {}
  const std::string& path() const { return file_.path(); }

  Status begin(proto::TraceHeader::Kind kind) {
    proto::TraceHeader header;
    header.set_version(kBinaryVersion);
    header.set_kind(kind);
    if (Status s = file_.write(kBinaryMagic); !s) return s;
    return put(BinaryField::kHeader, header);
  }
  template <class Message>
  Status add(BinaryField field, const Message& message, std::int64_t time_ns, std::uint64_t a, std::uint64_t b) {
    trailer_.set_records(trailer_.records() + 1);
    trailer_.set_last_ns(static_cast<std::uint64_t>(time_ns));
    trailer_.set_sum_a(trailer_.sum_a() + a);
    trailer_.set_sum_b(trailer_.sum_b() + b);
    return put(field, message);
  }
  std::uint64_t gap_to(Instant t) const { return static_cast<std::uint64_t>(t.ns) - trailer_.last_ns(); }
  Status finish() {
    if (Status s = put(BinaryField::kTrailer, trailer_); !s) return s;
    return file_.commit();
  }

 private:
  template <class Message>
  Status put(BinaryField field, const Message& message) {
    std::size_t size = message.ByteSizeLong();
    if (size > LineReader::kMaxLine) return Error{"a record of more than 64 MiB cannot be written", path()};
    bytes_.clear();
    bytes_ += static_cast<char>(field);
    for (; size >= 0x80; size >>= 7U) bytes_ += static_cast<char>(0x80U | (size & 0x7fU));
    bytes_ += static_cast<char>(size);
    CHECK(message.AppendToString(&bytes_));
    return file_.write(bytes_);
  }

  AtomicFile file_;
  proto::TraceTrailer trailer_;
  std::string bytes_;
};

class BinaryRequestWriter final : public RequestWriter {
 public:
  explicit BinaryRequestWriter(BinaryFile file) : file_(std::move(file)) {}

  Status write(const Request& r) override {
    if (Status s = check_request(r, last_, file_.path()); !s) return s;
    last_ = r.arrival;
    record_.Clear();
    record_.set_gap_ns(file_.gap_to(r.arrival));
    record_.set_prompt(static_cast<std::uint64_t>(r.prompt.value));
    record_.set_output(static_cast<std::uint64_t>(r.output.value));
    record_.set_workload(r.workload);
    if (!r.block_hashes.empty()) {
      if (r.hash_block != block_) record_.set_hash_block(static_cast<std::uint64_t>(r.hash_block.value));
      block_ = r.hash_block;
      record_.mutable_block_hashes()->Add(r.block_hashes.begin(), r.block_hashes.end());
    }
    return file_.add(BinaryField::kRequest, record_, r.arrival.ns, record_.prompt(), record_.output());
  }
  Status finish() override { return file_.finish(); }

 private:
  BinaryFile file_;
  proto::RequestRecord record_;
  Tokens block_{0};
  Instant last_{0};
};

Result<std::string> chosen_format(const std::string& path, const std::string& wanted,
                                  const std::vector<std::string>& known) {
  std::string format = wanted;
  if (wanted == "auto") {
    std::string_view name = path;
    for (const std::string_view packed : {".gz", ".zst", ".xz"}) {
      if (name.ends_with(packed)) name.remove_suffix(packed.size());
    }
    format = name.ends_with(".csv")     ? "csv"
             : name.ends_with(".jsonl") ? "mooncake"
             : name.ends_with(".jtr")   ? "binary"
                                        : "";
    if (format.empty()) {
      return Error{"cannot tell the format from the name (expected .csv, .jsonl or .jtr, or the option --to)", path};
    }
  }
  for (const std::string& k : known) {
    if (k == format) return format;
  }
  return Error{"cannot write format '" + format + "'" + nearest_hint(format, known), path};
}

Status write_jobs_csv(AtomicFile file, const JobTrace& trace) {
  if (Status s = file.write("job_id,submit,num_gpus,dur,vc,estimate,parameters\n"); !s) return s;
  std::string line;
  for (const TrainingJob& j : trace.jobs) {
    line.clear();
    if (Status s = append_text(&line, j.name, file.path()); !s) return s;
    line += ',';
    append_time(&line, j.submit.ns, 1'000'000'000);
    line += ',';
    append(&line, std::int64_t{j.gpus.value});
    line += ',';
    append_time(&line, j.run_time.ns, 1'000'000'000);
    line += ',';
    if (Status s = append_text(&line, j.tenant, file.path()); !s) return s;
    line += ',';
    append_time(&line, j.estimate.ns, 1'000'000'000);
    line += ',' + text_of(j.parameters) + '\n';
    if (Status s = file.write(line); !s) return s;
  }
  return file.commit();
}

Status write_jobs_binary(BinaryFile file, const JobTrace& trace) {
  if (Status s = file.begin(proto::TraceHeader::KIND_JOBS); !s) return s;
  proto::JobRecord record;
  for (const TrainingJob& j : trace.jobs) {
    record.Clear();
    record.set_name(j.name);
    record.set_gap_ns(file.gap_to(j.submit));
    record.set_gpus(static_cast<std::uint32_t>(j.gpus.value));
    record.set_run_time_ns(static_cast<std::uint64_t>(j.run_time.ns));
    record.set_estimate_ns(static_cast<std::uint64_t>(j.estimate.ns));
    record.set_tenant(j.tenant);
    record.set_parameters(j.parameters);
    if (Status s = file.add(BinaryField::kJob, record, j.submit.ns, record.gpus(), record.run_time_ns()); !s) return s;
  }
  return file.finish();
}

}  // namespace

std::vector<std::string> request_write_formats() { return {"csv", "mooncake", "binary"}; }
std::vector<std::string> job_write_formats() { return {"csv", "binary"}; }

Result<std::unique_ptr<RequestWriter>> create_request_writer(const std::string& path, const WriteOptions& options) {
  auto format = chosen_format(path, options.format, request_write_formats());
  if (!format) return format.error();
  const std::int64_t unit_ns = time_unit_ns(options.time_unit);
  if (unit_ns == 0) return Error{"unknown time unit '" + options.time_unit + "' (expected ns, us, ms or s)", path};
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  if (*format == "csv") {
    return std::unique_ptr<RequestWriter>(std::make_unique<CsvRequestWriter>(*std::move(file), options.extended));
  }
  if (*format == "mooncake") {
    return std::unique_ptr<RequestWriter>(std::make_unique<MooncakeWriter>(*std::move(file), unit_ns));
  }
  BinaryFile binary(*std::move(file));
  if (Status s = binary.begin(proto::TraceHeader::KIND_REQUESTS); !s) return s.error();
  return std::unique_ptr<RequestWriter>(std::make_unique<BinaryRequestWriter>(std::move(binary)));
}

Status write_jobs(const std::string& path, const JobTrace& trace, const WriteOptions& options) {
  auto format = chosen_format(path, options.format, job_write_formats());
  if (!format) return format.error();
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  Instant last{0};
  for (const TrainingJob& j : trace.jobs) {
    if (j.submit < last) return Error{"jobs are not in order of submission", path};
    last = j.submit;
  }
  if (*format == "csv") return write_jobs_csv(*std::move(file), trace);
  return write_jobs_binary(BinaryFile(*std::move(file)), trace);
}

}  // namespace jevons
