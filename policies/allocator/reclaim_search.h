// Which nodes of training jobs to empty: the cheapest set, by branch and bound.
#ifndef JEVONS_POLICIES_ALLOCATOR_RECLAIM_SEARCH_H_
#define JEVONS_POLICIES_ALLOCATOR_RECLAIM_SEARCH_H_

#include <cstdint>
#include <span>
#include <vector>

#include "policies/allocator/occupancy.h"
#include "policies/api/allocator.h"

namespace jevons {

// `wanted` nodes or more (positions in `occupancy`) that can be emptied for the least loss.  Emptying a set of nodes
// stops every job that would have to give up more there than all but its min_gpus, and each job stopped counts once
// (Lyra, EuroSys 2023, section 4: server preemption cost; exact where Lyra is greedy).
//
// `known` is such a set, and the answer unless there is a cheaper one.  Branches on stopping a job or not; a branch
// ends when what it stopped returns enough, or when even stopping fractions of the cheapest others would cost more than
// the best known.  The search gives up after 40,000 steps, about 1 ms (bench/allocator_bench), with the best set so
// far.
std::vector<std::uint32_t> cheapest_nodes(std::span<const VictimView> jobs, const Occupancy& occupancy,
                                          std::int64_t wanted, std::vector<std::uint32_t> known);

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_RECLAIM_SEARCH_H_
