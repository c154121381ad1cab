// What the writers of requests and of jobs share: numbers as text, and the framing of the binary form.  Times are
// exact: as few decimals as need be.
#ifndef JEVONS_TRACES_WRITER_PARTS_H_
#define JEVONS_TRACES_WRITER_PARTS_H_

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/text.h"
#include "proto/trace.pb.h"
#include "traces/format/binary.h"

namespace jevons {

inline void append(std::string* out, std::int64_t v) {
  char digits[24];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, v);
  CHECK(code == std::errc{});
  out->append(digits, end);
}

inline void append(std::string* out, std::uint64_t v) {
  char digits[24];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, v);
  CHECK(code == std::errc{});
  out->append(digits, end);
}

// `ns` nanoseconds in units of `unit_ns`, a power of ten.
inline void append_time(std::string* out, std::int64_t ns, std::int64_t unit_ns) {
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
inline Status append_text(std::string* out, const std::string& text, const std::string& path) {
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

// Frames messages as fields of TraceFile and keeps the trailer's sums.
class BinaryFile {
 public:
  explicit BinaryFile(AtomicFile file) : file_(std::move(file)) {}
  const std::string& path() const { return file_.path(); }

  Status begin(proto::TraceHeader::Kind kind, std::uint32_t version = kBinaryVersion) {
    proto::TraceHeader header;
    header.set_version(version);
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

// The format to write: `wanted`, or by the name of the file.
inline Result<std::string> chosen_format(const std::string& path, const std::string& wanted,
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

}  // namespace jevons
#endif  // JEVONS_TRACES_WRITER_PARTS_H_
