// Ctrl-C and workers that die, from outside.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/apps/program.h"

namespace jevons {
namespace {

using apps_test::read_file;

class Interrupt : public apps_test::Program {
 protected:
  // Starts a comparison that takes minutes if nobody stops it, and waits until a worker says it is running.
  pid_t start(const std::string& flags) const {
    const std::string line =
        "cd " + folder_ + " && exec " + JEVONS_PROGRAM +
        " compare tiny.yaml --set horizon=3000h --no-fast-forward --jobs 2 --progress --json out.json " + flags +
        " >out.txt 2>err.txt";
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    for (int i = 0; i < 3000 && read_file(path("err.txt")).find("requests") == std::string::npos; ++i) ::usleep(10'000);
    return pid;
  }
  static int wait_for(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  static std::vector<pid_t> children(pid_t pid) {
    std::istringstream in(read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children"));
    std::vector<pid_t> out;
    for (pid_t child = 0; in >> child;) out.push_back(child);
    return out;
  }
};

TEST_F(Interrupt, OnceGivesTheResultsSoFarMarkedIncomplete) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const pid_t pid = start("--requests requests.csv --audit");
    ::kill(pid, signal);
    EXPECT_EQ(wait_for(pid), 128 + signal);
    const auto doc = nlohmann::json::parse(read_file(path("out.json")));
    EXPECT_EQ(doc["complete"], false);
    ASSERT_EQ(doc["runs"].size(), 2U);
    EXPECT_EQ(doc["runs"][0]["complete"], false);
    EXPECT_GT(doc["runs"][0]["completed"].get<std::int64_t>(), 0);
    EXPECT_TRUE(read_file(path("out.txt")).starts_with("Interrupted: no verdict")) << read_file(path("out.txt"));
    EXPECT_EQ(read_file(path("requests.csv")).back(), '\n');
    // The audit of a run that was cut short holds up to that instant.
    EXPECT_FALSE(doc["runs"][0].contains("error")) << doc["runs"][0]["error"];
    EXPECT_EQ(files_left(), 2U);
    std::filesystem::remove(path("err.txt"));
  }
}

TEST_F(Interrupt, TwiceEndsAtOnceAndLeavesNoWorker) {
  const pid_t pid = start("");
  const std::vector<pid_t> workers = children(pid);
  EXPECT_EQ(workers.size(), 2U);
  for (const pid_t worker : workers) ::kill(worker, SIGSTOP);  // They will not answer the first.
  ::kill(pid, SIGINT);
  ::usleep(50'000);
  ::kill(pid, SIGINT);
  EXPECT_EQ(wait_for(pid), 130);
  EXPECT_FALSE(std::filesystem::exists(path("out.json")));
  for (const pid_t worker : workers) {
    for (int i = 0; i < 500 && ::kill(worker, 0) == 0; ++i) ::usleep(10'000);
    EXPECT_TRUE(::kill(worker, 0) != 0 ||
                read_file("/proc/" + std::to_string(worker) + "/stat").find(") Z") != std::string::npos)
        << "a worker outlived the program";
  }
}

TEST_F(Interrupt, WorkersThatHangAreLeftOut) {
  const pid_t pid = start("");
  for (const pid_t worker : children(pid)) ::kill(worker, SIGSTOP);
  ::kill(pid, SIGINT);
  EXPECT_EQ(wait_for(pid), 130);
  EXPECT_EQ(nlohmann::json::parse(read_file(path("out.json")))["complete"], false);
  EXPECT_TRUE(read_file(path("out.txt")).starts_with("Interrupted before any result")) << read_file(path("out.txt"));
}

TEST_F(Interrupt, AKilledWorkerFailsItsRunAndTheOthersAreReported) {
  const pid_t pid = start("");
  const std::vector<pid_t> workers = children(pid);
  ASSERT_EQ(workers.size(), 2U);
  ::kill(workers[0], SIGKILL);
  for (int i = 0; i < 500 && read_file(path("err.txt")).find("1/2 runs") == std::string::npos; ++i) ::usleep(10'000);
  ::kill(pid, SIGINT);
  EXPECT_EQ(wait_for(pid), 130);
  const auto doc = nlohmann::json::parse(read_file(path("out.json")));
  int failed = 0, reported = 0;
  for (const auto& run : doc["runs"]) {
    failed += run.contains("error") && run["error"].get<std::string>().find("signal 9") != std::string::npos ? 1 : 0;
    reported += run.contains("completed") ? 1 : 0;
  }
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(reported, 1);
  EXPECT_NE(read_file(path("err.txt")).find("worker was killed by signal 9"), std::string::npos);
}

}  // namespace
}  // namespace jevons
