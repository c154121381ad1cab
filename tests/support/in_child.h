// Runs a function in a forked child and brings its bytes back: SimGrid allows one engine per process.
#ifndef JEVONS_TESTS_SUPPORT_IN_CHILD_H_
#define JEVONS_TESTS_SUPPORT_IN_CHILD_H_

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <string>

namespace jevons::testing {

struct ChildResult {
  bool ok = false;    // Ran to its end.
  std::string bytes;  // What the function returned; "died: ..." if it did not run to its end.
};

inline void write_all(int fd, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(99);
    done += static_cast<std::size_t>(n);
  }
}

inline std::string read_to_end(int fd) {
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

inline ChildResult in_child(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return {false, "died: no pipe"};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return {false, "died: no fork"};
  if (child == 0) {
    close(ends[0]);
    write_all(ends[1], work());
    _exit(0);
  }
  close(ends[1]);
  ChildResult result{true, read_to_end(ends[0])};
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return result;
  const std::string how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                              : "exit code " + std::to_string(WEXITSTATUS(status));
  return {false, "died: " + how};
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_IN_CHILD_H_
