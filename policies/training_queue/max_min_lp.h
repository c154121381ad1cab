// Which share of its time each job spends on each kind of GPU: linear programs, solved with CLP.
//
// X[c][k] is the share of time that each job of class c runs on group k.  For all of them
//     sum over k of X[c][k] <= 1                              A job is in one place.
//     sum over c of jobs[c] gpus[c] X[c][k] <= N[k]           GPUs.
//     X[c][k] = 0 where the class cannot run or is wider than the group.
// The rate of a class is sum over k of speed[c][k] X[c][k].  Equal jobs are one class: some optimum treats them alike,
// as the mean over all permutations of equal jobs keeps every constraint and no smallest rate falls.
//
// On one kind of GPU (max_min_fill.h) max-min shares are a formula; CLP is for unlike GPUs.
//
// CLP runs silently, in one thread, without perturbation: the same input gives the same vertex.  Should it find no
// optimum (in no test it has), the shares are those of the last program it solved, or zeros.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_LP_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_LP_H_

#include <limits>
#include <vector>

namespace jevons {

struct LpClass {
  double jobs = 1, gpus = 1;
  std::vector<double> speed;  // By group; 0 = it cannot run there.
  double unit = 1;            // A class stands at the level rate / unit.
  double at_least = 0;        // Rate wanted, for cheapest_shares().
  friend bool operator==(const LpClass&, const LpClass&) = default;
};
struct LpGroup {
  double gpus = 0, usd_per_gpu_hour = 0;
  friend bool operator==(const LpGroup&, const LpGroup&) = default;
};
using LpShares = std::vector<std::vector<double>>;  // X, by class and group.

// Raises the smallest level as far as it goes, then the next smallest, and so on ("water filling"; Gavel, OSDI 2020,
// sections 4.1 and 4.3).  After `levels` of them the rest is given to the largest sum of rates.  Classes that can run
// nowhere get zeros.
inline constexpr int kAllLevels = std::numeric_limits<int>::max();
LpShares max_min_shares(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups,
                        int levels = kAllLevels);

// The same by CLP, whatever the GPUs: after each program, the classes whose rows have a price above 0 stand at their
// level for good.  After kMostPrograms the rest goes to the largest sum of rates as well.
inline constexpr int kMostPrograms = 16;
LpShares max_min_shares_by_clp(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups,
                               int levels = kAllLevels);

// Gavel's cost objective (section 4.2): the largest sum of throughput per dollar, jobs gpus speed X / price, with each
// rate at least `at_least`; if those cannot all be had, without them.  All prices count as 1 if one of them is 0.
LpShares cheapest_shares(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups);

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_LP_H_
