// The load to come, read ahead from the scenario's own request streams, for the oracle and nobody else.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_FUTURE_H_
#define JEVONS_EXPERIMENTS_SCENARIO_FUTURE_H_

#include <memory>

#include "base/result.h"
#include "sim/simulation.h"

namespace jevons {

// Reads every stream of `in`'s pools once more, through `open` (position of the stream -> a fresh source).  Loads are
// PoolView::load_nodes over review periods, with the output of a request counted when it arrives.
Result<std::unique_ptr<FutureView>> read_future(const Inputs& in,
                                                const std::function<Result<std::unique_ptr<RequestSource>>(int)>& open);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_FUTURE_H_
