// One line on stderr, for a person.
#ifndef JEVONS_APPS_TELL_H_
#define JEVONS_APPS_TELL_H_

#include <cstdio>
#include <string>
#include <string_view>

namespace jevons {

// "jevons: text", one line: errors quote what files and flags hold, so bytes that would break or paint the line show as
// '?', and a text of more than 2,000 bytes is cut.  A stderr that is closed or full is nothing to fail for (fmt::print
// would throw).
inline void tell(std::string_view text) {
  constexpr std::size_t kLongest = 2000;
  std::string line = "jevons: ";
  for (const char c : text.substr(0, kLongest)) line += static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c;
  line += text.size() > kLongest ? "...\n" : "\n";
  if (std::fwrite(line.data(), 1, line.size(), stderr) != line.size()) std::clearerr(stderr);
}

}  // namespace jevons
#endif  // JEVONS_APPS_TELL_H_
