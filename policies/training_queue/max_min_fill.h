// Weighted max-min shares on GPUs of one kind, in closed form: water filling.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_FILL_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_FILL_H_

#include <vector>

#include "policies/training_queue/max_min_lp.h"

namespace jevons {

// Whether the groups are one kind of GPU: each class runs equally fast on all that have GPUs and fits into each, or can
// run on none.
bool one_kind(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups);

// What max_min_shares() is on one_kind(): with x the share of its time that a job runs, speed x / unit is its level,
// and
//     maximize the smallest level, then the next, and so on,  x <= 1,  sum over c of jobs[c] gpus[c] x[c] <= N,
// has one answer: x = min(1, L unit / speed), with L as high as N allows.  After `levels` distinct levels at which a
// class has all its time, the GPUs that are left go to the largest sum of rates: to the classes with the most speed a
// GPU, those with equally much raised to one level.
//
// Of several groups each class gets the same part of each: X[c][k] = x[c] N[k] / N.  O(classes x (log classes +
// groups)).
LpShares filled_shares(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups, int levels);

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_MAX_MIN_FILL_H_
