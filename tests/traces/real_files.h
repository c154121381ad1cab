// Public traces against an independent pass in Python over the same file.
#ifndef JEVONS_TESTS_TRACES_REAL_FILES_H_
#define JEVONS_TESTS_TRACES_REAL_FILES_H_

#include <string>
#include <vector>

#include "tests/traces/support.h"

namespace jevons::test {

inline const std::string kDefs = R"PY(
import csv, datetime, gzip, io, json, math, subprocess, sys
def lines(path):
    if path.endswith('.gz'):
        return io.StringIO(gzip.open(path).read().decode())
    raw = subprocess.run(['zstd', '-dcq', path], stdout=subprocess.PIPE, check=True).stdout
    return io.StringIO(raw.decode())
def ns(text):
    whole, _, part = text.partition('.')
    return int(whole) * 10**9 + int((part + '000000000')[:9])
def stamp(text):
    date = datetime.datetime.strptime(text[:19], '%Y-%m-%d %H:%M:%S')
    return int((date - datetime.datetime(1970, 1, 1)).total_seconds()) * 10**9 + ns('0' + text[19:])
)PY";

// Runs `program`, which prints numbers; they are the same as `ours`.
inline void agree(const std::string& program, const std::string& path, const std::vector<std::int64_t>& ours) {
  const Folder folder;
  folder.write("pass.py", kDefs + program);
  std::string text;
  for (const std::int64_t v : ours) text += std::to_string(v) + " ";
  EXPECT_EQ(output_of("python3 " + folder.file("pass.py") + " " + path), text + "\n");
}

inline std::vector<std::int64_t> sums(const std::vector<Request>& requests) {
  std::int64_t prompt = 0, output = 0, arrival = 0;
  for (const Request& r : requests) {
    prompt += r.prompt.value;
    output += r.output.value;
    arrival += r.arrival.ns % 1'000'003;  // A checksum of every time.
  }
  return {static_cast<std::int64_t>(requests.size()), prompt, output, requests.back().arrival.ns, arrival};
}

inline std::vector<std::int64_t> sums(const std::vector<TrainingJob>& jobs) {
  std::int64_t gpus = 0, run = 0, submit = 0, estimate = 0;
  for (const TrainingJob& j : jobs) {
    gpus += j.gpus.value;
    run += j.run_time.ns / 1'000'000;
    estimate += j.estimate.ns / 1'000'000;
    submit += j.submit.ns % 1'000'003;
  }
  return {static_cast<std::int64_t>(jobs.size()), gpus, run, estimate, jobs.back().submit.ns, submit};
}

inline constexpr const char* kPrintRequests = R"PY(
first = min(t for t, p, o in rows)
print(len(rows), sum(p for t, p, o in rows), sum(o for t, p, o in rows), max(t for t, p, o in rows) - first,
      sum((t - first) % 1000003 for t, p, o in rows), '')
)PY";
inline constexpr const char* kPrintJobs = R"PY(
first = min(t for t, g, r, e in rows)
print(len(rows), sum(g for t, g, r, e in rows), sum(r // 10**6 for t, g, r, e in rows),
      sum(e // 10**6 for t, g, r, e in rows),
      max(t for t, g, r, e in rows) - first, sum((t - first) % 1000003 for t, g, r, e in rows), '')
)PY";

// Declares `path`, or leaves the test.
#define NEEDS(path, name)                   \
  const std::string path = data_file(name); \
  if (path.empty()) GTEST_SKIP() << "skipped: no data"

inline void check_jobs(const std::string& path, const std::string& rows, const TraceOptions& options = {}) {
  auto trace = read_jobs(path, options);
  ASSERT_TRUE(trace.ok()) << trace.error().text();
  EXPECT_TRUE(std::is_sorted(trace->jobs.begin(), trace->jobs.end(),
                             [](const TrainingJob& a, const TrainingJob& b) { return a.submit < b.submit; }));
  agree("rows = [" + rows + "]" + kPrintJobs, path, sums(trace->jobs));
}

}  // namespace jevons::test
#endif  // JEVONS_TESTS_TRACES_REAL_FILES_H_
