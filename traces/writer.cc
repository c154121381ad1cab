// Requests in the three forms they are written in.
#include "traces/writer.h"

#include "base/file.h"
#include "proto/trace.pb.h"
#include "traces/fields.h"
#include "traces/format/binary.h"
#include "traces/writer_parts.h"

namespace jevons {
namespace {

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

}  // namespace

std::vector<std::string> request_write_formats() { return {"csv", "mooncake", "binary"}; }

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

}  // namespace jevons
