// The observers of a run, told of each event in their order.
#ifndef JEVONS_SIM_OBSERVE_OBSERVERS_H_
#define JEVONS_SIM_OBSERVE_OBSERVERS_H_

#include <vector>

#include "sim/observe/observer.h"

namespace jevons {

class Observers {
 public:
  void add(Observer* observer) { all_.push_back(observer); }

  // tell(&Observer::on_node_taken, now, node, pool): calls that event on every observer.
  template <class Event, class... Args>
  void tell(Event event, const Args&... args) const {
    for (Observer* o : all_) (o->*event)(args...);
  }
  // A stretch of no length or no GPUs is not worth telling.
  void gpu_time(Instant now, GroupId group, Purpose purpose, Gpus gpus, Instant from, Instant to,
                const PhaseTimes* phases = nullptr) const {
    if (gpus.value <= 0 || to <= from) return;
    tell(&Observer::on_gpu_time, now, GpuStretch{group, purpose, gpus, from, to, phases});
  }
  void share_time(Instant now, GroupId group, Purpose purpose, Gpus gpus, Instant from, Instant to) const {
    if (to > from) tell(&Observer::on_share_time, now, GpuStretch{group, purpose, gpus, from, to});
  }
  void guest_time(Instant now, GroupId group, Purpose purpose, Gpus gpus, Instant from, Instant to) const {
    if (to > from) tell(&Observer::on_guest_time, now, GpuStretch{group, purpose, gpus, from, to});
  }

 private:
  std::vector<Observer*> all_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_OBSERVERS_H_
