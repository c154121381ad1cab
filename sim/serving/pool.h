// A serving pool: a front queue, a router, and the replicas on the nodes it holds.
#ifndef JEVONS_SIM_SERVING_POOL_H_
#define JEVONS_SIM_SERVING_POOL_H_

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "base/histogram.h"
#include "policies/api/allocator.h"
#include "sim/serving/held_queue.h"
#include "sim/serving/replica.h"
#include "sim/simulation.h"

namespace jevons {

// What a pool needs from its run.  All references outlive it.
struct PoolContext {
  const Cluster* cluster;
  Calendar* calendar;
  RequestTable* requests;
  const Observers* observers;
  std::vector<Replica*>* replicas;  // By ReplicaId, of all pools; null once ended.  Gives out the ids.
  bool fast_forward = true;
};

class Pool final : public ReplicaOwner, public ReplicaProbe, public AdmissionProbe {
 public:
  Pool(PoolId id, const PoolSetup* setup, const PoolContext& context);

  const PoolSetup& setup() const { return *setup_; }
  PoolId id() const { return id_; }

  // Requests.  `arrive` may refuse (by the admission policy, too long for the memory, queue full) or cut the output.
  void arrive(RequestSlot request, const RequestStreamSetup& stream, Instant now);
  void on_request_ready(Instant now);  // kRequestReady: the front end has finished with some.
  void on_dispatch(Instant now);       // kDispatch: held requests are offered again.
  void on_iteration_end(Replica* replica, Instant now);
  std::uint64_t in_flight() const { return in_flight_; }

  // Nodes.  A node's replicas start empty and ready; a draining node takes no new requests.
  void add_node(NodeId node, Instant now);
  void set_draining(NodeId node, bool draining, Instant now);
  bool node_empty(NodeId node) const;
  std::int64_t node_load(NodeId node) const;   // Requests queued and running there.
  void evict_node(NodeId node, Instant now);   // Its requests go back to the front queue.
  void remove_node(NodeId node, Instant now);  // Must be empty.
  bool serves_on(GroupId group) const { return instance_for(group) != nullptr; }
  const PoolInstance* instance_for(GroupId group) const;
  // A draining node that has become empty since the last call; invalid if none.
  NodeId next_drained();

  // The allocator's view, without the node counts.  On the period it starts a new one, which lasts `period`.
  void review(Instant now, Duration period, bool on_period, PoolView* view);
  // Guests on its nodes (co-location).  By GPU of the node: who sits there (invalid = nobody), and how fast a guest is
  // there, from how busy the replicas were in the last period.
  bool takes_guests() const { return setup_->colocation.memory > Bytes{0}; }
  Gpus guest_seats(NodeId node) const;
  void set_guests(NodeId node, std::span<const JobId> by_gpu, Instant now);
  std::vector<double> guest_speeds(NodeId node) const;
  // As AllocatorEvents has them; the first answers true once a period.
  bool slo_breaks();
  bool queue_jumped();

  // End of the run: every request in flight is cut off, every replica closed.
  void end(Instant now);

  void request_finished(RequestSlot request, Instant now) override;
  Blocks kv_used(ReplicaId id) const override;
  Blocks kv_total(ReplicaId id) const override;
  Tokens cached_prefix(ReplicaId id, const RequestView& request) const override;
  Duration predicted_ttft() const override;
  Duration predicted_tpot() const override;

 private:
  struct Window {  // Since the last review on the period.
    Instant from;
    bool told_broken = false;
    std::int64_t arrived = 0, finished = 0, met = 0;
    std::int64_t prompt_tokens = 0;
    std::int64_t produced_before = 0;
    Histogram ttft, tpot;  // ns, of those that finished.
    Int128 earned = 0;     // Pico-dollars.
  };
  bool try_route(RequestSlot request, Instant now);
  std::span<const ReplicaView> open_replicas();
  void hold_or_route(RequestSlot request, Instant now);
  void refuse(RequestSlot request, Instant now);
  void end_request(RequestSlot request, FinishReason reason, Instant now);
  AdmissionDecision ask_admission(const RequestState& r, const RequestStreamSetup& stream, Instant now);
  bool has_room(Tokens prompt, Tokens output) const;
  bool fits(Tokens prompt, Tokens output) const;
  std::int64_t at_front() const { return held_.size() + static_cast<std::int64_t>(preparing_.size()); }
  std::int64_t queued() const;
  double mean_kv_use(Instant now);
  void view_window(std::int64_t produced, PoolView* view) const;
  double load_nodes(double prompt_tokens, double output_tokens, Duration time) const;
  void wake_dispatch(Instant now);
  std::int64_t produced_until(Instant now) const;
  std::vector<Replica*> on_node(NodeId node) const;
  const LinearIterationModel* shared_time_of(const PoolInstance& instance) const;

  PoolId id_;
  const PoolSetup* setup_;
  PoolContext context_;
  std::vector<LinearIterationModel> shared_time_;   // Of each instance, with a guest; empty if it takes none.
  std::vector<std::unique_ptr<Replica>> replicas_;  // Ascending id; draining ones too.
  std::vector<ReplicaView> ready_;                  // Ascending id.
  std::vector<ReplicaView> open_;                   // Of these, those that may have one more request waiting.
  std::vector<NodeId> drained_;
  HeldQueue held_;
  std::deque<std::pair<Instant, RequestSlot>> preparing_;  // In the front end.
  Tokens preparing_tokens_{0};                             // Of their prompts.
  Slot ready_slot_, dispatch_slot_;
  Blocks smallest_kv_;
  std::uint64_t in_flight_ = 0;
  std::int64_t produced_ended_ = 0;  // Tokens of replicas that have ended.
  Window window_;
  Tokens last_prompt_, last_output_;      // Of the period before;
  bool had_period_ = false;               // if there was one.
  std::int64_t queued_then_ = 0;          // At the last review of any kind.
  std::int64_t until_look_ = 0;           // Requests to come before the queue is looked at again.
  Instant now_;                           // Of the policy's call, for the probes.
  const RequestState* probed_ = nullptr;  // The request that admission is asked about.
};

}  // namespace jevons
#endif  // JEVONS_SIM_SERVING_POOL_H_
