// The one place where a broken invariant ends the program.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace jevons {

void check_failed(const char* text, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\nThis is a bug in jevons, not in your input.\n", file, line, text);
  std::abort();
}

}  // namespace jevons
