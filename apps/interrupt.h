// Ctrl-C: the first asks for results so far, the second ends the program at once.  SIGTERM asks in the same way.
#ifndef JEVONS_APPS_INTERRUPT_H_
#define JEVONS_APPS_INTERRUPT_H_

#include <atomic>

namespace jevons {

// While one lives, signals set stop() instead of ending the program.  One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  const std::atomic<bool>* stop() const;
  int exit_code() const;  // 128 + the signal that came first: 130 for Ctrl-C.
};

}  // namespace jevons
#endif  // JEVONS_APPS_INTERRUPT_H_
