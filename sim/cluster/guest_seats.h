// Seats for guests: training jobs that share the GPUs of a serving node (co-location).
//
// A node that its pool opens offers one seat for each GPU of a replica, GPUs counted from 0.  A guest takes the lowest
// free seats of a node and keeps them until it stops.  It holds no GPU: those are the pool's (sim/cluster/gpu_pool.h).
#ifndef JEVONS_SIM_CLUSTER_GUEST_SEATS_H_
#define JEVONS_SIM_CLUSTER_GUEST_SEATS_H_

#include <functional>
#include <span>
#include <vector>

#include "policies/api/placement.h"
#include "sim/observe/observers.h"
#include "topologies/cluster.h"

namespace jevons {

class GuestSeats {
 public:
  GuestSeats(const Cluster& cluster, const Observers* observers);
  // Told whenever a guest has sat down on a node or left it.
  void on_change(std::function<void(NodeId, Instant)> call) { on_change_ = std::move(call); }

  // The node must be closed (opened) or open and without guests (closed).  `memory` per GPU is what a guest may need.
  void open(NodeId node, Gpus seats, Bytes memory, Instant now);
  void close(NodeId node, Instant now);
  bool is_open(NodeId node) const { return !nodes_[node.index].seats.empty(); }
  std::int32_t open_nodes() const { return open_nodes_; }

  // The shares must be free seats (taken) or all the job has (given back).
  void take(JobId job, std::span<const NodeShare> shares, Instant now);
  void give_back(JobId job, std::span<const NodeShare> shares, Instant now);
  std::span<const JobId> on(NodeId node) const { return nodes_[node.index].seats; }  // By GPU; invalid = free.
  std::vector<JobId> guests(NodeId node) const;                                      // Ascending, each once.
  // Nodes with a free seat for a job that needs `memory` on each GPU, ascending.
  std::vector<NodeView> offered(Bytes memory) const;
  bool any_free() const { return free_ > Gpus{0}; }

  // How fast a guest is on each GPU of an open node; 1 until it is said.
  void set_speeds(NodeId node, std::vector<double> by_gpu);
  double speed_of(JobId job, std::span<const NodeShare> shares) const;  // That of its slowest seat.

 private:
  struct State {
    std::vector<JobId> seats;  // Empty: closed.
    std::vector<double> speed;
    Bytes memory;
    Gpus free;
  };
  const Cluster* cluster_;
  const Observers* observers_;
  std::function<void(NodeId, Instant)> on_change_;
  std::vector<State> nodes_;
  std::int32_t open_nodes_ = 0;
  Gpus free_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_CLUSTER_GUEST_SEATS_H_
