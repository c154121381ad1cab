// What allocators share: whether training must give nodes up, and in which order its jobs give way.
#ifndef JEVONS_POLICIES_ALLOCATOR_VICTIMS_H_
#define JEVONS_POLICIES_ALLOCATOR_VICTIMS_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policies/allocator/node_picker.h"
#include "policies/api/allocator.h"
#include "policies/pool_nodes.h"

namespace jevons {

inline constexpr std::string_view kNoticeHelp =
    "Give jobs that must stop the scenario's notice, if it has one, to write a checkpoint.";

inline constexpr std::string_view kOnEventsHelp =
    "Take nodes back as soon as the SLO breaks or the queue jumps, and not only every review_every.";

// All jobs but those on notice, in the order in which they should be stopped to return `wanted` nodes.  Lost work
// first, then latest start, then lowest id (design/policies.md, priority_reclaim; capacity_loan divides by nodes, a job
// over many of them counting once).
//
// Where jobs share nodes (and the view says where they run), a node is returned only when all its jobs are stopped, so
// the order goes node by node, greedily, and what turns out not to be needed is put last again.  Where none do,
// kLeastLossPerNode is exact: a knapsack over nodes, greedy only beyond 250,000 jobs times nodes (of jobs that may be
// chosen: as many of one size as are wanted).
std::vector<JobId> choose_victims(std::span<const VictimView> jobs, std::int64_t wanted, VictimRule rule);

// All nodes with jobs that are not on notice, in the order in which they should be emptied to return `wanted` nodes,
// where elastic jobs may withdraw from a node at no cost as long as min_gpus are left to them.  Of at most
// `exact_jobs` jobs the set is the cheapest there is, else NodePicker's.
std::vector<NodeId> choose_nodes(std::span<const VictimView> jobs, std::int64_t wanted, std::int64_t exact_jobs);

// Nodes that busy training must return for the decision's targets; 0 if draining, leaving and idle nodes will do.  The
// simulator takes those first.  Where the view does not say which idle nodes suit a pool, one node at least: they may
// not.
inline std::int64_t nodes_to_reclaim(const AllocatorView& view, const AllocatorDecision& decision) {
  std::int64_t wanted = 0, idle = view.idle_training_nodes;
  bool told = true;
  for (std::size_t i = 0; i < decision.targets.size(); ++i) {
    for (const PoolView& pool : view.pools) {
      if (pool.id != decision.targets[i].pool) continue;
      const std::int64_t there = std::int64_t{nodes_held(pool)} + pool.leaving_nodes + pool.draining_nodes;
      if (decision.targets[i].nodes <= there) continue;
      wanted += decision.targets[i].nodes - there;
      told = told && pool.idle_nodes >= 0;
      idle =
          std::min<std::int64_t>(idle, std::max(0, pool.idle_nodes < 0 ? view.idle_training_nodes : pool.idle_nodes));
    }
  }
  return std::max<std::int64_t>(wanted - idle, told || wanted == 0 ? 0 : 1);
}

inline constexpr std::int64_t kExactJobs = 20;  // This project's.

inline bool told_where_all_run(std::span<const VictimView> jobs) {
  return std::none_of(jobs.begin(), jobs.end(),
                      [](const VictimView& job) { return job.nodes > 0 && job.shares.empty(); });
}

// Lets growing targets take the nodes whose jobs lose least (choose_nodes); job by job where the view does not say
// where they run.
inline void reclaim_cheapest(const AllocatorView& view, std::int64_t exact_jobs, bool notice,
                             AllocatorDecision* decision) {
  const std::int64_t wanted = nodes_to_reclaim(view, *decision);
  if (wanted == 0) return;
  decision->may_preempt = true;
  decision->give_notice = notice;
  if (told_where_all_run(view.running_jobs)) {
    decision->reclaim = choose_nodes(view.running_jobs, wanted, exact_jobs);
  } else {
    decision->victims = choose_victims(view.running_jobs, wanted, VictimRule::kLeastLossPerNode);
  }
}

// Lets growing targets take nodes from training jobs.  With elastic ones among them (and the view saying where they
// run) it goes node by node, so that they withdraw and are not stopped; else job by job, as `rule` says.
inline void reclaim_at_once(const AllocatorView& view, VictimRule rule, bool notice, AllocatorDecision* decision) {
  const std::int64_t wanted = nodes_to_reclaim(view, *decision);
  if (wanted == 0) return;
  const auto& jobs = view.running_jobs;
  const bool elastic = std::any_of(jobs.begin(), jobs.end(), [](const VictimView& job) {
    return job.min_gpus > Gpus{0} && job.min_gpus < job.gpus;
  });
  if (elastic && told_where_all_run(jobs)) return reclaim_cheapest(view, kExactJobs, notice, decision);
  decision->may_preempt = true;
  decision->give_notice = notice;
  decision->victims = choose_victims(jobs, wanted, rule);
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_VICTIMS_H_
