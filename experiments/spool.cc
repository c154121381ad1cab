// A nameless temporary file.
#include "experiments/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace jevons {
namespace {

Error failure(const std::string& what, const std::string& path) {
  return Error{"cannot " + what + ": " + std::generic_category().message(errno), path};
}

int open_nameless(const std::string& folder) {
  std::string name = folder + "/.jevons-XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  // O_TMPFILE would do the same in one step, but not on every file system.
  if (fd >= 0) ::unlink(name.c_str());
  return fd;
}

bool is_device(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

Result<Spool> Spool::create(const std::string& beside) {
  int fd = -1;
  if (!is_device(beside)) {
    const std::size_t slash = beside.rfind('/');
    fd = open_nameless(slash == std::string::npos ? "." : slash == 0 ? "/" : beside.substr(0, slash));
  }
  if (fd < 0) {
    const char* folder = ::getenv("TMPDIR");
    fd = open_nameless(folder != nullptr && *folder != '\0' ? folder : "/tmp");
  }
  if (fd < 0) return failure("make a temporary file", beside);
  return Spool(fd, beside);
}

Spool::Spool(Spool&& other) noexcept : fd_(std::exchange(other.fd_, -1)), beside_(std::move(other.beside_)) {}
Spool& Spool::operator=(Spool&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(beside_, other.beside_);
  return *this;
}
Spool::~Spool() {
  if (fd_ >= 0) ::close(fd_);
}

Status Spool::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure("write its temporary file", beside_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok{};
}

Status Spool::read_all(const std::function<Status(std::string_view)>& take) const {
  std::vector<char> buffer(std::size_t{1} << 18);
  off_t at = 0;
  for (;;) {
    const ssize_t n = ::pread(fd_, buffer.data(), buffer.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure("read its temporary file", beside_);
    if (n == 0) return Ok{};
    if (Status ok = take({buffer.data(), static_cast<std::size_t>(n)}); !ok) return ok;
    at += n;
  }
}

}  // namespace jevons
