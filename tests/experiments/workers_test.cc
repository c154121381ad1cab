// Worker processes: answers in any order, crashes that stay alone, and stopping.
#include "experiments/workers.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "experiments/spool.h"

namespace jevons {
namespace {

struct Ended {
  std::map<std::size_t, WorkerOutcome> by_task;
  WorkerPlan plan(std::size_t tasks, std::size_t jobs, std::function<std::string(std::size_t, WorkerLink&)> work) {
    WorkerPlan p;
    p.tasks = tasks;
    p.jobs = jobs;
    p.work = std::move(work);
    p.on_end = [this](std::size_t task, WorkerOutcome outcome) {
      EXPECT_TRUE(by_task.emplace(task, std::move(outcome)).second) << "task " << task << " ended twice";
      return true;
    };
    return p;
  }
};

TEST(Workers, EveryTaskAnswersOnceWhateverTheNumberOfJobs) {
  for (const std::size_t jobs : {1U, 2U, 7U, 100U}) {
    Ended ended;
    run_in_workers(ended.plan(20, jobs, [](std::size_t task, WorkerLink&) { return std::to_string(task * task); }));
    ASSERT_EQ(ended.by_task.size(), 20U);
    for (const auto& [task, outcome] : ended.by_task) {
      EXPECT_EQ(outcome.kind, WorkerOutcome::kAnswered);
      EXPECT_EQ(outcome.answer, std::to_string(task * task));
    }
  }
}

TEST(Workers, NothingToDo) {
  Ended ended;
  run_in_workers(ended.plan(0, 2, [](std::size_t, WorkerLink&) { return std::string(); }));
  EXPECT_TRUE(ended.by_task.empty());
}

TEST(Workers, AnswersBeyondThePipesBufferArriveWhole) {
  Ended ended;
  run_in_workers(ended.plan(3, 3, [](std::size_t task, WorkerLink&) {
    return std::string(5'000'000 + task, static_cast<char>('a' + task));
  }));
  for (std::size_t task = 0; task < 3; ++task) {
    EXPECT_EQ(ended.by_task[task].answer, std::string(5'000'000 + task, static_cast<char>('a' + task)));
  }
}

TEST(Workers, ACrashIsThatTasksFailureAndNobodyElses) {
  Ended ended;
  run_in_workers(ended.plan(5, 2, [](std::size_t task, WorkerLink&) -> std::string {
    if (task == 1) ::raise(SIGKILL);
    if (task == 2) ::_exit(3);
    if (task == 3) throw std::bad_alloc();
    return "fine";
  }));
  EXPECT_EQ(ended.by_task[0].answer, "fine");
  EXPECT_EQ(ended.by_task[4].answer, "fine");
  for (const std::size_t task : {1U, 2U, 3U}) EXPECT_EQ(ended.by_task[task].kind, WorkerOutcome::kCrashed);
  EXPECT_EQ(ended.by_task[1].error, "worker was killed by signal 9 (Killed), perhaps for want of memory");
  EXPECT_EQ(ended.by_task[2].error, "worker ended with status 3 and without an answer");
  EXPECT_EQ(ended.by_task[3].error, "worker ran out of memory");
}

TEST(Workers, NotesArriveInOrderAndWhole) {
  Ended ended;
  std::string heard;
  WorkerPlan plan = ended.plan(1, 1, [](std::size_t, WorkerLink& link) {
    for (int i = 0; i < 1000; ++i) link.note(std::to_string(i) + ",");
    return std::string("done");
  });
  plan.on_note = [&](std::size_t task, std::string_view bytes) {
    EXPECT_EQ(task, 0U);
    heard += bytes;
  };
  run_in_workers(plan);
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + ",";
  EXPECT_EQ(heard, expected);
  EXPECT_EQ(ended.by_task[0].answer, "done");
}

TEST(Workers, StopLetsTheRunningAnswerAndStartsNoMore) {
  Ended ended;
  std::atomic<bool> stop{false};
  WorkerPlan plan = ended.plan(6, 2, [](std::size_t, WorkerLink& link) {
    link.note("running");
    while (!link.stop()->load()) ::usleep(1000);
    return std::string("what there is");
  });
  plan.stop = &stop;
  int running = 0;
  plan.on_note = [&](std::size_t, std::string_view) { stop.store(++running == 2); };
  run_in_workers(plan);
  ASSERT_EQ(ended.by_task.size(), 6U);
  for (std::size_t task = 0; task < 6; ++task) {
    EXPECT_EQ(ended.by_task[task].kind, task < 2 ? WorkerOutcome::kAnswered : WorkerOutcome::kNotRun) << task;
  }
}

TEST(Workers, AWorkerThatDoesNotStopIsKilled) {
  Ended ended;
  std::atomic<bool> stop{false};
  WorkerPlan plan = ended.plan(1, 1, [](std::size_t, WorkerLink& link) -> std::string {
    link.note("running");
    for (;;) ::pause();
  });
  plan.stop = &stop;
  plan.on_note = [&](std::size_t, std::string_view) { stop.store(true); };
  run_in_workers(plan);
  EXPECT_EQ(ended.by_task[0].kind, WorkerOutcome::kNotRun);
}

TEST(Workers, StoppedBeforeTheFirst) {
  Ended ended;
  const std::atomic<bool> stop{true};
  WorkerPlan plan = ended.plan(3, 2, [](std::size_t, WorkerLink&) { return std::string("?"); });
  plan.stop = &stop;
  run_in_workers(plan);
  ASSERT_EQ(ended.by_task.size(), 3U);
  for (const auto& [task, outcome] : ended.by_task) EXPECT_EQ(outcome.kind, WorkerOutcome::kNotRun);
}

TEST(Workers, ACallerThatGivesUpEndsTheRest) {
  Ended ended;
  WorkerPlan plan = ended.plan(5, 3, [](std::size_t task, WorkerLink&) -> std::string {
    while (task > 0) ::pause();
    return "first";
  });
  plan.on_end = [&](std::size_t task, WorkerOutcome outcome) {
    ended.by_task.emplace(task, std::move(outcome));
    return false;
  };
  run_in_workers(plan);
  ASSERT_EQ(ended.by_task.size(), 5U);
  EXPECT_EQ(ended.by_task[0].answer, "first");
  for (std::size_t task = 1; task < 5; ++task) EXPECT_EQ(ended.by_task[task].kind, WorkerOutcome::kNotRun);
}

TEST(Workers, WhatTheCallerBufferedIsNotPrintedTwice) {
  testing::internal::CaptureStdout();
  std::fputs("once", stdout);
  Ended ended;
  run_in_workers(ended.plan(3, 3, [](std::size_t, WorkerLink&) { return std::string(); }));
  std::fflush(stdout);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "once");
}

TEST(Spool, HoldsWhatAWorkerWrote) {
  char folder[] = "/tmp/jevons-spool-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  auto spool = Spool::create(std::string(folder) + "/requests.csv");
  ASSERT_TRUE(spool.ok());
  EXPECT_EQ(::rmdir(folder), 0) << "the spool has a name";
  Ended ended;
  run_in_workers(ended.plan(1, 1, [&](std::size_t, WorkerLink&) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(spool->write(std::string(300'000, static_cast<char>('a' + i))).ok());
    return std::string();
  }));
  std::string read;
  EXPECT_TRUE(spool
                  ->read_all([&](std::string_view bytes) -> Status {
                    read += bytes;
                    return Ok{};
                  })
                  .ok());
  EXPECT_EQ(read, std::string(300'000, 'a') + std::string(300'000, 'b') + std::string(300'000, 'c'));
}

TEST(Spool, AFullDiskNamesTheFileItIsFor) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto spool = Spool::create("/dev/full");  // No folder for files: goes to the temporary one.
  ASSERT_TRUE(spool.ok());
  const rlimit limit{1000, 1000};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const Status status = spool->write(std::string(5000, 'x'));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text(), "/dev/full: cannot write its temporary file: File too large");
}

}  // namespace
}  // namespace jevons
