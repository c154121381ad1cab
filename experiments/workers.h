// Tasks in worker processes: each runs in a process of its own, because SimGrid allows one engine a process, and
// because a task that crashes or is killed must not take the others with it.
//
// The caller must be single-threaded and must not have created a SimGrid engine.  A worker inherits everything the
// caller holds at the fork; what it changes, nobody sees; all that comes back is the bytes it answers with.
#ifndef JEVONS_EXPERIMENTS_WORKERS_H_
#define JEVONS_EXPERIMENTS_WORKERS_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace jevons {

// What a task may say and hear, inside its worker.
class WorkerLink {
 public:
  WorkerLink(int pipe, const std::atomic<bool>* stop) : pipe_(pipe), stop_(stop) {}
  void note(std::string_view bytes);                       // Delivered to on_note of the caller, in order.
  const std::atomic<bool>* stop() const { return stop_; }  // Set: finish soon and answer with what there is.

 private:
  int pipe_;
  const std::atomic<bool>* stop_;
};

struct WorkerOutcome {
  enum Kind { kAnswered, kCrashed, kNotRun };  // kNotRun: stopped before it began, or before it could answer.
  Kind kind = kNotRun;
  std::string answer;  // Of kAnswered.
  std::string error;   // Of kCrashed: "was killed by signal 11 (Segmentation fault)".
};

struct WorkerPlan {
  std::size_t tasks = 0;
  std::size_t jobs = 1;                     // Workers at a time, at least 1.
  const std::atomic<bool>* stop = nullptr;  // Set (by a signal handler): start no more, tell the workers to stop.
  Duration grace{700'000'000};              // After `stop`, a worker that has not answered by then is killed.
  std::function<std::string(std::size_t task, WorkerLink&)> work;  // In the worker.
  // In the caller.  False from on_start or on_end: start no more and kill the rest.
  std::function<bool(std::size_t task)> on_start;               // Just before the fork; may be empty.
  std::function<bool(std::size_t task, WorkerOutcome)> on_end;  // Once per task, kNotRun included, as they end.
  std::function<void(std::size_t task, std::string_view bytes)> on_note;  // May be empty.
  std::function<void()> on_tick;                                          // About ten times a second; may be empty.
};

// Returns when every task has ended.  Tasks start in order.
void run_in_workers(const WorkerPlan& plan);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_WORKERS_H_
