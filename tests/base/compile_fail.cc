// Mixtures of units that the compiler must refuse (compile_fail.sh switches one on at a time).
#include "base/result.h"
#include "base/units.h"

namespace jevons {

inline Status may_fail() { return Ok{}; }

inline void use() {
  [[maybe_unused]] const Instant t{1};
  [[maybe_unused]] const Duration d{2};
  [[maybe_unused]] const Bytes bytes{3};
  [[maybe_unused]] const Tokens tokens{4};
  [[maybe_unused]] const auto fine = t + d + d;
  [[maybe_unused]] const auto sum = bytes + bytes;
#ifdef CASE_instant_plus_instant
  [[maybe_unused]] const auto x = t + t;  // must not compile: instant_plus_instant
#endif
#ifdef CASE_bytes_plus_tokens
  [[maybe_unused]] const auto x = bytes + tokens;  // must not compile: bytes_plus_tokens
#endif
#ifdef CASE_duration_plus_number
  [[maybe_unused]] const auto x = d + 5;  // must not compile: duration_plus_number
#endif
#ifdef CASE_instant_less_than_duration
  [[maybe_unused]] const auto x = t < d;  // must not compile: instant_less_than_duration
#endif
#ifdef CASE_node_id_from_job_id
  [[maybe_unused]] const NodeId x = JobId{1};  // must not compile: node_id_from_job_id
#endif
#ifdef CASE_result_ignored
  may_fail();  // must not compile: result_ignored
#endif
}

}  // namespace jevons
