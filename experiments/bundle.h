// Bundles: N alike requests that arrive together, simulated as one, so that a fleet's day takes seconds.
//
// The engine is not told.  A replica in bundles has 1/N of the KV blocks, of the batch and of the tokens of an
// iteration, rounded down, and an iteration of b bundles takes what one of N x b sequences takes.  The source sends 1/N
// of the rate, and the result is multiplied by N (sim/observe/metrics.h).  What is lost is the grain: requests come,
// and batches grow, N at a time.
#ifndef JEVONS_EXPERIMENTS_BUNDLE_H_
#define JEVONS_EXPERIMENTS_BUNDLE_H_

#include <cstdint>

#include "policies/api/batcher.h"
#include "sim/model/instance.h"

namespace jevons {

// Times of iterations whose tokens and sequences are counted in bundles.  Exact at whole bundles where the table of
// `time` is dense (up to 1,024 bundles); beyond, at every 16th.
LinearIterationModel bundled(const LinearIterationModel& time, std::int64_t bundle);
InstancePlan bundled(InstancePlan plan, std::int64_t bundle);
BatchLimits bundled(BatchLimits limits, std::int64_t bundle);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_BUNDLE_H_
