// When and where failures strike.
#include "sim/faults/faults.h"

#include <algorithm>

namespace jevons {
namespace {

constexpr double kLongest = 9.0e9;  // Seconds: beyond any run.

}  // namespace

Faults::Faults(const FaultSetup* setup, const Cluster* cluster, Calendar* calendar)
    : setup_(setup), cluster_(cluster), calendar_(calendar) {
  for (const Node& n : cluster->nodes) {
    first_gpu_.push_back(gpus_);
    gpus_ += cluster->group_of(n.id).gpus_per_node.value;
  }
  constexpr double kHour = 3600;
  for (std::uint32_t i = 0; i < setup->causes.size(); ++i) {
    const FaultCause& cause = setup->causes[i];
    sources_.push_back({RandomStream(setup->seed, "faults/" + cause.name), calendar->add_slot(EventKind::kFault, i),
                        cause.per_gpu_hour / kHour * static_cast<double>(gpus_)});
  }
}

void Faults::begin(Instant now) {
  for (Source& s : sources_) schedule_next(&s, now);
}

void Faults::schedule_next(Source* source, Instant now) {
  const double seconds = source->random.exponential(1.0) / source->gpus_per_s;  // Infinite for a rate of 0.
  if (seconds < kLongest - now.seconds()) calendar_->schedule(source->slot, now + duration_from_seconds(seconds));
}

Faults::Strike Faults::on_fault(std::uint32_t cause, Instant now) {
  Source& source = sources_[cause];
  const auto gpu = static_cast<std::int64_t>(source.random.below(static_cast<std::uint64_t>(gpus_)));
  const auto after = std::upper_bound(first_gpu_.begin(), first_gpu_.end(), gpu);
  Strike strike;
  strike.cause = cause;
  strike.node = NodeId{static_cast<std::uint32_t>(after - first_gpu_.begin()) - 1};
  strike.gpu = static_cast<std::int32_t>(gpu - first_gpu_[strike.node.index]);
  const FaultCause& c = setup_->causes[cause];
  const double draw = c.exponential ? source.random.exponential(1.0) : 1.0;
  strike.repair = duration_from_seconds(std::min(c.repair.seconds() * draw, kLongest / 2));
  schedule_next(&source, now);
  return strike;
}

}  // namespace jevons
