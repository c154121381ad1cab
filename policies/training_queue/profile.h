// Free GPUs over time to come, with reservations.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_PROFILE_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_PROFILE_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/units.h"

namespace jevons {

// A step function of time, from its first step to the end of time.
class FreeProfile {
 public:
  void restart(Instant now, Gpus free) { steps_.assign(1, {now, free}); }
  // `gpus` more from `at` on, which is no earlier than any change so far.
  void append(Instant at, Gpus gpus) {
    if (at == Instant::never()) return;
    if (steps_.back().at == at) {
      steps_.back().free += gpus;
    } else {
      steps_.push_back({at, steps_.back().free + gpus});
    }
  }
  // Forgets what lies before `now`.
  void advance(Instant now) {
    const std::size_t at = step_of(now);
    steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(at));
    steps_.front().at = std::max(steps_.front().at, now);
  }
  Gpus free_now() const { return steps_.front().free; }
  // The next instant after the beginning at which anything changes; never() if nothing does.
  Instant next_change() const { return steps_.size() > 1 ? steps_[1].at : Instant::never(); }

  // From `from` on, when `gpus` are free without a break for `length`; never() if at no time.
  Instant earliest(Gpus gpus, Duration length, Instant from) const {
    if (from == Instant::never()) return from;
    std::size_t i = step_of(from);
    while (i < steps_.size()) {
      if (steps_[i].free < gpus) {
        ++i;
        continue;
      }
      const Instant start = std::max(steps_[i].at, from), end = after(start, length);
      while (i < steps_.size() && steps_[i].at < end && steps_[i].free >= gpus) ++i;
      if (i == steps_.size() || steps_[i].at >= end) return start;
    }
    return Instant::never();
  }

  // Adds `gpus` (negative: takes them) in [from, to); both after the beginning or at it.
  void add(Instant from, Instant to, Gpus gpus) {
    const std::size_t first = cut(from);
    const std::size_t last = to == Instant::never() ? steps_.size() : cut(to);
    for (std::size_t i = first; i < last; ++i) steps_[i].free += gpus;
    if (last < steps_.size()) join(last);
    join(first);
  }

  static Instant after(Instant start, Duration length) {
    return length >= Instant::never() - start ? Instant::never() : start + length;
  }

 private:
  struct Step {
    Instant at;
    Gpus free;
  };
  std::size_t step_of(Instant t) const {  // The last that begins at or before t; the first if none does.
    const auto it =
        std::upper_bound(steps_.begin(), steps_.end(), t, [](Instant a, const Step& s) { return a < s.at; });
    return it == steps_.begin() ? 0 : static_cast<std::size_t>(it - steps_.begin()) - 1;
  }
  std::size_t cut(Instant t) {  // Position of the step that begins at t, made if need be.
    const std::size_t at = step_of(t);
    if (steps_[at].at >= t) return at;
    steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(at) + 1, {t, steps_[at].free});
    return at + 1;
  }
  void join(std::size_t i) {  // A step like the one before is none.
    if (i > 0 && steps_[i].free == steps_[i - 1].free) steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::vector<Step> steps_{{Instant{0}, Gpus{0}}};
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_PROFILE_H_
