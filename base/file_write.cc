// Writing: temporary file beside the target, every error kept, rename at the end.
#include <fcntl.h>
#include <pthread.h>
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
#include <climits>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <system_error>

#include "base/file.h"

namespace jevons {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

// write(2) that answers EFBIG beyond the file size limit instead of ending the program by SIGXFSZ.
ssize_t write_without_signal(int fd, const char* bytes, std::size_t n) {
  sigset_t too_big, before, pending;
  sigemptyset(&too_big);
  sigaddset(&too_big, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &too_big, &before);
  const ssize_t k = ::write(fd, bytes, n);
  const int code = errno;
  if (k < 0 && code == EFBIG && sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1) {
    const timespec now{0, 0};
    sigtimedwait(&too_big, nullptr, &now);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return k;
}

// The file `path` stands for after symbolic links, so that a rename replaces the file and not the link.
std::string behind_links(const std::string& path) {
  std::array<char, PATH_MAX> full{};
  return ::realpath(path.c_str(), full.data()) != nullptr ? std::string(full.data()) : path;
}

}  // namespace

struct AtomicFile::Impl {
  std::string path;    // As given, for errors.
  std::string target;  // What commit() renames to; empty when the target is written directly.
  std::string temporary;
  int fd = -1;
  std::string buffer;
  std::optional<Error> error;
  boost::iostreams::filtering_ostreambuf chain;
  bool packed = false;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    finish_chain();
    if (fd >= 0) ::close(fd);
    if (!temporary.empty()) ::unlink(temporary.c_str());
  }

  void fail(std::string_view what, int code) {
    if (!error) error = Error{"cannot " + std::string(what) + ": " + std::generic_category().message(code), path};
  }
  void raw(const char* bytes, std::size_t n) {
    while (n > 0 && !error) {
      const ssize_t k = write_without_signal(fd, bytes, n);
      if (k < 0 && errno == EINTR) continue;
      if (k < 0) return fail("write", errno);
      bytes += k;
      n -= static_cast<std::size_t>(k);
    }
  }
  // After an error the compressor still runs to its end, into nothing.
  void finish_chain() {
    if (!packed) return;
    packed = false;
    try {
      chain.reset();
    } catch (const std::exception&) {
      fail("compress", EIO);
    }
  }
  void flush() {
    if (packed) {
      try {
        chain.sputn(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      } catch (const std::exception&) {
        fail("compress", EIO);
      }
    } else {
      raw(buffer.data(), buffer.size());
    }
    buffer.clear();
  }
  Status status() const { return error ? Status(*error) : Status(Ok{}); }
};

namespace {

// The descriptor as a Boost.Iostreams sink.  Never throws: errors wait in Impl.
template <class Impl>
struct RawSink {
  using char_type = char;
  using category = boost::iostreams::sink_tag;
  Impl* impl;
  std::streamsize write(const char* bytes, std::streamsize n) {
    impl->raw(bytes, static_cast<std::size_t>(n));
    return n;
  }
};

// Opens a new file beside `target` that nobody else uses.
int open_beside(const std::string& target, mode_t mode, std::string* name) {
  const std::size_t slash = target.rfind('/');
  const std::size_t base = slash == std::string::npos ? 0 : slash + 1;
  for (int attempt = 0; attempt < 100; ++attempt) {
    *name = target.substr(0, base) + "." + target.substr(base, 200) + ".tmp-" + std::to_string(::getpid()) + "-" +
            std::to_string(attempt);
    const int fd = ::open(name->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

}  // namespace

AtomicFile::AtomicFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;
AtomicFile& AtomicFile::operator=(AtomicFile&&) noexcept = default;
AtomicFile::~AtomicFile() = default;
const std::string& AtomicFile::path() const { return impl_->path; }

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  if (path.empty()) return Error{"expected the name of a file, got none", ""};
  const std::string target = behind_links(path);
  struct stat info {};
  const bool exists = ::stat(target.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return Error{"is a directory (expected a file)", path};
  if (exists && !S_ISREG(info.st_mode)) {
    impl->fd = ::open(target.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    std::string temporary;
    impl->fd = open_beside(target, exists ? info.st_mode & 0777U : 0666U, &temporary);
    if (impl->fd >= 0) {
      impl->target = target;
      impl->temporary = temporary;
    }
  }
  if (impl->fd < 0) return Error{"cannot create: " + std::generic_category().message(errno), path};
  const auto buffer = static_cast<std::streamsize>(kBufferBytes);
  impl->packed = true;
  if (path.ends_with(".gz")) {
    impl->chain.push(boost::iostreams::gzip_compressor(), buffer);
  } else if (path.ends_with(".zst")) {
    impl->chain.push(boost::iostreams::zstd_compressor(), buffer);
  } else if (path.ends_with(".xz")) {
    impl->chain.push(boost::iostreams::lzma_compressor(), buffer);
  } else {
    impl->packed = false;
  }
  if (impl->packed) impl->chain.push(RawSink<Impl>{impl.get()}, buffer);
  impl->buffer.reserve(kBufferBytes);
  return AtomicFile(std::move(impl));
}

Status AtomicFile::write(std::string_view bytes) {
  CHECK(impl_->fd >= 0);
  while (!bytes.empty() && !impl_->error) {
    const std::size_t k = std::min(bytes.size(), kBufferBytes - impl_->buffer.size());
    impl_->buffer.append(bytes.substr(0, k));
    bytes.remove_prefix(k);
    if (impl_->buffer.size() == kBufferBytes) impl_->flush();
  }
  return impl_->status();
}

Status AtomicFile::seal() {
  Impl& f = *impl_;
  CHECK(f.fd >= 0);
  f.flush();
  f.finish_chain();
  const bool direct = f.temporary.empty();
  if (!f.error && !direct && ::fsync(f.fd) != 0 && errno != EINVAL && errno != EROFS) f.fail("write", errno);
  if (::close(f.fd) != 0 && errno != EINTR) f.fail("close", errno);
  f.fd = -1;
  return f.status();
}

Status AtomicFile::commit() {
  Impl& f = *impl_;
  if (f.fd >= 0) static_cast<void>(seal());  // Its error is kept.
  const bool direct = f.temporary.empty();
  if (!f.error && !direct && ::rename(f.temporary.c_str(), f.target.c_str()) != 0) f.fail("rename", errno);
  if (!f.error) f.temporary.clear();
  return f.status();
}

Status write_whole_file(const std::string& path, std::string_view bytes) {
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  if (Status s = file->write(bytes); !s) return s;
  return file->commit();
}

}  // namespace jevons
