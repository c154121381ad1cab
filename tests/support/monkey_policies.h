// Policies that answer at random (check 38): anything the contract allows, and, on request, one thing that it does not.
//
// After FoundationDB's and Batsim's monkeys.  A monkey never stalls the machine: it makes some progress whenever it
// can.
#ifndef JEVONS_TESTS_SUPPORT_MONKEY_POLICIES_H_
#define JEVONS_TESTS_SUPPORT_MONKEY_POLICIES_H_

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "policies/api/admission.h"
#include "policies/api/allocator.h"
#include "policies/api/autoscaler.h"
#include "policies/api/batcher.h"
#include "policies/api/placement.h"
#include "policies/api/router.h"
#include "policies/api/training_queue.h"

namespace jevons::testing {

// What a monkey does wrong, once it can.
enum class Crime {
  kNone,
  kUnknownReplica,
  kAdmitMoreThanWait,
  kEmptyChunk,
  kChunkTooLong,
  kContinueNothing,
  kStartUnknownJob,
  kStartTwice,
  kPreemptWaiting,
  kResizeRigid,
  kResizeBeyond,
  kStartBeyond,
  kStartElsewhere,
  kRefuseRunning,
  kRefuseUnknown,
  kRefuseTwice,
  kRefuseAndStart,
  kAskAgainNow,
  kPlaceTooMany,
  kPlaceTwice,
  kPlacePartOfAGang,
  kPlaceElsewhere,
  kUnknownPool,
  kPoolTwice,
  kTooManyNodes,
  kTooFewNodes,
  kUnknownVictim,
  kVictimTwice,
  kReclaimUnknown,
  kReclaimTwice,
  kGuestsUnasked,
  kNegativeCap,
};

inline bool one_in(RandomStream& random, std::uint64_t n) { return random.below(n) == 0; }

class MonkeyRouter final : public Router {
 public:
  MonkeyRouter(std::uint64_t seed, Crime crime) : random_(seed, "router"), crime_(crime) {}
  std::optional<ReplicaId> route(const RequestView&, const FleetView& fleet) override {
    if (crime_ == Crime::kUnknownReplica) return ReplicaId{fleet.ready.back().id.index + 1};
    // Holding is safe while somebody works: the end of a request asks again.
    const bool busy = std::any_of(fleet.ready.begin(), fleet.ready.end(), [](const auto& r) { return r.running > 0; });
    if (busy && one_in(random_, 4)) return std::nullopt;
    return fleet.ready[random_.below(fleet.ready.size())].id;
  }

 private:
  RandomStream random_;
  Crime crime_;
};

class MonkeyAdmission final : public Admission {
 public:
  MonkeyAdmission(std::uint64_t seed, Crime crime) : random_(seed, "admission"), crime_(crime) {}
  AdmissionDecision decide(const AdmissionView& view) override {
    if (crime_ == Crime::kNegativeCap) return {.output_cap = Tokens{-1}};
    const bool hopeless = view.probe->predicted_ttft() == Duration::max();
    const bool endless = view.probe->predicted_tpot() == Duration::max();
    return {.admit = hopeless != endless || !one_in(random_, 5),
            .output_cap = Tokens{static_cast<std::int64_t>(random_.below(3) * random_.below(40))}};
  }

 private:
  RandomStream random_;
  Crime crime_;
};

// Any number is legal.
class MonkeyAutoscaler final : public Autoscaler {
 public:
  explicit MonkeyAutoscaler(std::uint64_t seed) : random_(seed, "autoscaler") {}
  std::int64_t desired(const AutoscalerView&) override { return static_cast<std::int64_t>(random_.bits()); }

 private:
  RandomStream random_;
};

// Random but pure: what it draws depends on the view alone.
class MonkeyBatcher final : public Batcher {
 public:
  explicit MonkeyBatcher(Crime crime) : crime_(crime) {}
  void plan(const BatchView& view, BatchPlan* plan) const override {
    RandomStream random(static_cast<std::uint64_t>(view.free.value * 31 + view.decoding), "batcher");
    const std::int64_t size = view.limits->block_size.value;
    std::int64_t free = view.free.value;
    plan->decode = view.decoding > 0;
    if (crime_ == Crime::kContinueNothing && view.partial == nullptr) plan->continue_prefill = Tokens{1};
    if (view.partial != nullptr) {
      plan->continue_prefill = chunk_of(*view.partial, &free, size, random);
      if (plan->continue_prefill < view.partial->remaining) return;
    }
    std::int32_t sequences = view.decoding + (view.partial != nullptr ? 1 : 0);
    for (const PrefillView& prompt : view.waiting) {
      if (sequences++ >= view.limits->max_num_seqs || (!plan->admit.empty() && one_in(random, 3))) return;
      const Tokens chunk = chunk_of(prompt, &free, size, random);
      if (chunk == Tokens{0}) return;
      plan->admit.push_back(crime_ == Crime::kEmptyChunk     ? Tokens{0}
                            : crime_ == Crime::kChunkTooLong ? prompt.remaining + Tokens{1}
                                                             : chunk);
      if (chunk < prompt.remaining) return;
    }
    if (crime_ == Crime::kAdmitMoreThanWait) plan->admit.resize(view.waiting.size() + 1, Tokens{1});
  }

