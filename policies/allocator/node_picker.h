// Which nodes of training jobs to empty: greedily, the cheapest node first.
#ifndef JEVONS_POLICIES_ALLOCATOR_NODE_PICKER_H_
#define JEVONS_POLICIES_ALLOCATOR_NODE_PICKER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "policies/allocator/occupancy.h"
#include "policies/api/allocator.h"

namespace jevons {

// What a set of victims is chosen for.
enum class VictimRule {
  kLeastLoss,         // The cheapest job, or node full of jobs, first.
  kLeastLossPerNode,  // The cheapest per node returned: the set that returns what is wanted for the least loss.
};

// cost_a / nodes_a against cost_b / nodes_b, exactly; ties to the latest start.
bool cheaper(Int128 cost_a, std::int64_t nodes_a, Instant started_a, Int128 cost_b, std::int64_t nodes_b,
             Instant started_b);

// A node is returned when every job on it is stopped or, where jobs may withdraw, gave up its GPUs there.  Stopping a
// job costs what it loses, once, however many nodes it returns; withdrawing costs nothing, and a job may as long as
// min_gpus are left to it.  The node whose emptying costs least (by the rule: per node that it returns) goes first,
// ties to the latest start, then to the lowest node.  O(log n) a node picked where jobs are small.
class NodePicker {
 public:
  // `jobs` outlives it.
  NodePicker(std::span<const VictimView> jobs, VictimRule rule, bool may_withdraw);

  struct Picked {
    std::vector<std::uint32_t> jobs;   // Stopped, in order.
    std::vector<std::uint32_t> nodes;  // Returned, in order: positions in occupancy().
  };
  // What returns `wanted` nodes, if all jobs together can; what turns out not to be needed is left out again.
  Picked pick(std::int64_t wanted);

  const Occupancy& occupancy() const { return occupancy_; }

 private:
  struct Offer {
    std::uint32_t node = 0;
    std::int64_t weight = 0;  // 0: no offer.
    Int128 cost = 0;
    Instant started = Instant::never();  // Of the oldest job that it stops.
    friend bool operator==(const Offer&, const Offer&) = default;
  };
  static bool worse(const Offer& a, const Offer& b);
  bool withdraws(Occupancy::Use use) const;
  Offer offer_of(std::uint32_t node);
  void offer_all();
  void offer_again(std::uint32_t job);
  void push(const Offer& offer);
  void empty(std::uint32_t node, Picked* picked);
  void leave(std::uint32_t node, Picked* picked);
  void stop(std::uint32_t job, Picked* picked);
  void drop_needless(std::int64_t surplus, Picked* picked);

  std::span<const VictimView> jobs_;
  VictimRule rule_;
  Occupancy occupancy_;
  std::vector<char> stopped_;          // By job.
  std::vector<std::int32_t> slack_;    // By job: GPUs it can still give up.
  std::vector<std::int32_t> left_;     // By node: jobs still there.
  std::vector<std::int32_t> counted_;  // By node: scratch, else 0.
  std::vector<std::uint32_t> seen_;    // By node: the last offer_again() that came by.
  std::uint32_t round_ = 0;            // Of offer_again().
  std::vector<Offer> heap_;
  std::vector<std::uint32_t> changed_;  // Jobs of the node emptied last.
  std::int64_t wanted_ = 0;             // Still.
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_NODE_PICKER_H_
