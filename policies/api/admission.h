// Admission decides, before anything is computed for a request, whether a pool takes it.
//
// Contract
//   - Called once per request at its arrival, before the router.
//   - `admit` false refuses it: it counts as rejected, and nothing of it is computed.  Of an admitted one, `output_cap`
//     (0 = none) cuts the output short; the request then counts as degraded.
//   - The same sequence of views gives the same answers.  Draw randomness only from the RandomStream given at
//     construction.
#ifndef JEVONS_POLICIES_API_ADMISSION_H_
#define JEVONS_POLICIES_API_ADMISSION_H_

#include <cstdint>
#include <string_view>

#include "base/units.h"
#include "policies/api/router.h"

namespace jevons {

// Answers that cost something to compute, at the instant of the call.
class AdmissionProbe {
 public:
  virtual ~AdmissionProbe() = default;
  // Of the replica that would be first: the prompts still to be computed there, an even share of those at the front
  // that go before this one, and this one, at the replica's prefill rate, as if nothing else ran and nothing were
  // cached.  never (Duration::max()) if no replica is ready.
  virtual Duration predicted_ttft() const = 0;
  // One decode step of the least loaded replica (fewest requests), with all that run and wait there and this request
  // in its batch, as far as the batch goes.  Duration::max() if no replica is ready.
  virtual Duration predicted_tpot() const = 0;
};

struct AdmissionView {
  Instant now;
  RequestView request;
  std::string_view tenant;                // Of its stream.
  std::int32_t priority = 0;              // Of its stream; higher is more urgent.
  bool paid = true;                       // Of its stream.
  std::int64_t held = 0;                  // Of the pool: requests in the front queue,
  std::int64_t waiting = 0;               // in queues of ready replicas,
  std::int64_t running = 0;               // in their batches.
  std::int32_t replicas = 0;              // Ready ones.
  double kv_use = 0;                      // Mean over ready replicas, 0 to 1.
  Duration slo_ttft{}, slo_tpot{};        // 0 = none.
  const AdmissionProbe* probe = nullptr;  // Never null in a call.
};

struct AdmissionDecision {
  bool admit = true;
  Tokens output_cap{0};
};

class Admission {
 public:
  virtual ~Admission() = default;
  virtual AdmissionDecision decide(const AdmissionView& view) = 0;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_ADMISSION_H_
