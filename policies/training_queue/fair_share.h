// Training queue: the tenant that has used least of its share goes first.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_FAIR_SHARE_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_FAIR_SHARE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/training_queue.h"
#include "policies/training_queue/start_in_order.h"
#include "policies/training_queue/tenant_shares.h"

namespace jevons {

// Slurm's classic fair share: a job has the priority 2^-(U/S) of its tenant, where S is the tenant's share of all
// shares and U its part of all GPU time used, each GPU-second counting for half as much after every half-life.  Jobs of
// equal priority go in order of submission.  What a tenant uses counts as it is used, not when it is promised: the jobs
// that one decision starts do not lower the priority of those behind them.
//
// Between two calls use is taken to be even, which is exact as the policy is called at every change.
// Without preemption.  With `head_blocks` a wide job of the first tenant is never overtaken.
class FairShareQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "fair_share";
  static constexpr std::string_view kSummary =
      "Start jobs of the tenant that has used the least of its share, old use counting less and less (Slurm's fair "
      "share).";
  struct Params {
    std::string shares;
    Duration half_life = 168_h;  // Slurm: PriorityDecayHalfLife = 7-0.
    bool head_blocks = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("shares", &Params::shares, TenantShares::kFormat, "Shares by tenant; 1 for a tenant that is not named.",
          [](std::string_view text) { return TenantShares::parse(text).ok(); });
    t.add("half_life", &Params::half_life, 1_s, 87600_h, "Time after which a GPU-second counts for half as much.");
    t.add("head_blocks", &Params::head_blocks, "Whether the first job, while it does not fit, holds up the others.");
  }
  explicit FairShareQueue(const Params& params)
      : params_(params), shares_(TenantShares::parse(params.shares).value()) {}  // Checked by the table above.

  bool wants_every_change() const override { return true; }

  // O(tenants + waiting), and O(log waiting) a job started.
  void decide(const QueueView& view, QueueDecision* decision) override {
    settle(view);
    order_.decide(
        view, params_.head_blocks, [&](const WaitingJobView& job) { return used_of(job); }, decision);
  }

 private:
  struct Usage {
    GpuTime seen{};       // The view's sum when we last looked.
    double decayed = 0;   // GPU-nanoseconds.
    double of_share = 0;  // U/S.
  };
  // U/S: 2^-x falls as x rises, and x does not underflow.
  double used_of(const WaitingJobView& job) const {
    return job.traits->tenant < usage_.size() ? usage_[job.traits->tenant].of_share : 0.0;
  }

  // GPU time used evenly over dt weighs integral of 2^(-s/h) ds / dt = (1 - 2^(-dt/h)) h / (dt ln 2) at its end.
  void settle(const QueueView& view) {
    const double dt = static_cast<double>((view.now - at_).ns), h = static_cast<double>(params_.half_life.ns);
    const double kept = std::exp2(-dt / h), weight = dt > 0 ? (1 - kept) * h / (dt * std::log(2.0)) : 1.0;
    at_ = view.now;
    usage_.resize(view.tenants.size());
    double all_used = 0, all_shares = 0;
    for (std::size_t t = 0; t < usage_.size(); ++t) {
      Usage& u = usage_[t];
      u.decayed = u.decayed * kept + static_cast<double>((view.tenants[t].used - u.seen).gpu_ns) * weight;
      u.seen = view.tenants[t].used;
      all_used += u.decayed;
      all_shares += shares_.of(view.tenants[t].name);
    }
    for (std::size_t t = 0; t < usage_.size(); ++t) {
      const double share = shares_.of(view.tenants[t].name) / all_shares;
      usage_[t].of_share = all_used > 0 ? usage_[t].decayed / all_used / share : 0.0;
    }
  }

  Params params_;
  TenantShares shares_;
  Instant at_{0};
  std::vector<Usage> usage_;  // By tenant.
  StartInOrder order_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_FAIR_SHARE_H_
