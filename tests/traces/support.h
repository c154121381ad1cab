// What the tests of traces share: the real files, temporary files, reading a whole trace, an independent pass in
// Python.
#ifndef JEVONS_TESTS_TRACES_SUPPORT_H_
#define JEVONS_TESTS_TRACES_SUPPORT_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/file.h"
#include "traces/reader.h"
#include "traces/trace.h"
#include "traces/writer.h"

namespace jevons::test {

// A file of /work/shared/data, or "" when absent.
inline std::string data_file(const std::string& name) {
  const char* set = std::getenv("JEVONS_DATA");
  const std::string root = set != nullptr ? set : JEVONS_SOURCE_DIR "/../shared/data";
  const std::string path = root + "/" + name;
  return std::filesystem::exists(path) ? path : "";
}

// A folder that goes with the test; in memory where there is such a place, for some tests write thousands of files.
class Folder {
 public:
  Folder() {
    const bool memory = ::access("/dev/shm", W_OK) == 0;
    std::string name = (memory ? "/dev/shm" : std::filesystem::temp_directory_path().string()) + "/jevons_test_XXXXXX";
    const char* made = ::mkdtemp(name.data());
    EXPECT_NE(made, nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // Writes plain bytes, whatever the name.
  std::string write(const std::string& name, const std::string& bytes) const {
    std::filesystem::remove(file(name));  // ext4 makes rewriting a file wait for the disk.
    std::ofstream(file(name), std::ios::binary) << bytes;
    return file(name);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& e : std::filesystem::directory_iterator(path_)) all.push_back(e.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  std::string path_;
};

inline std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What a shell command prints.
inline std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string text;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) text.append(buffer.data(), n);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

struct ReadTrace {
  std::vector<Request> requests;
  ReadCounts counts;
  std::string error;  // "" = none.
};

inline ReadTrace drain(Result<std::unique_ptr<RequestSource>> source) {
  ReadTrace all;
  if (!source) {
    all.error = source.error().text();
    return all;
  }
  Request request;
  for (;;) {
    auto more = (*source)->next(&request);
    if (!more) {
      all.error = more.error().text();
      break;
    }
    if (!*more) break;
    EXPECT_TRUE(all.requests.empty() || request.arrival >= all.requests.back().arrival);
    all.requests.push_back(request);
  }
  all.counts = (*source)->counts();
  return all;
}

inline ReadTrace read(const std::string& path, const TraceOptions& options = {}) {
  return drain(open_requests(path, options));
}

inline bool same(const Request& a, const Request& b) {
  return a.arrival == b.arrival && a.prompt == b.prompt && a.output == b.output && a.workload == b.workload &&
         a.hash_block == b.hash_block && a.block_hashes == b.block_hashes;
}
inline bool same(const TrainingJob& a, const TrainingJob& b) {
  return a.name == b.name && a.submit == b.submit && a.gpus == b.gpus && a.run_time == b.run_time &&
         a.estimate == b.estimate && a.tenant == b.tenant && a.parameters == b.parameters && a.priority == b.priority &&
         a.deadline == b.deadline && a.flexibility == b.flexibility && a.min_gpus == b.min_gpus &&
         a.max_gpus == b.max_gpus && a.scaling == b.scaling && a.speed_by_gpu == b.speed_by_gpu && a.after == b.after &&
         a.cpus == b.cpus && a.memory == b.memory && a.share == b.share;
}
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const T& x, const T& y) { return same(x, y); });
}

// A source of given requests.
class Given final : public RequestSource {
 public:
  explicit Given(std::vector<Request> requests) : requests_(std::move(requests)) {
    counts_.rows = counts_.kept = requests_.size();
  }
  Result<bool> next(Request* out) override {
    if (at_ == requests_.size()) return false;
    *out = requests_[at_++];
    return true;
  }
  const ReadCounts& counts() const override { return counts_; }

 private:
  std::vector<Request> requests_;
  std::size_t at_ = 0;
  ReadCounts counts_;
};

inline Request request_at(std::int64_t ns, std::int64_t prompt = 10, std::int64_t output = 5) {
  Request r;
  r.arrival = Instant{ns};
  r.prompt = Tokens{prompt};
  r.output = Tokens{output};
  return r;
}

inline std::string write_requests(const std::string& path, const std::vector<Request>& requests,
                                  const WriteOptions& o = {}) {
  auto writer = create_request_writer(path, o);
  if (!writer) return writer.error().text();
  for (const Request& r : requests) {
    if (Status s = (*writer)->write(r); !s) return s.error().text();
  }
  if (Status s = (*writer)->finish(); !s) return s.error().text();
  return "";
}

}  // namespace jevons::test
#endif  // JEVONS_TESTS_TRACES_SUPPORT_H_
