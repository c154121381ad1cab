// Strings are skipped, brackets are kept on a stack; a scan that needs more bytes goes on where it stopped.
#include "traces/json_array.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace jevons {
namespace {

constexpr std::size_t kFirstBuffer = std::size_t{256} << 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Where in an object a scan is.
class Outline {
 public:
  enum class Step { kOn, kDone, kMismatch, kTooDeep };

  Step take(char c) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      return Step::kOn;
    }
    switch (c) {
      case '"':
        in_string_ = true;
        return Step::kOn;
      case '{':
      case '[':
        if (depth_ == open_.size()) return Step::kTooDeep;
        open_[depth_++] = c;
        return Step::kOn;
      case '}':
      case ']':
        if (open_[depth_ - 1] != (c == '}' ? '{' : '[')) return Step::kMismatch;
        return --depth_ == 0 ? Step::kDone : Step::kOn;
      default:
        return Step::kOn;
    }
  }

 private:
  std::array<char, JsonArrayReader::kMaxDepth> open_{};
  std::size_t depth_ = 0;  // At least 1 once the first bracket is taken.
  bool in_string_ = false, escaped_ = false;
};

}  // namespace

bool begins_json_array(std::string_view head) {
  if (head.starts_with(kByteOrderMark)) head.remove_prefix(kByteOrderMark.size());
  const auto first = std::find_if_not(head.begin(), head.end(), is_blank);
  return first != head.end() && *first == '[';
}

JsonArrayReader::JsonArrayReader(FileReader file) : file_(std::move(file)), buffer_(kFirstBuffer) {}

std::string JsonArrayReader::where() const { return file_.path() + ":" + std::to_string(first_line_); }

std::string JsonArrayReader::where(std::size_t byte) const {
  const std::string_view before(buffer_.data() + begin_ - given_, std::min(byte == 0 ? 0 : byte - 1, given_));
  const auto lines = static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t column = lines == 0 ? first_column_ + before.size() : before.size() - before.rfind('\n');
  return file_.path() + ":" + std::to_string(first_line_ + lines) + ":" + std::to_string(column);
}

Error JsonArrayReader::error(const std::string& message) const {
  return {message, file_.path() + ":" + std::to_string(line_) + ":" + std::to_string(column_)};
}

void JsonArrayReader::pass(std::size_t bytes) {
  const std::string_view passed(buffer_.data() + begin_, bytes);
  const std::size_t last = passed.rfind('\n');
  line_ += static_cast<std::uint64_t>(std::count(passed.begin(), passed.end(), '\n'));
  column_ = last == std::string_view::npos ? column_ + bytes : bytes - last;
  begin_ += bytes;
}

Status JsonArrayReader::refill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ <= LineReader::kSlack) buffer_.resize(buffer_.size() * 2);
  const std::size_t room = buffer_.size() - LineReader::kSlack - end_;
  auto got = file_.read(buffer_.data() + end_, room);
  if (!got) return got.error();
  end_ += *got;
  at_end_ = *got < room;
  return Ok{};
}

Result<bool> JsonArrayReader::skip_blanks() {
  for (;;) {
    const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto to = buffer_.begin() + static_cast<std::ptrdiff_t>(end_);
    const auto found = std::find_if_not(from, to, is_blank);
    pass(static_cast<std::size_t>(found - from));
    if (found != to) return true;
    if (at_end_) return false;
    if (Status s = refill(); !s) return s.error();
  }
}

Result<std::size_t> JsonArrayReader::scan() {
  Outline outline;
  for (std::size_t n = 0;; ++n) {
    if (begin_ + n == end_) {
      if (n >= kMaxObject) return error("object too long (expected at most 16 MiB)");
      if (at_end_) return error("the file ends within this object (expected its closing '}')");
      if (Status s = refill(); !s) return s.error();
      if (begin_ + n == end_) return error("the file ends within this object (expected its closing '}')");
    }
    switch (outline.take(buffer_[begin_ + n])) {
      case Outline::Step::kOn:
        break;
      case Outline::Step::kDone:
        if (n >= kMaxObject) return error("object too long (expected at most 16 MiB)");
        return n + 1;
      case Outline::Step::kMismatch:
        return error("brackets of this object do not match (expected '{' with '}' and '[' with ']')");
      case Outline::Step::kTooDeep:
        return error("object nested too deeply (expected at most " + std::to_string(kMaxDepth) + " brackets)");
    }
  }
}

Status JsonArrayReader::end_of_file() {
  pass(1);
  auto more = skip_blanks();
  if (!more) return more.error();
  if (*more) return error("something behind the array (expected the end of the file)");
  return Ok{};
}

Result<bool> JsonArrayReader::next(std::string_view* object) {
  given_ = 0;
  if (place_ == Place::kFile) {
    if (Status s = refill(); !s) return s.error();
    if (std::string_view(buffer_.data(), end_).starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
    auto more = skip_blanks();
    if (!more) return more.error();
    if (!*more || buffer_[begin_] != '[') return error("not a JSON array (expected '[')");
    pass(1);
    place_ = Place::kArray;
  }
  auto more = skip_blanks();
  if (!more) return more.error();
  if (!*more) return error("the file ends within the array (expected its closing ']')");
  bool comma = false;
  if (place_ == Place::kBetween && buffer_[begin_] == ',') {
    comma = true;
    pass(1);
    more = skip_blanks();
    if (!more) return more.error();
    if (!*more) return error("the file ends within the array (expected its closing ']')");
  }
  if (!comma && buffer_[begin_] == ']') {
    if (Status s = end_of_file(); !s) return s.error();
    return false;
  }
  if (place_ == Place::kBetween && !comma) return error("no comma between two jobs (expected ',' or ']')");
  if (buffer_[begin_] != '{') return error("not an object (expected a job, '{ ... }')");
  auto length = scan();
  if (!length) return length.error();
  first_line_ = line_;
  first_column_ = column_;
  pass(*length);
  given_ = *length;
  place_ = Place::kBetween;
  *object = std::string_view(buffer_.data() + begin_ - given_, given_);
  return true;
}

}  // namespace jevons
