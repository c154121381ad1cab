// How loaded a pool is, in the senses that admission policies share.
#ifndef JEVONS_POLICIES_ADMISSION_LOAD_H_
#define JEVONS_POLICIES_ADMISSION_LOAD_H_

#include <algorithm>
#include <cstdint>

#include "policies/api/admission.h"

namespace jevons {

// Requests that no batch has taken yet.
inline std::int64_t queued(const AdmissionView& view) { return view.held + view.waiting; }

// Whether one more request would make more than `limit` queued per ready replica; 0 = no limit.  A pool without ready
// replicas counts as one, so that requests wait for it to come back.
inline bool queue_is_full(const AdmissionView& view, std::int64_t limit) {
  return limit > 0 && queued(view) >= limit * std::max<std::int64_t>(1, view.replicas);
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_ADMISSION_LOAD_H_
