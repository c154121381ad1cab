// One CSV row for every request of a run, written as the requests end.
//
// Times are seconds with nine decimals, so they are exact to the nanosecond; a time that never came is empty.
#ifndef JEVONS_REPORT_REQUESTS_CSV_H_
#define JEVONS_REPORT_REQUESTS_CSV_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/observe/observer.h"

namespace jevons {

class RequestsCsv final : public Observer {
 public:
  using Sink = std::function<Status(std::string_view)>;

  // `pools` and `workloads` name the ids of the records.  `sink` gets whole rows, many at a time; its first error stops
  // the writing and is what finish() returns.
  RequestsCsv(std::string_view policy, std::uint64_t seed, std::vector<std::string> pools,
              std::vector<std::string> workloads, Sink sink);

  static std::string_view header();  // One line.

  void on_request_end(Instant, const RequestRecord& record) override;
  Status finish();  // Hands over what is buffered.

 private:
  void flush();

  std::string prefix_;  // "policy,seed,".
  std::vector<std::string> pools_, workloads_;
  Sink sink_;
  std::string buffer_;
  Status status_ = Ok{};
};

}  // namespace jevons
#endif  // JEVONS_REPORT_REQUESTS_CSV_H_
