// Runs the program jevons from outside, as a user does.
#ifndef JEVONS_TESTS_APPS_PROGRAM_H_
#define JEVONS_TESTS_APPS_PROGRAM_H_

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace jevons::apps_test {

inline std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Ended {
  int code = -1;  // 128 + signal when killed, as a shell says it.
  std::string out, err;
};

// A folder of its own with a small scenario in it.
class Program : public testing::Test {
 protected:
  Program() {
    char name[] = "/tmp/jevons-apps-XXXXXX";
    folder_ = ::mkdtemp(name);
    write("tiny.yaml", kTiny);
  }
  ~Program() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  // `line` is the rest of a shell command line, in the folder.  `before` opens it ("ulimit -f 1;").
  Ended jevons(const std::string& line, const std::string& before = "") const {
    const std::string command =
        "cd " + folder_ + "; { " + before + " " + JEVONS_PROGRAM + " " + line + "; } >out.txt 2>err.txt";
    const int status = std::system(("bash -c '" + command + "'").c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(path("out.txt")),
            read_file(path("err.txt"))};
  }
  // Files of the folder beside the scenario and what jevons() leaves.
  std::size_t files_left() const {
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename();
      n += name != "tiny.yaml" && name != "out.txt" && name != "err.txt" ? 1 : 0;
    }
    return n;
  }

  static constexpr const char* kTiny =
      "name: tiny\nseed: 3\nhorizon: 1min\n"
      "cluster:\n  groups: [{name: h100, gpu: H100, nodes: 1}]\n"
      "serving:\n  pools:\n    - name: chat\n      model: Llama-3.1-8B\n"
      "      groups: [{group: h100, tensor_parallel_size: 1}]\n      initial_nodes: 1\n      slo: {ttft: 500ms, tpot: "
      "50ms}\n"
      "requests:\n  streams:\n    - name: chat\n      pool: chat\n      generate:\n        arrivals: {rate: 20}\n"
      "        prompt: 300\n        output: 40\n"
      "policies:\n  - {label: first, allocator: static_split, router: round_robin}\n"
      "  - {label: second, allocator: static_split, router: least_requests}\n";
  std::string folder_;
};

// One line on stderr, nothing on stdout, status 2.
inline void expect_refused(const Ended& e, const std::string& text) {
  EXPECT_EQ(e.code, 2) << e.err;
  EXPECT_EQ(e.out, "");
  EXPECT_EQ(std::count(e.err.begin(), e.err.end(), '\n'), 1) << e.err;
  EXPECT_TRUE(e.err.starts_with("jevons: ")) << e.err;
  EXPECT_NE(e.err.find(text), std::string::npos) << e.err;
}

}  // namespace jevons::apps_test
#endif  // JEVONS_TESTS_APPS_PROGRAM_H_
