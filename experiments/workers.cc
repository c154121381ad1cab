// Tasks in worker processes.
#include "experiments/workers.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <vector>

#include "base/check.h"

namespace jevons {
namespace {

using Clock = std::chrono::steady_clock;  // Paces the workers; no result depends on it.

constexpr int kTickMs = 100;
constexpr int kExitException = 71, kExitNoMemory = 72, kExitPipe = 73;  // Only we look at them.
constexpr char kNote = 'N', kAnswer = 'A';

// A signal handler can reach nothing else.  Set in workers only.
std::atomic<bool> worker_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);
void on_worker_stop(int) { worker_stop.store(true, std::memory_order_relaxed); }

bool write_all(int fd, const char* bytes, std::size_t n) {
  while (n > 0) {
    const ssize_t written = ::write(fd, bytes, n);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    n -= static_cast<std::size_t>(written);
  }
  return true;
}

// One byte of kind, eight of length, the bytes.  Both ends are this program on this machine.
bool send_frame(int fd, char kind, std::string_view bytes) {
  char head[9] = {kind};
  const std::uint64_t length = bytes.size();
  std::memcpy(head + 1, &length, sizeof length);
  return write_all(fd, head, sizeof head) && write_all(fd, bytes.data(), bytes.size());
}

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  CHECK(::sigaction(signal, &action, nullptr) == 0);
}

[[noreturn]] void be_worker(const WorkerPlan& plan, std::size_t task, int pipe, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kExitPipe);  // It died before the line above.
  set_handler(SIGTERM, on_worker_stop);
  // A terminal sends Ctrl-C to every process; the caller decides what the workers do about it.
  set_handler(SIGINT, SIG_IGN);
  set_handler(SIGPIPE, SIG_DFL);
  WorkerLink link(pipe, &worker_stop);
  int code = 0;
  try {
    const std::string answer = plan.work(task, link);
    if (!send_frame(pipe, kAnswer, answer)) code = kExitPipe;
  } catch (const std::bad_alloc&) {
    code = kExitNoMemory;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "worker: %s\n", e.what());
    code = kExitException;
  }
  // Not exit(): destructors and buffers of the caller are the caller's.
  ::_exit(code);
}

std::string death(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    const char* name = ::strsignal(signal);
    return "worker was killed by signal " + std::to_string(signal) + " (" + (name != nullptr ? name : "?") + ")" +
           (signal == SIGKILL ? ", perhaps for want of memory" : "");
  }
  switch (WEXITSTATUS(status)) {
    case kExitNoMemory:
      return "worker ran out of memory";
    case kExitException:
      return "worker ended with an exception (see above)";
    default:
      return "worker ended with status " + std::to_string(WEXITSTATUS(status)) + " and without an answer";
  }
}

struct Worker {
  std::size_t task = 0;
  pid_t pid = -1;
  int pipe = -1;
  std::string inbox;
  std::string answer;
  bool answered = false;
};

class Pool {
 public:
  explicit Pool(const WorkerPlan& plan) : plan_(plan) {}

  void run() {
    while (next_ < plan_.tasks || !workers_.empty()) {
      if (plan_.stop != nullptr && plan_.stop->load(std::memory_order_relaxed)) stop_all();
      while (!closed_ && next_ < plan_.tasks && workers_.size() < plan_.jobs) {
        if (!start(next_)) break;
        ++next_;
      }
      if (closed_) {
        while (next_ < plan_.tasks) finish(next_++, {});
      }
      if (!workers_.empty()) wait_a_little();
      if (plan_.on_tick) plan_.on_tick();
    }
  }

 private:
  // False: not now (the system has no process left; one of ours must end first) or never (closed).
  bool start(std::size_t task) {
    int ends[2];
    pid_t pid = -1;
    if (plan_.on_start && task == announced_) {
      ++announced_;
      if (!plan_.on_start(task)) {
        abandon();
        return false;
      }
    }
    if (::pipe2(ends, O_CLOEXEC) == 0) {
      std::fflush(nullptr);  // Or the worker would hold a copy of what is buffered.
      const pid_t parent = ::getpid();
      pid = ::fork();
      if (pid == 0) {
        ::close(ends[0]);
        be_worker(plan_, task, ends[1], parent);
      }
      if (pid < 0) ::close(ends[0]);
      ::close(ends[1]);
    }
    if (pid < 0) {
      if (!workers_.empty()) return false;
      WorkerOutcome outcome;
      outcome.kind = WorkerOutcome::kCrashed;
      outcome.error = std::string("worker could not be started: ") + std::strerror(errno);
      finish(task, std::move(outcome));
      return true;
    }
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    workers_.push_back({task, pid, ends[0], {}, {}, false});
    return true;
  }

