// Reading: a descriptor, Boost.Iostreams' decompressors on top of it, and lines on top of that.
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/iostreams/categories.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filter/zstd.hpp>
#include <boost/iostreams/filtering_streambuf.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/zstd_frames.h"

namespace jevons {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256}
                                     << 10;  // Larger gives no further speed (measured, cold and warm).

enum class Packing { kPlain, kGzip, kZstd, kXz };

std::string_view name_of(Packing p) {
  switch (p) {
    case Packing::kGzip:
      return "gzip";
    case Packing::kZstd:
      return "zstd";
    case Packing::kXz:
      return "xz";
    case Packing::kPlain:
      break;
  }
  return "plain";
}

Packing packing_of(std::string_view head) {
  using std::string_view_literals::operator""sv;
  if (head.starts_with("\x1f\x8b"sv)) return Packing::kGzip;
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) return Packing::kZstd;
  if (head.starts_with("\xfd"
                       "7zXZ\0"sv))
    return Packing::kXz;
  // A zstd stream may begin with a skippable frame (pzstd writes one).
  if (head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xF0U) == 0x50U &&
      head.substr(1, 3) == "\x2a\x4d\x18"sv) {
    return Packing::kZstd;
  }
  return Packing::kPlain;
}

std::string system_message(int code) { return std::generic_category().message(code); }

}  // namespace

struct FileReader::Impl {
  std::string path;
  int fd = -1;
  int read_errno = 0;
  Packing packing = Packing::kPlain;
  std::string head;  // Raw bytes read to look at, given again first.
  std::size_t head_used = 0;
  ZstdFrames frames;
  std::string ahead;  // Decompressed bytes that peek() took.
  std::size_t ahead_used = 0;
  boost::iostreams::filtering_istreambuf chain;
  bool failed = false;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (fd >= 0) ::close(fd);
  }

  // Raw bytes; 0 at the end or on an error (then read_errno is set).
  std::size_t raw(char* out, std::size_t n) {
    if (head_used < head.size()) {
      const std::size_t k = std::min(n, head.size() - head_used);
      std::memcpy(out, head.data() + head_used, k);
      head_used += k;
      return k;
    }
    for (;;) {
      const ssize_t k = ::read(fd, out, n);
      if (k >= 0) return static_cast<std::size_t>(k);
      if (errno != EINTR) {
        read_errno = errno;
        return 0;
      }
    }
  }
  Result<std::size_t> unpacked(char* out, std::size_t n);
  Result<std::size_t> from_chain(char* out, std::size_t n);
};

namespace {

// The raw bytes as a Boost.Iostreams source.
template <class Impl>
struct RawSource {
  using char_type = char;
  using category = boost::iostreams::source_tag;
  Impl* impl;
  std::streamsize read(char* out, std::streamsize n) {
    const std::size_t k = impl->raw(out, static_cast<std::size_t>(n));
    if (impl->packing == Packing::kZstd) impl->frames.feed(out, k);
    return k == 0 ? -1 : static_cast<std::streamsize>(k);
  }
};

}  // namespace

Result<std::size_t> FileReader::Impl::from_chain(char* out, std::size_t n) {
  std::size_t got = 0;
  bool damaged = false;
  try {
    got = static_cast<std::size_t>(std::max<std::streamsize>(0, chain.sgetn(out, static_cast<std::streamsize>(n))));
  } catch (const std::exception&) {  // Boost's own texts name no cause a user could act on.
    damaged = true;
  }
  if (read_errno != 0) return Error{"cannot read: " + system_message(read_errno), path};
  if (!damaged && got < n && packing == Packing::kZstd && !frames.complete()) damaged = true;
  if (damaged) {
    return Error{"the " + std::string(name_of(packing)) + " stream is damaged or ends early (expected a complete one)",
                 path};
  }
  return got;
}

Result<std::size_t> FileReader::Impl::unpacked(char* out, std::size_t n) {
  if (failed) return Error{"was read on after an error", path};
  if (packing != Packing::kPlain) {
    auto got = from_chain(out, n);
    failed = !got.ok();
    return got;
  }
  std::size_t got = 0;
  while (got < n) {
    const std::size_t k = raw(out + got, n - got);
    if (k == 0) break;
    got += k;
  }
  if (read_errno != 0) {
    failed = true;
    return Error{"cannot read: " + system_message(read_errno), path};
  }
  return got;
}

FileReader::FileReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileReader::FileReader(FileReader&&) noexcept = default;
FileReader& FileReader::operator=(FileReader&&) noexcept = default;
FileReader::~FileReader() = default;
const std::string& FileReader::path() const { return impl_->path; }
bool FileReader::compressed() const { return impl_->packing != Packing::kPlain; }

