// Checks that a bad row is an error that says where and what, and is counted by its reason when dropped.
#ifndef JEVONS_TESTS_TRACES_BAD_ROWS_H_
#define JEVONS_TESTS_TRACES_BAD_ROWS_H_

#include <map>
#include <string>
#include <vector>

#include "tests/traces/support.h"

namespace jevons::test {

struct Case {
  std::string row, where, message, reason;  // `where` is what follows the file's name.
};

inline std::string error_of(const std::string& path, bool jobs, const TraceOptions& options) {
  if (!jobs) return read(path, options).error;
  auto trace = read_jobs(path, options);
  return trace ? "" : trace.error().text();
}

// Each row alone is an error, and dropped it is counted, between two good rows.
inline void check(const std::string& header, const std::string& good, const std::vector<Case>& cases, bool jobs,
                  TraceOptions options = {}, const std::string& footer = "") {
  const Folder folder;
  for (const Case& c : cases) {
    const std::string path = folder.write("t", header + good + c.row + "\n" + good + footer);
    options.drop_bad_rows = false;
    EXPECT_EQ(error_of(path, jobs, options), path + c.where + ": " + c.message) << c.row;
    options.drop_bad_rows = true;
    ReadCounts counts;
    if (jobs) {
      counts = read_jobs(path, options)->counts;
    } else {
      const ReadTrace t = read(path, options);
      EXPECT_EQ(t.error, "");
      counts = t.counts;
    }
    EXPECT_EQ(counts.rows, 3U) << c.row;
    EXPECT_EQ(counts.kept, 2U) << c.row;
    EXPECT_EQ(counts.dropped, (std::map<std::string, std::uint64_t>{{c.reason, 1}})) << c.row;
  }
}

inline std::string with(const std::string& text, const std::string& got) { return text + got + "')"; }

}  // namespace jevons::test
#endif  // JEVONS_TESTS_TRACES_BAD_ROWS_H_