 private:
  static Tokens chunk_of(const PrefillView& prompt, std::int64_t* free, std::int64_t size, RandomStream& random) {
    const auto blocks = [&](std::int64_t tokens) { return (tokens + size - 1) / size; };
    const std::int64_t held = blocks(prompt.computed.value),
                       all = blocks(prompt.computed.value + prompt.remaining.value);
    const std::int64_t reused = std::max<std::int64_t>(0, prompt.new_blocks.value - (all - held));
    if (reused > *free) return Tokens{0};
    const std::int64_t room = (held + *free - reused) * size - prompt.computed.value;
    std::int64_t chunk = std::min(prompt.remaining.value, room);
    if (chunk > 0 && one_in(random, 3))
      chunk = 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(chunk)));
    if (chunk <= 0) return Tokens{0};
    *free -= reused + blocks(prompt.computed.value + chunk) - held;
    return Tokens{chunk};
  }
  Crime crime_;
};

class MonkeyQueue final : public TrainingQueue {
 public:
  MonkeyQueue(std::uint64_t seed, Crime crime) : random_(seed, "queue"), crime_(crime) {}
  void decide(const QueueView& view, QueueDecision* decision) override {
    if (crime_ == Crime::kPreemptWaiting && !view.waiting.empty()) decision->preempt.push_back(view.waiting[0].id);
    if (crime_ == Crime::kStartUnknownJob) decision->start.push_back(JobId{1'000'000});
    if (crime_ == Crime::kRefuseUnknown) decision->refuse.push_back(JobId{1'000'000});
    if (crime_ == Crime::kRefuseRunning && !view.running.empty()) decision->refuse.push_back(view.running[0].id);
    if (crime_ == Crime::kRefuseTwice && !view.waiting.empty()) decision->refuse.assign(2, view.waiting[0].id);
    if (crime_ == Crime::kRefuseAndStart && !view.waiting.empty()) {
      decision->refuse.push_back(view.waiting[0].id);
      decision->start.push_back(view.waiting[0].id);
      return;
    }
    Gpus free = view.free;
    if (!view.running.empty() && one_in(random_, 20)) {
      const RunningJobView& victim = view.running[random_.below(view.running.size())];
      decision->preempt.push_back(victim.id);
      if (one_in(random_, 2)) return;
      if (!victim.leaving) free += victim.gpus;
    }
    JobId refused{};
    if (!view.waiting.empty() && one_in(random_, 50)) {
      decision->refuse.push_back(refused = view.waiting[random_.below(view.waiting.size())].id);
    }
    if (one_in(random_, 3))
      decision->ask_again = view.now + Duration{1 + static_cast<std::int64_t>(random_.below(60'000'000'000))};
    if (crime_ == Crime::kAskAgainNow) decision->ask_again = view.now;
    for (const WaitingJobView& job : view.waiting) {
      const Gpus gpus = any_size(*job.traits, job.gpus);
      if (job.blocked || job.id == refused || gpus > free || (!decision->start.empty() && one_in(random_, 2))) continue;
      decision->start.push_back({job.id, gpus, any_group(view)});
      if (crime_ == Crime::kStartBeyond) decision->start.back().gpus = gpus + Gpus{1};
      if (crime_ == Crime::kStartElsewhere) decision->start.back().group = GroupId{99};
      free -= gpus;
      if (crime_ == Crime::kStartTwice) decision->start.push_back(job.id);
    }
    for (const RunningJobView& job : view.running) {
      if (crime_ == Crime::kResizeRigid) decision->resize.push_back({job.id, job.gpus});
      if (job.traits->flexibility != Flexibility::kElastic || !one_in(random_, 8)) continue;
      if (!decision->preempt.empty() && decision->preempt[0] == job.id) continue;
      decision->resize.push_back({job.id, any_size(*job.traits, job.asked)});
      if (crime_ == Crime::kResizeBeyond) decision->resize.back().gpus = Gpus{1'000'000};
    }
  }

 private:
  Gpus any_size(const JobTraits& traits, Gpus asked) {
    const Gpus least = least_gpus(traits, asked), most = most_gpus(traits, asked);
    return least + Gpus{static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>((most - least).value) + 1))};
  }
  GroupId any_group(const QueueView& view) {
    return one_in(random_, 4) ? view.groups[random_.below(view.groups.size())].id : GroupId{};
  }
  RandomStream random_;
  Crime crime_;
};

class MonkeyPlacement final : public Placement {
 public:
  explicit MonkeyPlacement(Crime crime) : crime_(crime) {}
  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    const Gpus gpus = gang.gpus;
    Gpus sum{0};
    for (const NodeView& node : nodes) sum += node.free;
    if (sum < gpus) return;
    RandomStream random(static_cast<std::uint64_t>(sum.value * 64 + gpus.value), "placement");
    std::vector<NodeView> order(nodes.begin(), nodes.end());
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    Gpus left = gpus;
    for (const NodeView& node : order) {
      if (left == Gpus{0}) break;
      const Gpus here = std::min(left, node.free);
      shares->push_back({node.id, here});
      left -= here;
    }
    if (crime_ == Crime::kPlaceTooMany) shares->front().gpus += Gpus{1};
    if (crime_ == Crime::kPlaceTwice) shares->push_back(shares->front());
    if (crime_ == Crime::kPlacePartOfAGang) shares->back().gpus -= Gpus{1};
    if (crime_ == Crime::kPlaceElsewhere) shares->front().node = NodeId{1'000'000};
  }

