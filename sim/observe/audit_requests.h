// The auditor's book of requests: each ends once, in legal order, with its tokens accounted for; and Little's law.
#ifndef JEVONS_SIM_OBSERVE_AUDIT_REQUESTS_H_
#define JEVONS_SIM_OBSERVE_AUDIT_REQUESTS_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "sim/observe/audit_finding.h"
#include "sim/observe/observer.h"
#include "sim/observe/result.h"

namespace jevons {

class RequestAudit {
 public:
  // Requests that arrive outside [from, to) are followed, but not part of the totals of measured ones.
  RequestAudit(AuditFinding* finding, Instant from, Instant to) : finding_(finding), from_(from), to_(to) {}

  void arrive(Instant now, RequestId id, PoolId pool, Tokens prompt, Tokens output);
  void end(Instant now, const RequestRecord& r);
  void end_run(Instant now);
  void compare(Instant end, const RunResult& result) const;

 private:
  struct Asked {
    Instant arrival;
    PoolId pool;
    Tokens prompt, output;
  };
  struct Total {
    std::uint64_t arrived = 0, completed = 0, rejected = 0, unfinished = 0, preemptions = 0;
    std::uint64_t outside = 0, never_started = 0;
    std::int64_t prompt = 0, output = 0, produced = 0, prefilled = 0, reused = 0, recomputed = 0;
    std::uint64_t first_tokens = 0, scheduled = 0;
    Int128 ttft_ns = 0, e2e_ns = 0, queue_ns = 0;
    void add(const Total& t);
  };
  void check_as_asked(Instant now, const RequestRecord& r, const Asked& asked);
  void check_times(Instant now, const RequestRecord& r);
  void check_tokens(Instant now, const RequestRecord& r);
  void advance(Instant now);
  void compare_totals(Instant end, const std::string& pool, const Total& own, const ServingResult& given) const;

  AuditFinding* finding_;  // Not owned.
  Instant from_, to_;
  std::unordered_map<std::uint64_t, Asked> in_system_;  // Looked up, never walked.
  std::vector<Total> pools_;
  bool any_ = false;
  RequestId last_id_;
  Instant last_;
  Int128 number_ns_ = 0;   // Integral of the number in system.
  Int128 sojourn_ns_ = 0;  // Sum of finish - arrival.
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_AUDIT_REQUESTS_H_