Result<FileReader> FileReader::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  if (path.empty()) return Error{"expected the name of a file, got none", ""};
  impl->fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (impl->fd < 0) return Error{"cannot open: " + system_message(errno), path};
  struct stat info {};
  if (::fstat(impl->fd, &info) == 0 && S_ISDIR(info.st_mode)) return Error{"is a directory (expected a file)", path};
  std::array<char, 6> start{};  // The longest signature, xz's.
  while (impl->head.size() < start.size()) {
    const std::size_t k = [&] {
      const std::size_t used = impl->head_used;
      impl->head_used = impl->head.size();  // Reads past what is kept.
      const std::size_t n = impl->raw(start.data(), start.size() - impl->head.size());
      impl->head_used = used;
      return n;
    }();
    if (k == 0) break;
    impl->head.append(start.data(), k);
  }
  if (impl->read_errno != 0) return Error{"cannot read: " + system_message(impl->read_errno), path};
  if (impl->head.empty()) return Error{"the file is empty", path};
  impl->packing = packing_of(impl->head);
  const auto buffer = static_cast<std::streamsize>(kBufferBytes);
  switch (impl->packing) {
    case Packing::kGzip:
      impl->chain.push(boost::iostreams::gzip_decompressor(), buffer);
      break;
    case Packing::kZstd:
      impl->chain.push(boost::iostreams::zstd_decompressor(), buffer);
      break;
    case Packing::kXz:
      impl->chain.push(boost::iostreams::lzma_decompressor(), buffer);
      break;
    case Packing::kPlain:
      break;
  }
  if (impl->packing != Packing::kPlain) impl->chain.push(RawSource<Impl>{impl.get()}, buffer, 0);
  FileReader file(std::move(impl));
  auto first = file.peek(1);
  if (!first) return first.error();
  if (first->empty()) return Error{"the file is empty", path};
  return file;
}

Result<std::size_t> FileReader::read(char* out, std::size_t n) {
  std::size_t got = 0;
  if (impl_->ahead_used < impl_->ahead.size()) {
    got = std::min(n, impl_->ahead.size() - impl_->ahead_used);
    std::memcpy(out, impl_->ahead.data() + impl_->ahead_used, got);
    impl_->ahead_used += got;
  }
  if (got == n) return got;
  auto more = impl_->unpacked(out + got, n - got);
  if (!more) return more;
  return got + *more;
}

Result<std::string_view> FileReader::peek(std::size_t n) {
  std::string& ahead = impl_->ahead;
  if (impl_->ahead_used > 0) {
    ahead.erase(0, impl_->ahead_used);
    impl_->ahead_used = 0;
  }
  if (ahead.size() < n) {
    const std::size_t old = ahead.size();
    ahead.resize(n);
    auto got = impl_->unpacked(ahead.data() + old, n - old);
    ahead.resize(old + (got ? *got : 0));
    if (!got) return got.error();
  }
  return std::string_view(ahead).substr(0, n);
}

LineReader::LineReader(FileReader file) : file_(std::move(file)), buffer_(kBufferBytes + kSlack) {}

std::string LineReader::where() const { return file_.path() + ":" + std::to_string(number_); }
std::string LineReader::where(std::size_t column) const { return where() + ":" + std::to_string(column); }

Status LineReader::refill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ + kSlack == buffer_.size()) {
    if (end_ > kMaxLine) {
      return Error{"line is longer than 64 MiB (expected a text file with line ends)",
                   file_.path() + ":" + std::to_string(number_ + 1)};
    }
    buffer_.resize(2 * end_ + kSlack);
  }
  const std::size_t room = buffer_.size() - kSlack - end_;
  auto got = file_.read(buffer_.data() + end_, room);
  if (!got) {
    return Error{got.error().message, got.error().where + ":" + std::to_string(number_ + 1)};
  }
  at_end_ = *got < room;
  end_ += *got;
  return Ok{};
}

Result<bool> LineReader::next(std::string_view* line) {
  std::size_t scanned = 0;
  for (;;) {
    const char* from = buffer_.data() + begin_;
    const void* found = end_ - begin_ == scanned ? nullptr : std::memchr(from + scanned, '\n', end_ - begin_ - scanned);
    std::size_t length = end_ - begin_;
    if (found != nullptr) {
      length = static_cast<std::size_t>(static_cast<const char*>(found) - from);
    } else if (!at_end_) {
      scanned = length;
      if (Status s = refill(); !s) return s.error();
      continue;
    } else if (length == 0) {
      return false;
    }
    begin_ += length + (found != nullptr ? 1 : 0);
    ++number_;
    std::string_view text(from, length);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (number_ == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    *line = text;
    return true;
  }
}

Result<std::string> read_whole_file(const std::string& path, Bytes limit) {
  auto file = FileReader::open(path);
  if (!file) return file.error();
  std::string text;
  const auto most = static_cast<std::size_t>(limit.value);
  for (;;) {
    const std::size_t old = text.size();
    text.resize(old + std::min(kBufferBytes, most + 1 - old));
    auto got = file->read(text.data() + old, text.size() - old);
    if (!got) return got.error();
    const bool end = *got < text.size() - old;
    text.resize(old + *got);
    if (text.size() > most) return Error{"is larger than " + std::to_string(limit.value) + " bytes", path};
    if (end) return text;
  }
}

}  // namespace jevons
