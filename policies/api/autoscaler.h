// An autoscaler says how many nodes one pool wants.  Whether it gets them is the allocator's to say.
//
// Contract
//   - Called for each pool that has one, at every review, before the allocator, which sees the answer as
//     PoolView::desired_nodes.
//   - Any number is legal: it is brought into [min_nodes, max_nodes].
//   - The same sequence of views gives the same answers.
#ifndef JEVONS_POLICIES_API_AUTOSCALER_H_
#define JEVONS_POLICIES_API_AUTOSCALER_H_

#include <cstdint>

#include "policies/api/allocator.h"

namespace jevons {

struct AutoscalerView {
  Instant now;
  Duration review_every{};
  const PoolView* pool = nullptr;  // Never null in a call.  desired_nodes is the last answer.
};

class Autoscaler {
 public:
  virtual ~Autoscaler() = default;
  virtual std::int64_t desired(const AutoscalerView& view) = 0;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_AUTOSCALER_H_
