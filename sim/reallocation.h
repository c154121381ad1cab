// Nodes on the move between training and the serving pools.
//
// Towards a pool: the node is claimed when it is whole and idle (jobs on it are preempted first, if the allocator
// allows), reads the model's weights from storage - a flow that shares the wires - warms up, and starts its replicas.
// Back: its replicas drain, and the node is training's again when the last request has left or the drain limit is over.
// Out: a node that fails leaves whoever has it, is repaired, and comes back to training or stays as a spare.
#ifndef JEVONS_SIM_REALLOCATION_H_
#define JEVONS_SIM_REALLOCATION_H_

#include <map>
#include <memory>
#include <vector>

#include "sim/faults/faults.h"
#include "sim/serving/pool.h"
#include "sim/training/runtime.h"

namespace jevons {

class Reallocation final : public FlowOwner {
 public:
  // All pointers outlive it.
  Reallocation(const Inputs* inputs, std::vector<std::unique_ptr<Pool>>* pools, TrainingRuntime* training,
               GpuPool* gpus, GuestSeats* seats, Flows* flows, Calendar* calendar, const Observers* observers);

  // The pools' initial nodes, ready at once; then the first review.
  Status begin(Instant now);
  void on_review(Instant now);        // kReview: on the period.
  void on_event_review(Instant now);  // kEventReview.
  // Something an allocator may want to know of.  The pool has just served a request (slo) or been sent one (queue).
  void happened(const AllocatorEvents& events, Instant now);
  void watch_slo(Pool* pool, Instant now);
  void watch_queue(Pool* pool, Instant now);
  void on_node_phase(NodeId node, Instant now);  // kNodePhase: warm, or the drain limit is over.
  void flow_done(std::uint64_t flow, Instant now) override;
  void on_fault(const Faults::Strike& strike, Instant now);
  // After an iteration of a pool that has draining nodes: takes back those that are empty.
  void collect_drained(Pool* pool, Instant now);
  bool moving() const { return moving_ > 0; }          // Some node is loading or draining.
  bool changed_something() const { return changed_; }  // In the last review.
  void end(Instant now);

 private:
  enum class Phase : std::uint8_t { kTraining, kLoading, kWarming, kServing, kDraining, kBroken, kSpare, kSwapping };
  struct State {
    Phase phase = Phase::kTraining;
    Instant since;
    Slot slot;
    std::uint64_t flow = 0;
  };
  struct Counts {
    std::int32_t ready = 0, coming = 0, draining = 0;
  };
  Counts counts(PoolId pool) const;
  void review(bool on_period, Instant now);
  void fill_view(bool on_period, Instant now);
  void ask_autoscaler(PoolView* view, Instant now);
  void check(const AllocatorDecision& d, Instant now) const;
  static std::int32_t in_units(const PoolSetup& pool, std::int32_t target);
  void move_towards(Pool* pool, std::int32_t target, Instant now);
  void grow(Pool* pool, std::int32_t by, Instant now);
  void shrink(Pool* pool, std::int32_t by, Instant now);
  std::int32_t undrain(Pool* pool, std::int32_t at_most, Instant now);
  std::int32_t claim_idle(Pool* pool, std::int32_t at_most, Instant now);
  bool helps(JobId job, const Pool& pool) const;
  bool serves_on(const Pool& pool, NodeId node) const;
  std::int32_t reclaim(Pool* pool, std::int32_t at_most, Instant now);
  std::int32_t stop_victims(Pool* pool, std::int32_t at_most, Instant now);
  void vacate(NodeId node, Pool* pool, Instant now);
  std::int32_t await(NodeId node, Pool* pool);
  void claim_vacated(Instant now);
  void forget_vacated(Pool* pool, std::size_t keep);
  void reload(NodeId node, Pool* pool, Instant now);

  // Guests (reallocation_guests.cc).
  void check_guests(const AllocatorDecision& d, Instant now) const;
  void arrange_guests(Instant now);
  void set_guest_speeds(Instant now);
  void let_guests_in(NodeId node, Pool* pool, Instant now);
  void send_guests_away(NodeId node, Instant now);
  void fail_guests(NodeId node, std::int32_t* jobs, GpuTime* lost, Instant now);
  std::int32_t open_to_guests(PoolId pool) const;

  // Failures (reallocation_faults.cc).
  void set_spares_aside(Instant now);
  void strike_process(const Faults::Strike& strike, std::int32_t* jobs, GpuTime* lost, Instant now);
  void break_node(NodeId node, Duration repair, std::int32_t* jobs, GpuTime* lost, Instant now);
  void empty(NodeId node, std::int32_t* jobs, GpuTime* lost, Instant now);
  void call_spare(GroupId group, Instant now);
  void on_back(NodeId node, Instant now);
  void top_up(Instant now);
  void begin_loading(NodeId node, Pool* pool, Instant now);
  void stop_loading(NodeId node, Instant now);
  void begin_draining(NodeId node, Pool* pool, Instant now);
  void give_back(NodeId node, Pool* pool, Instant now);
  void set_phase(NodeId node, Phase phase, Instant now);
  Pool* pool_of(NodeId node) const { return (*pools_)[gpus_->pool_of(node).index].get(); }
  Duration expected_load_time(const Pool& pool) const;
  Gpus unused_gpus(NodeId node, const Pool& pool) const;

  const Inputs* inputs_;
  std::vector<std::unique_ptr<Pool>>* pools_;
  TrainingRuntime* training_;
  GpuPool* gpus_;
  GuestSeats* seats_;
  Flows* flows_;
  Calendar* calendar_;
  const Observers* observers_;
  Slot review_slot_, event_slot_;
  AllocatorEvents wants_, pending_;
  std::vector<State> nodes_;
  std::vector<std::int32_t> targets_;          // By pool.
  std::vector<std::int32_t> guest_targets_;    // By pool: nodes open to guests, as far as it has them.
  std::vector<std::int32_t> desired_;          // By pool: its autoscaler's last answer; -1 = none yet.
  std::vector<std::vector<NodeId>> vacating_;  // By pool: nodes of training it waits for.
  std::vector<std::int32_t> spares_missing_;   // By group: spares that stand in for broken nodes.
  std::map<std::uint64_t, NodeId> flow_node_;
  std::int32_t moving_ = 0;
  bool changed_ = false;
  Instant last_review_;  // Of any kind.

  std::vector<PoolView> pool_views_;
  std::vector<VictimView> victims_;
  AllocatorView view_;
  AllocatorDecision decision_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_REALLOCATION_H_
