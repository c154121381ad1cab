// Levels, the classes that are full at each, and what is left after them.
#include "policies/training_queue/max_min_fill.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace jevons {
namespace {

struct Filled {  // One class that can run.
  std::size_t kind;
  double gpus;  // Of all its jobs.
  double rate;  // Of a job that runs all its time, a GPU.
  double full;  // The level at which a job runs all its time.
  double x = 0;
};
using Iterator = std::vector<Filled>::iterator;

double used(Iterator begin, Iterator end) {
  double sum = 0;
  for (auto f = begin; f != end; ++f) sum += f->gpus * f->x;
  return sum;
}

// Raises all to the highest level at which they use at most `gpus`, but not above the `levels`-th distinct one at which
// some run all their time; returns whether it stopped there.  They are in order of `full`.
bool raise(Iterator begin, Iterator end, double gpus, int levels) {
  std::vector<double> slope;  // GPUs that one more level takes once only the last, the last two, ... still rise.
  for (auto f = end; f != begin;) {
    --f;
    slope.push_back(f->gpus / f->full + (slope.empty() ? 0.0 : slope.back()));
  }
  double level = 0, full = 0;  // GPUs of those that run all their time.
  bool stopped = false;
  for (auto f = begin; f != end; ++f, slope.pop_back()) {
    stopped = f->full > level && levels-- == 0;
    if (stopped) break;
    const double most = (gpus - full) / slope.back();
    level = std::max(level, std::min(most, f->full));
    if (most < f->full) break;
    full += f->gpus;
  }
  for (auto f = begin; f != end; ++f) f->x = level < f->full ? level / f->full : 1.0;
  return stopped;
}

// Gives what is left of `gpus` to those that are fastest a GPU.
void raise_fastest(std::vector<Filled>* filled, double gpus) {
  gpus -= used(filled->begin(), filled->end());
  std::stable_sort(filled->begin(), filled->end(), [](const Filled& a, const Filled& b) { return a.rate > b.rate; });
  for (auto begin = filled->begin(); begin != filled->end();) {
    const auto end = std::find_if(begin, filled->end(), [&](const Filled& f) { return f.rate < begin->rate; });
    gpus += used(begin, end);
    raise(begin, end, gpus, kAllLevels);
    gpus -= used(begin, end);
    begin = end;
  }
}

}  // namespace

bool one_kind(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups) {
  double first_speed = 0;
  const auto same = [&](const LpClass& kind) {
    bool first = true;
    for (std::size_t k = 0; k < groups.size(); ++k) {
      if (groups[k].gpus <= 0) continue;
      const double speed = kind.gpus > groups[k].gpus ? 0.0 : kind.speed[k];
      if (first) first_speed = speed;
      if (speed != first_speed) return false;
      first = false;
    }
    return true;
  };
  return std::all_of(classes.begin(), classes.end(), same);
}

LpShares filled_shares(const std::vector<LpClass>& classes, const std::vector<LpGroup>& groups, int levels) {
  LpShares shares(classes.size(), std::vector<double>(groups.size(), 0.0));
  double gpus = 0, smallest = std::numeric_limits<double>::infinity();
  std::size_t any = 0;  // A group that has GPUs.
  for (std::size_t k = 0; k < groups.size(); ++k) {
    if (groups[k].gpus <= 0) continue;
    gpus += groups[k].gpus;
    smallest = std::min(smallest, groups[k].gpus);
    any = k;
  }
  std::vector<Filled> filled;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const LpClass& kind = classes[c];
    if (gpus <= 0 || kind.gpus > smallest || kind.speed[any] <= 0) continue;
    filled.push_back({c, kind.jobs * kind.gpus, kind.speed[any] / kind.gpus, kind.speed[any] / kind.unit});
  }
  std::sort(filled.begin(), filled.end(), [](const Filled& a, const Filled& b) { return a.full < b.full; });
  if (raise(filled.begin(), filled.end(), gpus, levels)) raise_fastest(&filled, gpus);
  for (const Filled& f : filled) {
    for (std::size_t k = 0; k < groups.size(); ++k) shares[f.kind][k] = f.x * groups[k].gpus / gpus;
  }
  return shares;
}

}  // namespace jevons
