// Ctrl-C.
#include "apps/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "base/check.h"

namespace jevons {
namespace {

// A signal handler can reach nothing else.
std::atomic<bool> stop_asked{false};
std::atomic<int> first_signal{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_signal(int signal) {
  if (stop_asked.exchange(true)) ::_exit(128 + signal);
  first_signal.store(signal);
}

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;  // No SA_RESTART: waits end, so that the flag is seen at once.
  CHECK(::sigaction(signal, &action, nullptr) == 0);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  stop_asked.store(false);
  first_signal.store(0);
  // Also where a shell started us in the background with SIGINT ignored: `kill -INT` must work in scripts.
  set_handler(SIGINT, on_signal);
  set_handler(SIGTERM, on_signal);
}

InterruptGuard::~InterruptGuard() {
  set_handler(SIGINT, SIG_DFL);
  set_handler(SIGTERM, SIG_DFL);
}

const std::atomic<bool>* InterruptGuard::stop() const { return &stop_asked; }
int InterruptGuard::exit_code() const { return 128 + first_signal.load(); }

}  // namespace jevons