  std::optional<std::size_t> choose_room(const GangView& gang, std::span<const RoomView> rooms) const override {
    RandomStream random(static_cast<std::uint64_t>(gang.job.index) * 64 + rooms.size(), "room");
    if (one_in(random, 4)) return std::nullopt;
    return random.below(rooms.size());
  }

 private:
  Crime crime_;
};

class MonkeyAllocator final : public Allocator {
 public:
  MonkeyAllocator(std::uint64_t seed, Crime crime) : random_(seed, "allocator"), crime_(crime) {}
  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    for (const PoolView& pool : view.pools) {
      if (one_in(random_, 3)) continue;
      const auto room = static_cast<std::uint64_t>(pool.max_nodes - pool.min_nodes);
      decision->targets.push_back({pool.id, pool.min_nodes + static_cast<std::int32_t>(random_.below(room + 1))});
    }
    for (const PoolView& pool : view.pools) {
      if (pool.guest_nodes < 0 || one_in(random_, 2)) continue;
      decision->guests.push_back({pool.id, static_cast<std::int32_t>(random_.below(6))});
    }
    decision->may_preempt = one_in(random_, 2);
    for (const VictimView& job : view.running_jobs) {
      if (!job.guest && one_in(random_, 2)) decision->victims.push_back(job.id);
    }
    for (std::size_t i = decision->victims.size(); i > 1; --i) {
      std::swap(decision->victims[i - 1], decision->victims[random_.below(i)]);
    }
    decision->give_notice = one_in(random_, 2);
    std::set<NodeId> nodes;
    for (const VictimView& job : view.running_jobs) {
      for (const NodeShare& share : job.shares) {
        if (one_in(random_, 4)) nodes.insert(share.node);
      }
    }
    decision->reclaim.assign(nodes.begin(), nodes.end());
    if (crime_ != Crime::kNone) commit(view, decision);
  }
  AllocatorEvents wants() const override { return {true, true, true, true}; }

 private:
  void commit(const AllocatorView& view, AllocatorDecision* decision) const {
    const PoolView& pool = view.pools[0];
    if (crime_ == Crime::kUnknownPool) decision->targets = {{PoolId{77}, 1}};
    if (crime_ == Crime::kPoolTwice) decision->targets = {{pool.id, pool.min_nodes}, {pool.id, pool.min_nodes}};
    if (crime_ == Crime::kTooManyNodes) decision->targets = {{pool.id, pool.max_nodes + 1}};
    if (crime_ == Crime::kTooFewNodes) decision->targets = {{pool.id, pool.min_nodes - 1}};
    if (crime_ == Crime::kGuestsUnasked) decision->guests = {{pool.id, 1}};
    if (crime_ == Crime::kReclaimUnknown) decision->reclaim = {NodeId{1'000'000}};
    if (crime_ == Crime::kReclaimTwice) decision->reclaim = {NodeId{0}, NodeId{0}};
    if (crime_ == Crime::kUnknownVictim) decision->victims = {JobId{1'000'000}};
    if (crime_ == Crime::kVictimTwice && !view.running_jobs.empty()) {
      decision->victims = {view.running_jobs[0].id, view.running_jobs[0].id};
    }
  }
  RandomStream random_;
  Crime crime_;
};

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_MONKEY_POLICIES_H_
