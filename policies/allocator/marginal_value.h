// Allocator: the n-th node goes where it earns most.
#ifndef JEVONS_POLICIES_ALLOCATOR_MARGINAL_VALUE_H_
#define JEVONS_POLICIES_ALLOCATOR_MARGINAL_VALUE_H_

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/allocator/attainment.h"
#include "policies/allocator/grant.h"
#include "policies/allocator/victims.h"
#include "policies/api/allocator.h"

namespace jevons {

// Moe's principle (1924: telephone circuits go where one more improves most) between serving and training.
//
// What a pool of n nodes earns an hour: V(n) = r a served(n), with a = load_nodes (the highest of the last `window`),
// served(n) the share of requests in time at that load per node, as seen, and where that was not seen the share that
// finds a free server among n nodes of `servers` each (attainment.h, erlang.h), and r = what an hour of a node's worth
// of load pays when all of it is in time: earned_usd / (slo_met x load_nodes x hours), an exponential mean of half-life
// `half_life`.
//
// What a node earns in training: w = usd_per_training_gpu_hour x gpus_per_node, for as many nodes as training uses or
// waits for, and nothing beyond.  Where the scenario does not say, what the node costs.
//
// Every pool takes the n with the largest
//     V(n) - V(now) - w x (nodes that training loses or gains) - |n - now| x move / payback
// where the move of a node costs load_time x w, and the least lost work of a node where training has none idle.  A pool
// that has not earned yet goes by load.  If the pools together want more than there is, those give way whose last node
// earns least, whatever their priority: it is in the tariff.
class MarginalValueAllocator final : public Allocator {
 public:
  static constexpr std::string_view kName = "marginal_value";
  static constexpr std::string_view kSummary =
      "Move a node where its marginal value is larger, in dollars of requests served in time or of training, while "
      "the difference pays for the move.";
  // The defaults are this project's.
  struct Params {
    std::int64_t servers = 8;
    std::int64_t gpus_per_node = 8;  // DGX/HGX A100, H100, H200 and B200 all have eight.
    Duration payback = 1_h;
    Duration window = 15_min;
    Duration half_life = 1_h;
    Duration remember = 6_h;
    double fallback_load = 0.7;
    bool notice = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("servers", &Params::servers, 1, 256, "Servers that a node counts as in Erlang's formula.");
    t.add("gpus_per_node", &Params::gpus_per_node, 1, 1 << 20, "GPUs by which training is counted in nodes.");
    t.add("payback", &Params::payback, 1_s, 8760_h, "A move must pay for itself in this long.");
    t.add("window", &Params::window, Duration{0}, 24_h, "The load that counts is the highest of this long.");
    t.add("half_life", &Params::half_life, 1_s, 8760_h, "Half-life of what an hour of load is taken to pay.");
    t.add("remember", &Params::remember, Duration{0}, 8760_h,
          "How long the share in time at a load per node is remembered; then it may try that load again.");
    t.add("fallback_load", &Params::fallback_load, 0.01, 100.0,
          "Share of a node's full throughput that the load may take while nothing has been earned yet.");
    t.add("notice", &Params::notice, kNoticeHelp);
  }
  explicit MarginalValueAllocator(const Params& params) : params_(params) {}

  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    std::vector<Curve> curves;
    std::vector<std::int64_t> wanted;
    std::int64_t sum = 0;
    for (const PoolView& pool : view.pools) {
      curves.push_back(curve_of(pool, memory_[pool.id], view));
      wanted.push_back(best(pool, curves.back(), view));
      sum += wanted.back();
    }
    for (const std::int64_t all = nodes_of_all(view); sum > all; --sum) {
      const std::size_t poorest = least_loss(view, curves, wanted);
      if (poorest == wanted.size()) break;
      --wanted[poorest];
    }
    for (std::size_t i = 0; i < wanted.size(); ++i)
      decision->targets.push_back({view.pools[i].id, within_bounds(view.pools[i], wanted[i])});
    reclaim_at_once(view, VictimRule::kLeastLossPerNode, params_.notice, decision);
  }

 private:
  struct Memory {
    HighestOf load;   // In thousandths of a node.
    double rate = 0;  // Dollars an hour of a node's worth of load; 0 = not known.
    Instant noted{};
    Attainment attainment;
  };
  struct Curve {
    double usd = 0;  // An hour, when all is served in time.
    std::vector<double> served;
    std::int64_t by_load = 0;
    double value(std::int64_t nodes) const { return usd * served[static_cast<std::size_t>(nodes)]; }
  };

