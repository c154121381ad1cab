// Flows that share wires: model weights to nodes, checkpoints to and from storage.
//
// A flow is started or cut at an instant; SimGrid shares the links of its route fairly (max-min) among all flows, and
// the flow's end comes back as an event.  Starting and cutting wait for SimGrid's clock (EventKind::kTouch at the same
// instant).
#ifndef JEVONS_SIM_NETWORK_FLOWS_H_
#define JEVONS_SIM_NETWORK_FLOWS_H_

#include <cstdint>
#include <memory>

#include "sim/engine/calendar.h"
#include "sim/observe/observers.h"
#include "topologies/cluster.h"

namespace jevons {

// Who is told when a flow has delivered everything.
class FlowOwner {
 public:
  virtual ~FlowOwner() = default;
  virtual void flow_done(std::uint64_t flow, Instant now) = 0;
};

class Flows {
 public:
  // Makes SimGrid's engine and platform: once per process.
  Flows(const Cluster& cluster, Calendar* calendar, const Observers* observers);
  ~Flows();
  Flows(const Flows&) = delete;
  Flows& operator=(const Flows&) = delete;

  // Storage to node, or node to storage.  The owner is told later, never during the call, also for 0 bytes.  Ids are
  // never reused.  The owner must outlive the flow or cut it.
  std::uint64_t read_storage(NodeId to, Bytes bytes, FlowOwner* owner, Instant now);
  std::uint64_t write_storage(NodeId from, Bytes bytes, FlowOwner* owner, Instant now);
  // The owner is not told.  Unknown ids (already done) are ignored.
  void cut(std::uint64_t flow, Instant now);

  void on_touch(Instant now);      // The calendar's kTouch event: SimGrid's clock stands at `now`.
  void on_flow_done(Instant now);  // The calendar's kFlowDone event.
  void on_round();                 // Frees what SimGrid has finished with.
  // End of the run, with SimGrid's clock at `now`: cuts everything.
  void end(Instant now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_NETWORK_FLOWS_H_
