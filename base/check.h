// CHECK: an assertion for our own mistakes, kept in release builds.  What comes from outside (files, flags) never
// reaches a CHECK: it returns a Result (base/result.h).
#ifndef JEVONS_BASE_CHECK_H_
#define JEVONS_BASE_CHECK_H_

namespace jevons {
// Prints "file:line: check failed: text" on stderr and aborts.
[[noreturn]] void check_failed(const char* text, const char* file, int line);
}  // namespace jevons

#define CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::jevons::check_failed(#condition, __FILE__, __LINE__))

#endif  // JEVONS_BASE_CHECK_H_
