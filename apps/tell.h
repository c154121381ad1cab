// One line on stderr, for a person.
#ifndef JEVONS_APPS_TELL_H_
#define JEVONS_APPS_TELL_H_

#include <cstdio>
#include <string>

namespace jevons {

// "jevons: text".  A stderr that is closed or full is nothing to fail for (fmt::print would throw).
inline void tell(const std::string& text) {
  const std::string line = "jevons: " + text + "\n";
  if (std::fwrite(line.data(), 1, line.size(), stderr) != line.size()) std::clearerr(stderr);
}

}  // namespace jevons
#endif  // JEVONS_APPS_TELL_H_
