// A nameless temporary file: what a worker process writes and its caller reads afterwards.
//
// It has no name, so nothing is left of it however the program ends.
#ifndef JEVONS_EXPERIMENTS_SPOOL_H_
#define JEVONS_EXPERIMENTS_SPOOL_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jevons {

class Spool {
 public:
  // On the disk of `beside` (a file that will be written there), or in $TMPDIR or /tmp when that folder takes no files.
  // Errors name `beside`.
  static Result<Spool> create(const std::string& beside);

  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&& other) noexcept;
  ~Spool();

  Status write(std::string_view bytes);  // At the end; also from a process that inherited it.
  // Everything written so far, in order, in pieces.  Stops at the first error, its own or of `take`.
  Status read_all(const std::function<Status(std::string_view)>& take) const;

 private:
  Spool(int fd, std::string beside) : fd_(fd), beside_(std::move(beside)) {}
  int fd_;
  std::string beside_;
};

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SPOOL_H_
