// The auditor's book of requests: each ends once, in legal order, with its tokens accounted for; and Little's law.
#ifndef JEVONS_SIM_OBSERVE_AUDIT_REQUESTS_H_
#define JEVONS_SIM_OBSERVE_AUDIT_REQUESTS_H_

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/observe/audit_finding.h"
#include "sim/observe/observer.h"
#include "sim/observe/result.h"
#include "sim/observe/tariff.h"

namespace jevons {

// What a pool promises and earns, as the run was given it.  0 = no limit.
struct AuditedPool {
  Duration slo_ttft{}, slo_tpot{}, slo_e2e{};
  Tariff tariff{};
};

class RequestAudit {
 public:
  // With no pools told, what meets an SLO and what it earns is not recomputed.
  RequestAudit(std::vector<AuditedPool> told, AuditFinding* finding) : finding_(finding), told_(std::move(told)) {}

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
    std::int64_t prompt = 0, output = 0, produced = 0, prefilled = 0, reused = 0, recomputed = 0;
    std::uint64_t first_tokens = 0, scheduled = 0;
    std::uint64_t degraded = 0, met = 0;
    std::int64_t paid_prompt = 0, paid_output = 0;  // Of the paid requests that met the SLO.
    std::int64_t earned = 0;                        // Micro-dollars, once the run has ended.
    Int128 ttft_ns = 0, e2e_ns = 0, queue_ns = 0;
    void add(const Total& t);
  };
  void check_as_asked(Instant now, const RequestRecord& r, const Asked& asked);
  void check_times(Instant now, const RequestRecord& r);
  void check_tokens(Instant now, const RequestRecord& r);
  void add_completed(const RequestRecord& r, Total* total) const;
  bool met(const RequestRecord& r) const;
  std::int64_t earned(std::size_t pool) const;
  void advance(Instant now);
  void compare_totals(Instant end, const std::string& pool, const Total& own, const ServingResult& given) const;

  AuditFinding* finding_;                               // Not owned.
  std::unordered_map<std::uint64_t, Asked> in_system_;  // Looked up, never walked.
  std::vector<Total> pools_;
  std::vector<AuditedPool> told_;
  bool any_ = false;
  RequestId last_id_;
  Instant last_;
  Int128 number_ns_ = 0;   // Integral of the number in system.
  Int128 sojourn_ns_ = 0;  // Sum of finish - arrival.
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_AUDIT_REQUESTS_H_
