// How a command answers.
#include "apps/answer.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "apps/command_line.h"
#include "apps/tell.h"

namespace jevons {

int refuse(const Error& error) {
  tell(error.text());
  return kExitBadInput;
}

Status print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return Ok{};
  return Error{"cannot write: " + std::generic_category().message(errno), "standard output"};
}

int answer(std::string_view text) {
  const Status printed = print(text);
  return printed ? kExitOk : refuse(printed.error());
}

}  // namespace jevons