  void stop_all() {
    if (!stopping_) {
      stopping_ = closed_ = true;
      stopped_at_ = Clock::now();
      for (const Worker& w : workers_) ::kill(w.pid, SIGTERM);
    } else if (Clock::now() - stopped_at_ > std::chrono::nanoseconds(plan_.grace.ns)) {
      for (const Worker& w : workers_) ::kill(w.pid, SIGKILL);
    }
  }

  void abandon() {
    closed_ = abandoned_ = true;
    for (const Worker& w : workers_) ::kill(w.pid, SIGKILL);
  }

  void wait_a_little() {
    std::vector<pollfd> polled;
    for (const Worker& w : workers_) polled.push_back({w.pipe, POLLIN, 0});
    // EINTR is the signal that sets `stop`: the loop looks at it next.
    if (::poll(polled.data(), polled.size(), kTickMs) <= 0) return;
    std::vector<std::size_t> ended;
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0 && !receive(&workers_[i])) ended.push_back(i);
    }
    std::vector<Worker> gone;
    for (auto i = ended.rbegin(); i != ended.rend(); ++i) {
      gone.push_back(std::move(workers_[*i]));
      workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(*i));
    }
    for (auto w = gone.rbegin(); w != gone.rend(); ++w) bury(&*w);
  }

  // False at the end of the pipe: the worker is gone.
  bool receive(Worker* w) {
    char buffer[1 << 16];
    const ssize_t n = ::read(w->pipe, buffer, sizeof buffer);
    if (n < 0) return errno == EINTR || errno == EAGAIN;
    if (n == 0) return false;
    w->inbox.append(buffer, static_cast<std::size_t>(n));
    std::size_t used = 0;
    while (w->inbox.size() - used >= 9) {
      std::uint64_t length = 0;
      std::memcpy(&length, w->inbox.data() + used + 1, sizeof length);
      if (w->inbox.size() - used - 9 < length) break;
      const std::string_view bytes(w->inbox.data() + used + 9, length);
      if (w->inbox[used] == kAnswer) {
        w->answer = bytes;
        w->answered = true;
      } else if (plan_.on_note) {
        plan_.on_note(w->task, bytes);
      }
      used += 9 + length;
    }
    w->inbox.erase(0, used);
    return true;
  }

  void bury(Worker* w) {
    ::close(w->pipe);
    int status = 0;
    while (::waitpid(w->pid, &status, 0) < 0 && errno == EINTR) {
    }
    WorkerOutcome outcome;
    if (w->answered) {
      outcome.kind = WorkerOutcome::kAnswered;
      outcome.answer = std::move(w->answer);
    } else if (!abandoned_ && !(stopping_ && WIFSIGNALED(status))) {
      outcome.kind = WorkerOutcome::kCrashed;
      outcome.error = death(status);
    }
    finish(w->task, std::move(outcome));
  }

  void finish(std::size_t task, WorkerOutcome outcome) {
    if (!plan_.on_end(task, std::move(outcome)) && !abandoned_) abandon();
  }

  const WorkerPlan& plan_;
  std::vector<Worker> workers_;
  std::size_t next_ = 0;
  std::size_t announced_ = 0;  // Tasks whose on_start was called.
  bool closed_ = false;        // Start no more.
  bool stopping_ = false;      // By `stop`.
  bool abandoned_ = false;     // By a callback.
  Clock::time_point stopped_at_;
};

}  // namespace

void WorkerLink::note(std::string_view bytes) {
  if (!send_frame(pipe_, kNote, bytes)) ::_exit(kExitPipe);  // Nobody listens any more.
}

void run_in_workers(const WorkerPlan& plan) {
  CHECK(plan.work && plan.on_end && plan.jobs >= 1);
  Pool(plan).run();
}

}  // namespace jevons