  Curve curve_of(const PoolView& pool, Memory& memory, const AllocatorView& view) const {
    learn(pool, memory, view);
    const std::int64_t milli = ceil_nodes(1000 * std::min(pool.load_nodes, 1e6));
    const double load = static_cast<double>(memory.load.add(view.now, milli, params_.window)) / 1000;
    const std::int64_t least = is_idle(pool) ? 0 : 1;
    return {memory.rate * load,
            memory.attainment.curve(load, params_.servers, pool.max_nodes, view.now, params_.remember),
            std::max(least, ceil_nodes(load / params_.fallback_load))};
  }

  void learn(const PoolView& pool, Memory& memory, const AllocatorView& view) const {
    memory.attainment.learn(pool, view.now);
    const double hours = view.review_every.seconds() / 3600;
    const double full = pool.slo_met * pool.load_nodes * hours;
    if (!(pool.earned_usd > 0) || !(full > 1e-9) || !std::isfinite(full)) return;
    const double rate = pool.earned_usd / full;
    const double age = (view.now - memory.noted).seconds() / params_.half_life.seconds();
    memory.rate = memory.rate > 0 ? rate + (memory.rate - rate) * std::exp2(-age) : rate;
    memory.noted = view.now;
  }

  double training_usd_per_node_hour(const PoolView& pool, const AllocatorView& view) const {
    const double usd = view.usd_per_training_gpu_hour * static_cast<double>(params_.gpus_per_node);
    return usd > 0 ? usd : pool.usd_per_node_hour;
  }

  // The cheapest node's lost work and the time in which it does nothing.
  double usd_per_move(double training_usd, const PoolView& pool, const AllocatorView& view) const {
    double usd = training_usd * pool.load_time.seconds() / 3600;
    if (view.idle_training_nodes > 0 || view.running_jobs.empty()) return usd;
    double least = -1;
    for (const VictimView& job : view.running_jobs) {
      const double hours = job.lost_if_stopped.hours() / std::max(1, job.nodes);
      if (least < 0 || hours < least) least = hours;
    }
    return usd + least * training_usd / static_cast<double>(params_.gpus_per_node);
  }

  std::int64_t best(const PoolView& pool, const Curve& curve, const AllocatorView& view) const {
    const std::int64_t base = within_bounds(pool, pool.target_nodes);
    if (curve.usd <= 0) return within_bounds(pool, curve.by_load);
    const double training = training_usd_per_node_hour(pool, view);
    const double move = usd_per_move(training, pool, view) / (params_.payback.seconds() / 3600);
    const std::int64_t idle = view.idle_training_nodes;
    const std::int64_t queue = (view.waiting_gpus.value + params_.gpus_per_node - 1) / params_.gpus_per_node;
    std::int64_t chosen = base;
    double most = 0;
    for (std::int64_t n = std::max<std::int64_t>(pool.min_nodes, is_idle(pool) ? 0 : 1); n <= pool.max_nodes; ++n) {
      // Training loses those of the nodes taken that it uses, and gains those given that jobs wait for.
      const std::int64_t useful = n > base ? std::max<std::int64_t>(0, n - base - idle) : std::max(n - base, -queue);
      const auto moved = static_cast<double>(std::abs(n - base));
      const double gain = curve.value(n) - curve.value(base) - training * static_cast<double>(useful) - move * moved;
      if (gain > most + 1e-9 * curve.usd) {
        most = gain;
        chosen = n;
      }
    }
    return chosen;
  }

  // The pool whose last node earns least; wanted.size() if none can give one up.
  static std::size_t least_loss(const AllocatorView& view, const std::vector<Curve>& curves,
                                const std::vector<std::int64_t>& wanted) {
    std::size_t poorest = wanted.size();
    double least = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] <= view.pools[i].min_nodes) continue;
      const double loss = curves[i].value(wanted[i]) - curves[i].value(wanted[i] - 1);
      if (poorest == wanted.size() || loss < least) {
        poorest = i;
        least = loss;
      }
    }
    return poorest;
  }

  Params params_;
  std::map<PoolId, Memory> memory_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_MARGINAL_VALUE_H_
